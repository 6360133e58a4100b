//! Output that is there completely or not at all.
//!
//! A file is written beside its place and then renamed. A run writes into a hidden directory inside
//! its output directory; its files move to their places when all are complete, `result.json` last.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::{Builder, TempDir};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The file is there already.
    #[error("{}: exists already; choose another name or say --force to replace it", .0.display())]
    FileExists(PathBuf),
    /// The directory has something in it.
    #[error("{}: the directory is not empty; choose another one or say --force to replace files in it", .0.display())]
    NotEmpty(PathBuf),
    /// A directory for a sweep that has something else in it.
    #[error("{}: expected an empty directory, or this sweep's own; choose another one", .0.display())]
    NotASweep(PathBuf),
    /// A run that was stopped.
    #[error(
        "{}: has the checkpoint of what was stopped; say --resume to go on (of a run: --resume DIR), or --force to begin anew",
        .0.display()
    )]
    Stopped(PathBuf),
    /// Nothing to go on with.
    #[error("{}: not found: expected a run that was stopped, and has a checkpoint", .0.display())]
    NotStopped(PathBuf),
    /// A checkpoint of something else.
    #[error(
        "{}: has the checkpoint of something else: other settings, data, seed, level or version; say --force to \
         begin anew",
        .0.display()
    )]
    OtherRun(PathBuf),
    /// A folder that has the name of one of checkpoints.
    #[error("{}: expected checkpoints, found other files; move them, or choose another name for the output", .0.display())]
    Foreign(PathBuf),
    /// Two processes.
    #[error("{}: another process works on it", .0.display())]
    Busy(PathBuf),
    /// Something else is where a directory should be.
    #[error("{}: expected a directory, found a file", .0.display())]
    NotADirectory(PathBuf),
    /// The name of something that the same command reads or writes.
    #[error("{}: is read or written by the same command; choose another name", .0.display())]
    Twice(PathBuf),
    /// A device, a pipe or a socket, which a file would replace.
    #[error("{}: expected the name of a file, found a device or a pipe", .0.display())]
    NotRegular(PathBuf),
    /// The name of a file of another format than is written.
    #[error("{}: expected a name that ends in {expected}", path.display())]
    Ending {
        /// The name.
        path: PathBuf,
        /// What there is to write.
        expected: String,
    },
    /// The path has no file name, or names a directory.
    #[error("{}: expected the name of a file, found a directory", .0.display())]
    NotAFile(PathBuf),
    /// The system refused.
    #[error("{}: cannot {action}: {error}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        error: io::Error,
    },
}

type Remove = fn(&Path) -> io::Result<()>;

/// What exists on disk, but is not complete.
static UNFINISHED: Mutex<Vec<(PathBuf, Remove)>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<(PathBuf, Remove)>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something unfinished, as long as it lives.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(path: &Path, remove: Remove) -> Self {
        unfinished().push((path.into(), remove));
        Self(path.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().retain(|(path, _)| *path != self.0);
    }
}

/// Removes everything that is not complete: for a process that is about to exit.
pub fn abandon() {
    for (path, remove) in unfinished().drain(..).rev() {
        // What cannot be removed stays; there is nobody left to tell.
        let _ = remove(&path);
    }
}

impl OutputError {
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { path: path.into(), action, error }
    }
}

/// Fails now if [`write_file`] would refuse later, so that no work is done in vain.
///
/// # Errors
/// [`OutputError::FileExists`] without `force`, [`OutputError::NotAFile`] for a directory, [`OutputError::NotRegular`] for a
/// device or a pipe.
pub fn check_file(path: &Path, force: bool) -> Result<(), OutputError> {
    // A link is what it leads to, unless that is nothing.
    match fs::metadata(path).or_else(|_| fs::symlink_metadata(path)) {
        Ok(metadata) if metadata.is_dir() => Err(OutputError::NotAFile(path.into())),
        Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
            Err(OutputError::NotRegular(path.into()))
        }
        Ok(_) if !force => Err(OutputError::FileExists(path.into())),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => match path.file_name() {
            Some(_) => Ok(()),
            None => Err(OutputError::NotAFile(path.into())),
        },
        Err(error) => Err(OutputError::io(path, "look at it")(error)),
    }
}

/// [`check_file`], and that it is none of the command's other files.
///
/// # Errors
/// Those of [`check_file`]; [`OutputError::Twice`].
pub(crate) fn check_output<'a>(
    path: &Path,
    force: bool,
    others: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), OutputError> {
    let same = |other: &Path| {
        path == other
            || matches!((path.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    check_file(path, force)?;
    if others.into_iter().any(|other| same(other)) {
        return Err(OutputError::Twice(path.into()));
    }
    Ok(())
}

/// Which of these the name of an output ends in.
///
/// # Errors
/// [`OutputError::Ending`] if in none.
pub(crate) fn ending<'a>(path: &Path, endings: &[&'a str]) -> Result<&'a str, OutputError> {
    let name = path.to_string_lossy().to_lowercase();
    let found = endings.iter().find(|ending| name.ends_with(*ending)).copied();
    found.ok_or_else(|| OutputError::Ending { path: path.into(), expected: endings.join(" or ") })
}

