//! Where bytes arrive, are checked, and get their names.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::{Stop, Why};
use crate::error::Error;
use crate::files;
use crate::idx;
use crate::registry::Sum;

pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::Io { path: path.into(), action, error }
}

pub(super) fn make_dir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(io(path, "make"))
}

/// A file; none is as good as a removed one.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    absent_or(fs::remove_file(path)).map_err(io(path, "remove"))
}

/// A folder with all that is in it.
pub(super) fn remove_dir(path: &Path) -> Result<(), Error> {
    absent_or(fs::remove_dir_all(path)).map_err(io(path, "remove"))
}

fn absent_or(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Nothing, or a regular file: bytes go through no link and into no pipe.
fn no_other(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            Err(Error::NotAFile { path: path.into(), found: files::kind(metadata.file_type()) })
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(path, "look at")(error)),
        _ => Ok(()),
    }
}

/// Held as long as it lives; `None` if another process holds it.
pub(super) fn lock(dir: &Path) -> Result<Option<File>, Error> {
    let path = dir.join(".lock");
    no_other(&path)?;
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let file = file.map_err(io(&path, "open"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(io(&path, "lock")(error)),
    }
}

/// A file that is arriving.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Part {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        no_other(path)?;
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(io(path, "open"))?;
        let len = file.metadata().map_err(io(path, "look at"))?.len();
        Ok(Self { path: path.into(), file, len })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn restart(&mut self) -> Result<(), Error> {
        self.file.set_len(0).map_err(io(&self.path, "empty"))?;
        self.len = 0;
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(io(&self.path, "write"))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Its bytes against what is published.
    pub(super) fn check(&self, expected: Sum) -> Result<(), Stop> {
        let found = files::digest(self.reader()?, expected.bytes as u64, |_| Ok(()));
        compare(found.map_err(|error| io(&self.path, "read")(error).into()), expected)
    }

    /// What it holds, gzipped, against what is published. All of gzip's own checks are made.
    pub(super) fn check_unpacked(&self, expected: Sum) -> Result<(), Stop> {
        let found =
            files::digest(MultiGzDecoder::new(self.reader()?), expected.bytes as u64, |_| Ok(()));
        compare(found.map_err(|error| damage(&self.path, error)), expected)
    }

    /// That it is sound IDX, of any size: that of images or labels of one's own.
    pub(super) fn check_idx(&self) -> Result<(), Stop> {
        let bytes = files::read(&self.path, idx::MAX_BYTES).map_err(|error| match error {
            Error::Gz { error, .. } => Why::Damaged(error.to_string()).into(),
            error => Stop::Local(error),
        })?;
        idx::parse(&bytes).map_err(|error| Why::Damaged(error.to_string()))?;
        Ok(())
    }

    fn reader(&self) -> Result<BufReader<File>, Error> {
        let file = File::open(&self.path).map_err(io(&self.path, "open"))?;
        Ok(BufReader::with_capacity(1 << 16, file))
    }
}

/// What a decoder says is the fault of the file; anything else is this machine's.
pub(super) fn damage(path: &Path, error: io::Error) -> Stop {
    match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidData
        | ErrorKind::Other => Why::Damaged(error.to_string()).into(),
        _ => io(path, "read")(error).into(),
    }
}

/// Size first, then SHA-256 if one is known.
pub(super) fn compare(found: Result<(u64, String), Stop>, expected: Sum) -> Result<(), Stop> {
    let (bytes, found) = found?;
    let limit = expected.bytes as u64;
    if bytes > limit {
        return Err(Why::TooLarge { limit }.into());
    }
    if bytes < limit {
        let reason = format!("expected {limit} bytes, found {bytes}");
        return Err(Why::Damaged(reason).into());
    }
    match expected.sha256 {
        Some(expected) if expected != found => Err(Why::Checksum { expected, found }.into()),
        _ => Ok(()),
    }
}

/// A checked file, or a folder of files that are on the disk, gets its name, and what had that before is gone if
/// `force` is given: a file for a file, a folder for a folder. A link in its place is replaced, not followed.
pub(super) fn appear(from: &Path, to: &Path, force: bool) -> Result<(), Error> {
    if !force && let Ok(metadata) = fs::symlink_metadata(to) {
        return Err(Error::NotAFile { path: to.into(), found: files::kind(metadata.file_type()) });
    }
    File::open(from).and_then(|file| file.sync_all()).map_err(io(from, "sync"))?;
    let parent = to.parent().unwrap_or(Path::new("."));
    make_dir(parent)?;
    // No folder can be renamed to one that holds something: it goes aside, and comes back if the new one cannot.
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let old = parent.join(format!(".{name}.old"));
    let aside = from.is_dir() && fs::symlink_metadata(to).is_ok_and(|to| to.is_dir());
    if aside {
        remove_dir(&old)?;
        fs::rename(to, &old).map_err(io(to, "rename"))?;
    }
    if let Err(error) = fs::rename(from, to) {
        if aside {
            // That the new one has no place is what has to be said.
            let _ = fs::rename(&old, to);
        }
        return Err(io(to, "replace")(error));
    }
    files::sync_dir(parent)?;
    if aside { remove_dir(&old) } else { Ok(()) }
}
