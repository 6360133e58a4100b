//! Training of a network that classifies rows, into a file.

use std::{path::PathBuf, time::Instant};

use halfwave_datasets::{files, split::stratified_split};
use halfwave_kernels::{Kind, Level, conv::Padding};
use rayon::ThreadPool;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{
    ImageShape,
    curves::{self, Curves},
    data::Problem,
    kept::{self, Description, Keeping},
    labels::{self, Labels},
    model::{Classifier, Model},
    planned,
    preprocessing::Preprocessing,
    provenance,
    source::{Part, Place, Source},
};
use crate::{
    Error,
    config::{self, ConfigError, Override},
    layers::{Initialiser, LayerConfig},
    network::{Best, Criterion, Head, MlpConfig, Network, NetworkConfig, Stopping},
    observe::{Epoch, Many, Observer, Rehearsal},
    optim::{Optimiser, Schedule},
    provenance::Provenance,
    run,
    samples::Samples,
};

/// Rows of a mini-batch where nothing is said, or all if there are fewer.
const BATCH: usize = 128;

/// What is trained.
#[derive(Clone, Debug)]
pub enum Architecture {
    /// Dense layers.
    Mlp {
        /// Units of each hidden layer.
        hidden: Vec<usize>,
        /// Of the hidden layers.
        activation: Kind,
    },
    /// On images of this shape: two times convolution of 3×3 with 32 and 64 channels, ReLU and max-pooling of 2×2, then
    /// dense 128 with ReLU.
    Cnn(ImageShape),
    /// A [`NetworkConfig`] in TOML; head, optimiser, batch and epochs may be left out.
    File(PathBuf),
}

/// What `halfwave train mlp` and `train cnn` do.
#[derive(Clone, Debug)]
pub struct NetworkJob {
    /// The data.
    pub data: PathBuf,
    /// The classes of its rows.
    pub labels: Labels,
    /// The file of the network.
    pub out: PathBuf,
    /// A file for the metrics of each epoch, JSON lines.
    pub metrics: Option<PathBuf>,
    /// What is trained.
    pub architecture: Architecture,
    /// Changes of the other settings.
    pub overrides: Vec<Override>,
    /// Share of the rows of each class that is not trained on, but tested after each epoch.
    pub validation: Option<f64>,
    /// Training ends after so many epochs without a lower loss on the rows of `validation`, and the best epoch counts;
    /// else the last one does.
    pub patience: Option<usize>,
    /// Whether columns are brought to zero mean and unit variance.
    pub standardise: bool,
    /// Whether the data stay on disk even if they would fit into memory.
    pub stream: bool,
    /// How many principal components are taken in place of the columns.
    pub pca: Option<usize>,
    /// Threads; by default all cores.
    pub threads: Option<usize>,
    /// Of weights, shuffles, masks and the split.
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
pub struct TrainedNetwork {
    /// Rows that it was trained on.
    pub rows: usize,
    /// Rows that were set aside.
    pub validation: usize,
    /// Numbers of a row of the data.
    pub inputs: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Numbers that were trained.
    pub parameters: usize,
    /// The epoch that counts.
    pub epoch: usize,
    /// Its metrics.
    pub metrics: Vec<(&'static str, f64)>,
}

/// The settings that all networks have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    head: Head,
    batch: usize,
    epochs: usize,
    optimiser: Optimiser,
    schedule: Schedule,
}

const DEFAULTS: fn() -> Training = || Training {
    head: Head::Softmax,
    batch: BATCH,
    epochs: 20,
    optimiser: Optimiser::adam(),
    schedule: Schedule::Constant,
};

/// Settings whose classes are not known yet.
struct Settings {
    table: Table,
    /// Whether the batch is as large as it is because nobody said otherwise.
    any_batch: bool,
}

impl Settings {
    /// Of a job whose options fit each other.
    fn new(job: &NetworkJob) -> Result<Self, Error> {
        let value = |error: toml::ser::Error| ConfigError::Value(error.to_string());
        let mut table = Table::try_from(DEFAULTS()).map_err(value)?;
        let mut any_batch = !job.overrides.iter().any(|change| change.key == "batch");
        match &job.architecture {
            Architecture::Mlp { .. } => drop(table.insert("dropout".into(), 0.0.into())),
            Architecture::Cnn(_) => {}
            Architecture::File(path) => {
                /// Largest network in words.
                const MAX_BYTES: usize = 1 << 20;
                let network = |text: &str| Error::own_data(path, Problem::Network(text.into()));
                let bytes = files::read(path, MAX_BYTES)?;
                let text =
                    String::from_utf8(bytes).map_err(|_| network("expected text in UTF-8"))?;
                let file: Table =
                    text.parse().map_err(|error: toml::de::Error| network(error.message()))?;
                any_batch &= !file.contains_key("batch");
                table.extend(file);
                // Before data are read, and once more after changes.
                config::typed::<NetworkConfig>(table.clone())
                    .map_err(|error| network(&error.to_string()))?;
            }
        }
        let changed = job.overrides.iter().try_for_each(|change| config::set(&mut table, change));
        changed.map_err(|error| changed_file(job, error))?;
        if let Some(share) = job.validation.filter(|share| !(*share > 0.0 && *share < 1.0)) {
            let text = format!("--validation: expected more than 0 and less than 1, found {share}");
            return Err(Error::Usage(text));
        }
        if job.pca.is_some() && !matches!(job.architecture, Architecture::Mlp { .. }) {
            let text = "--pca: principal components are no images: take `train mlp`";
            return Err(Error::Usage(text.into()));
        }
        Ok(Self { table, any_batch })
    }

