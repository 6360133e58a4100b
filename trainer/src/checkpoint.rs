//! Training that can be stopped at any instant and gone on with, to the same bits.
//!
//! An experiment is a function of its configuration; what takes its time are calls of the training loop, one after the
//! other. So a checkpoint of a run is one file for each of these calls: its last state if it has ended, or one on the
//! way. A run that goes on does everything once more but the training: a loop finds its file, takes the state from
//! there, and tells the epochs that it had to all who watch, so that `metrics.jsonl` comes out the same.
//!
//! ```text
//! FOLDER/run.toml                           what is run; a file of another run is not taken
//!        fit-00003.done.safetensors         the third loop, ended
//!        fit-00004.step-1200.safetensors    the fourth, after 1200 steps; the one before it stays too
//! ```
//!
//! The last two files on the way stay. What they take of the disk: the numbers of a model and of its optimiser, once for each loop.
//!
//! A file is written beside its place, brought to the disk, and renamed. It has the SHA-256 of its content; one that is
//! broken is passed over, and what it held is trained again.

mod file;
#[doc(hidden)]
pub mod fuzz;
mod place;

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicI32, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use halfwave_datasets::registry::hex;
use sha2::{Digest as _, Sha256};

pub(crate) use self::place::{Memory, Place, Places};
use crate::{
    Error, TrainError,
    observe::{Epoch, MetricsFile, Observer},
    output::{self, OutputError, RUN},
    train::{Learner, Loop, Metrics, Progress},
};

/// Files of ended loops are kept in memory until the next file is due, or until they are more bytes.
const WAITING: usize = 64 << 20;

/// The signal that asked for an end, or 0.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// How many runs there are that would save and stop.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// Asks all runs to save after their step, and to stop with [`TrainError::Interrupted`]. False if there is none, or if
/// they were asked before, or the signal is 0. It holds for all that is trained in this process from then on, until
/// [`proceed`].
///
/// ```
/// use std::time::Duration;
/// use halfwave_kernels::{Level, units::Unit};
/// use halfwave_trainer::{TrainError, checkpoint::{self, Checkpoints, There}, rbm::{Rbm, RbmConfig, Visible}};
///
/// let folder = tempfile::tempdir()?;
/// let config = RbmConfig { batch: 2, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2) };
/// let mut rbm = Rbm::new(&config, 2, 42)?;
/// let mut kept =
///     Checkpoints::open(folder.path(), "a run", Duration::from_secs(30), There::Resume)?;
/// let mut fit = || rbm.fit(Level::best(), &[0.0, 1.0, 1.0, 0.0], "a run", &mut kept);
/// assert!(checkpoint::interrupt(2));
/// assert_eq!(fit(), Err(TrainError::Interrupted { signal: 2 }));
/// checkpoint::proceed();
/// assert_eq!(fit(), Ok(()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn interrupt(signal: i32) -> bool {
    signal != 0 && RUNS.load(Ordering::SeqCst) > 0 && SIGNAL.swap(signal, Ordering::SeqCst) == 0
}

/// Takes back what [`interrupt`] asked for: runs are no longer stopped, in a process that goes on.
pub fn proceed() {
    SIGNAL.store(0, Ordering::SeqCst);
}

/// Where a training loop stands.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// Of the model.
    pub(crate) progress: Progress,
    /// Steps of the epoch that has begun, and the seconds that they took.
    pub(crate) steps: usize,
    pub(crate) seconds: f64,
    /// The epochs of the loop that have ended: what they showed, and how long they took.
    pub(crate) epochs: Vec<(Metrics, f64)>,
    /// Whether there are no more.
    pub(crate) done: bool,
}

impl Position {
    pub(crate) fn new(progress: Progress) -> Self {
        Self { progress, steps: 0, seconds: 0.0, epochs: Vec::new(), done: false }
    }
}

/// What is to be said of a loop that begins.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Checkpoints that could not be gone on from.
    pub(crate) warnings: Vec<String>,
    /// From where it goes on.
    pub(crate) note: Option<String>,
}

/// What becomes of a checkpoint that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// It is an error.
    Refuse,
    /// It is gone on from.
    Resume,
    /// It is gone on from if it is of the same run, else thrown away.
    ResumeOrReplace,
    /// It is thrown away.
    Replace,
}

