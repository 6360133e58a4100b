//! Networks of one kind of unit, from random weights or from stacked auto-encoders.

use halfwave_kernels::{Kind, Level};
use serde::Deserialize;

use super::parts::Parts;
use crate::{
    Error, TrainError,
    autoencoder::{self, AutoEncoder, AutoEncoderConfig, Reconstruction},
    layers::LayerConfig,
    network::{Best, Criterion, Head, Network, NetworkConfig, Stopping},
    observe::{Epoch, Observer, models},
    optim::{Optimiser, Schedule},
    samples::Rows,
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

    /// Of the layer below, or of images in [0, 1], as published, but for rectifiers; images that are `centred` have a linear
    /// decoder.
    fn reconstruction(self, rectifiers: Reconstruction, centred: bool) -> Reconstruction {
        match self {
            _ if centred => Reconstruction::LinearAfter,
            Self::Rectifier => rectifiers,
            Self::Softplus => Reconstruction::Softplus,
            Self::Tanh => Reconstruction::CrossEntropy,
        }
    }

    /// A hidden layer, with a penalty on its activations.
    pub(super) fn layers(self, units: usize, penalty: f32) -> Vec<LayerConfig> {
        let weight = self.l1(penalty);
        let dense = LayerConfig::dense(units, self.activation());
        let penalty = (weight > 0.0).then_some(LayerConfig::L1Activations { weight });
        [Some(dense), penalty].into_iter().flatten().collect()
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
    pub(super) momentum: f32,
    pub(super) l1: f32,
    pub(super) stopping: Stopping,
}

/// Softplus(α x) / α; the rectifier for an infinite α.
pub(super) fn rescaled_softplus(alpha: f32, units: usize) -> Vec<LayerConfig> {
    let dense = |activation| LayerConfig::dense(units, activation);
    match alpha {
        f32::INFINITY => vec![dense(Kind::Relu)],
        1.0 => vec![dense(Kind::Softplus)],
        6.0 => vec![dense(Kind::RescaledSoftplus)],
        _ => vec![
            dense(Kind::Identity),
            LayerConfig::Scale { factor: alpha },
            LayerConfig::Activation { activation: Kind::Softplus },
            LayerConfig::Scale { factor: 1.0 / alpha },
        ],
    }
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
    /// Of rectifiers.
    reconstruction: Reconstruction,
    /// Whether images are centred, and not in [0, 1].
    centred: bool,
}

/// What came of a network.
pub(super) struct Trained {
    /// On the images that errors are measured on.
    pub(super) error: f64,
    /// Share of outputs for the validation images that are exactly 0, of each hidden layer: before training, and after.
    pub(super) zeros: [Vec<f64>; 2],
}

impl Tuning {
    /// A network of one epoch a call, of these units.
    pub(super) fn network(
        &self,
        model: Model,
        rate: f32,
        width: usize,
        classes: usize,
    ) -> NetworkConfig {
        self.network_of(&|units| model.layers(units, self.l1), rate, width, classes)
    }

    /// The same with hidden layers that `layers` makes of their number of units.
    pub(super) fn network_of(
        &self,
        layers: &dyn Fn(usize) -> Vec<LayerConfig>,
        rate: f32,
        width: usize,
        classes: usize,
    ) -> NetworkConfig {
        let hidden = self.hidden.iter().flat_map(|&units| layers(units));
        NetworkConfig {
            input: vec![width],
            layers: hidden.chain([LayerConfig::dense(classes, Kind::Identity)]).collect(),
            head: Head::Softmax,
            optimiser: Optimiser::sgd(rate, self.momentum),
            schedule: Schedule::Constant,
            batch: self.batch,
            epochs: 1,
        }
    }

    /// [`Tuning::check`] of an experiment that takes its penalties from elsewhere, or has none.
    pub(super) fn check_without_penalty(&self) -> Result<(), TrainError> {
        TrainError::require(self.l1 == 0.0, "tuning.l1", "0 in this experiment", self.l1)?;
        self.check()
    }

    /// What would else be found after a long time.
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let Self { hidden, .. } = self;
        TrainError::require(!hidden.is_empty(), "tuning.hidden", "at least one size", "[]")?;
        self.stopping.check()?;
        Network::new(&self.network(Model::Rectifier, 1.0, 1, 2), 0).map(|_| ())
    }

    /// The same in words.
    pub(super) fn note(&self) -> String {
        let Self { batch, momentum, stopping: Stopping { epochs, patience }, .. } = self;
        format!(
            "Ours: softmax, SGD with momentum of {momentum} in mini-batches of {batch} (the paper: 10, and says nothing of \
             momentum, epochs and initial weights); {epochs} epochs, or until {patience} did not help; the network of the \
             best epoch on validation images is measured, once"
        )
    }

    /// Trains until the validation images say stop; the network of the best epoch is measured, once.
    pub(super) fn train(
        &self,
        level: Level,
        network: Network,
        parts: Parts<'_>,
        name: &str,
        observer: &mut dyn Observer,
    ) -> Result<Trained, Error> {
        let Parts { class_names, fit, validation, measured, .. } = parts;
        let zeros = |network: &Network| -> Vec<f64> {
            let layers = network.statistics(level, validation.rows);
            let hidden = layers.iter().filter(|layer| layer.name == "dense");
            hidden.take(self.hidden.len()).map(|layer| layer.zeros).collect()
        };
        let before = zeros(&network);
        let (sets, stopping, by) = ([fit, validation], self.stopping, Criterion::Accuracy);
        let Best { network, epoch, .. } =
            network.fit_until(level, sets, stopping, by, name, observer)?;
        let after = zeros(&network);
        let error = 1.0 - network.evaluate(level, measured)?.confusion.accuracy();
        let (run, metrics) = (&format!("{name}, measured"), &[("error", error)]);
        observer.epoch(&Epoch::once(run, epoch, metrics));
        // Pairs are centred and divided by what no file of a model holds.
        if let Rows::Values(x) = fit.rows {
            let done = models::Trained::of_rows(name, &network, (x, fit.width), class_names);
            models::trained(observer, level, &done)?;
        }
        Ok(Trained { error, zeros: [before, after] })
    }
}

