//! What can go wrong, each with the file, the place, the expectation and the finding.
//!
//! `Display` of every error is the whole message: no error here has a `source()` that would repeat it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::cifar10::CifarError;
use crate::csv::CsvError;
#[cfg(feature = "fetch")]
use crate::fetch::FetchError;
use crate::gz::GzError;
use crate::idx::IdxError;
use crate::lfw::LfwError;
use crate::norb::NorbError;
use crate::npy::{NpyError, shape_text};
use crate::registry::Entry;
use crate::split::SplitError;
use crate::text::TextError;

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No registry entry has this name.
    #[error("no data set is called {name:?}{}; known: {}", did_you_mean(*nearest), known.join(", "))]
    UnknownName {
        /// The name that was asked for.
        name: String,
        /// The known name that is most like it, if any is.
        nearest: Option<&'static str>,
        /// All names of the registry.
        known: Vec<&'static str>,
    },

    /// The data set is known, but its files are in none of the places searched.
    #[error("{0}")]
    Missing(Box<Missing>),

    /// A data set that was not downloaded.
    #[cfg(feature = "fetch")]
    #[error("data set {name:?}: {error}")]
    Fetch {
        /// The data set.
        name: &'static str,
        /// Why.
        error: FetchError,
    },

    /// The operating system refused to open or read a file.
    #[error("{}: cannot {action} it: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: a verb.
        action: &'static str,
        /// What the system answered.
        error: io::Error,
    },

    /// The path is a directory, a pipe, a device or the like.
    #[error("{}: expected a regular file, found {found}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        found: &'static str,
    },

    /// The file is larger than anything this format may hold here.
    #[error("{}: expected at most {limit} bytes, found {found}", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Largest size accepted, in bytes.
        limit: u64,
        /// Size found, in bytes.
        found: u64,
    },

    /// A gzip stream that is damaged, cut, or too large when unpacked.
    #[error("{}: {error}", path.display())]
    Gz {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: GzError,
    },

    /// An IDX file that breaks its format; offsets count in the unpacked file.
    #[error("{}: {error}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: IdxError,
    },

    /// A table that breaks its format.
    #[error("{}: {error}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: CsvError,
    },

    /// A `.npy` file that is damaged or of another type.
    #[error(transparent)]
    Npy(#[from] NpyError),

    /// A sound `.npy` file of another shape.
    #[error("{}: expected the shape {}, found {}", path.display(), shape_text(expected), shape_text(found))]
    ArrayShape {
        /// The file.
        path: PathBuf,
        /// The shape needed.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },

    /// A file of CIFAR-10 that breaks its format; offsets count in the unpacked file.
    #[error("{}: {error}", path.display())]
    Cifar {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: CifarError,
    },

    /// A list of LFW that breaks its format.
    #[error("{}: {error}", path.display())]
    Lfw {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: LfwError,
    },

    /// A JPEG that cannot be decoded, or is of another size.
    #[error("{}: not the JPEG that is needed: {reason}", path.display())]
    Jpeg {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A NORB file that breaks its format; offsets count in the unpacked file.
    #[error("{}: {error}", path.display())]
    Norb {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: NorbError,
    },

    /// A file of texts that breaks its format.
    #[error("{}: {error}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: TextError,
    },

    /// A set that is no table of labelled rows.
    #[error("data set {name:?} is no table of labelled rows: {instead}")]
    NotATable {
        /// The set.
        name: &'static str,
        /// What it is, and what loads it.
        instead: &'static str,
    },

    /// A file of which no checksum is published.
    #[error("{}: cannot be verified: no SHA-256 of it is published", path.display())]
    NoChecksum {
        /// The file.
        path: PathBuf,
    },

    /// Images and labels of one part differ in number.
    #[error(
        "{}: expected one label per image of {} ({images}), found {labels} labels; \
         are the two files of the same part?",
        labels_path.display(), images_path.display()
    )]
    CountMismatch {
        /// The file of images.
        images_path: PathBuf,
        /// The file of labels.
        labels_path: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },

    /// A label that names no class of the set.
    #[error("{}: at byte {offset}: expected a label of 0..={}, found {found}",
        path.display(), classes.saturating_sub(1))]
    Label {
        /// The file of labels.
        path: PathBuf,
        /// Position in the unpacked file.
        offset: usize,
        /// Number of classes of the set.
        classes: usize,
        /// The label.
        found: u32,
    },

    /// A file whose content does not have the registry's SHA-256.
    #[error("{}: expected SHA-256 {expected}, found {found}: \
        the file is damaged or not the published one; get it again", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// SHA-256 of the published content (unpacked), in hex.
        expected: &'static str,
        /// SHA-256 of the content found (unpacked), in hex.
        found: String,
    },

    /// A file whose content has another length than the published one, of which no checksum is known.
    #[error("{}: expected {expected} bytes (unpacked), found {}: \
        the file is damaged or not the published one; get it again", path.display(), or_more(*found, *expected))]
    Length {
        /// The file.
        path: PathBuf,
        /// Length of the published content.
        expected: u64,
        /// Length of the content found; one more than expected stands for any more.
        found: u64,
    },

    /// An argument outside its domain.
    #[error("{what}: expected {expected}, found {found}")]
    Argument {
        /// The argument.
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What it was.
        found: String,
    },

    /// Samples that cannot be split as asked.
    #[error(transparent)]
    Split(#[from] SplitError),

    /// The system has no memory left for data that is really there.
    #[error("{what}: no memory for {bytes} bytes")]
    Memory {
        /// What was to be held.
        what: String,
        /// How much was asked for.
        bytes: usize,
    },
}

