//! Fine-tuning that stops by a validation set.

use halfwave_kernels::Level;
use serde::Deserialize;

use crate::{
    TrainError,
    network::Network,
    observe::{Epoch, Observer},
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

impl By {
    /// The higher the better.
    fn score(self, metrics: &[(&'static str, f64)]) -> f64 {
        let (name, sign) = match self {
            Self::Accuracy => ("validation_accuracy", 1.0),
            Self::Loss => ("validation_loss", -1.0),
        };
        let found = metrics.iter().find(|(known, _)| *known == name);
        found.map_or(f64::MIN, |&(_, value)| sign * value)
    }
}

/// The network after the epoch that did best on the validation set, the first of equals.
pub(super) struct Best {
    pub(super) network: Network,
    pub(super) epoch: usize,
    /// The higher the better.
    pub(super) score: f64,
}

/// Trains on the first samples and stops by the second; `network` trains for one epoch a call.
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
    for epoch in 1..=epochs {
        let mut last = Last { by, epoch, epochs, score: f64::MIN, next: &mut *observer };
        network.fit(level, fit, Some(validation), run, &mut last)?;
        let score = last.score;
        if score > best.score {
            best = Best { network: network.clone(), epoch, score };
        } else if epoch - best.epoch >= patience {
            break;
        }
    }
    Ok(best)
}

/// Numbers the epochs of calls of one epoch, and keeps the score on the validation set.
struct Last<'a> {
    by: By,
    epoch: usize,
    epochs: usize,
    score: f64,
    next: &'a mut dyn Observer,
}

impl Observer for Last<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.score = self.by.score(epoch.metrics);
        self.next.epoch(&Epoch { epoch: self.epoch, epochs: self.epochs, ..*epoch });
    }
}
