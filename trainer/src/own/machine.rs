//! Training, use and evaluation of a machine in a file.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Instant,
};

use halfwave_datasets::split::stratified_split;
use halfwave_kernels::{
    Level,
    rng::{Noise, Stream},
    units::Unit,
};
use rayon::ThreadPool;
use toml::Table;

use super::{
    OF_USE,
    curves::{self, Curves},
    kept::{self, Description, Keeping},
    model::Model,
    planned,
    preprocessing::Preprocessing,
    provenance,
    source::{Part, Place, Source},
};
use crate::{
    Error, TrainError,
    config::{self, ConfigError, Override},
    npy::{self, Array},
    observe::{Epoch, Many, Observer, Rehearsal},
    output,
    provenance::Provenance,
    rbm::{Rbm, RbmConfig, Visible},
    report::filters,
    run,
};

/// What `halfwave train rbm` does.
#[derive(Clone, Debug)]
pub struct TrainJob {
    /// The data.
    pub data: PathBuf,
    /// The file of the machine.
    pub out: PathBuf,
    /// A file for the metrics of each epoch, JSON lines.
    pub metrics: Option<PathBuf>,
    /// The visible units.
    pub visible: Visible,
    /// The hidden units.
    pub hidden: Unit,
    /// Number of hidden units.
    pub hidden_units: usize,
    /// Changes of the other settings.
    pub overrides: Vec<Override>,
    /// Share of the rows that is not trained on, but whose free energies are compared with others' after each epoch.
    pub validation: Option<f64>,
    /// Whether columns are brought to zero mean and unit variance; the file of the machine keeps by what.
    pub standardise: bool,
    /// Whether the data stay on disk even if they would fit into memory.
    pub stream: bool,
    /// Threads; by default all cores.
    pub threads: Option<usize>,
    /// Of weights, shuffles and noise.
    pub seed: u64,
    /// Instruction set.
    pub level: Level,
    /// Whether an existing file is replaced.
    pub force: bool,
    /// Its checkpoints.
    pub keeping: Keeping,
}

/// What was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// Rows that it was trained on.
    pub rows: usize,
    /// Rows that it was not trained on.
    pub validation: usize,
    /// Visible units.
    pub visible: usize,
    /// Hidden units.
    pub hidden: usize,
    /// The metrics of the last epoch.
    pub metrics: Vec<(&'static str, f64)>,
}

/// All settings with their defaults for these units.
///
/// # Errors
/// [`ConfigError::Value`].
pub fn defaults(visible: Visible, hidden: Unit, hidden_units: usize) -> Result<Table, ConfigError> {
    let config = RbmConfig::new(visible, hidden, hidden_units);
    Table::try_from(config).map_err(|error| ConfigError::Value(error.to_string()))
}

/// Passes epochs on and keeps the last one's metrics.
pub(super) struct Last<'a> {
    pub(super) next: &'a mut (dyn Observer + Send),
    pub(super) metrics: Vec<(&'static str, f64)>,
}

impl Observer for Last<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.metrics = epoch.metrics.to_vec();
        self.next.epoch(epoch);
    }

    fn next(&mut self) -> Option<&mut dyn Observer> {
        Some(self.next)
    }
}

/// What [`train`] would train, as its settings in TOML with comments: how large it is, and, from a few steps, what time and memory it
/// would take. All data are read, as training looks at all before its first step; nothing is written.
///
/// # Errors
/// Those of [`train`], but for the output.
pub fn plan(job: &TrainJob) -> Result<String, Error> {
    let start = Instant::now();
    let (prepared, mut rbm) = Prepared::new(job, settings(job)?)?;
    let mut rehearsal = Rehearsal::default();
    prepared.fit(job.level, &mut rbm, &mut rehearsal)?;
    let Prepared { data, held_out, config, pool, .. } = prepared;
    let aside = held_out.map_or(0, |rows| rows.count());
    let (visible, hidden) = (data.width(), rbm.hidden_units());
    let what = format!(
        "RBM: {visible} visible, {hidden} hidden units, {} parameters\nrows: {} to train on, {aside} for validation",
        visible * hidden + visible + hidden + rbm.sigma().map_or(0, <[f32]>::len),
        data.count()
    );
    planned::told(&what, job.level, &pool, &rehearsal.told(start.elapsed(), None), &config)
}

/// What is known before anything is written, but for the machine.
struct Prepared {
    data: Part,
    held_out: Option<Part>,
    preprocessing: Preprocessing,
    config: RbmConfig,
    pool: ThreadPool,
}

