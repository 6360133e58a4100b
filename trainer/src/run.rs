//! `halfwave run`: an experiment from its configuration to its files.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use halfwave_datasets::{Locator, files, registry};
use rayon::{ThreadPool, ThreadPoolBuilder};
use toml::Table;

use crate::{
    Error, apply,
    config::{self, Override},
    experiments::{Context, Experiment, Job},
    machine::{self, Machine},
    observe::{Many, MetricsFile, Observer, Progress},
    output::Directory,
    report,
    result::{Figure, Outcome, Report, Versions},
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
    /// Threads of the pool; by default all cores.
    pub threads: Option<usize>,
    /// Where data sets are looked for first.
    pub data_dir: Option<PathBuf>,
    /// Output directory; by default the first of `runs/EXPERIMENT-1`, … that is not there.
    pub out: Option<PathBuf>,
    /// Whether files in the output directory are replaced.
    pub force: bool,
    /// Whether progress is not shown.
    pub quiet: bool,
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
        let mut changes = match &self.config {
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
        };
        changes.extend(self.overrides.iter().cloned());
        Ok(self.experiment.configure(self.full, self.epochs, &changes)?)
    }
}

/// What [`run`] would do, as a configuration in TOML with comments; nothing is written.
///
/// # Errors
/// What [`run`] finds before it starts, but for the directory.
pub fn plan(options: &Options) -> Result<String, Error> {
    let experiment = options.experiment;
    let configuration = options.configuration()?;
    drop(experiment.prepare(configuration.clone())?);
    let level = apply::level_from_env()?;
    let locator = Locator::new(options.data_dir.clone());
    check_data(experiment, &locator)?;
    let seeds: Vec<String> = seeds(options)?.iter().map(ToString::to_string).collect();
    let data: Vec<&str> = experiment.data.to_vec();
    let cores = pool(options.threads)?.current_num_threads();
    Ok(format!(
        "# {}: {}\n# seeds: {}; level {level}, threads: {cores}; data: {}\n{configuration}",
        experiment.name,
        experiment.summary,
        seeds.join(" "),
        data.join(", ")
    ))
}

/// Runs the experiment; writes `result.json`, `report.md`, `report.html`, `metrics.jsonl`, `timings.jsonl`, plots and
/// images.
///
/// # Errors
/// Bad configuration, missing data, and all that the experiment meets. No file is left behind then.
pub fn run(options: &Options) -> Result<Done, Error> {
    let experiment = options.experiment;
    let configuration = options.configuration()?;
    let job = experiment.prepare(configuration.clone())?;
    let level = apply::level_from_env()?;
    let seeds = seeds(options)?;
    let locator = Locator::new(options.data_dir.clone());
    check_data(experiment, &locator)?;
    let pool = pool(options.threads)?;
    let directory = match &options.out {
        Some(path) => Directory::open(path, options.force)?,
        None => Directory::numbered(Path::new("runs"), experiment.name)?,
    };

    let start = Instant::now();
    let mut metrics = MetricsFile::create(directory.staging()).map_err(Error::Metrics)?;
    let mut progress = (!options.quiet).then(Progress::stderr);
    let outcome = {
        let mut observers = Many(vec![&mut metrics]);
        observers.0.extend(progress.as_mut().map(|it| it as &mut (dyn Observer + Send)));
        let (seeds, locator) = (&seeds, &locator);
        let work = move || work(job, Context { level, seeds, locator, observer: &mut observers });
        pool.install(work)
    };
    if let Some(progress) = &mut progress {
        progress.finish();
    }
    let outcome = outcome?;
    metrics.finish().map_err(Error::Metrics)?;

    let seconds = start.elapsed().as_secs_f64();
    let result = Report {
        experiment: experiment.name.into(),
        summary: experiment.summary.into(),
        configuration,
        seeds,
        date: Some(machine::today()),
        machine: Some(Machine::current()),
        versions: Versions::current(),
        level: level.name().into(),
        threads: pool.current_num_threads(),
        seconds,
        rows: outcome.rows,
        notes: outcome.notes,
        confusions: outcome.figures.iter().filter_map(Figure::matrix).collect(),
        figures: outcome.figures.iter().map(|figure| figure.file()).collect(),
    };
    let path = directory.path().to_owned();
    write(directory, &result, &outcome.figures)?;
    Ok(Done { table: report::table::table(&result.rows), directory: path, seconds })
}

/// A function of its own, so that the context borrows the observers for this call only.
fn work(job: Job, mut context: Context<'_>) -> Result<Outcome, Error> {
    job(&mut context)
}

/// The seeds that are asked for, or as many as the experiment says.
pub(crate) fn seeds(options: &Options) -> Result<Vec<u64>, Error> {
    let count = options.seeds.unwrap_or(options.experiment.seeds) as u64;
    let end = options.seed.checked_add(count);
    let end = end.ok_or_else(|| Error::Usage(format!("--seed {}: too large", options.seed)))?;
    Ok((options.seed..end).collect())
}

/// Missing data are reported before anything is made, and a level that is not there.
pub(crate) fn check(options: &Options) -> Result<(), Error> {
    apply::level_from_env()?;
    check_data(options.experiment, &Locator::new(options.data_dir.clone()))
}

fn check_data(experiment: &Experiment, locator: &Locator) -> Result<(), Error> {
    for name in experiment.data {
        let entry = registry::find(name)?;
        if !entry.embedded {
            locator.find(entry)?;
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
    let mut names = vec!["metrics.jsonl".to_owned(), "timings.jsonl".into()];
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
    names.extend(["report.md", "report.html", "result.json"].map(String::from));
    Ok(directory.complete(&names)?)
}
