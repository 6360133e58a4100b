//! The command line: types only. Names are checked against the tables of the library.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use halfwave_kernels::{Kind, Level, units::Unit};
use halfwave_trainer::{
    Error,
    apply::{self, Assignment, Function},
    config::Override,
    experiments::{self, Experiment},
    names::UnknownName,
    own,
    rbm::Visible,
    run::Options,
    sweep::{Axis, SweepOptions},
};

/// Rectifier units on a CPU: SIMD activation kernels, RBM and MLP training, the papers' experiments.
#[derive(Debug, Parser)]
#[command(
    name = "halfwave",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  halfwave run                          train on embedded data, beside published numbers
  halfwave run agarap-wdbc --seeds 3    one experiment, three seeds
  halfwave list                         what can be run, and which data it needs
  halfwave apply softplus x.npy y.npy   a kernel on a NumPy file
  halfwave train rbm --data x.npy --out m.safetensors --hidden-units 100
  halfwave train mlp --data x.npy --labels y.npy --out c.safetensors

Environment:
  HALFWAVE_LEVEL  instruction set of the kernels, e.g. avx2 (see `halfwave info`)
  HALFWAVE_DATA   a data directory (see `halfwave data path`)

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment: train, show the table, write result, report, metrics and plots
    Run(Run),
    /// Run an experiment over a grid of settings, or random ones, and tabulate; goes on where it was interrupted
    Sweep(Sweep),
    /// Write the table of measured and published numbers from the result.json of runs
    Table(Table),
    /// List the experiments
    List(List),
    /// Say which data sets there are and where they are looked for
    #[command(subcommand)]
    Data(Data),
    /// Train a model on your own data
    #[command(subcommand)]
    Train(Train),
    /// Write the features that a trained model has of data
    Features(Features),
    /// Write the log-likelihood that a trained model gives each row of data
    Score(Score),
    /// Write samples of a trained model: Gibbs chains
    Sample(Sample),
    /// Write the classes that a trained network gives rows of data, or their probabilities
    Predict(Predict),
    /// Say how well a trained model fits data
    Eval(Eval),
    /// Apply an activation function or stochastic unit to a .npy file
    Apply(Apply),
    /// Draw functions and their derivatives
    #[command(subcommand)]
    Plot(Plot),
    /// Show versions, instruction sets and cores
    Info,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave run                                            the tour, into runs/tour-1
  halfwave run agarap-wdbc --set mlp.optimiser.learning_rate=0.01 --set folds=5
  halfwave run mnist-mlp --data-dir ~/data --epochs 5 --out /tmp/mnist
  halfwave run agarap-wdbc --set 'mlp.optimiser={name=\"sgd\", learning_rate=0.1, momentum=0.9}'

`halfwave list EXPERIMENT` shows its keys with their defaults.")]
pub(crate) struct Run {
    /// Which experiment (see `halfwave list`)
    #[arg(default_value = "tour", value_parser = experiment)]
    pub(crate) experiment: &'static Experiment,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Output directory [default: the first free of runs/EXPERIMENT-1, -2, …]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace files in a directory that is not empty
    #[arg(long)]
    pub(crate) force: bool,
}

