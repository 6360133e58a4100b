//! Lines of a text file, numbered from 1, and what can be wrong with them.

use std::path::Path;

use super::MAX_BYTES;
use crate::csv::quoted;
use crate::error::Error;
use crate::files;

/// How a file of texts breaks its format. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Another encoding, or no text at all.
    #[error("at byte {offset}: expected {expected}, found byte 0x{found:02x}")]
    NotText {
        /// Where.
        offset: usize,
        /// What the file should be.
        expected: &'static str,
        /// The byte.
        found: u8,
    },
    /// A line that is not what has to stand here.
    #[error("line {line}: expected {expected}, found {found}")]
    Line {
        /// Where.
        line: usize,
        /// What has to stand here.
        expected: String,
        /// The line, or that the file ends.
        found: String,
    },
}

impl TextError {
    pub(super) fn line(line: usize, expected: impl Into<String>, found: &str) -> Self {
        Self::Line { line, expected: expected.into(), found: quoted(found) }
    }

    pub(super) fn end(line: usize, expected: impl Into<String>) -> Self {
        Self::Line { line, expected: expected.into(), found: "the end of the file".into() }
    }
}

/// The lines of `text` without their ends, \n or \r\n, numbered from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

/// What `parse` makes of a file.
pub(super) fn read<T>(
    path: &Path,
    parse: impl FnOnce(&[u8]) -> Result<T, TextError>,
) -> Result<T, Error> {
    let bytes = files::read(path, MAX_BYTES)?;
    parse(&bytes).map_err(|error| Error::Text { path: path.into(), error })
}