/// The checkpoints of a run, while it runs. An observer has them: [`Observer::checkpoints`]; they are one themselves.
///
/// ```
/// use std::time::Duration;
/// use halfwave_kernels::{Level, units::Unit};
/// use halfwave_trainer::{checkpoint::{Checkpoints, There}, rbm::{Rbm, RbmConfig, Visible}};
///
/// let folder = tempfile::tempdir()?;
/// let x = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0].repeat(50); // 100 rows of 4
/// let config = RbmConfig { batch: 10, epochs: 5, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2) };
/// let train = || {
///     // Text that says all that the bits depend on.
///     let (run, every) = ("pairs, seed 42", Duration::from_secs(30));
///     let mut kept = Checkpoints::open(folder.path(), run, every, There::ResumeOrReplace)?;
///     let mut rbm = Rbm::new(&config, 4, 42)?;
///     rbm.fit(Level::best(), &x, "pairs", &mut kept)?;
///     kept.close()?; // `discard` when they are of no more use
///     Ok::<_, Box<dyn std::error::Error>>(rbm)
/// };
/// let first = train()?;
/// assert!(folder.path().join("fit-00001.done.safetensors").exists());
/// assert_eq!(train()?.weights(), first.weights()); // from the file
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    /// Digest of `run.toml`.
    of: String,
    every: Duration,
    saved: Instant,
    /// Number of the loop, from 1.
    fit: u64,
    /// Files of each loop that were there at the beginning.
    there: BTreeMap<u64, Vec<PathBuf>>,
    /// The loop that runs.
    about: Option<file::About>,
    /// Of that, on disk, from the oldest.
    on_the_way: Vec<PathBuf>,
    /// Of loops that have ended, until their end is on disk.
    old: Vec<PathBuf>,
    /// Ended loops that are not on disk yet.
    waiting: Waiting,
    /// Whether a state is on disk.
    holds: bool,
    /// Seconds of all epochs that were not trained now.
    earlier: f64,
    _lock: File,
}

/// Files that are not written yet: where they go, and their bytes.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Vec<(PathBuf, Vec<u8>)>);

impl Waiting {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    fn are_many(&self) -> bool {
        self.bytes() > WAITING
    }

    /// Takes the memory that a run's loop takes at its end, and writes nothing. The bytes of its file.
    pub(crate) fn rehearse(
        &mut self,
        schedule: &Loop<'_>,
        learner: &mut dyn Learner,
        at: Progress,
        epoch: &Metrics,
    ) -> Result<usize, TrainError> {
        let about = file::About::new(String::new(), 0, schedule, at);
        let epochs = vec![(epoch.clone(), 0.0); schedule.epochs];
        let end = Position { epochs, ..Position::new(at) };
        let bytes = file::bytes(&about, learner, &end)?;
        let size = bytes.len();
        self.0.push((PathBuf::new(), bytes));
        if self.are_many() {
            self.0.clear();
        }
        Ok(size)
    }

    /// Bytes that are held where files of `ended` bytes have gone in beyond those that are held now, at most: when they
    /// are written depends on the time.
    pub(crate) fn at_most(&self, ended: usize) -> usize {
        ended.min(WAITING.saturating_sub(self.bytes()))
    }
}

impl Checkpoints {
    /// Makes the folder of a run that is described by `run`, or opens that of the same run. A checkpoint is saved after
    /// the first step that ends so long after the last one.
    ///
    /// # Errors
    /// [`OutputError::Stopped`] if it is there and not to be gone on from, [`OutputError::OtherRun`] if it is of another
    /// run, [`OutputError::Busy`] if another process works on it, [`OutputError::Io`].
    pub fn open(
        folder: &Path,
        run: &str,
        every: Duration,
        there: There,
    ) -> Result<Self, OutputError> {
        let place = folder.join(RUN);
        let found = place.try_exists().map_err(OutputError::io(folder, "look at it"))?;
        if !found {
            if others(folder).map_err(OutputError::io(folder, "read this directory"))? {
                return Err(OutputError::Foreign(folder.into()));
            }
            fs::create_dir_all(folder).map_err(OutputError::io(folder, "make this directory"))?;
            let written = output::write_file(&place, false, |out| out.write_all(run.as_bytes()));
            written.inspect_err(|_| {
                // If something is in it, it stays.
                let _ = fs::remove_dir(folder);
            })?;
        }
        let mut lock = output::locked(folder, RUN)?;
        let mut files = files(folder).map_err(OutputError::io(folder, "read this directory"))?;
        let begun = fs::read(&place).map_err(OutputError::io(&place, "read it"))?;
        let same = begun == run.as_bytes();
        // What was stopped before it had a state is begun anew.
        if there == There::Refuse && !files.is_empty() {
            return Err(OutputError::Stopped(folder.into()));
        }
        if !same && there == There::Resume {
            return Err(OutputError::OtherRun(folder.into()));
        }
        if !same || there == There::Replace {
            for path in std::mem::take(&mut files).into_values().flatten() {
                fs::remove_file(&path).map_err(OutputError::io(&path, "remove it"))?;
            }
            output::write_file(&place, true, |out| out.write_all(run.as_bytes()))?;
            // Another file has this name now.
            lock = output::locked(folder, RUN)?;
        }
        RUNS.fetch_add(1, Ordering::SeqCst);
        Ok(Self {
            folder: folder.into(),
            of: hex(&Sha256::digest(run)),
            every,
            saved: Instant::now(),
            fit: 0,
            holds: !files.is_empty(),
            there: files,
            about: None,
            on_the_way: Vec::new(),
            old: Vec::new(),
            waiting: Waiting::default(),
            earlier: 0.0,
            _lock: lock,
        })
    }

