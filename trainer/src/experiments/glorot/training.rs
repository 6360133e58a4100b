//! Networks of one kind of unit, from random weights or from stacked auto-encoders.

use halfwave_kernels::{Kind, Level};
use serde::Deserialize;

use super::{super::early, parts::Parts};
use crate::{
    TrainError,
    autoencoder::{self, AutoEncoderConfig, Reconstruction},
    experiments::early::Stopping,
    layers::LayerConfig,
    network::{Head, Network, NetworkConfig},
    observe::{Epoch, Observer},
    optim::Optimiser,
    stack::Stack,
};

/// Hidden units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Model {
    Rectifier,
    Tanh,
    Softplus,
}

impl Model {
    pub(super) const ALL: [Self; 3] = [Self::Rectifier, Self::Tanh, Self::Softplus];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rectifier => "rectifier",
            Self::Tanh => "tanh",
            Self::Softplus => "softplus",
        }
    }

    fn activation(self) -> Kind {
        match self {
            Self::Rectifier => Kind::Relu,
            Self::Tanh => Kind::Tanh,
            Self::Softplus => Kind::Softplus,
        }
    }

    /// Of images in [0, 1], as published.
    fn reconstruction(self) -> Reconstruction {
        match self {
            Self::Rectifier | Self::Softplus => Reconstruction::Softplus,
            Self::Tanh => Reconstruction::CrossEntropy,
        }
    }

    /// The penalty on activations, which is for rectifiers.
    fn l1(self, weight: f32) -> f32 {
        if self == Self::Rectifier { weight } else { 0.0 }
    }
}

/// What back-propagation has in common for all networks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tuning {
    pub(super) hidden: Vec<usize>,
    pub(super) batch: usize,
    momentum: f32,
    pub(super) l1: f32,
    pub(super) stopping: Stopping,
}

/// What pre-training has in common for all stacks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pretraining {
    pub(super) masking: f32,
    batch: usize,
    momentum: f32,
    l1: f32,
    pub(super) epochs: usize,
}

/// What came of a network.
pub(super) struct Trained {
    /// On the images that errors are measured on.
    pub(super) error: f64,
    /// Share of outputs for the validation images that are exactly 0, of each hidden layer: before training, and after.
    pub(super) zeros: [Vec<f64>; 2],
}

impl Tuning {
    /// A network of one epoch a call.
    pub(super) fn network(
        &self,
        model: Model,
        rate: f32,
        width: usize,
        classes: usize,
    ) -> NetworkConfig {
        let weight = model.l1(self.l1);
        let penalty = (weight > 0.0).then_some(LayerConfig::L1Activations { weight });
        let hidden = self.hidden.iter().flat_map(|&units| {
            [Some(LayerConfig::dense(units, model.activation())), penalty].into_iter().flatten()
        });
        NetworkConfig {
            input: vec![width],
            layers: hidden.chain([LayerConfig::dense(classes, Kind::Identity)]).collect(),
            head: Head::Softmax,
            optimiser: Optimiser::Sgd { learning_rate: rate, momentum: self.momentum },
            batch: self.batch,
            epochs: 1,
        }
    }

    /// Trains until the validation images say stop; the network of the best epoch is measured, once.
    pub(super) fn train(
        &self,
        level: Level,
        network: Network,
        parts: Parts<'_>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<Trained, TrainError> {
        let Parts { fit, validation, measured, .. } = parts;
        let before = network.sparsity(level, validation.rows);
        let (network, epoch) =
            early::train(level, self.stopping, network, [fit, validation], run, observer)?;
        let after = network.sparsity(level, validation.rows);
        let error = 1.0 - network.evaluate(level, measured)?.confusion.accuracy();
        let (run, metrics) = (&format!("{run}, measured"), &[("error", error)]);
        observer.epoch(&Epoch { run, epoch, epochs: epoch, metrics });
        Ok(Trained { error, zeros: [before, after] })
    }
}

impl Pretraining {
    pub(super) fn machines(
        &self,
        model: Model,
        rate: f32,
        hidden: &[usize],
    ) -> Vec<AutoEncoderConfig> {
        let Self { masking, batch, momentum, l1, epochs } = *self;
        let machine = |&hidden_units: &usize| AutoEncoderConfig {
            hidden_units,
            activation: model.activation(),
            reconstruction: model.reconstruction(),
            masking,
            l1: model.l1(l1),
            optimiser: Optimiser::Sgd { learning_rate: rate, momentum },
            batch,
            epochs,
        };
        hidden.iter().map(machine).collect()
    }

    /// Auto-encoders on the images to fit on, without labels.
    #[expect(clippy::too_many_arguments, reason = "each is one thing")]
    pub(super) fn stack(
        &self,
        level: Level,
        model: Model,
        rate: f32,
        hidden: &[usize],
        parts: Parts<'_>,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Stack, TrainError> {
        let configs = self.machines(model, rate, hidden);
        let run = format!("{} auto-encoders, seed {seed}", model.name());
        let (x, width) = (parts.fit.rows, parts.fit.width);
        autoencoder::stack(level, x, width, &configs, seed, &run, observer)
    }
}