/// The name of a temporary file begins with this.
pub(crate) const TEMPORARY: &str = ".halfwave-";

/// Writes a file through a temporary one in the same directory. On failure nothing is left behind. One that is replaced keeps
/// its permissions, and a link leads to the new one.
///
/// # Errors
/// [`OutputError::FileExists`] if it is there and `force` is not given; [`OutputError::Io`].
pub fn write_file(
    path: &Path,
    force: bool,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), OutputError> {
    check_file(path, force)?;
    let old = fs::metadata(path).ok();
    let target = old.as_ref().and_then(|_| path.canonicalize().ok());
    let place = target.as_deref().unwrap_or(path);
    let parent = match place.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY);
    // The permissions of any other new file, not the private ones of a temporary one.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(parent).map_err(OutputError::io(path, "create it"))?;
    let _unfinished = Unfinished::new(temporary.path(), |path| fs::remove_file(path));
    let write = || -> io::Result<()> {
        if let Some(old) = &old {
            temporary.as_file().set_permissions(old.permissions())?;
        }
        let mut out = BufWriter::new(temporary.as_file());
        content(&mut out)?;
        out.flush()?;
        drop(out);
        temporary.as_file().sync_all()
    };
    write().map_err(OutputError::io(path, "write it"))?;
    let persisted =
        if force { temporary.persist(place) } else { temporary.persist_noclobber(place) };
    match persisted {
        Ok(_) => {
            tracing::debug!("{} written", path.display());
            sync(parent).map_err(OutputError::io(path, "bring its name to the disk"))
        }
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            Err(OutputError::FileExists(path.into()))
        }
        Err(error) => Err(OutputError::io(path, "put it in its place")(error.error)),
    }
}

/// A file in a folder, which no other process can lock as long as this lives.
pub(crate) fn locked(folder: &Path, name: &str) -> Result<File, OutputError> {
    let place = folder.join(name);
    let file = File::open(&place).map_err(OutputError::io(&place, "read it"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OutputError::Busy(folder.into())),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(OutputError::io(&place, "lock it")(error)),
    }
}

/// Brings the names in a directory to the disk, where the system can.
fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// The folder of checkpoints in an output directory.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// What is run, in TOML: in that folder.
pub(crate) const RUN: &str = "run.toml";

/// The name of a hidden directory inside an output directory begins with this.
const PARTIAL: &str = ".partial-";

/// Removes what runs that were killed have left in their output directory, but for what is `ours`. No other may be working
/// there.
pub(crate) fn remove_partial(path: &Path, ours: Option<&Path>) -> Result<(), OutputError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OutputError::io(path, "read this directory")(error)),
    };
    for entry in entries {
        let entry = entry.map_err(OutputError::io(path, "read this directory"))?;
        let (name, path) = (entry.file_name(), entry.path());
        let is_ours = ours.is_some_and(|ours| ours.file_name() == Some(&name));
        if name.to_string_lossy().starts_with(PARTIAL) && !is_ours {
            fs::remove_dir_all(&path).map_err(OutputError::io(&path, "remove it"))?;
        }
    }
    Ok(())
}

/// Makes a directory and those around it, and says which were not there, the outermost first.
fn make(path: &Path) -> Result<Vec<Unfinished>, OutputError> {
    let missing =
        path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let missing: Vec<_> = missing.collect();
    fs::create_dir_all(path).map_err(OutputError::io(path, "make this directory"))?;
    Ok(missing
        .iter()
        .rev()
        .map(|path| Unfinished::new(path, |path| fs::remove_dir(path)))
        .collect())
}

/// The output directory of a run, while its files are being written.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// It and those around it, as far as they were made here: they go when nothing comes of the run. The outermost is first.
    made: Vec<Unfinished>,
    staging: TempDir,
    _unfinished: Unfinished,
}

impl Directory {
    /// Opens the output directory of a run that was stopped, on which no other process works.
    pub(crate) fn reopen(path: &Path) -> Result<Self, OutputError> {
        remove_partial(path, None)?;
        Self::stage(path, Vec::new())
    }

    /// Opens an output directory, and makes it if it is not there.
    ///
    /// # Errors
    /// [`OutputError::NotEmpty`] if there is something in it and `force` is not given, [`OutputError::Stopped`] if that is
    /// a run that can be gone on with, [`OutputError::Busy`] if that is at work.
    pub fn open(path: &Path, force: bool) -> Result<Self, OutputError> {
        match fs::read_dir(path) {
            Ok(_) if !force && path.join(CHECKPOINT).join(RUN).exists() => {
                locked(&path.join(CHECKPOINT), RUN)?;
                Err(OutputError::Stopped(path.into()))
            }
            Ok(mut entries) => {
                if !force && entries.next().is_some() {
                    return Err(OutputError::NotEmpty(path.into()));
                }
                Self::stage(path, Vec::new())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Self::stage(path, make(path)?),
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                Err(OutputError::NotADirectory(path.into()))
            }
            Err(error) => Err(OutputError::io(path, "read this directory")(error)),
        }
    }