    /// Description of the run whose checkpoints are in the folder.
    ///
    /// # Errors
    /// [`OutputError::NotStopped`] if there is none, [`OutputError::Io`].
    pub fn description(folder: &Path) -> Result<String, OutputError> {
        let place = folder.join(RUN);
        fs::read_to_string(&place).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => OutputError::NotStopped(place),
            _ => OutputError::io(&place, "read it")(error),
        })
    }

    /// Does the work that is to be kept. If it fails and there is a state to go on from, that stays, and `how` says what to
    /// do; else all of it goes.
    pub(crate) fn keep<T>(
        mut self,
        how: &str,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = work(&mut self);
        if done.as_ref().is_err_and(Error::may_pass) {
            // What is not on disk yet; if that fails too, there is less to go on from.
            let _ = self.flush();
        }
        match done {
            Err(error) if self.holds => {
                let how = if error.is_divergence() {
                    format!(
                        "{} holds the states before that, which would diverge again; --force begins anew, with other settings",
                        self.folder.display()
                    )
                } else {
                    how.into()
                };
                Err(Error::Stopped { error: error.into(), how })
            }
            done => {
                let removed = self.discard();
                done.and_then(|done| removed.map(|()| done).map_err(Error::from))
            }
        }
    }

    /// Where they are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Seconds of training that the run had before this process.
    #[must_use]
    pub fn earlier(&self) -> f64 {
        self.earlier
    }

    /// Saves what has ended and is not on disk yet. When they are dropped that is tried, too, but nobody learns of a failure.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`].
    pub fn close(mut self) -> Result<(), TrainError> {
        self.flush()
    }

    /// Removes them, and their folder if nothing else is in it.
    ///
    /// # Errors
    /// [`OutputError::Io`].
    pub fn discard(mut self) -> Result<(), OutputError> {
        self.waiting = Waiting::default();
        let folder = &self.folder;
        let remove = || {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if ours(&entry) {
                    fs::remove_file(entry.path())?;
                }
            }
            match fs::remove_dir(folder) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
                removed => removed,
            }
        };
        remove().map_err(OutputError::io(folder, "remove it"))
    }

    /// The next loop begins: from its checkpoint, if there is a sound one. Returns what is to be said of that.
    ///
    /// # Errors
    /// [`TrainError::UnusedCheckpoint`] if one cannot be read, or is of another run; it stays.
    pub(crate) fn begin(
        &mut self,
        schedule: &Loop<'_>,
        learner: &mut dyn Learner,
        at: &mut Position,
    ) -> Result<Said, TrainError> {
        self.fit += 1;
        self.on_the_way.clear();
        let about = file::About::new(self.of.clone(), self.fit, schedule, at.progress);
        let mut said = Said::default();
        // The one that is furthest on stands last.
        let mut paths = self.there.remove(&self.fit).unwrap_or_default();
        while let Some(path) = paths.pop() {
            let read = file::read(&path, &about, learner, at).map_err(|error| {
                let error = OutputError::io(&path, "read it")(error);
                TrainError::UnusedCheckpoint { reason: error.to_string() }
            });
            match read? {
                Ok(()) => {
                    let epochs: f64 = at.epochs.iter().map(|(_, seconds)| seconds).sum();
                    self.earlier += epochs + at.seconds;
                    if !at.done {
                        let (epochs, steps) = (at.epochs.len(), at.steps);
                        let run = schedule.run;
                        said.note =
                            Some(format!("{run}: goes on after epoch {epochs}, step {steps}"));
                    }
                    self.on_the_way = paths;
                    if !at.done {
                        self.on_the_way.push(path);
                    }
                    break;
                }
                Err(_) if fs::read(&path).is_ok_and(|b| file::is_of_another(&b, &self.of)) => {
                    let reason = format!(
                        "{} is of another run than {RUN} beside it says: as it was, that file goes on with it, and \
                         --force begins anew",
                        path.display()
                    );
                    return Err(TrainError::UnusedCheckpoint { reason });
                }
                Err(error) => {
                    said.warnings.push(format!("{}: passed over: {error}", path.display()));
                    // It would be found again; that it is there still does no harm.
                    let _ = fs::remove_file(&path);
                }
            }
        }
        self.about = Some(about);
        Ok(said)
    }

    /// After a step of the loop.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] if that was asked for, when all is saved; [`TrainError::Checkpoint`].
    pub(crate) fn after_step(
        &mut self,
        learner: &mut dyn Learner,
        at: &Position,
    ) -> Result<(), TrainError> {
        let signal = SIGNAL.load(Ordering::Relaxed);
        if signal != 0 || self.saved.elapsed() >= self.every {
            self.flush()?;
            // Of a training that has diverged, which it does not know yet, the states before that stay.
            let sound =
                learner.is_sound() && learner.places().iter().all(|(_, place)| place.is_finite());
            if let Some(about) = self.about.as_ref().filter(|_| sound) {
                let bytes = file::bytes(about, learner, at)?;
                let step = at.progress.steps;
                let path = self.folder.join(format!("{}.step-{step}{SUFFIX}", stem(self.fit)));
                self.write(&path, &bytes)?;
                self.on_the_way.retain(|old| *old != path);
                self.on_the_way.push(path);
                let old = self.on_the_way.len().saturating_sub(2);
                remove(self.on_the_way.drain(..old));
            }
            self.saved = Instant::now();
        }
        if signal == 0 { Ok(()) } else { Err(TrainError::Interrupted { signal }) }
    }

    /// After the last step of the loop.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`].
    pub(crate) fn finish(
        &mut self,
        learner: &mut dyn Learner,
        at: &Position,
    ) -> Result<(), TrainError> {
        let Some(about) = self.about.take() else { return Ok(()) };
        self.old.append(&mut self.on_the_way);
        let path = self.folder.join(format!("{}.done{SUFFIX}", stem(self.fit)));
        if !path.exists() {
            self.waiting.0.push((path, file::bytes(&about, learner, at)?));
        }
        if self.waiting.are_many() || self.saved.elapsed() >= self.every {
            self.flush()?;
            self.saved = Instant::now();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), TrainError> {
        for (path, bytes) in std::mem::take(&mut self.waiting.0) {
            self.write(&path, &bytes)?;
        }
        remove(self.old.drain(..));
        Ok(())
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
        let written = output::write_file(path, true, |out| out.write_all(bytes));
        written.map_err(|error| TrainError::Checkpoint { reason: error.to_string() })?;
        self.holds = true;
        Ok(())
    }
}

