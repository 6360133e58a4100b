//! Models on one's own data: training.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use halfwave_kernels::{Kind, units::Unit};
use halfwave_trainer::{Error, apply, config::Override, own, rbm::Visible};

use super::{CheckpointEvery, DATA_HELP, LABELS_HELP, LabelArgs, Threads, counted};

#[derive(Debug, Subcommand)]
pub(crate) enum Train {
    /// Train a restricted Boltzmann machine
    Rbm(TrainRbm),
    /// Train a network of dense layers that classifies rows
    Mlp(TrainMlp),
    /// Train a convolutional network that classifies images
    Cnn(TrainCnn),
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave train rbm --data x.npy --out m.safetensors --hidden-units 100
  halfwave train rbm --data x.csv --out m.safetensors --hidden-units 50 --visible gaussian --hidden nrelu
  halfwave train rbm --data train-images-idx3-ubyte --out m.safetensors --hidden-units 500 \\
      --set epochs=20 --set learning_rate=0.05 --set chains=persistent

{DATA_HELP}
Bernoulli visible units take data from 0 to 1; Gaussian ones of zero mean and unit variance (--standardise), or with \
sigma_rate=1 of any scale, whose noise is learned.
Keys of --set: learning_rate, sigma_rate, initial_momentum, final_momentum, momentum_epoch, weight_decay, l1, steps, chains \
(data, persistent), hidden_states (sample, mean), batch, epochs; schedule (e.g. {{name=\"cosine\", epochs=20}}); where \
wanted: hidden_biases=false, nrelu_noise (none, sigmoid_squared, one), max_norm=3, visible_states (sample, mean), \
sparsity={{target=0.1, decay=0.9, cost=0.1}}, centring={{rate=0.01}}."))]
pub(crate) struct TrainRbm {
    /// The data
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// The file of the model (safetensors: weights, visible_bias, hidden_bias, and sigma where it is learned)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write the metrics of each epoch into this file while training goes on: JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Number of hidden units
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    pub(crate) hidden_units: usize,
    /// Visible units: bernoulli, gaussian, potts(K)
    #[arg(long, value_name = "UNIT", default_value = "bernoulli")]
    pub(crate) visible: Visible,
    /// Hidden units: bernoulli, nrelu, gaussian, truncated_gaussian, drelu(GAMMA,THETA), ssu(N), binomial(N)
    #[arg(long, value_name = "UNIT", default_value = "bernoulli")]
    pub(crate) hidden: Unit,
    /// Number of epochs [default: 10]
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    epochs: Option<usize>,
    /// Change another setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Override>,
    /// Do not train on this share of the rows: compare their free energy with the others' after each epoch (free_energy_gap,
    /// which grows when the machine overfits)
    #[arg(long, value_name = "SHARE")]
    validation: Option<f64>,
    /// Bring each column to zero mean and unit variance (of the training rows) first; the model keeps by what, for all later use
    #[arg(long, alias = "standardize")]
    pub(crate) standardise: bool,
    /// Keep the data on disk: for files that fit into memory but should not be there (larger than 4 GiB as f32, they stay
    /// there in any case)
    #[arg(long)]
    pub(crate) stream: bool,
    /// Seed of weights, shuffles and noise
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    keeping: Keeping,
    /// Only show settings and sizes, and the time and memory that it would take, from a few steps; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What a training that is stopped leaves.
#[derive(Clone, Copy, Debug, Args)]
struct Keeping {
    /// Go on where the same command was stopped, if it was: the result is the same, bit by bit
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    every: CheckpointEvery,
}

impl Keeping {
    fn keeping(self) -> own::Keeping {
        own::Keeping { every: self.every.duration(), resume: self.resume }
    }
}

const NETWORK_KEYS: &str = "\
Keys of --set: batch, epochs, head (softmax, normalised_relu, logistic, squared_error), optimiser.learning_rate, or e.g. \
optimiser={name=\"sgd\", learning_rate=0.1, momentum=0.9, nesterov=true, weight_decay=1e-4}; adam takes weight_decay \
too (AdamW); schedule={name=\"linear\", epochs=20} (or cosine, inverse)";

/// What all networks are trained on, and how.
#[derive(Debug, Args)]
pub(crate) struct TrainNetwork {
    /// The data
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    #[command(flatten)]
    labels: LabelArgs,
    /// The file of the model (safetensors: weights, classes, and what is done to data first)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write the metrics of each epoch into this file while training goes on: JSON lines
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Number of epochs [default: 20]
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    epochs: Option<usize>,
    /// Change another setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Override>,
    /// Do not train on this share of each class: test on it after each epoch
    #[arg(long, value_name = "SHARE")]
    validation: Option<f64>,
    /// Stop after N epochs without a lower loss on those rows, and keep the best epoch
    #[arg(long, value_name = "N", requires = "validation", value_parser = counted::<1_000_000>)]
    patience: Option<usize>,
    /// Bring each column to zero mean and unit variance (of the training rows) first
    #[arg(long, alias = "standardize")]
    standardise: bool,
    /// Keep the data on disk: for files that fit into memory but should not be there (larger than 4 GiB as f32, they stay
    /// there in any case)
    #[arg(long)]
    stream: bool,
    /// Seed of weights, shuffles, masks and of the split
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    keeping: Keeping,
    /// Only show settings and sizes, and the time and memory that it would take, from a few steps; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave train mlp --data x.npy --labels y.npy --out m.safetensors
  halfwave train mlp --data iris.csv --label-column species --out m.safetensors
  halfwave train mlp --data x.csv --labels y.csv --out m.safetensors --hidden 64,64 --activation elu --standardise \\
      --validation 0.2 --epochs 50 --set optimiser.learning_rate=3e-4 --set dropout=0.2

{NETWORK_KEYS}; dropout.

{DATA_HELP}

{LABELS_HELP}"))]
pub(crate) struct TrainMlp {
    #[command(flatten)]
    pub(crate) network: TrainNetwork,
    /// Units of each hidden layer
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_value = "512,512", value_parser = counted::<1_000_000>)]
    hidden: Vec<usize>,
    /// Activation of the hidden layers
    #[arg(long, value_name = "KIND", default_value = "relu")]
    activation: Kind,
    /// Take the first N principal components (of the training rows) in place of the columns
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    pca: Option<usize>,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave train cnn --data train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz --shape 28x28 --out m.safetensors
  halfwave train cnn --data images/ --shape 32x32x3 --out m.safetensors          images/cat/1.png, images/dog/1.jpg, …
  halfwave train cnn --data x.npy --labels y.npy --config network.toml --out m.safetensors

--shape: conv 32, pool, conv 64, pool, dense 128, ReLU. --config: `input = [28, 28, 1]`, `layers = [...]` as \
`halfwave config show mnist-cnn` shows them, and head, optimiser, batch and epochs where they should not be the defaults.
{NETWORK_KEYS}.

{DATA_HELP}

{LABELS_HELP}"))]
pub(crate) struct TrainCnn {
    #[command(flatten)]
    pub(crate) network: TrainNetwork,
    /// Rows, columns and colours of an image, colours last in the data
    #[arg(
        long,
        value_name = "RxC[x3]",
        required_unless_present = "config",
        conflicts_with = "config"
    )]
    shape: Option<own::ImageShape>,
    /// A network in TOML
    #[arg(long, value_name = "NETWORK.toml")]
    config: Option<PathBuf>,
}