    fn stage(path: &Path, made: Vec<Unfinished>) -> Result<Self, OutputError> {
        let staging = Builder::new().prefix(PARTIAL).tempdir_in(path);
        let staging = staging.map_err(OutputError::io(path, "write into this directory"))?;
        let unfinished = Unfinished::new(staging.path(), |path| fs::remove_dir_all(path));
        Ok(Self { path: path.into(), made, staging, _unfinished: unfinished })
    }

    /// Opens the first of `NAME-1`, `NAME-2`, … in `parent` that is not there yet.
    ///
    /// # Errors
    /// [`OutputError::Io`].
    pub fn numbered(parent: &Path, name: &str) -> Result<Self, OutputError> {
        let mut made = make(parent)?;
        for number in 1_u64.. {
            let path = parent.join(format!("{name}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => {
                    made.push(Unfinished::new(&path, |path| fs::remove_dir(path)));
                    return Self::stage(&path, made);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(OutputError::io(&path, "make this directory")(error)),
            }
        }
        Err(OutputError::NotEmpty(parent.into()))
    }

    /// Its path and those around it, as far as they were made by this process. The innermost is first.
    pub(crate) fn made(&self) -> Vec<PathBuf> {
        self.made.iter().rev().map(|Unfinished(path)| path.clone()).collect()
    }

    /// Where the files will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the files are to be written.
    #[must_use]
    pub fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Writes a file, for now into [`Directory::staging`].
    ///
    /// # Errors
    /// [`OutputError::Io`], with the path that it would have had.
    pub fn write(
        &self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let write = || {
            let mut out = BufWriter::new(File::create(self.staging().join(name))?);
            content(&mut out)?;
            out.flush()
        };
        write().map_err(OutputError::io(&self.path.join(name), "write it"))
    }

    /// Moves all files to their places, in the order of `names`.
    ///
    /// # Errors
    /// [`OutputError::Io`].
    pub fn complete<S: AsRef<str>>(mut self, names: &[S]) -> Result<(), OutputError> {
        for name in names {
            let place = self.path.join(name.as_ref());
            let folder = place.parent().map_or(Ok(()), fs::create_dir_all);
            folder.map_err(OutputError::io(&place, "make its directory"))?;
            fs::rename(self.staging().join(name.as_ref()), &place)
                .map_err(OutputError::io(&place, "put it in its place"))?;
        }
        self.made.clear();
        Ok(())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed stays behind, hidden or empty.
        let _ = fs::remove_dir_all(self.staging.path());
        for path in self.made() {
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_complete_or_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let failing = |out: &mut dyn Write| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk on fire"))
        };
        let error = write_file(&path, false, failing).unwrap_err();
        assert!(error.to_string().contains("disk on fire"), "{error}");
        assert!(names(directory.path()).is_empty());

        write_file(&path, false, |out| out.write_all(b"old")).unwrap();
        let error = write_file(&path, false, |out| out.write_all(b"new")).unwrap_err();
        assert!(matches!(error, OutputError::FileExists(_)));
        assert!(write_file(&path, true, failing).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_file(&path, true, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["x"]);
        assert!(matches!(
            write_file(directory.path(), true, failing),
            Err(OutputError::NotAFile(_))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (ours, plain) = (directory.path().join("a"), directory.path().join("b"));
        write_file(&ours, false, |_| Ok(())).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(ours), mode(plain));
    }

    #[test]
    fn a_run_that_fails_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let run = Directory::open(&path, false).unwrap();
        run.write("metrics.jsonl", |out| out.write_all(b"{}")).unwrap();
        drop(run);
        assert!(names(parent.path()).is_empty());
        let runs = parent.path().join("runs");
        drop(Directory::numbered(&runs, "tour").unwrap());
        assert!(!runs.exists());
        fs::create_dir(&runs).unwrap();
        drop(Directory::numbered(&runs, "tour").unwrap());
        assert!(runs.exists() && names(&runs).is_empty(), "it was there before");
    }

    #[test]
    fn a_run_that_succeeds_leaves_its_files_and_no_others() {
        let parent = tempfile::tempdir().unwrap();
        for number in 1..3 {
            let run = Directory::numbered(parent.path(), "tour").unwrap();
            run.write("result.json", |out| out.write_all(b"{}")).unwrap();
            let path = run.path().to_owned();
            run.complete(&["result.json"]).unwrap();
            assert_eq!(path, parent.path().join(format!("tour-{number}")));
            assert_eq!(names(&path), ["result.json"]);
        }
        let full = parent.path().join("tour-1");
        assert!(matches!(Directory::open(&full, false), Err(OutputError::NotEmpty(_))));
        drop(Directory::open(&full, true).unwrap());
        assert_eq!(names(&full), ["result.json"]);
        let file = full.join("result.json");
        assert!(matches!(Directory::open(&file, true), Err(OutputError::NotADirectory(_))));
    }
}