/// Files that nobody needs any more: one too many is no failure.
fn remove(paths: impl Iterator<Item = PathBuf>) {
    for path in paths {
        let _ = fs::remove_file(path);
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        let _ = self.flush();
        RUNS.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Observer for Checkpoints {
    fn epoch(&mut self, _: &Epoch<'_>) {}

    fn checkpoints(&mut self) -> Option<&mut Checkpoints> {
        Some(self)
    }
}

const SUFFIX: &str = ".safetensors";

fn stem(fit: u64) -> String {
    format!("fit-{fit:05}")
}

/// Whether a file in a folder of checkpoints is one of ours.
fn ours(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    name == RUN
        || MetricsFile::NAMES.contains(&&*name)
        || name.starts_with(output::TEMPORARY)
        || (name.starts_with("fit-") && name.ends_with(SUFFIX))
}

/// Whether there is anything else in it.
fn others(folder: &Path) -> io::Result<bool> {
    let mut entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    entries.try_fold(false, |found, entry| Ok(found || !ours(&entry?)))
}

/// The files of each loop, in the order of their steps, that of its end last.
fn files(folder: &Path) -> io::Result<BTreeMap<u64, Vec<PathBuf>>> {
    let mut all: BTreeMap<u64, Vec<(u64, PathBuf)>> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let parts = name.strip_prefix("fit-").and_then(|name| name.strip_suffix(SUFFIX));
        let Some((fit, state)) = parts.and_then(|parts| parts.split_once('.')) else { continue };
        let step = match state {
            "done" => Some(u64::MAX),
            _ => state.strip_prefix("step-").and_then(|step| step.parse().ok()),
        };
        if let (Ok(fit), Some(step)) = (fit.parse(), step) {
            all.entry(fit).or_default().push((step, entry.path()));
        }
    }
    let sorted = |(fit, mut files): (u64, Vec<(u64, PathBuf)>)| {
        files.sort();
        (fit, files.into_iter().map(|(_, path)| path).collect())
    };
    Ok(all.into_iter().map(sorted).collect())
}

#[cfg(test)]
mod tests;
