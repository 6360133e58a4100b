//! `halfwave run`: an experiment from its configuration to its files.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    time::{Duration, Instant},
};

use halfwave_datasets::{Locator, files, registry};
use halfwave_kernels::Level;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use toml::Table;
use tracing::info;

use crate::{
    Error, apply,
    checkpoint::{Checkpoints, There},
    config::{self, Override},
    experiments::{self, Context, Experiment, Job},
    machine::{self, Machine},
    observe::{Many, MetricsFile, Models, Progress, Recorder, Rehearsal, Timings, models},
    output::{self, CHECKPOINT, Directory},
    report,
    result::{DataSet, Figure, Outcome, Report, Series, Versions},
};

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The experiment.
    pub experiment: &'static Experiment,
    /// Epochs in place of all defaults.
    pub epochs: Option<usize>,
    /// Changes of the configuration in a TOML file, before those of `overrides`.
    pub config: Option<PathBuf>,
    /// Changes of the configuration, in their order.
    pub overrides: Vec<Override>,
    /// The first seed.
    pub seed: u64,
    /// Whether the published sizes are used in place of the defaults.
    pub full: bool,
    /// How many seeds; by default what the experiment says.
    pub seeds: Option<usize>,
    /// Where it runs.
    pub host: Host,
    /// Output directory; by default the first of `runs/EXPERIMENT-1`, … that is not there.
    pub out: Option<PathBuf>,
    /// Whether files in the output directory are replaced, and a run that was stopped in it begins anew.
    pub force: bool,
}

/// What may be another from one part of a run to the next: no bit of its result depends on it.
#[derive(Clone, Debug)]
pub struct Host {
    /// Threads of the pool; by default all cores.
    pub threads: Option<usize>,
    /// Where data sets are looked for first.
    pub data_dir: Option<PathBuf>,
    /// How often a checkpoint is saved.
    pub checkpoint_every: Duration,
    /// Whether progress is not shown.
    pub quiet: bool,
    /// Whether the models are kept at the end of their trainings.
    pub save_models: bool,
}

/// What has been done.
#[derive(Clone, Debug)]
pub struct Done {
    /// The result as a table for a terminal.
    pub table: String,
    /// Where the files are.
    pub directory: PathBuf,
    /// Wall-clock seconds.
    pub seconds: f64,
}

impl Options {
    /// All keys with the values to use.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML; [`Experiment::configure`].
    pub fn configuration(&self) -> Result<Table, Error> {
        self.configuration_from(Vec::new())
    }

    /// The same, where `defaults` are in place of the experiment's.
    pub(crate) fn configuration_from(&self, defaults: Vec<Override>) -> Result<Table, Error> {
        let mut changes = defaults;
        changes.extend(match &self.config {
            None => Vec::new(),
            Some(path) => {
                /// Largest configuration in words.
                const MAX_BYTES: usize = 1 << 20;
                let bytes = files::read(path, MAX_BYTES)?;
                let wrong = |reason: String| Error::ConfigFile { path: path.clone(), reason };
                let text = String::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
                let table = text.parse::<Table>();
                config::changes(&table.map_err(|error| wrong(error.to_string().trim_end().into()))?)
            }
        });
        changes.extend(self.overrides.iter().cloned());
        Ok(self.experiment.configure(self.full, self.epochs, &changes)?)
    }
}

/// What [`run`] would do, as a configuration in TOML with comments: how large its trainings are, and, from a rehearsal of
/// one seed in which each takes a few steps, what time and memory all would take. Nothing is written.
///
/// # Errors
/// What [`run`] finds before it starts, but for the directory, and what the rehearsal meets.
pub fn plan(options: &Options) -> Result<String, Error> {
    let (configuration, seeds) = (options.configuration()?, seeds(options)?);
    let task = Task { experiment: options.experiment, configuration, seeds };
    let Prepared { job, level, locator, pool } = task.prepare(&options.host)?;
    let Task { experiment, configuration, seeds } = task;
    let start = Instant::now();
    let mut rehearsal = Rehearsal::default();
    let (first, observer) = (seeds.get(..1).unwrap_or_default(), &mut rehearsal);
    let work = || work(job, Context { level, seeds: first, locator: &locator, observer });
    let (outcome, _) = pool.install(work)?;
    let all = start.elapsed();
    // What a run does last takes its memory too.
    for figure in &outcome.figures {
        report::draw(figure)?;
    }
    let said: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    let used: Vec<_> = locator.used().iter().map(|entry| entry.name).collect();
    let text = format!(
        "{}: {}\nseeds: {}; level {level}, threads: {}; data: {}\n{}",
        experiment.name,
        experiment.summary,
        said.join(" "),
        pool.current_num_threads(),
        if used.is_empty() { "synthetic".into() } else { used.join(", ") },
        rehearsal.told(all, Some(seeds.len()))
    );
    Ok(above(&text, &configuration.to_string()))
}

