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

/// The network after the epoch that did best on the validation set, the first of equals, and that epoch. `network`
/// trains for one epoch a call.
pub(super) fn train(
    level: Level,
    Stopping { epochs, patience }: Stopping,
    mut network: Network,
    [fit, validation]: [Samples<'_>; 2],
    run: &str,
    observer: &mut dyn Observer,
) -> Result<(Network, usize), TrainError> {
    let mut best = (f64::MIN, 0, network.clone());
    for epoch in 1..=epochs {
        let mut last = Last { epoch, epochs, accuracy: 0.0, next: &mut *observer };
        network.fit(level, fit, Some(validation), run, &mut last)?;
        let accuracy = last.accuracy;
        if accuracy > best.0 {
            best = (accuracy, epoch, network.clone());
        } else if epoch - best.1 >= patience {
            break;
        }
    }
    Ok((best.2, best.1))
}

/// Numbers the epochs of calls of one epoch, and keeps the accuracy on the validation set.
struct Last<'a> {
    epoch: usize,
    epochs: usize,
    accuracy: f64,
    next: &'a mut dyn Observer,
}

impl Observer for Last<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let found = epoch.metrics.iter().find(|(name, _)| *name == "validation_accuracy");
        self.accuracy = found.map_or(0.0, |&(_, accuracy)| accuracy);
        self.next.epoch(&Epoch { epoch: self.epoch, epochs: self.epochs, ..*epoch });
    }
}