    /// The network for `rows` of `width` numbers.
    fn network(
        mut self,
        job: &NetworkJob,
        [rows, width, classes]: [usize; 3],
    ) -> Result<NetworkConfig, Error> {
        let mut config = match &job.architecture {
            Architecture::Mlp { hidden, activation } => {
                let sizes = [&[width], &hidden[..], &[classes]].concat();
                let sizes = sizes.into_iter().map(|size| i64::try_from(size).unwrap_or(i64::MAX));
                self.table.insert("sizes".into(), sizes.collect::<Vec<_>>().into());
                self.table.insert("activation".into(), activation.to_string().into());
                config::typed::<MlpConfig>(self.table)?.network()?
            }
            Architecture::Cnn(ImageShape(shape)) => {
                let training = config::typed(self.table)?;
                let Training { head, batch, epochs, optimiser, schedule } = training;
                let (input, layers) = (shape.to_vec(), small(classes));
                NetworkConfig { input, layers, head, optimiser, schedule, batch, epochs }
            }
            Architecture::File(_) => {
                config::typed(self.table).map_err(|error| changed_file(job, error))?
            }
        };
        if self.any_batch {
            config.batch = config.batch.min(rows);
        }
        Ok(config)
    }
}

/// The layers of a small convolutional network.
fn small(classes: usize) -> Vec<LayerConfig> {
    let conv = |channels| LayerConfig::Conv {
        channels,
        kernel: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
        activation: Kind::Relu,
        initialiser: Initialiser::HeNormal,
    };
    vec![
        conv(32),
        LayerConfig::max_pool([2, 2]),
        conv(64),
        LayerConfig::max_pool([2, 2]),
        LayerConfig::Flatten,
        LayerConfig::dense(128, Kind::Relu),
        LayerConfig::dense(classes, Kind::Identity),
    ]
}

/// What [`train_network`] would train, as its configuration in TOML (of `train cnn --config`) with comments: how large it is, and, from
/// a few steps, what time and memory it would take. All data are read, as training looks at all before its first step; nothing
/// is written.
///
/// # Errors
/// Those of [`train_network`], but for the output.
pub fn plan_network(job: &NetworkJob) -> Result<String, Error> {
    let start = Instant::now();
    let settings = Settings::new(job)?;
    let (prepared, network) = Prepared::new(job, settings)?;
    let mut rehearsal = Rehearsal::default();
    let parameters = network.summary().parameters();
    prepared.fit(job, network, &mut rehearsal)?;
    let Prepared { train, validation, inputs, classes, config, pool, .. } = prepared;
    let aside = validation.map_or(0, |set| set.labels.len());
    let what = format!(
        "network: {inputs} inputs, {} classes, {parameters} parameters\nrows: {} to train on, {aside} for validation",
        classes.len(),
        train.labels.len()
    );
    planned::told(&what, job.level, &pool, &rehearsal.told(start.elapsed(), None), &config)
}

/// What is known before anything is written, but for the network.
struct Prepared {
    train: Labelled,
    validation: Option<Labelled>,
    /// Numbers of a row of the data.
    inputs: usize,
    classes: Vec<String>,
    preprocessing: Preprocessing,
    config: NetworkConfig,
    pool: ThreadPool,
}

impl Prepared {
    /// Reads the data, and builds the network that they are for.
    fn new(job: &NetworkJob, settings: Settings) -> Result<(Self, Network), Error> {
        let pool = run::pool(job.threads)?;
        let (data, classes) = labelled(job)?;
        let inputs = data.part.width();
        let (mut train, mut validation) = match job.validation {
            None => (data, None),
            Some(share) => {
                let fold = stratified_split(&data.labels, share, job.seed)?;
                (data.subset(&fold.train), Some(data.subset(&fold.test)))
            }
        };
        let rows = train.part.rows();
        let preprocessing = Preprocessing::fit(rows, inputs, job.standardise, job.pca)?;
        for set in [Some(&mut train), validation.as_mut()].into_iter().flatten() {
            set.part.prepare(&preprocessing)?;
        }
        let (rows, width) = (train.labels.len(), train.part.width());
        let config = settings.network(job, [rows, width, classes.len()])?;
        let made = Network::new(&config, job.seed).map_err(Error::from);
        let made = made.and_then(|network| check(network, width, classes.len()));
        let network = made.map_err(|error| of_file(job, error))?;
        if job.patience.is_some() && validation.is_none() {
            let text = "--patience: say --validation too, what to stop by";
            return Err(Error::Usage(text.into()));
        }
        let prepared = Self { train, validation, inputs, classes, preprocessing, config, pool };
        Ok((prepared, network))
    }