/// Lines as comments, and below them TOML.
pub(crate) fn above(lines: &str, toml: &str) -> String {
    lines.lines().map(|line| format!("# {line}\n")).chain([toml.into()]).collect()
}

/// Runs the experiment; writes `result.json`, `report.md`, `report.html`, `metrics.jsonl`, `timings.jsonl`, plots and
/// images. Until it is complete its checkpoints are in the folder `checkpoint` of its directory, and with them
/// `metrics.jsonl` and `timings.jsonl` of the epochs that have ended.
///
/// # Errors
/// Bad configuration, missing data, and all that the experiment meets. No file is left behind then but the
/// checkpoints, if it has come as far as to have one ([`Error::Stopped`]).
pub fn run(options: &Options) -> Result<Done, Error> {
    let there = if options.force { There::Replace } else { There::Refuse };
    begin(options, there)
}

/// [`run`], or, if the same was stopped in this directory, [`resume`]. Another that was stopped there is thrown away.
///
/// # Errors
/// Those of [`run`].
pub(crate) fn run_or_resume(options: &Options) -> Result<Done, Error> {
    begin(options, There::ResumeOrReplace)
}

fn begin(options: &Options, there: There) -> Result<Done, Error> {
    let (configuration, seeds) = (options.configuration()?, seeds(options)?);
    let task = Task { experiment: options.experiment, configuration, seeds };
    let prepared = task.prepare(&options.host)?;
    let directory = match &options.out {
        Some(path) => Directory::open(path, there != There::Refuse)?,
        None => Directory::numbered(Path::new("runs"), task.experiment.name)?,
    };
    let folder = directory.path().join(CHECKPOINT);
    let text = task.description(prepared.level);
    let checkpoints = Checkpoints::open(&folder, &text, options.host.checkpoint_every, there)?;
    // No other works there now.
    output::remove_partial(directory.path(), Some(directory.staging()))?;
    task.run(prepared, directory, checkpoints, &options.host)
}

/// Goes on with a run that was stopped in this directory. What comes of it is, bit by bit, what it would have been.
///
/// # Errors
/// [`OutputError`](crate::output::OutputError) if there is none in the directory, or if it is of another version or
/// level; those of [`run`].
pub fn resume(directory: &Path, host: &Host) -> Result<Done, Error> {
    let folder = directory.join(CHECKPOINT);
    let task = Task::read(&folder)?;
    let prepared = task.prepare(host)?;
    let text = task.description(prepared.level);
    let checkpoints = Checkpoints::open(&folder, &text, host.checkpoint_every, There::Resume)?;
    let directory = Directory::reopen(directory)?;
    task.run(prepared, directory, checkpoints, host)
}

/// What is run.
struct Task {
    experiment: &'static Experiment,
    configuration: Table,
    seeds: Vec<u64>,
}

/// What is found before anything is made.
struct Prepared {
    job: Job,
    level: Level,
    locator: Locator,
    pool: ThreadPool,
}

/// A task in words, with all that its bits depend on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    halfwave: String,
    level: String,
    experiment: String,
    /// As text: TOML has no numbers above 2⁶³.
    seeds: Vec<String>,
    configuration: Table,
}

impl Task {
    fn description(&self, level: Level) -> String {
        let description = Description {
            halfwave: env!("CARGO_PKG_VERSION").into(),
            level: level.name().into(),
            experiment: self.experiment.name.into(),
            seeds: self.seeds.iter().map(ToString::to_string).collect(),
            configuration: self.configuration.clone(),
        };
        toml::to_string(&description).expect("strings and a table are TOML")
    }

