//! The command line: types only. Names are checked against the tables of the library.

mod experiments;
mod functions;
pub(crate) mod manual;
mod models;
mod train;

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand};
use halfwave_datasets::csv::Column;
use halfwave_trainer::own::Labels;

pub(crate) use experiments::{Compare, Config, Data, Form, List, Run, Sweep, Table};
pub(crate) use functions::{Apply, Plot};
pub(crate) use models::{Eval, Export, Features, Import, Predict, Sample, Score};
pub(crate) use train::Train;

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
  HALFWAVE_LEVEL    instruction set of the kernels, e.g. avx2 (see `halfwave info`)
  HALFWAVE_DATA     a data directory (see `halfwave data path`)
  HALFWAVE_OFFLINE  if it is 1, `halfwave data fetch` downloads nothing

-v says on standard error what is read, trained and written, with the seconds since the start; -vv each checkpoint too.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated, 129 hung up."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more of what is done; twice: still more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment: train, show the table, write result, report, metrics and plots
    Run(Run),
    /// Run an experiment over a grid of settings, or random ones, and tabulate; goes on where it was interrupted
    Sweep(Sweep),
    /// Write the table of measured and published numbers from the result.json of runs
    Table(Table),
    /// Show a run; compare several: rows that they share, differences with their intervals, settings that differ
    Report(Compare),
    /// List the experiments
    List(List),
    /// Show the configuration of an experiment
    #[command(subcommand)]
    Config(Config),
    /// Say which data sets there are and where they are looked for; download them
    #[command(subcommand)]
    Data(Data),
    /// Train a model on your own data
    #[command(subcommand)]
    Train(Train),
    /// Write a trained model for other programs: ONNX, or .npz
    Export(Export),
    /// Put the arrays of a .npz file into a trained model
    Import(Import),
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
    /// Show versions, instruction sets and cores; or of a trained model its settings, arrays and what it was trained on
    Info {
        /// A trained model
        model: Option<PathBuf>,
        /// JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// Print what a shell needs to complete commands: `halfwave completions bash > FILE`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of all commands
    Man(Man),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave man --out ~/.local/share/man/man1   then: man halfwave-run
  halfwave man | man -l -                      the first page only")]
pub(crate) struct Man {
    /// The folder for a page of each command
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace pages in it
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// How much of the machine a command takes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Threads {
    /// Number of threads [default: all cores]
    #[arg(long = "threads", value_name = "N", value_parser = counted::<1_024>)]
    pub(crate) number: Option<usize>,
}

/// How often training is saved.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CheckpointEvery {
    /// Save a checkpoint after the first step that ends so many seconds after the last one; 0: after every step
    #[arg(long = "checkpoint-every", value_name = "SECONDS", default_value_t = 30)]
    seconds: u32,
}

impl CheckpointEvery {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

/// A trained model and what it is used on.
#[derive(Debug, Args)]
pub(crate) struct ModelAndData {
    /// A trained model
    pub(crate) model: PathBuf,
    /// The data
    pub(crate) data: PathBuf,
}

/// Where labels are.
#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// The class of each row, for a network; `train` on a folder of images takes those of its folders where nothing is said
    #[arg(long, value_name = "FILE", conflicts_with = "label_column")]
    labels: Option<PathBuf>,
    /// The same from a column of the data (.csv, .tsv): its name in the header, or its number from 1
    #[arg(long, value_name = "NAME|NUMBER")]
    label_column: Option<Column>,
}

impl LabelArgs {
    /// Those that were asked for.
    pub(crate) fn labels(self) -> Option<Labels> {
        self.labels.map(Labels::File).or(self.label_column.map(Labels::Column))
    }
}

const DATA_HELP: &str = "\
Data: .npy (f32, or bytes, which are divided by 255), .npz (FILE.npz, or FILE.npz:NAME of several arrays), .csv (numbers with a decimal point; `,`, `;` or a tab between, whichever the first line has; with or without a header), .tsv, .idx or …ubyte \
(bytes, divided by 255), each also with .gz; a row a sample. Of data that are larger than 4 GiB as f32 only mini-batches are in memory (`train --stream`: of \
any): a .npy file is read where it is, rows of others are copied into a temporary file first (TMPDIR says where). Or a folder of images of one size (PNG, JPEG), in a sub-folder for each class: DIR/CLASS/FILE.png.";

const LABELS_HELP: &str = "\
Labels: .npy (i64, i32, bytes or whole f32), .npz likewise, .csv or .tsv (a whole number or a name a line), .idx or …ubyte; one for each row; \
--label-column of a .csv or .tsv file of data; or the same folder of images. Classes are the labels that there are: numbers ascending, names in alphabetical order.";

/// A whole number from 1 to `MAX`.
fn counted<const MAX: usize>(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=MAX).contains(&n) => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {MAX}")),
    }
}