    /// Trains it; returns what counts, and its epoch.
    fn fit(
        &self,
        job: &NetworkJob,
        mut network: Network,
        observer: &mut (dyn Observer + Send),
    ) -> Result<(Network, usize), Error> {
        let (train, tested) =
            (self.train.samples(), self.validation.as_ref().map(Labelled::samples));
        let epochs = self.config.epochs;
        if let (Some(patience), Some(tested)) = (job.patience, tested) {
            let (stopping, by) = (Stopping { epochs, patience }, Criterion::Loss);
            let sets = [train, tested];
            let fit = || network.fit_until(job.level, sets, stopping, by, "network", observer);
            let Best { network, epoch, .. } = self.pool.install(fit)?;
            return Ok((network, epoch));
        }
        self.pool.install(|| network.fit(job.level, train, tested, "network", observer))?;
        Ok((network, epochs))
    }
}

/// Trains a network and writes its file; the last epoch counts, or with patience the best one. What is done to the data is fitted on training rows.
///
/// # Errors
/// Bad settings, data and labels that cannot be read or do not fit, before training starts; divergence. No file is
/// left behind then.
pub fn train_network(
    job: &NetworkJob,
    observer: &mut (dyn Observer + Send),
) -> Result<TrainedNetwork, Error> {
    let settings = Settings::new(job)?;
    let inputs = || [&job.data].into_iter().chain(job.labels.file());
    kept::check_output(&job.out, job.keeping, job.force, inputs())?;
    let others = inputs().chain([&job.out]);
    curves::check(job.metrics.as_deref(), job.force, job.keeping, others)?;
    let (prepared, network) = Prepared::new(job, settings)?;
    let provenance = from_where(job)?;
    let tested = prepared.validation.as_ref().map(Labelled::samples);
    let sets: Vec<_> = [Some(prepared.train.samples()), tested].into_iter().flatten().collect();
    let model = Kept { patience: job.patience, network: &prepared.config };
    let description = Description::new(job.level, job.seed, &sets, model);
    let checkpoints = description.open(&job.out, job.keeping, job.force)?;
    checkpoints.keep(kept::HOW, |checkpoints| {
        let mut curves = Curves::create(job.metrics.as_deref())?;
        let mut observers = Many(vec![checkpoints, curves.observer(), observer]);
        let mut seen = Seen { next: &mut observers, metrics: Vec::new() };
        let (network, epoch) = prepared.fit(job, network, &mut seen)?;
        let Prepared { train, validation, inputs, classes, preprocessing, .. } = prepared;
        let rows = train.labels.len();
        let validation = validation.as_ref().map_or(0, |set| set.labels.len());
        let metrics = epoch.checked_sub(1).and_then(|epoch| seen.metrics.get(epoch).cloned());
        let (parameters, metrics) = (network.summary().parameters(), metrics.unwrap_or_default());
        let of = Classifier { network, classes: classes.clone() };
        Model::new(of, preprocessing, &job.out).save(&provenance, job.force)?;
        curves.finish()?;
        Ok(TrainedNetwork { rows, validation, inputs, classes, parameters, epoch, metrics })
    })
}

/// Where the network will come from.
fn from_where(job: &NetworkJob) -> Result<Provenance, Error> {
    let mut files = vec![("data", job.data.as_path())];
    // Of a folder of images both are the same.
    if let Some(labels) = job.labels.file().filter(|labels| **labels != job.data) {
        files.push(("labels", labels));
    }
    if let Architecture::File(path) = &job.architecture {
        files.push(("config", path));
    }
    Ok(Provenance {
        label_column: job.labels.column().map(ToString::to_string),
        validation: job.validation,
        patience: job.patience,
        ..provenance::of_files(job.level, job.seed, &files)?
    })
}

/// What its checkpoints are of.
#[derive(Serialize)]
struct Kept<'a> {
    patience: Option<usize>,
    network: &'a NetworkConfig,
}

