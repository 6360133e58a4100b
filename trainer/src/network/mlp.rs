//! Multi-layer perceptrons: networks of dense layers, said in short.

use halfwave_kernels::Kind;
use serde::{Deserialize, Serialize};

use super::{Head, NetworkConfig};
use crate::{
    TrainError,
    layers::LayerConfig,
    optim::{Optimiser, Schedule, share},
};

/// The settings of a network of dense layers, one activation for all hidden ones, and of its training.
///
/// ```text
/// x [batch, sizes[0]] → dense, activation, dropout → … → dense → head → losses [batch]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Features, units of each hidden layer, classes. Two sizes are logistic regression.
    pub sizes: Vec<usize>,
    /// The activation of the hidden layers.
    #[serde(with = "crate::by_name")]
    pub activation: Kind,
    /// Share of the hidden units that are left out in training, in \[0, 1).
    pub dropout: f32,
    /// What stands on the last layer.
    pub head: Head,
    /// How gradients become updates.
    pub optimiser: Optimiser,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Network::fit`](super::Network::fit).
    pub epochs: usize,
}

impl MlpConfig {
    /// The same, layer by layer.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for sizes and dropout that make no sense.
    pub fn network(&self) -> Result<NetworkConfig, TrainError> {
        let Self { sizes, activation, dropout, head, optimiser, batch, epochs } = self;
        let found = || format!("{sizes:?}");
        TrainError::require(!sizes.contains(&0), "sizes", "at least 1 each", found())?;
        let (&[inputs, ref hidden @ ..], Some(&classes)) = (&sizes[..], sizes.last()) else {
            return Err(TrainError::setting("sizes", "features, hidden units, classes", found()));
        };
        let Some((_, hidden)) = hidden.split_last() else {
            return Err(TrainError::setting("sizes", "features, hidden units, classes", found()));
        };
        let countable = u32::try_from(classes).is_ok();
        TrainError::require(countable, "sizes", "at most 2^32 - 1 classes", found())?;
        share("dropout", *dropout)?;
        let dropped = (*dropout > 0.0).then_some(LayerConfig::Dropout { rate: *dropout });
        let hidden = hidden.iter().flat_map(|&units| {
            [Some(LayerConfig::dense(units, *activation)), dropped].into_iter().flatten()
        });
        let last = LayerConfig::dense(classes, Kind::Identity);
        Ok(NetworkConfig {
            input: vec![inputs],
            layers: hidden.chain([last]).collect(),
            head: *head,
            optimiser: *optimiser,
            schedule: Schedule::Constant,
            batch: *batch,
            epochs: *epochs,
        })
    }
}