impl Prepared {
    /// Reads the data, and builds the machine that they are for.
    fn new(job: &TrainJob, mut config: RbmConfig) -> Result<(Self, Rbm), Error> {
        let pool = run::pool(job.threads)?;
        let place = if job.stream { Place::Disk } else { Place::Any };
        let mut all = Source::open(&job.data, place)?.all();
        if job.standardise {
            all.check(&job.data)?;
        }
        let split = |share| stratified_split(&vec![0; all.count()], share, job.seed);
        let fold = job.validation.map(split).transpose()?;
        let fitted =
            |part: &Part| Preprocessing::fit(part.rows(), part.width(), job.standardise, None);
        let preprocessing = match &fold {
            Some(fold) if job.standardise => fitted(&all.subset(&fold.train))?,
            _ => fitted(&all)?,
        };
        all.prepare(&preprocessing)?;
        // Nobody has asked for more rows than there are.
        if !job.overrides.iter().any(|change| change.key == "batch") {
            let rows = fold.as_ref().map_or(all.count(), |fold| fold.train.len());
            config.batch = config.batch.min(rows);
        }
        let rbm = Rbm::new(&config, all.width(), job.seed)?;
        if fold.is_some() {
            rbm.check_energy()?;
        }
        // What is wrong is said of rows of the file.
        all.check_by(&job.data, |rows| rbm.check(rows))?;
        let (data, held_out) = match fold {
            None => (all, None),
            Some(fold) => (all.subset(&fold.train), Some(all.subset(&fold.test))),
        };
        Ok((Self { data, held_out, preprocessing, config, pool }, rbm))
    }

    /// Trains it.
    fn fit(
        &self,
        level: Level,
        rbm: &mut Rbm,
        observer: &mut (dyn Observer + Send),
    ) -> Result<(), TrainError> {
        let rows = self.data.rows();
        self.pool.install(|| match &self.held_out {
            None => rbm.fit(level, rows, "rbm", observer),
            Some(held_out) => rbm.fit_watched(level, rows, held_out.rows(), "rbm", observer),
        })
    }
}

/// The settings of a job whose options fit each other.
fn settings(job: &TrainJob) -> Result<RbmConfig, Error> {
    let mut table = defaults(job.visible, job.hidden, job.hidden_units)?;
    for change in &job.overrides {
        // Defaults of other settings depend on these.
        if let key @ ("visible" | "hidden" | "hidden_units") = change.key.as_str() {
            let (option, value) = (key.replace('_', "-"), &change.value);
            return Err(Error::Usage(format!("--set {key}={value}: say --{option} {value}")));
        }
        config::set_or_add(&mut table, change, &RbmConfig::OPTIONAL)?;
    }
    let config: RbmConfig = config::typed(table)?;
    if job.standardise && config.visible != Visible::Gaussian {
        let text = format!(
            "--standardise is for Gaussian visible units, found {}: say --visible gaussian",
            job.visible
        );
        return Err(Error::Usage(text));
    }
    Ok(config)
}

/// Trains a machine and writes its file.
///
/// # Errors
/// Bad settings, data that cannot be read or do not fit the units, before training starts; divergence. No file
/// is left behind then, but for checkpoints if training had come so far ([`Error::Stopped`]).
pub fn train(job: &TrainJob, observer: &mut (dyn Observer + Send)) -> Result<Trained, Error> {
    let config = settings(job)?;
    kept::check_output(&job.out, job.keeping, job.force, [&job.data])?;
    curves::check(job.metrics.as_deref(), job.force, job.keeping, [&job.data, &job.out])?;
    let (prepared, mut rbm) = Prepared::new(job, config)?;
    let Prepared { data, held_out, config, .. } = &prepared;
    let provenance = Provenance {
        validation: job.validation,
        ..provenance::of_files(job.level, job.seed, &[("data", &job.data)])?
    };
    let sets: Vec<_> = [data].into_iter().chain(held_out).map(Part::samples).collect();
    let description = Description::new(job.level, job.seed, &sets, config);
    let checkpoints = description.open(&job.out, job.keeping, job.force)?;
    checkpoints.keep(kept::HOW, |checkpoints| {
        let mut curves = Curves::create(job.metrics.as_deref())?;
        let mut observers = Many(vec![checkpoints, curves.observer(), observer]);
        let mut last = Last { next: &mut observers, metrics: Vec::new() };
        prepared.fit(job.level, &mut rbm, &mut last)?;
        let metrics = last.metrics;
        let Prepared { data, held_out, preprocessing, .. } = prepared;
        let (rows, hidden) = (data.count(), rbm.hidden_units());
        let validation = held_out.map_or(0, |rows| rows.count());
        Model::new(rbm, preprocessing, &job.out).save(&provenance, job.force)?;
        curves.finish()?;
        Ok(Trained { rows, validation, visible: data.width(), hidden, metrics })
    })
}

