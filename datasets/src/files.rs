//! Opening and reading the files that a user points at.

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::capped::{self, Stop};
use crate::error::Error;
use crate::gz::{self, GzError};
use crate::registry;

/// The content of a file, unpacked if it is gzipped, whatever its name says; at most `limit` bytes.
///
/// # Errors
/// [`Error::NotAFile`] for anything but a regular file, before it is opened: a pipe would hang and /dev/zero
/// never ends. [`Error::FileTooLarge`], [`Error::Gz`], [`Error::Memory`] and [`Error::Io`].
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let io = |action| move |error| Error::Io { path: path.into(), action, error };
    let length = check_length(path, limit)?;
    let mut reader = BufReader::new(File::open(path).map_err(io("open"))?);
    let start = reader.fill_buf().map_err(io("read"))?;
    if start.starts_with(&gz::MAGIC) {
        return gz::unpack(reader, limit).map_err(|error| match error {
            GzError::Io(error) => io("read")(error),
            error => Error::Gz { path: path.into(), error },
        });
    }
    capped::read_to_end(reader, limit).map_err(|stop| match stop {
        Stop::TooLarge => {
            // A file that grows while it is read is longer than it was.
            let limit = u64::try_from(limit).unwrap_or(u64::MAX);
            let found = length.max(limit.saturating_add(1));
            Error::FileTooLarge { path: path.into(), limit, found }
        }
        Stop::Memory(bytes) => Error::Memory { what: path.display().to_string(), bytes },
        Stop::Io(_, error) => io("read")(error),
    })
}

/// That a file is none that is surely too long to have a content of at most `limit` bytes; its length.
///
/// # Errors
/// [`Error::NotAFile`], [`Error::FileTooLarge`] and [`Error::Io`], as [`read`].
pub fn check_length(path: &Path, limit: usize) -> Result<u64, Error> {
    let found = regular(path)?.len();
    // Packed or not, no sound file is longer than its content may be (gzip adds far less than this).
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1 << 20);
    if found > limit {
        return Err(Error::FileTooLarge { path: path.into(), limit, found });
    }
    Ok(found)
}

/// The bytes of a file as they are read, unpacked if it is gzipped, whatever its name says.
///
/// For files too large to hold: the reader of the format has to know where it ends. Damage of the gzip
/// stream is an error of reading, of which [`unreadable`] makes an [`Error::Gz`].
///
/// # Errors
/// [`Error::NotAFile`] and [`Error::Io`], as [`read`].
pub fn stream(path: &Path) -> Result<Box<dyn Read>, Error> {
    let mut reader = BufReader::with_capacity(1 << 16, open(path)?);
    let io = |error| Error::Io { path: path.into(), action: "read", error };
    let start = reader.fill_buf().map_err(io)?;
    if start.starts_with(&gz::MAGIC) {
        return Ok(Box::new(BufReader::new(gz::reader(reader))));
    }
    Ok(Box::new(reader))
}

/// The file itself, packed or not.
///
/// # Errors
/// As [`stream`].
pub fn open(path: &Path) -> Result<File, Error> {
    regular(path)?;
    File::open(path).map_err(|error| Error::Io { path: path.into(), action: "open", error })
}

/// What a failure of [`stream`]'s reader says of the file.
#[must_use]
pub fn unreadable(path: &Path, error: io::Error) -> Error {
    let path = path.into();
    match error.downcast::<GzError>() {
        Ok(error) => Error::Gz { path, error },
        Err(error) => Error::Io { path, action: "read", error },
    }
}

/// Length of the content of a file, unpacked; one byte more than `limit` is enough to see.
///
/// # Errors
/// As [`stream`], and those of reading to the end.
pub(crate) fn length(path: &Path, limit: u64) -> Result<u64, Error> {
    let mut content = stream(path)?.take(limit.saturating_add(1));
    io::copy(&mut content, &mut io::sink()).map_err(|error| unreadable(path, error))
}

/// SHA-256 of a file as it is, packed or not; what is longer than `bytes` is another's.
///
/// # Errors
/// As [`read`].
pub fn packed_digest(path: &Path, bytes: usize) -> Result<String, Error> {
    let io = |error| Error::Io { path: path.into(), action: "read", error };
    digest(open(path)?, bytes as u64, |_| Ok(())).map(|(_, sum)| sum).map_err(io)
}

/// Size and SHA-256 of all that comes, which `take` is given too; one byte more than `limit` is enough to see.
pub(crate) fn digest(
    reader: impl Read,
    limit: u64,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, String)> {
    let mut reader = reader.take(limit.saturating_add(1));
    let (mut sha256, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((bytes, registry::hex(&sha256.finalize()))),
            Ok(read) => {
                sha256.update(&buffer[..read]);
                take(&buffer[..read])?;
                bytes += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Brings the names in a folder to the disk, where the system can.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(|error| Error::Io { path: dir.into(), action: "sync", error })?;
    }
    Ok(())
}

fn regular(path: &Path) -> Result<Metadata, Error> {
    let io = |error| Error::Io { path: path.into(), action: "find", error };
    let metadata = fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.into(), found: kind(metadata.file_type()) });
    }
    Ok(metadata)
}

pub(crate) fn kind(file_type: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return "a pipe";
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return "a device";
        }
        if file_type.is_socket() {
            return "a socket";
        }
    }
    match file_type {
        it if it.is_dir() => "a directory",
        it if it.is_symlink() => "a symbolic link",
        it if it.is_file() => "another file",
        _ => "a special file",
    }
}
