//! Kernels on files, and pictures of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use halfwave_kernels::Level;
use halfwave_trainer::{
    Error,
    apply::{self, Assignment, Function},
    names::UnknownName,
};

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
    /// Write dx = f'(x) · dy instead, for this dy with the shape of x; f' of sigmoid, tanh and the
    /// like is taken from y, rounded as it is
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

fn function(name: &str) -> Result<Function, UnknownName> {
    name.parse()
}

impl Apply {
    pub(crate) fn job(self) -> Result<apply::Job, Error> {
        let level = self.level.map_or_else(apply::level_from_env, Ok)?;
        let Self { kind: function, input, output, backward, parameters, seed, force, .. } = self;
        Ok(apply::Job { function, input, output, backward, parameters, seed, level, force })
    }
}