/// What `halfwave features` does.
#[derive(Clone, Debug)]
pub struct FeatureJob {
    /// The machine.
    pub model: PathBuf,
    /// The data.
    pub data: PathBuf,
    /// A `.npy` file, `[rows, hidden]`.
    pub out: PathBuf,
    /// Instruction set.
    pub level: Level,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// Writes the features of the data; returns their shape.
///
/// # Errors
/// Files that cannot be read or do not fit; output that cannot be written.
pub fn features(job: &FeatureJob) -> Result<Vec<usize>, Error> {
    output::check_output(&job.out, job.force, [&job.model, &job.data])?;
    output::ending(&job.out, &[".npy"])?;
    let model = Model::<Rbm>::load(&job.model)?;
    let (rbm, data) = (&model.of, model.part(&job.data)?);
    let shape = vec![data.count(), rbm.hidden_units()];
    output::write_file(&job.out, job.force, |out| {
        npy::write_header::<f32>(&shape, out)?;
        let mut written = Ok(());
        data.rows().for_each(data.width(), |x| {
            if written.is_ok() {
                written = npy::write_numbers(&rbm.features(job.level, x), out);
            }
        });
        written.and(data.rows().readable().map_err(io::Error::other))
    })?;
    Ok(shape)
}

/// Columns `from..to` that keep the values of the data, e.g. `0..392`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamp {
    /// The first column.
    pub from: usize,
    /// After the last column.
    pub to: usize,
}

impl FromStr for Clamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ends =
            text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match ends {
            Some((from, to)) if from < to => Ok(Self { from, to }),
            _ => Err("expected FROM..TO, for example 0..392".into()),
        }
    }
}

/// Rows, columns and colours of an image, e.g. `28x28` or `32x32x3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape(pub [usize; 3]);

impl ImageShape {
    /// That such an image has so many values.
    fn check(self, width: usize) -> Result<(), Error> {
        let Self([rows, columns, colours]) = self;
        let size = rows.checked_mul(columns).and_then(|size| size.checked_mul(colours));
        let text = || {
            format!(
                "--shape {rows}x{columns}x{colours}: the machine has {width} values, not as many"
            )
        };
        if size == Some(width) { Ok(()) } else { Err(Error::Usage(text())) }
    }
}

impl FromStr for ImageShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sizes: Option<Vec<usize>> = text.split('x').map(|size| size.parse().ok()).collect();
        match sizes.as_deref() {
            Some(&[rows, columns]) => Ok(Self([rows, columns, 1])),
            Some(&[rows, columns, colours]) => Ok(Self([rows, columns, colours])),
            _ => Err("expected ROWSxCOLUMNS or ROWSxCOLUMNSx3, for example 28x28".into()),
        }
    }
}

