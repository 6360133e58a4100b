//! Training under the eyes of somebody who looks at the network after each epoch.

use std::ops::ControlFlow;

use halfwave_kernels::Level;

use super::{Network, fit::Fit};
use crate::{
    TrainError,
    checkpoint::Places,
    observe::{Epoch, Observer},
    samples::Samples,
};

/// How a network does on the validation set after an epoch, and how long that took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Validated {
    pub(crate) accuracy: f64,
    pub(crate) loss: f64,
    pub(crate) seconds: f64,
}

impl Validated {
    pub(super) fn new(epoch: &Epoch<'_>) -> Self {
        let mut validated = Self { seconds: epoch.seconds, ..Self::default() };
        for &(name, value) in epoch.metrics {
            match name {
                "validation_accuracy" => validated.accuracy = value,
                "validation_loss" => validated.loss = value,
                _ => {}
            }
        }
        validated
    }
}

/// Looks at a network after each epoch, and may end its training.
pub(crate) trait Watch {
    fn look(&mut self, network: &Network, validated: Validated) -> ControlFlow<()>;

    /// What it remembers, for a checkpoint.
    fn places(&mut self) -> Places<'_>;
}

impl Network {
    /// Trains for at most `epochs`, whatever the configuration says.
    ///
    /// # Errors
    /// Those of [`Network::fit`].
    #[expect(clippy::too_many_arguments, reason = "those of `fit`, and two more")]
    pub(crate) fn fit_watched(
        &mut self,
        level: Level,
        train: Samples<'_>,
        validation: Option<Samples<'_>>,
        epochs: usize,
        run: &str,
        observer: &mut dyn Observer,
        watch: Option<&mut dyn Watch>,
    ) -> Result<(), TrainError> {
        let schedule = self.schedule(run, train.labels.len(), epochs)?;
        self.check_data(train)?;
        validation.map_or(Ok(()), |data| self.check_data(data))?;
        let mut progress = self.progress;
        let mut fit = Fit::new(self, level, train, validation, watch.map(|watch| watch as _))?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.progress = progress;
        result
    }
}
