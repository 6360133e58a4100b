//! Denoising auto-encoders of the hidden layers.

use halfwave_kernels::{Kind, Level};
use serde::Deserialize;

use super::corpus::Parts;
use crate::{
    Error, TrainError,
    autoencoder::{self, AutoEncoder, AutoEncoderConfig, Reconstruction},
    observe::Observer,
    optim::Optimiser,
    stack::Stack,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pretraining {
    salt_and_pepper: f32,
    masking: f32,
    batch: usize,
    pub(super) epochs: usize,
    rectifier: Rates,
    tanh: Rates,
}

/// Of the auto-encoder on bags of words, and of those above.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rates {
    first_rate: f32,
    rate: f32,
}

impl Pretraining {
    /// An auto-encoder for each of `layers` layers of `hidden` units. Rectifiers are scaled for a sigmoid decoder above,
    /// which is strategy 2 of the paper, and have the penalty `l1`.
    pub(super) fn configs(
        &self,
        activation: Kind,
        layers: usize,
        hidden: usize,
        l1: f32,
    ) -> Vec<AutoEncoderConfig> {
        let (rates, reconstruction, l1) = match activation {
            Kind::Relu => (self.rectifier, Reconstruction::Scaled, l1),
            _ => (self.tanh, Reconstruction::CrossEntropy, 0.0),
        };
        let layer = |l: usize| AutoEncoderConfig {
            hidden_units: hidden,
            activation,
            reconstruction,
            masking: if l == 0 { 0.0 } else { self.masking },
            salt_and_pepper: if l == 0 { self.salt_and_pepper } else { 0.0 },
            l1,
            optimiser: Optimiser::sgd(if l == 0 { rates.first_rate } else { rates.rate }, 0.0),
            batch: self.batch,
            epochs: self.epochs,
        };
        (0..layers).map(layer).collect()
    }

    pub(super) fn check(&self, hidden: usize, l1: f32) -> Result<(), TrainError> {
        for activation in [Kind::Relu, Kind::Tanh] {
            for config in self.configs(activation, 2, hidden, l1) {
                AutoEncoder::new(&config, 1, 0)?;
            }
        }
        Ok(())
    }
}

/// The encoders, from the rows to fit on of all domains, without labels.
pub(super) fn stack(
    level: Level,
    parts: &[Parts],
    configs: &[AutoEncoderConfig],
    seed: u64,
    run: &str,
    observer: &mut dyn Observer,
) -> Result<Stack, Error> {
    let mut rows = parts[0].fit.rows.clone();
    for parts in &parts[1..] {
        rows.append(&parts.fit.rows)?;
    }
    let width = rows.width();
    Ok(autoencoder::stack(level, &rows, width, configs, seed, run, observer)?)
}
