//! `halfwave train`, `features`, `score`, `sample`, `predict`, `eval`: models on one's own data.

mod classify;
mod curves;
mod data;
mod describe;
mod export;
mod gather;
mod images;
mod import;
mod kept;
mod labels;
mod machine;
mod model;
mod network;
mod npz;
mod onnx;
mod planned;
mod preprocessing;
mod provenance;
mod score;
mod source;

use std::path::{Path, PathBuf};

use halfwave_kernels::Level;

pub use classify::{PredictJob, predict};
pub use data::{DataError, Problem, read};
pub use describe::{describe, describe_json};
pub use export::{ExportJob, export};
pub use gather::Matrix;
#[doc(hidden)]
pub use images::decode as decode_image;
pub use import::{ImportJob, import};
pub use kept::Keeping;
pub use labels::{Labels, read as read_labels};
pub use machine::{
    Clamp, FeatureJob, ImageShape, SampleJob, TrainJob, Trained, defaults, features, plan, sample,
    train,
};
pub use network::{Architecture, NetworkJob, TrainedNetwork, plan_network, train_network};
pub use npz::NpzError;
#[doc(hidden)]
pub use npz::members;
pub use onnx::OnnxError;
pub use score::{ScoreJob, Scored, score};

use crate::Error;
use model::Any;
pub(crate) use preprocessing::Preprocessing;

/// Changes the seed of a use: from the same seed's draws come the first weights.
const OF_USE: u64 = 0x73a1_9c5e_04d2_b86f;

/// What `halfwave eval` does.
#[derive(Clone, Debug)]
pub struct EvalJob {
    /// The model: a machine or a network.
    pub model: PathBuf,
    /// The data.
    pub data: PathBuf,
    /// The classes of the rows, for a network.
    pub labels: Option<Labels>,
    /// Instruction set.
    pub level: Level,
}

/// How well a model fits data: lines for a terminal.
///
/// # Errors
/// [`Error::Usage`] for a network without labels or a machine with them; files that cannot be read or do not fit.
pub fn evaluate(job: &EvalJob) -> Result<String, Error> {
    let usage = |path: &Path, text: &str| Err(Error::Usage(format!("{}: {text}", path.display())));
    match (Any::load(&job.model)?, &job.labels) {
        (Any::Rbm(model), None) => machine::evaluate(&model, &job.data, job.level),
        (Any::Classifier(model), Some(labels)) => {
            classify::evaluate(&model, &job.data, labels, job.level)
        }
        (Any::Rbm(_), Some(_)) => {
            usage(&job.model, "an RBM has no classes: leave out --labels and --label-column")
        }
        (Any::Classifier(_), None) => {
            usage(&job.model, "a network is evaluated with --labels FILE or --label-column NAME")
        }
    }
}
