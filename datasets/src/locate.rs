//! Where data sets are looked for: `--data-dir`, `HALFWAVE_DATA`, the cache directory, in this order.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Missing, Searched};
use crate::registry::{Entry, File};

/// The environment variable that names a data directory.
pub const VARIABLE: &str = "HALFWAVE_DATA";

/// The data directories, in the order of search.
///
/// A set called `mnist` is expected in the folder `mnist` of one of them. The first folder that has all
/// files of the set is used.
#[derive(Clone, Debug, Default)]
pub struct Locator {
    /// Each directory with who named it.
    roots: Vec<(PathBuf, &'static str)>,
    /// Shared with its clones.
    used: Arc<Mutex<Vec<&'static Entry>>>,
    /// Further files of sets that were read; shared too.
    read: Arc<Mutex<Vec<PathBuf>>>,
}

impl Locator {
    /// Searches `data_dir` (the value of `--data-dir`, if given), then the directory that the environment
    /// variable `HALFWAVE_DATA` names (if set and not empty), then the user's cache directory
    /// (`~/.cache/halfwave` on Linux).
    pub fn new(data_dir: Option<PathBuf>) -> Self {
        let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = directories::ProjectDirs::from("", "", "halfwave");
        Self::with(data_dir, variable, cache.map(|dirs| dirs.cache_dir().to_owned()))
    }

    /// As [`Locator::new`], with the environment's part given: reads nothing but its arguments.
    pub fn with(
        data_dir: Option<PathBuf>,
        variable: Option<PathBuf>,
        cache: Option<PathBuf>,
    ) -> Self {
        let roots = [(data_dir, "--data-dir"), (variable, VARIABLE), (cache, "cache directory")];
        let named = |(path, origin): (Option<PathBuf>, _)| path.map(|path| (path, origin));
        Self {
            roots: roots.into_iter().filter_map(named).collect(),
            used: Arc::default(),
            read: Arc::default(),
        }
    }

    /// The folders in which the files of a set are looked for, in their order.
    pub fn candidates(&self, entry: &Entry) -> Vec<PathBuf> {
        self.roots.iter().map(|(root, _)| root.join(entry.name)).collect()
    }

    /// The paths of all files of a set, in the order of [`Entry::files`]; the folder for one that is not there
    /// and is made from it.
    ///
    /// # Errors
    /// [`Error::Missing`] if no folder has them all: the message says what was searched and what to do.
    /// [`Error::Io`] if the system does not let us look, e.g. for lack of permission.
    pub fn find(&self, entry: &'static Entry) -> Result<Vec<PathBuf>, Error> {
        let mut searched = Vec::new();
        for (dir, &(_, origin)) in self.candidates(entry).into_iter().zip(&self.roots) {
            match search(&dir, entry.files)? {
                Ok(paths) => {
                    self.uses(entry);
                    return Ok(paths);
                }
                Err(found) => searched.push(Searched { dir, origin, found }),
            }
        }
        Err(Error::Missing(Box::new(Missing { entry, searched })))
    }

    /// The sets that were found with this locator or a clone of it, and the embedded ones that were loaded with it, each
    /// once, in the order of their names.
    pub fn used(&self) -> Vec<&'static Entry> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner).clone();
        used.sort_by_key(|entry| entry.name);
        used.dedup_by_key(|entry| entry.name);
        used
    }

    pub(crate) fn uses(&self, entry: &'static Entry) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// A file that a set can do without was read.
    pub(crate) fn reads(&self, path: &Path) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
    }

    pub(crate) fn has_read(&self, path: &Path) -> bool {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.iter().any(|known| known == path)
    }
}

/// All files in `dir`, or in words what is there instead.
fn search(dir: &Path, files: &[File]) -> Result<Result<Vec<PathBuf>, String>, Error> {
    match metadata(dir)? {
        None => return Ok(Err("no such directory".into())),
        Some(metadata) if !metadata.is_dir() => return Ok(Err("not a directory".into())),
        Some(_) => {}
    }
    let (mut paths, mut absent) = (Vec::new(), Vec::new());
    for file in files {
        match first_present(dir, file)? {
            Some(path) => paths.push(path),
            None => absent.push(file.name),
        }
    }
    Ok(if absent.is_empty() { Ok(paths) } else { Err(format!("no {}", absent.join(", "))) })
}

/// The file under one of its usual names: gzipped, unpacked, and as gzip's `-N` restores it; or else the
/// folder that it is made from.
pub(crate) fn first_present(dir: &Path, file: &File) -> Result<Option<PathBuf>, Error> {
    let dotted = file.name.replacen("-idx", ".idx", 1);
    for name in [format!("{}.gz", file.name), file.name.into(), format!("{dotted}.gz"), dotted] {
        let path = dir.join(name);
        if metadata(&path)?.is_some() {
            return Ok(Some(path));
        }
    }
    let Some(path) = file.made_from.map(|folder| dir.join(folder)) else { return Ok(None) };
    Ok(metadata(&path)?.filter(fs::Metadata::is_dir).map(|_| path))
}

/// `None` where there is nothing; any other failure to look is an error.
fn metadata(path: &Path) -> Result<Option<fs::Metadata>, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Error::Io { path: path.into(), action: "look at", error }),
    }
}