/// `--epochs` and then `--set`, which has the last word.
fn overrides(epochs: Option<usize>, set: Vec<Override>) -> Vec<Override> {
    let epochs = epochs.map(|n| Override { key: "epochs".into(), value: n.to_string() });
    epochs.into_iter().chain(set).collect()
}

impl TrainRbm {
    pub(crate) fn job(self) -> Result<own::TrainJob, Error> {
        let level = apply::level_from_env()?;
        let Self { data, out, metrics, hidden_units, visible, hidden, epochs, set, .. } = self;
        let Self {
            validation,
            standardise,
            stream,
            threads: Threads { number: threads },
            seed,
            force,
            keeping,
            ..
        } = self;
        Ok(own::TrainJob {
            data,
            out,
            metrics,
            visible,
            hidden,
            hidden_units,
            overrides: overrides(epochs, set),
            validation,
            standardise,
            stream,
            threads,
            seed,
            level,
            force,
            keeping: keeping.keeping(),
        })
    }
}

impl TrainNetwork {
    fn job(
        self,
        architecture: own::Architecture,
        pca: Option<usize>,
    ) -> Result<own::NetworkJob, Error> {
        let level = apply::level_from_env()?;
        let Self {
            data, labels, out, metrics, epochs, set, validation, patience, standardise, ..
        } = self;
        let Self { stream, seed, threads: Threads { number: threads }, force, keeping, .. } = self;
        let labels = match labels.labels() {
            Some(labels) => labels,
            None if data.is_dir() => own::Labels::File(data.clone()),
            None => {
                let text = "--labels or --label-column: expected the class of each row";
                return Err(Error::Usage(text.into()));
            }
        };
        Ok(own::NetworkJob {
            data,
            labels,
            out,
            metrics,
            architecture,
            overrides: overrides(epochs, set),
            validation,
            patience,
            standardise,
            stream,
            pca,
            threads,
            seed,
            level,
            force,
            keeping: keeping.keeping(),
        })
    }
}

impl TrainMlp {
    pub(crate) fn job(self) -> Result<own::NetworkJob, Error> {
        let Self { network, hidden, activation, pca } = self;
        network.job(own::Architecture::Mlp { hidden, activation }, pca)
    }
}

impl TrainCnn {
    pub(crate) fn job(self) -> Result<own::NetworkJob, Error> {
        let Self { network, shape, config } = self;
        let architecture = match (shape, config) {
            (_, Some(path)) => own::Architecture::File(path),
            (Some(shape), None) => own::Architecture::Cnn(shape),
            (None, None) => return Err(Error::Usage("expected --shape or --config".into())),
        };
        network.job(architecture, None)
    }
}