/// Passes epochs on and keeps their metrics.
struct Seen<'a> {
    next: &'a mut (dyn Observer + Send),
    metrics: Vec<Vec<(&'static str, f64)>>,
}

impl Observer for Seen<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.metrics.push(epoch.metrics.to_vec());
        self.next.epoch(epoch);
    }

    fn next(&mut self) -> Option<&mut dyn Observer> {
        Some(self.next)
    }
}

/// Rows with their classes.
struct Labelled {
    part: Part,
    labels: Vec<u32>,
}

impl Labelled {
    fn subset(&self, rows: &[usize]) -> Self {
        let labels = rows.iter().map(|&row| self.labels[row]).collect();
        Self { part: self.part.subset(rows), labels }
    }

    fn samples(&self) -> Samples<'_> {
        Samples { rows: self.part.rows(), width: self.part.width(), labels: &self.labels }
    }
}

/// The rows with their classes, of which there are at least two.
fn labelled(job: &NetworkJob) -> Result<(Labelled, Vec<String>), Error> {
    let place = if job.stream { Place::Disk } else { Place::Any };
    let (source, of_column) = Source::with_labels(&job.data, place, job.labels.column())?;
    let names = job.labels.read(of_column, &job.data, source.rows())?;
    let classes = labels::classes(&names);
    let of_labels = |problem| job.labels.error(&job.data, names.len(), problem);
    if let [only] = &classes[..] {
        return Err(of_labels(Problem::OneClass(only.clone())));
    }
    let indices = labels::indices(&names, &classes).map_err(of_labels)?;
    let part = source.all();
    // Here, where rows have the numbers that they have in the file.
    part.check(&job.data)?;
    Ok((Labelled { part, labels: indices }, classes))
}

/// That the network takes these rows and tells these classes apart.
fn check(network: Network, width: usize, classes: usize) -> Result<Network, Error> {
    if network.inputs() != width {
        let shape: Vec<_> = network.config().input.iter().map(ToString::to_string).collect();
        let shape = shape.join("x");
        return Err(Error::Usage(format!(
            "the network takes {shape} numbers, a row of the data has {width}"
        )));
    }
    if network.classes() != classes {
        let outputs = network.classes();
        return Err(Error::Usage(format!(
            "the last layer of the network has {outputs} units, the labels have {classes} classes"
        )));
    }
    Ok(network)
}

/// What is wrong with a change of the settings, with the file that they are from, if they are from one.
fn changed_file(job: &NetworkJob, error: ConfigError) -> Error {
    match &job.architecture {
        Architecture::File(path) => {
            Error::Usage(format!("{}, changed by --set: {error}", path.display()))
        }
        Architecture::Mlp { .. } | Architecture::Cnn(_) => error.into(),
    }
}

/// What is wrong with a network, with the file that it is from, if it is from one.
fn of_file(job: &NetworkJob, error: Error) -> Error {
    match &job.architecture {
        Architecture::File(path) => Error::own_data(path, Problem::Network(error.to_string())),
        Architecture::Mlp { .. } | Architecture::Cnn(_) => error,
    }
}
