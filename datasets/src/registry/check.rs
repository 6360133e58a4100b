//! Whether files are the published ones.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Entry, File, Published, Sum};
use crate::error::Error;
use crate::files;
use crate::locate::{self, Locator};

/// Compares the files of a set with the published checksums; returns their paths.
///
/// It is the unpacked content that is compared, so a file that was unpacked or packed again is as good
/// as the original; but the gzipped file where a checksum of nothing else is published. Embedded sets have no files: the list is empty.
///
/// # Errors
/// [`Error::Checksum`] or [`Error::Length`] for content that differs, [`Error::NoChecksum`] where there is nothing but a size to compare
/// with, or nothing, as for the folder that may stand in place of a file, and all errors of finding and reading.
pub fn verify(entry: &'static Entry, locator: &Locator) -> Result<Vec<PathBuf>, Error> {
    if entry.embedded {
        return Ok(Vec::new());
    }
    let paths = locator.find(entry)?;
    for (path, file) in paths.iter().zip(entry.files) {
        verify_file(path, file)?;
    }
    Ok(paths)
}

/// Compares a file, gzipped or not, with what is published.
pub(crate) fn verify_file(path: &Path, file: &File) -> Result<(), Error> {
    let Sum { bytes, sha256: of_content } = file.content;
    if path.is_dir() && file.made_from.is_some_and(|folder| path.ends_with(folder)) {
        return Err(Error::NoChecksum { path: path.into() });
    }
    let (expected, found) = match (of_content, packed_sum(path, file)) {
        (Some(expected), _) => (expected, sha256(&files::read(path, bytes)?)),
        (None, Some((bytes, expected))) => (expected, files::packed_digest(path, bytes)?),
        (None, None) => {
            let limit = bytes as u64;
            let found = files::length(path, limit)?;
            if file.published != Published::Own && found != limit {
                return Err(Error::Length { path: path.into(), expected: limit, found });
            }
            return Err(Error::NoChecksum { path: path.into() });
        }
    };
    if found != expected {
        return Err(Error::Checksum { path: path.into(), expected, found });
    }
    Ok(())
}

/// Size and SHA-256 of the file as it is here, gzipped, where they are published.
fn packed_sum(path: &Path, file: &File) -> Option<(usize, &'static str)> {
    let gzipped = path.extension().is_some_and(|end| end == "gz");
    match file.published {
        Published::Gz(Some(Sum { bytes, sha256 })) if gzipped => Some((bytes, sha256?)),
        _ => None,
    }
}

/// What a file of a set holds here, unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its name when unpacked; a folder's, where that stands in the place of files.
    pub name: &'static str,
    /// Size and SHA-256; `None` of a folder.
    pub sum: Option<(u64, String)>,
    /// Whether it is what was published, where a checksum of that is known; of another size it is not.
    pub published: Option<bool>,
}

/// What the files of a set hold here; of an embedded set what the table says. [`Entry::further`] files are among them if
/// they were read through this locator or a clone of it.
///
/// # Errors
/// Those of finding and reading.
pub fn contents(entry: &'static Entry, locator: &Locator) -> Result<Vec<Content>, Error> {
    let published = |file: &File| Some((file.content.bytes as u64, file.content.sha256?.into()));
    if entry.embedded {
        let content =
            |file: &File| Content { name: file.name, sum: published(file), published: Some(true) };
        return Ok(entry.files.iter().map(content).collect());
    }
    let mut paths = locator.find(entry)?;
    let mut present: Vec<&File> = entry.files.iter().collect();
    let dir = paths.first().and_then(|path| path.parent()).map(Path::to_owned).unwrap_or_default();
    for file in entry.further {
        if let Some(path) = locate::first_present(&dir, file)?.filter(|path| locator.has_read(path))
        {
            paths.push(path);
            present.push(file);
        }
    }
    let contents = paths.iter().zip(present).map(|(path, file)| match file.made_from {
        Some(name) if path.is_dir() => Ok(Content { name, sum: None, published: None }),
        _ => {
            let sum = files::digest(files::stream(path)?, u64::MAX, |_| Ok(()))
                .map_err(|error| files::unreadable(path, error))?;
            let published = match (published(file), packed_sum(path, file)) {
                (Some(expected), _) => Some(expected == sum),
                (None, Some((bytes, expected))) => {
                    Some(files::packed_digest(path, bytes)? == expected)
                }
                (None, None) => {
                    let other = sum.0 != file.content.bytes as u64;
                    (other && file.published != Published::Own).then_some(false)
                }
            };
            Ok(Content { name: file.name, sum: Some(sum), published })
        }
    });
    let mut contents: Vec<Content> = contents.collect::<Result<_, Error>>()?;
    contents.dedup();
    Ok(contents)
}

/// In lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
