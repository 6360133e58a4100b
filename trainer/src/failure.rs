//! Everything that can go wrong outside training.

use std::{
    io,
    path::{Path, PathBuf},
};

use halfwave_kernels::LevelError;

use crate::{
    TrainError,
    comparison::ComparisonError,
    config::ConfigError,
    names::UnknownName,
    npy::NpyError,
    output::OutputError,
    own::{DataError, OnnxError, Problem},
    rbm::ModelError,
    reproductions::TableError,
    sweep::SweepError,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something stopped a run that can be gone on with.
    #[error("{error}\nwhat was trained until then is kept: {how}")]
    Stopped {
        /// What it was.
        error: Box<Self>,
        /// How to go on.
        how: String,
    },
    /// A name that is in no table.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// A wrong key or value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An instruction set that is unknown, or that this machine lacks.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// Arguments that exclude each other.
    #[error("{0}")]
    Usage(String),
    /// A `.npy` file.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// A file of one's own data.
    #[error(transparent)]
    OwnData(Box<DataError>),
    /// A file that holds no model of the kind that is needed.
    #[error("{}: {error}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ModelError,
    },
    /// A network that ONNX has no form for.
    #[error("{}: {error}", path.display())]
    Onnx {
        /// The file.
        path: PathBuf,
        /// Which layer.
        error: OnnxError,
    },
    /// A file of a model that cannot be read.
    #[error("{}: cannot read it: {error}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// A configuration that is not TOML.
    #[error("{}: {reason}", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        reason: String,
    },
    /// A sweep over settings.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A table of results.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Runs that cannot be compared.
    #[error(transparent)]
    Comparison(#[from] ComparisonError),
    /// A file that is no `result.json`.
    #[error("{}: expected a result.json: {reason}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two arrays that should have one shape.
    #[error("{what} has the shape {found}, expected {expected}")]
    Shape {
        /// The file.
        what: String,
        /// The shape of the other array.
        expected: String,
        /// Its shape.
        found: String,
    },
    /// A data set.
    #[error(transparent)]
    Data(#[from] halfwave_datasets::Error),
    /// A data set without a published test part.
    #[error("data set `{0}` has no test part")]
    NoTest(String),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Output that cannot be written, or would replace something.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Metrics that could not be written while training.
    #[error("cannot write metrics.jsonl: {0}")]
    Metrics(io::Error),
    /// A plot or image.
    #[error("cannot draw {file}: {reason}")]
    Figure {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// Threads that the system does not give.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
}

impl Error {
    pub(crate) fn own_data(path: &Path, problem: Problem) -> Self {
        Self::OwnData(Box::new(DataError { path: path.into(), line: None, problem }))
    }

    /// What it was, without how to go on.
    pub(crate) fn cause(self) -> Self {
        match self {
            Self::Stopped { error, .. } => error.cause(),
            error => error,
        }
    }

    /// Whether the same again may end otherwise: an interrupt, or a system that refused.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Output(_) | Self::Metrics(_) | Self::Threads { .. } => true,
            Self::Train(error) => matches!(
                error,
                TrainError::Interrupted { .. }
                    | TrainError::Checkpoint { .. }
                    | TrainError::UnusedCheckpoint { .. }
                    | TrainError::Memory { .. }
                    | TrainError::Unreadable(_)
            ),
            _ => false,
        }
    }

    /// Whether a training has diverged, and would again.
    pub(crate) fn is_divergence(&self) -> bool {
        matches!(self, Self::Train(TrainError::Diverged { .. }))
    }

    /// The signal that asked for an end, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self {
            Self::Stopped { error, .. } => error.signal(),
            Self::Train(TrainError::Interrupted { signal }) => Some(*signal),
            _ => None,
        }
    }

    /// Whether the command line is to blame (exit code 2), not what happened later (exit code 1).
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Name(_)
            | Self::Config(_)
            | Self::ConfigFile { .. }
            | Self::Level(_)
            | Self::Usage(_) => true,
            Self::Output(error) => matches!(error, OutputError::Ending { .. }),
            Self::Sweep(error) => error.is_usage(),
            Self::Stopped { error, .. } => error.is_usage(),
            Self::Data(error) => matches!(error, halfwave_datasets::Error::UnknownName { .. }),
            _ => false,
        }
    }
}