    /// From the checkpoints of a run.
    fn read(folder: &Path) -> Result<Self, Error> {
        let text = Checkpoints::description(folder)?;
        let wrong = |reason: String| Error::ConfigFile { path: folder.join("run.toml"), reason };
        let description: Description =
            toml::from_str(&text).map_err(|error| wrong(error.message().into()))?;
        let seeds = description.seeds.iter().map(|seed| seed.parse());
        let seeds: Result<Vec<u64>, _> = seeds.collect();
        let seeds = seeds.map_err(|error| wrong(format!("seeds: {error}")))?;
        let experiment = experiments::find(&description.experiment)?;
        Ok(Self { experiment, configuration: description.configuration, seeds })
    }

    fn prepare(&self, host: &Host) -> Result<Prepared, Error> {
        let job = self.experiment.prepare(self.configuration.clone())?;
        if host.save_models && !self.experiment.keeps_models {
            let keep = experiments::TABLE.iter().filter(|experiment| experiment.keeps_models);
            let names: Vec<_> = keep.map(|experiment| experiment.name).collect();
            return Err(Error::Usage(format!(
                "--save-models: {} has no models to keep; those that have: {}",
                self.experiment.name,
                names.join(", ")
            )));
        }
        let level = apply::level_from_env()?;
        let locator = Locator::new(host.data_dir.clone());
        check_data(&self.experiment.data_of(&self.configuration), &locator)?;
        Ok(Prepared { job, level, locator, pool: pool(host.threads)? })
    }

    fn run(
        self,
        prepared: Prepared,
        directory: Directory,
        checkpoints: Checkpoints,
        host: &Host,
    ) -> Result<Done, Error> {
        let how = format!("halfwave run --resume {} goes on", directory.path().display());
        let made = directory.made();
        let work =
            |checkpoints: &mut Checkpoints| self.complete(prepared, directory, checkpoints, host);
        let done = checkpoints.keep(&how, work);
        if done.is_err() {
            // Nothing came of it, unless there are checkpoints in it.
            for path in made {
                let _ = fs::remove_dir(path);
            }
        }
        done
    }

    fn complete(
        self,
        prepared: Prepared,
        directory: Directory,
        checkpoints: &mut Checkpoints,
        host: &Host,
    ) -> Result<Done, Error> {
        let Self { experiment, configuration, seeds } = self;
        let Prepared { job, level, locator, pool } = prepared;
        let cores = pool.current_num_threads();
        info!("{} at level {level}, threads: {cores}", experiment.name);
        let peak = || pool.install(|| machine::peak_flops(level));
        let peak_before = peak();
        let start = Instant::now();
        // Beside the checkpoints they can be read while it runs; of a run that goes on they begin anew, with what it had told.
        let live = checkpoints.folder().to_owned();
        let mut metrics = MetricsFile::create(&live).map_err(Error::Metrics)?;
        let mut progress = if host.quiet { Progress::quiet() } else { Progress::stderr() };
        let mut timings = Timings::default();
        let mut models = if host.save_models {
            Models::kept(directory.staging(), directory.path(), experiment.name)
        } else {
            Models::default()
        };
        let outcome = {
            let mut observers =
                Many(vec![&mut metrics, &mut timings, &mut models, checkpoints, &mut progress]);
            let (seeds, locator) = (&seeds, &locator);
            let work =
                move || work(job, Context { level, seeds, locator, observer: &mut observers });
            pool.install(work)
        };
        progress.finish();
        let (outcome, validated) = outcome?;
        let mut outcome =
            outcome.beside_changes(&experiment.changes(&configuration)).without_empty_figures();
        // Squares have no unit, and stand with the others in one figure.
        let squares = configuration.to_string().contains("squared_error");
        let y = if squares { "loss" } else { "loss (nats)" };
        outcome.figures.extend(report::validation(&validated, y));
        metrics.finish().map_err(Error::Metrics)?;
        for name in MetricsFile::NAMES {
            fs::rename(live.join(name), directory.staging().join(name)).map_err(Error::Metrics)?;
        }

        let seconds = start.elapsed().as_secs_f64() + checkpoints.earlier();
        let data = DataSet::used(&locator);
        let (layers, models) = models.into_parts();
        data.iter().for_each(|set| info!("has read {set}"));
        let result = Report {
            experiment: experiment.name.into(),
            summary: experiment.summary.into(),
            configuration,
            seeds,
            date: Some(machine::today()),
            machine: Some(Machine::current()),
            versions: Versions::current(),
            level: level.name().into(),
            threads: cores,
            seconds,
            peak_memory: machine::peak_memory(),
            layers,
            models,
            timings: timings.into_vec(),
            peak_flops: Some(peak().max(peak_before)),
            data,
            rows: outcome.rows,
            notes: outcome.notes,
            confusions: outcome.figures.iter().filter_map(Figure::matrix).collect(),
            figures: outcome.figures.iter().map(|figure| figure.file()).collect(),
        };
        let path = directory.path().to_owned();
        write(directory, &result, &outcome.figures)?;
        Ok(Done { table: report::table::table(&result.rows), directory: path, seconds })
    }
}