impl Error {
    pub(crate) fn argument(
        what: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Argument { what, expected: expected.into(), found: found.to_string() }
    }
}

fn or_more(found: u64, expected: u64) -> String {
    if found > expected { "more".into() } else { found.to_string() }
}

/// The known name that is most like one that was typed.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    /// Below this, a name is not like another.
    const LIKE: f64 = 0.75;
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &typed), known))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

/// A data set that was not found: where it was looked for and how to get it.
#[derive(Debug)]
pub struct Missing {
    /// The data set.
    pub entry: &'static Entry,
    /// The directories searched, in their order, each with what was found there.
    pub searched: Vec<Searched>,
}

/// One directory that was searched in vain.
#[derive(Debug)]
pub struct Searched {
    /// The directory.
    pub dir: PathBuf,
    /// Who named it, e.g. `--data-dir`.
    pub origin: &'static str,
    /// What was found, e.g. `no such directory`.
    pub found: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { name, title, files, home, hint, citation, mirrors, .. } = self.entry;
        writeln!(f, "data set {name:?} ({title}) not found")?;
        writeln!(f, "searched, in this order:")?;
        for Searched { dir, origin, found } in &self.searched {
            writeln!(f, "  {} ({origin}): {found}", dir.display())?;
        }
        if self.searched.is_empty() {
            writeln!(f, "  nothing: no directory is known")?;
        }
        writeln!(f, "expected there, gzipped or unpacked (without .gz):")?;
        for file in *files {
            writeln!(f, "  {}", file.published_name())?;
        }
        if !mirrors.is_empty() {
            writeln!(f, "get them: halfwave data fetch {name}")?;
            writeln!(f, "or by hand, from:")?;
        }
        for address in self.entry.addresses() {
            writeln!(f, "  {address}")?;
        }
        if !hint.is_empty() {
            writeln!(f, "note: {hint}")?;
        }
        writeln!(f, "home page: {home}")?;
        writeln!(f, "please cite: {citation}")?;
        write!(
            f,
            "then put the files in DIR/{name}/ and say --data-dir DIR, or set HALFWAVE_DATA=DIR"
        )
    }
}
