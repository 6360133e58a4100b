//! Fine-tuning that stops by a validation set.

use std::ops::ControlFlow;

use halfwave_kernels::Level;
use serde::Deserialize;

use crate::{
    TrainError,
    network::{Network, Validated},
    observe::Observer,
    samples::Samples,
};

/// How long to go on: at most `epochs`, and no more than `patience` without a better one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stopping {
    pub(super) epochs: usize,
    pub(super) patience: usize,
}

impl Stopping {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        for (name, value) in
            [("stopping.epochs", self.epochs), ("stopping.patience", self.patience)]
        {
            TrainError::require(value > 0, name, "at least 1", value)?;
        }
        Ok(())
    }
}

/// What says which epoch is the best one on the validation set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Accuracy,
    Loss,
}

/// The network after the epoch that did best on the validation set, the first of equals.
pub(super) struct Best {
    pub(super) network: Network,
    pub(super) epoch: usize,
    /// The higher the better.
    pub(super) score: f64,
}

/// Trains on the first samples and stops by the second.
pub(super) fn train(
    level: Level,
    Stopping { epochs, patience }: Stopping,
    by: By,
    mut network: Network,
    [fit, validation]: [Samples<'_>; 2],
    run: &str,
    observer: &mut dyn Observer,
) -> Result<Best, TrainError> {
    let mut best = Best { network: network.clone(), epoch: 0, score: f64::MIN };
    let mut epoch = 0;
    let mut watch = |network: &Network, Validated { accuracy, loss }| {
        epoch += 1;
        let score = match by {
            By::Accuracy => accuracy,
            By::Loss => -loss,
        };
        if score > best.score {
            best = Best { network: network.clone(), epoch, score };
        } else if epoch - best.epoch >= patience {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    network.fit_watched(level, fit, validation, epochs, run, observer, &mut watch)?;
    Ok(best)
}