/// What comes of the job, and the losses of what was validated.
fn work(job: Job, context: Context<'_>) -> Result<(Outcome, Vec<[Series; 2]>), Error> {
    let Context { level, seeds, locator, observer } = context;
    let mut recorder = Recorder::new(observer);
    let outcome = job(&mut Context { level, seeds, locator, observer: &mut recorder })?;
    Ok((outcome, recorder.validated()))
}

/// The seeds that are asked for, or as many as the experiment says.
pub(crate) fn seeds(options: &Options) -> Result<Vec<u64>, Error> {
    let count = options.seeds.unwrap_or(options.experiment.seeds) as u64;
    let end = options.seed.checked_add(count);
    let end = end.ok_or_else(|| Error::Usage(format!("--seed {}: too large", options.seed)))?;
    Ok((options.seed..end).collect())
}

/// That these data sets are all there.
pub(crate) fn check_data(sets: &[String], locator: &Locator) -> Result<(), Error> {
    for name in sets {
        let entry = registry::find(name)?;
        if entry.embedded {
            info!("needs {name}, which is embedded");
        } else {
            for path in locator.find(entry)? {
                info!("needs {name}: {}", path.display());
            }
        }
    }
    Ok(())
}

/// That many threads, or as many as there are cores.
pub(crate) fn pool(threads: Option<usize>) -> Result<ThreadPool, Error> {
    // 0 means all cores.
    let threads = threads.unwrap_or(0);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Error::Threads { threads, reason: error.to_string() })
}

fn write(directory: Directory, result: &Report, figures: &[Figure]) -> Result<(), Error> {
    let mut names = MetricsFile::NAMES.map(String::from).to_vec();
    let mut drawn = Vec::new();
    for figure in figures {
        let (file, bytes) = (figure.file(), report::draw(figure)?);
        directory.write(&file, |out| out.write_all(&bytes))?;
        names.push(file.clone());
        drawn.push((file, bytes));
    }
    let markdown = report::markdown::markdown(result, figures);
    directory.write("report.md", |out| out.write_all(markdown.as_bytes()))?;
    let html = report::html::html(&result.experiment, &markdown, &drawn);
    directory.write("report.html", |out| out.write_all(html.as_bytes()))?;
    directory.write("result.json", |out| {
        serde_json::to_writer_pretty(&mut *out, result)?;
        out.write_all(b"\n")
    })?;
    names.extend(result.models.iter().cloned());
    names.extend(["report.md", "report.html", "result.json"].map(String::from));
    let (path, earlier) = (directory.path().to_owned(), earlier(directory.path()));
    directory.complete(&names)?;
    for name in earlier.iter().filter(|name| !names.contains(name)) {
        // What cannot be removed stays; the result does not name it.
        let _ = fs::remove_file(path.join(name));
    }
    // If it is empty.
    let _ = fs::remove_dir(path.join(models::FOLDER));
    Ok(())
}

/// Figures and models of the run whose result this directory has, which are to go with it.
fn earlier(path: &Path) -> Vec<String> {
    let result = fs::read(path.join("result.json")).ok();
    let result: Option<Report> = result.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut names = result.map_or_else(Vec::new, |result| [result.figures, result.models].concat());
    // Nothing outside of the directory, whoever has written into that file.
    let inside = |name: &String| {
        Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
    };
    names.retain(inside);
    names
}
