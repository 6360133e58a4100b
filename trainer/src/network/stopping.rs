//! Early stopping: training ends when a validation set has had no better epoch for a while, and the best one counts.

use std::ops::ControlFlow;

use halfwave_kernels::Level;
use serde::{Deserialize, Serialize};

use super::{Network, Validated, Watch};
use crate::{
    TrainError,
    checkpoint::{Place, Places},
    observe::Observer,
    samples::Samples,
};

/// How long to go on: at most `epochs`, and no more than `patience` without a better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopping {
    /// At least 1.
    pub epochs: usize,
    /// At least 1.
    pub patience: usize,
}

impl Stopping {
    pub(crate) fn check(&self) -> Result<(), TrainError> {
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
pub enum Criterion {
    /// The highest accuracy.
    Accuracy,
    /// The lowest loss.
    Loss,
}

/// The network after the epoch that did best on the validation set, the first of equals.
#[derive(Clone, Debug)]
pub struct Best {
    /// The network.
    pub network: Network,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// The accuracy, or minus the loss: the higher the better.
    pub score: f64,
}

impl Network {
    /// Trains on the first samples for at most `stopping.epochs`, whatever the configuration says, and stops by the
    /// second ones.
    ///
    /// # Errors
    /// Those of [`Network::fit`], and [`TrainError::Setting`] if a number of `stopping` is 0.
    pub fn fit_until<'a>(
        mut self,
        level: Level,
        [train, validation]: [Samples<'a>; 2],
        stopping: Stopping,
        criterion: Criterion,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<Best, TrainError> {
        stopping.check()?;
        let Stopping { epochs, patience } = stopping;
        let best = Best { network: self.clone(), epoch: 0, score: f64::NEG_INFINITY };
        let mut watch = Patient { patience, criterion, epoch: 0, best };
        let watched: Option<&mut dyn Watch> = Some(&mut watch);
        self.fit_watched(level, train, Some(validation), epochs, run, observer, watched)?;
        Ok(watch.best)
    }
}

/// Waits for a better epoch.
struct Patient {
    patience: usize,
    criterion: Criterion,
    /// Epochs so far.
    epoch: usize,
    best: Best,
}

impl Watch for Patient {
    fn look(&mut self, network: &Network, validated: Validated) -> ControlFlow<()> {
        self.epoch += 1;
        let score = match self.criterion {
            Criterion::Accuracy => validated.accuracy,
            Criterion::Loss => -validated.loss,
        };
        if score > self.best.score {
            self.best = Best { network: network.clone(), epoch: self.epoch, score };
        } else if self.epoch - self.best.epoch >= self.patience {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn places(&mut self) -> Places<'_> {
        let Self { epoch, best: Best { network, epoch: of_best, score }, .. } = self;
        let mut all: Places<'_> = vec![
            ("stopping.epoch".into(), Place::Count(epoch)),
            ("best.epoch".into(), Place::Count(of_best)),
            ("best.score".into(), Place::Number(score)),
        ];
        let (progress, places) = network.progress_and_places();
        all.push(("best.progress".into(), Place::Progress(progress)));
        all.extend(places.into_iter().map(|(name, place)| (format!("best.{name}"), place)));
        all
    }
}
