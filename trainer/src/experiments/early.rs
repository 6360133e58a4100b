//! Fine-tuning that stops by a validation set.

use std::ops::ControlFlow;

use halfwave_kernels::Level;
use serde::Deserialize;

use crate::{TrainError, network::Network, observe::Observer, samples::Samples};

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

/// The network after the epoch that did best on the validation set, the first of equals, and that epoch.
pub(super) fn train(
    level: Level,
    Stopping { epochs, patience }: Stopping,
    mut network: Network,
    [fit, validation]: [Samples<'_>; 2],
    run: &str,
    observer: &mut dyn Observer,
) -> Result<(Network, usize), TrainError> {
    let mut best = (f64::MIN, 0, network.clone());
    let mut epoch = 0;
    network.fit_watched(
        level,
        fit,
        validation,
        epochs,
        run,
        observer,
        &mut |network, accuracy| {
            epoch += 1;
            if accuracy > best.0 {
                best = (accuracy, epoch, network.clone());
            } else if epoch - best.1 >= patience {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok((best.2, best.1))
}