/// What `halfwave sample` does.
#[derive(Clone, Debug)]
pub struct SampleJob {
    /// The machine.
    pub model: PathBuf,
    /// A `.npy` file, `[rows, visible]`.
    pub out: PathBuf,
    /// Number of chains, where no data say it.
    pub rows: usize,
    /// Gibbs steps of each chain.
    pub steps: usize,
    /// Where the chains start; else at samples of the visible units without hidden ones.
    pub start: Option<PathBuf>,
    /// Columns that keep the values of `start`.
    pub clamp: Option<Clamp>,
    /// A PNG of all chains, and the shape of one; both or none.
    pub image: Option<(PathBuf, ImageShape)>,
    /// Of the noise.
    pub seed: u64,
    /// Instruction set.
    pub level: Level,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// Writes the last states of Gibbs chains; returns their shape.
///
/// # Errors
/// [`Error::Usage`] for columns that are not there or have no values; files that cannot be read or do not fit;
/// output that cannot be written.
pub fn sample(job: &SampleJob) -> Result<Vec<usize>, Error> {
    let image = job.image.as_ref().map(|(path, _)| path);
    let read: Vec<&PathBuf> = [&job.model].into_iter().chain(&job.start).collect();
    output::check_output(&job.out, job.force, read.iter().copied().chain(image))?;
    output::ending(&job.out, &[".npy"])?;
    if let Some(path) = image {
        output::check_output(path, job.force, read)?;
        output::ending(path, &[".png"])?;
    }
    if job.clamp.is_some() && job.start.is_none() {
        return Err(Error::Usage("--clamp keeps the values of --start, which is missing".into()));
    }
    let model = Model::<Rbm>::load(&job.model)?;
    let (rbm, width) = (&model.of, model.of.visible_units());
    if let Some((_, shape)) = &job.image {
        shape.check(width)?;
    }
    let clamp = job.clamp.unwrap_or(Clamp { from: 0, to: 0 });
    if clamp.to > width {
        let text = format!("--clamp: expected columns up to {width}, found {}", clamp.to);
        return Err(Error::Usage(text));
    }
    let group = rbm.config().visible.group();
    if !clamp.from.is_multiple_of(group) || !clamp.to.is_multiple_of(group) {
        let Clamp { from, to } = clamp;
        let text = format!(
            "--clamp: expected whole groups of {group} columns, of which one is 1, found columns {from}..{to}"
        );
        return Err(Error::Usage(text));
    }
    let mut noise = Stream::new(job.seed ^ OF_USE).at(0);
    let (mut v, as_read) = match &job.start {
        Some(path) => model.data_as_read(path)?,
        None => (free_start(rbm, job, &mut noise), Vec::new()),
    };
    let keep = |v: &mut [f32], kept: &[f32]| {
        for (v, kept) in v.chunks_exact_mut(width).zip(kept.chunks_exact(width)) {
            v[clamp.from..clamp.to].copy_from_slice(&kept[clamp.from..clamp.to]);
        }
    };
    let kept = if job.clamp.is_some() { v.clone() } else { Vec::new() };
    for step in 1..=job.steps {
        noise = rbm.gibbs(job.level, noise, 1, &mut v).map_err(|error| match error {
            TrainError::Chains { .. } => TrainError::Chains { steps: step },
            other => other,
        })?;
        keep(&mut v, &kept);
    }
    model.restore(&mut v)?;
    // Back from standardised values they would be off by a rounding.
    if job.clamp.is_some() {
        keep(&mut v, &as_read);
    }
    if let Some((path, ImageShape(shape))) = &job.image {
        let failed = |reason| Error::Figure { file: path.display().to_string(), reason };
        let png = filters::images(&v, *shape).map_err(failed)?;
        output::write_file(path, job.force, |out| out.write_all(&png))?;
    }
    let array = Array { shape: vec![v.len() / width, width], data: v };
    output::write_file(&job.out, job.force, |out| npy::write(&array, out))?;
    Ok(array.shape)
}

/// Samples of the visible units given hidden units that are all 0.
fn free_start(rbm: &Rbm, job: &SampleJob, noise: &mut Noise) -> Vec<f32> {
    let h = vec![0.0; job.rows * rbm.hidden_units()];
    let v = rbm.visible_sample(job.level, *noise, &h);
    // At most a draw each.
    *noise = noise.skip(v.len() as u64);
    v
}

/// What is known of a machine and of data: lines for a terminal.
///
/// # Errors
/// Files that cannot be read or do not fit.
pub(super) fn evaluate(model: &Model<Rbm>, path: &Path, level: Level) -> Result<String, Error> {
    let (rbm, x) = (&model.of, model.data(path)?);
    let RbmConfig { visible, hidden, .. } = rbm.config();
    let (width, units) = (rbm.visible_units(), rbm.hidden_units());
    let rows = x.len() / width;
    let back = rbm.reconstruct(level, &x);
    let squares = x.iter().zip(&back).map(|(a, b)| f64::from(a - b).powi(2));
    let error = squares.sum::<f64>() / x.len() as f64;
    let norms = rbm.weights().iter().map(|&w| f64::from(w).powi(2)).sum::<f64>();
    let activity = rbm.activity(level, &x)?;
    let (dead, on) = (activity.dead().len(), activity.always_on().len());
    let standardised =
        if model.preprocessing.standardiser.is_some() { " standardised" } else { "" };
    let mut text = format!(
        "machine               {visible} {width}, {hidden} {units}\nrows                  {rows}\n\
         reconstruction error  {error:.6} (mean squared error of a{standardised} value)\n\
         hidden units          {dead} active on no row, {on} on every row\n\
         weights               root mean square {:.6}\n",
        (norms / rbm.weights().len() as f64).sqrt()
    );
    if let Some(sigma) = rbm.sigma() {
        let range = |(a, b): (f32, f32), &s: &f32| (a.min(s), b.max(s));
        let (least, most) = sigma.iter().fold((f32::MAX, 0.0), range);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "noise                 sigma from {least:.6} to {most:.6}");
    }
    let _ = match rbm.free_energy(&x) {
        Ok(energies) => {
            let mean = energies.iter().sum::<f64>() / rows as f64;
            writeln!(text, "free energy           {mean:.4} (mean of the rows, without ln Z)")
        }
        Err(error) => writeln!(text, "free energy           none: {error}"),
    };
    Ok(text)
}