impl Pretraining {
    fn machines(&self, model: Model, rate: f32, hidden: &[usize]) -> Vec<AutoEncoderConfig> {
        let Self { masking, batch, momentum, l1, epochs, reconstruction, centred } = *self;
        let machine = |(layer, &hidden_units): (usize, &usize)| AutoEncoderConfig {
            hidden_units,
            activation: model.activation(),
            reconstruction: model.reconstruction(reconstruction, centred && layer == 0),
            masking,
            salt_and_pepper: 0.0,
            l1: model.l1(l1),
            optimiser: Optimiser::sgd(rate, momentum),
            batch,
            epochs,
        };
        hidden.iter().enumerate().map(machine).collect()
    }

    /// What would else be found after a long time.
    pub(super) fn check(
        &self,
        model: Model,
        rate: f32,
        hidden: &[usize],
    ) -> Result<(), TrainError> {
        let (name, expected) = ("auto_encoder.reconstruction", "a strategy for rectifiers");
        let of_tanh = self.reconstruction == Reconstruction::CrossEntropy;
        TrainError::require(!of_tanh, name, expected, "cross_entropy")?;
        let machines = self.machines(model, rate, hidden);
        machines.iter().try_for_each(|machine| AutoEncoder::new(machine, 1, 0).map(|_| ()))
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
        (set, seed): (&str, u64),
        observer: &mut dyn Observer,
    ) -> Result<Stack, TrainError> {
        let configs = self.machines(model, rate, hidden);
        let run = format!("{set} {} auto-encoders, seed {seed}", model.name());
        let (x, width) = (parts.fit.rows, parts.fit.width);
        autoencoder::stack(level, x, width, &configs, seed, &run, observer)
    }
}
