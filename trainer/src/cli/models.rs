//! Models on one's own data: what trained ones are used for.

use std::path::PathBuf;

use clap::Args;
use halfwave_datasets::csv::Column;
use halfwave_trainer::{Error, apply, own};

use super::{DATA_HELP, LABELS_HELP, LabelArgs, ModelAndData, Threads, counted};

#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  halfwave predict m.safetensors x.npy classes.npy
  halfwave predict m.safetensors x.csv classes.csv
  halfwave predict m.safetensors iris.csv classes.csv --label-column species
  halfwave predict m.safetensors x.npy p.npy --probabilities

{DATA_HELP}"))]
pub(crate) struct Predict {
    #[command(flatten)]
    files: ModelAndData,
    /// The class of each row. In a .npy file (i64) its label, or where labels are names its place among them; in a .csv file
    /// its label, below `class`
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Leave out this column of the data (.csv, .tsv), which has labels: its name in the header, or its number from 1
    #[arg(long, value_name = "NAME|NUMBER")]
    label_column: Option<Column>,
    /// Write the probabilities of all classes, f32 [rows, classes], instead
    #[arg(long)]
    probabilities: bool,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave export m.safetensors m.onnx      inference, with what is done to data first: x [rows, width] to outputs, \
class and, of a softmax, probabilities
  halfwave export m.safetensors m.npz       all arrays of the model, for numpy

A network in ONNX needs a runtime with operators of version 20 (ONNX 1.15, 2023). Images are rows of x, colours last. \
It has no form for lif and for learned activations but prelu, swish, dyt and relun, nor for RBMs: export the outputs of \
`halfwave features`, or the arrays.")]
pub(crate) struct Export {
    /// A trained model
    model: PathBuf,
    /// A .onnx or .npz file
    out: PathBuf,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  halfwave export m.safetensors m.npz
  python -c 'import numpy as np; a = dict(np.load(\"m.npz\")); a[\"weights\"] *= 0.9; np.savez(\"n.npz\", **a)'
  halfwave import n.npz --like m.safetensors n.safetensors

Names, types (f32, f64) and shapes are those of the model: `halfwave export` shows them.")]
pub(crate) struct Import {
    /// A .npz file with an array for each of the model
    arrays: PathBuf,
    /// The model that gives all but the numbers
    #[arg(long, value_name = "MODEL")]
    like: PathBuf,
    /// The model to write
    #[arg(value_name = "OUT.safetensors")]
    out: PathBuf,
    /// Replace OUT if it exists
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
    /// h [rows, hidden]: f(v W + c), the means of Bernoulli, Gaussian and dReLU units; max(0, ·) for NReLU and truncated
    /// Gaussians, softplus for SSU, sigmoid for binomials
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
  halfwave score m.safetensors x.npy scores.npy --temperatures 100000

ln Z is summed exactly where one layer has at most 2^20 states, and estimated by annealed importance sampling with 100 \
chains else, from the machine without its weights: too low in expectation, so that scores are too good; compare \
numbers of temperatures and seeds. Bernoulli data must be 0 or 1. \
NReLU units have no likelihood: ssu(N) units have.

{DATA_HELP}"))]
pub(crate) struct Score {
    #[command(flatten)]
    pub(crate) files: ModelAndData,
    /// ln p(v) of each row, in nats
    #[arg(value_name = "OUT.npy")]
    pub(crate) out: PathBuf,
    /// Steps of annealed importance sampling
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = counted::<1_000_000>)]
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

A group of potts(K) units stays as a whole or not at all. Free chains go far from the data: machines trained with `--set chains=persistent` give better samples than those of \
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
  halfwave eval m.safetensors iris.csv --label-column species

{DATA_HELP}

{LABELS_HELP}"))]
pub(crate) struct Eval {
    #[command(flatten)]
    files: ModelAndData,
    #[command(flatten)]
    labels: LabelArgs,
}

impl Predict {
    pub(crate) fn job(self) -> Result<own::PredictJob, Error> {
        let level = apply::level_from_env()?;
        let Self { files: ModelAndData { model, data }, out, .. } = self;
        let Self { label_column, probabilities, force, .. } = self;
        Ok(own::PredictJob { model, data, label_column, out, probabilities, level, force })
    }
}

impl Export {
    pub(crate) fn job(self) -> own::ExportJob {
        let Self { model, out, force } = self;
        own::ExportJob { model, out, force }
    }
}

impl Import {
    pub(crate) fn job(self) -> own::ImportJob {
        let Self { arrays, like, out, force } = self;
        own::ImportJob { arrays, like, out, force }
    }
}

impl Eval {
    pub(crate) fn job(self) -> Result<own::EvalJob, Error> {
        let level = apply::level_from_env()?;
        let Self { files: ModelAndData { model, data }, labels } = self;
        Ok(own::EvalJob { model, data, labels: labels.labels(), level })
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