/// How an experiment is run.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// First seed: the same seed gives the same metrics at any number of threads
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Number of seeds S, S+1, …: results become means [default: the experiment's]
    #[arg(long, value_name = "N", value_parser = counted::<10_000>)]
    seeds: Option<usize>,
    #[command(flatten)]
    threads: Threads,
    /// The published sizes, where the defaults are smaller
    #[arg(long)]
    full: bool,
    /// Number of epochs of everything that is trained [default: the experiment's]
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    epochs: Option<usize>,
    /// Directory with a folder for each data set
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Change a key of the configuration; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Override>,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave sweep agarap-wdbc --grid mlp.dropout=0,0.1,0.3 --grid 'mlp.hidden=[64],[64,64]' --seeds 5 --out wdbc
  halfwave sweep optdigits-rbm --sample 20 --grid nrelu.learning_rate=1e-3..1e-1:log --grid nrelu.epochs=5..30 --out r

Each cell is a run over all seeds, in DIR/cell-0001, …; DIR/sweep.csv and sweep.md have the table. The same command \
goes on with a sweep that was interrupted. Cells whose training diverges are noted and the sweep goes on.
`halfwave list EXPERIMENT` shows the keys.")]
pub(crate) struct Sweep {
    /// Which experiment (see `halfwave list`)
    #[arg(value_parser = experiment)]
    experiment: &'static Experiment,
    /// A key with its values, or with a range for --sample, uniform or logarithmic (:log); may be repeated
    #[arg(
        long,
        value_name = "KEY=V,V,…|LOW..HIGH[:log]",
        required = true,
        allow_hyphen_values = true
    )]
    grid: Vec<Axis>,
    /// Take N random points, by the first seed, in place of the whole grid
    #[arg(long, value_name = "N", value_parser = counted::<10_000>)]
    sample: Option<usize>,
    #[command(flatten)]
    settings: Settings,
    /// Directory of the sweep: a new one, or that of this sweep
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave table runs/*/result.json
  halfwave table docs/results/*.json --into README.md

The table goes between a line that begins with `<!-- table of reproductions` and the line \
`<!-- end of the table of reproductions -->`; nothing else in the file changes.")]
pub(crate) struct Table {
    /// Results, in the order of the table
    #[arg(value_name = "RESULT.json", required = true)]
    pub(crate) results: Vec<PathBuf>,
    /// Rows without a published number too
    #[arg(long)]
    pub(crate) all: bool,
    /// Put the table into this Markdown file in place of printing it
    #[arg(long, value_name = "FILE.md")]
    pub(crate) into: Option<PathBuf>,
    /// Write nothing; fail if the table in the file is another one
    #[arg(long, requires = "into")]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Show the keys of this experiment with their defaults
    #[arg(value_parser = experiment)]
    pub(crate) experiment: Option<&'static Experiment>,
    /// Directory with a folder for each data set
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// List the data sets, and whether they are here
    List {
        /// Directory with a folder for each data set
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Show the folders that are searched; for a data set: its files, or how to get them
    Path {
        /// A data set (see `halfwave data list`)
        name: Option<String>,
        /// Directory with a folder for each data set
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plot {
    /// One figure (SVG) for each family of activation functions
    Activations {
        /// Directory of the figures
        #[arg(long, value_name = "DIR", default_value = "activations")]
        out: PathBuf,
        /// Replace figures that are there
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Train {
    /// Train a restricted Boltzmann machine
    Rbm(TrainRbm),
    /// Train a network of dense layers that classifies rows
    Mlp(TrainMlp),
    /// Train a convolutional network that classifies images
    Cnn(TrainCnn),
}

/// How much of the machine a command takes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Threads {
    /// Number of threads [default: all cores]
    #[arg(long = "threads", value_name = "N", value_parser = counted::<1_024>)]
    pub(crate) number: Option<usize>,
}

/// A trained model and what it is used on.
#[derive(Debug, Args)]
pub(crate) struct ModelAndData {
    /// A trained model
    pub(crate) model: PathBuf,
    /// The data
    pub(crate) data: PathBuf,
}

const DATA_HELP: &str = "\
Data: .npy (f32, or bytes, which are divided by 255), .csv (numbers, with or without a header), .idx or …ubyte \
(bytes, divided by 255), each also with .gz; a row a sample.";

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
    /// Number of hidden units
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    pub(crate) hidden_units: usize,
    /// Visible units: bernoulli, gaussian, potts(K)
    #[arg(long, value_name = "UNIT", default_value = "bernoulli")]
    pub(crate) visible: Visible,
    /// Hidden units: bernoulli, nrelu, gaussian, truncated_gaussian, drelu(GAMMA,THETA), ssu(N), binomial(N)
    #[arg(long, value_name = "UNIT", default_value = "bernoulli")]
    pub(crate) hidden: Unit,
    /// Change another setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Override>,
    /// Bring each column to zero mean and unit variance first; the model keeps by what, for all later use
    #[arg(long, alias = "standardize")]
    pub(crate) standardise: bool,
    /// Seed of weights, shuffles and noise
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

const LABELS_HELP: &str = "\
Labels: .npy (i64, i32, bytes or whole f32), .csv (a whole number or a name a line), .idx or …ubyte; one for each row. \
Classes are the labels that there are: numbers ascending, names in alphabetical order.";

const NETWORK_KEYS: &str = "\
Keys of --set: batch, epochs, head (softmax, normalised_relu), optimiser.learning_rate, or e.g. \
optimiser={name=\"sgd\", learning_rate=0.1, momentum=0.9}";

/// What all networks are trained on, and how.
#[derive(Debug, Args)]
pub(crate) struct TrainNetwork {
    /// The data
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The class of each row
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// The file of the model (safetensors: weights, classes, and what is done to data first)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Number of epochs [default: 20]
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    epochs: Option<usize>,
    /// Change another setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Override>,
    /// Do not train on this share of each class: test on it after each epoch
    #[arg(long, value_name = "SHARE")]
    validation: Option<f64>,
    /// Bring each column to zero mean and unit variance (of the training rows) first
    #[arg(long, alias = "standardize")]
    standardise: bool,
    /// Seed of weights, shuffles, masks and of the split
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave train mlp --data x.npy --labels y.npy --out m.safetensors
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
  halfwave train cnn --data x.npy --labels y.npy --config network.toml --out m.safetensors

--shape: conv 32, pool, conv 64, pool, dense 128, ReLU. --config: `input = [28, 28, 1]`, `layers = [...]` as \
`halfwave list mnist-cnn` shows them, and head, optimiser, batch and epochs where they should not be the defaults.
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

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave predict m.safetensors x.npy classes.npy
  halfwave predict m.safetensors x.npy p.npy --probabilities

{DATA_HELP}"))]
pub(crate) struct Predict {
    #[command(flatten)]
    files: ModelAndData,
    /// The class of each row (i64): its label, or where labels are names its place among them
    #[arg(value_name = "OUT.npy")]
    out: PathBuf,
    /// Write the probabilities of all classes, f32 [rows, classes], instead
    #[arg(long)]
    probabilities: bool,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Example:
  halfwave features m.safetensors x.npy h.npy

{DATA_HELP}"))]
pub(crate) struct Features {
    #[command(flatten)]
    pub(crate) files: ModelAndData,
    /// h [rows, hidden]: means of the hidden units, max(0, v W + c) for NReLU
    #[arg(value_name = "OUT.npy")]
    pub(crate) out: PathBuf,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave score m.safetensors x.npy scores.npy
  halfwave score m.safetensors x.npy scores.npy --temperatures 10000

ln Z is summed exactly where one layer has at most 2^20 states, and estimated by annealed importance sampling else: \
too low in expectation, so that scores are too good; compare numbers of temperatures. Bernoulli data must be 0 or 1. \
NReLU units have no likelihood: ssu(N) units have.

{DATA_HELP}"))]
pub(crate) struct Score {
    #[command(flatten)]
    pub(crate) files: ModelAndData,
    /// ln p(v) of each row, in nats
    #[arg(value_name = "OUT.npy")]
    pub(crate) out: PathBuf,
    /// Steps of annealed importance sampling
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = counted::<1_000_000>)]
    pub(crate) temperatures: usize,
    /// Seed of its noise
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave sample m.safetensors v.npy --rows 64 --steps 1000 --image v.png --shape 28x28
  halfwave sample m.safetensors v.npy --start x.npy --clamp 0..392   the upper half of 28x28 images stays

Free chains go far from the data: machines trained with `--set chains=persistent` give better samples than those of \
CD-1.

{DATA_HELP}"))]
pub(crate) struct Sample {
    /// A trained model
    pub(crate) model: PathBuf,
    /// v [rows, visible]: the last state of each chain
    #[arg(value_name = "OUT.npy")]
    pub(crate) out: PathBuf,
    /// Number of chains
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = counted::<1_000_000>, conflicts_with = "start")]
    pub(crate) rows: usize,
    /// Gibbs steps of each chain
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = counted::<100_000_000>)]
    pub(crate) steps: usize,
    /// Start a chain at each row of these data [default: samples without hidden units]
    #[arg(long, value_name = "FILE")]
    pub(crate) start: Option<PathBuf>,
    /// A picture of all chains, with --shape
    #[arg(long, value_name = "GRID.png", requires = "shape")]
    pub(crate) image: Option<PathBuf>,
    /// Rows, columns and colours of --image
    #[arg(long, value_name = "RxC[x3]", requires = "image")]
    pub(crate) shape: Option<own::ImageShape>,
    /// Columns that keep the values of --start
    #[arg(long, value_name = "FROM..TO")]
    pub(crate) clamp: Option<own::Clamp>,
    /// Seed of the noise
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave eval m.safetensors x.npy                  an RBM: reconstructions, activity, free energy
  halfwave eval m.safetensors x.npy --labels y.npy   a network: accuracy, calibration, each class, confusion

{DATA_HELP}

{LABELS_HELP}"))]
pub(crate) struct Eval {
    #[command(flatten)]
    files: ModelAndData,
    /// The class of each row, for a network
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = after_apply())]
pub(crate) struct Apply {
    /// Activation function or stochastic unit
    #[arg(value_parser = function)]
    pub(crate) kind: Function,
    /// x: f32, little-endian, C order, any shape
    #[arg(value_name = "IN.npy")]
    pub(crate) input: PathBuf,
    /// y = f(x), with the shape of x
    #[arg(value_name = "OUT.npy")]
    pub(crate) output: PathBuf,
    /// Write dx = f'(x) · dy instead, for this dy with the shape of x
    #[arg(long, value_name = "DY.npy")]
    pub(crate) backward: Option<PathBuf>,
    /// A parameter of a function that learns them, e.g. beta=1.7 [default: the initial value]
    #[arg(long = "parameter", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) parameters: Vec<Assignment>,
    /// Seed of a stochastic unit [default: 1]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Instruction set [default: HALFWAVE_LEVEL, else the fastest]
    #[arg(long, value_name = "L", value_parser = apply::level)]
    pub(crate) level: Option<Level>,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

fn after_apply() -> String {
    format!(
        "Kinds: {}\n\n\
         Examples:\n  \
         halfwave apply softplus x.npy y.npy\n  \
         halfwave apply tanh x.npy dx.npy --backward dy.npy   IN.npy is x here too\n  \
         halfwave apply swish x.npy y.npy --parameter beta=1.7\n  \
         halfwave apply nrelu x.npy sample.npy --seed 7       a sample of max(0, x + N(0, σ(x)))",
        Function::names().join(", ")
    )
}

fn experiment(name: &str) -> Result<&'static Experiment, UnknownName> {
    experiments::find(name)
}

fn function(name: &str) -> Result<Function, UnknownName> {
    name.parse()
}

/// A whole number from 1 to `MAX`.
fn counted<const MAX: usize>(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=MAX).contains(&n) => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {MAX}")),
    }
}

impl Settings {
    fn options(
        self,
        experiment: &'static Experiment,
        out: Option<PathBuf>,
        force: bool,
    ) -> Options {
        let Self { seed, seeds, threads, full, epochs, data_dir, set: overrides, quiet } = self;
        let threads = threads.number;
        Options {
            experiment,
            epochs,
            overrides,
            seed,
            full,
            seeds,
            threads,
            data_dir,
            out,
            force,
            quiet,
        }
    }
}

impl Run {
    pub(crate) fn options(self) -> Options {
        let Self { experiment, settings, out, force } = self;
        settings.options(experiment, out, force)
    }
}

impl Sweep {
    pub(crate) fn options(self) -> SweepOptions {
        let Self { experiment, grid, sample, settings, out } = self;
        SweepOptions { run: settings.options(experiment, None, false), grid, sample, out }
    }
}

impl Apply {
    pub(crate) fn job(self) -> Result<apply::Job, Error> {
        let level = self.level.map_or_else(apply::level_from_env, Ok)?;
        let Self { kind: function, input, output, backward, parameters, seed, force, .. } = self;
        Ok(apply::Job { function, input, output, backward, parameters, seed, level, force })
    }
}

impl TrainRbm {
    pub(crate) fn job(self) -> Result<own::TrainJob, Error> {
        let level = apply::level_from_env()?;
        let Self { data, out, hidden_units, visible, hidden, set: overrides, .. } = self;
        let Self { standardise, threads: Threads { number: threads }, seed, force, .. } = self;
        Ok(own::TrainJob {
            data,
            out,
            visible,
            hidden,
            hidden_units,
            overrides,
            standardise,
            threads,
            seed,
            level,
            force,
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
        let Self { data, labels, out, epochs, set, validation, standardise, .. } = self;
        let Self { seed, threads: Threads { number: threads }, force, .. } = self;
        let epochs = epochs.map(|n| Override { key: "epochs".into(), value: n.to_string() });
        Ok(own::NetworkJob {
            data,
            labels,
            out,
            architecture,
            overrides: epochs.into_iter().chain(set).collect(),
            validation,
            standardise,
            pca,
            threads,
            seed,
            level,
            force,
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

impl Predict {
    pub(crate) fn job(self) -> Result<own::PredictJob, Error> {
        let level = apply::level_from_env()?;
        let Self { files: ModelAndData { model, data }, out, probabilities, force } = self;
        Ok(own::PredictJob { model, data, out, probabilities, level, force })
    }
}

impl Eval {
    pub(crate) fn job(self) -> Result<own::EvalJob, Error> {
        let level = apply::level_from_env()?;
        let Self { files: ModelAndData { model, data }, labels } = self;
        Ok(own::EvalJob { model, data, labels, level })
    }
}

impl Features {
    pub(crate) fn job(self) -> Result<own::FeatureJob, Error> {
        let level = apply::level_from_env()?;
        let Self { files: ModelAndData { model, data }, out, force } = self;
        Ok(own::FeatureJob { model, data, out, level, force })
    }
}

impl Score {
    pub(crate) fn job(self) -> Result<own::ScoreJob, Error> {
        let level = apply::level_from_env()?;
        let Self { files: ModelAndData { model, data }, out, temperatures, .. } = self;
        let Self { seed, threads: Threads { number: threads }, force, .. } = self;
        Ok(own::ScoreJob { model, data, out, temperatures, seed, threads, level, force })
    }
}

impl Sample {
    pub(crate) fn job(self) -> Result<own::SampleJob, Error> {
        let level = apply::level_from_env()?;
        let Self { model, out, rows, steps, start, image, shape, clamp, seed, force } = self;
        let image = image.zip(shape);
        Ok(own::SampleJob { model, out, rows, steps, start, clamp, image, seed, level, force })
    }
}
