//! What can go wrong on the way.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::error::Error;

/// Why a set was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nothing may be downloaded.
    #[error(
        "offline, and {} not in {}; go online, or put the published files there",
        files.join(", "), dir.display()
    )]
    Offline {
        /// The folder of the set.
        dir: PathBuf,
        /// What is missing.
        files: Vec<&'static str>,
    },

    /// Nobody publishes it.
    #[error("there is no place to download it from: {hint}")]
    NoMirror {
        /// How one comes by it.
        hint: &'static str,
    },

    /// No data directory is known.
    #[error("no data directory is known: say --data-dir DIR, or set HALFWAVE_DATA=DIR")]
    NoDirectory,

    /// Another process is at it.
    #[error("{}: another process fetches into it; wait for its end", dir.display())]
    Busy {
        /// The folder of the set.
        dir: PathBuf,
    },

    /// A file is there that is not the published one.
    #[error("{error}; it is kept unless you say --force")]
    Differs {
        /// What it is.
        error: Box<Error>,
    },

    /// No mirror had the file.
    #[error(
        "{file} could not be downloaded:{}\ntry again (what has arrived is kept), or name another place: --mirror URL",
        lines(failures)
    )]
    Mirrors {
        /// The file.
        file: String,
        /// Each mirror, in the order of trying.
        failures: Vec<Failure>,
    },
}

fn lines(failures: &[Failure]) -> String {
    let mut text = String::new();
    for Failure { url, why } in failures {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {url}: {why}");
    }
    text
}

/// A mirror that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The address of the file.
    pub url: String,
    /// What was wrong.
    pub why: Why,
}

/// What is wrong with a mirror, or with what it sends.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// Another answer than the file.
    #[error("expected the file, found HTTP status {0}")]
    Status(u16),
    /// It sends one on and on.
    #[error("more than {0} redirects")]
    Redirects(u32),
    /// It sends one from https to http.
    #[error("it leads from https to http")]
    Insecure,
    /// No connection, or a broken one.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// No answer, or next to nothing of one.
    #[error("no answer, or too slow a one, for {seconds} s")]
    Slow {
        /// How long.
        seconds: u64,
    },
    /// It is another file: its size says so.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// Published size.
        expected: u64,
        /// Announced or found size.
        found: u64,
    },
    /// The connection ended too early.
    #[error("the connection ended after {found} of {expected} bytes")]
    Cut {
        /// Size of the file.
        expected: u64,
        /// What has arrived, in all.
        found: u64,
    },
    /// More than the file may have.
    #[error("expected at most {limit} bytes, found more")]
    TooLarge {
        /// Largest size accepted.
        limit: u64,
    },
    /// It is another file, or was damaged on the way.
    #[error("expected SHA-256 {expected}, found {found}")]
    Checksum {
        /// Published.
        expected: &'static str,
        /// Of what has arrived.
        found: String,
    },
    /// Its gzip stream or archive is damaged.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A member of the archive.
    #[error("{name} in the archive: {why}")]
    Member {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: Box<Why>,
    },
    /// A member is not there.
    #[error("not in the archive")]
    Absent,
}

impl Why {
    /// Whether the bytes are wrong, not their delivery.
    pub(super) fn is_of_content(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. }
                | Self::Checksum { .. }
                | Self::Damaged(_)
                | Self::Member { .. }
                | Self::Absent
        )
    }
}

/// What stops a download: this mirror only, or this machine.
#[derive(Debug)]
pub(super) enum Stop {
    Mirror(Why),
    Local(Error),
}

impl From<Why> for Stop {
    fn from(why: Why) -> Self {
        Self::Mirror(why)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}
