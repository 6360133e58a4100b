//! Training epoch by epoch, under the eyes of a validation set.

use std::ops::ControlFlow;

use halfwave_kernels::Level;

use super::Network;
use crate::{
    TrainError,
    observe::{Epoch, Observer},
    samples::Samples,
};

impl Network {
    /// Trains for at most `epochs`, whatever the configuration says; after each, `watch` sees the network and its
    /// accuracy on the validation set, and may end the training.
    ///
    /// # Errors
    /// Those of [`Network::fit`].
    #[expect(clippy::too_many_arguments, reason = "those of `fit`, and two more")]
    pub(crate) fn fit_watched<'a>(
        &mut self,
        level: Level,
        train: impl Into<Samples<'a>>,
        validation: Samples<'a>,
        epochs: usize,
        run: &str,
        observer: &mut dyn Observer,
        watch: &mut dyn FnMut(&Self, f64) -> ControlFlow<()>,
    ) -> Result<(), TrainError> {
        let train = train.into();
        let configured = std::mem::replace(&mut self.config.epochs, 1);
        let mut result = Ok(());
        for epoch in 1..=epochs {
            let mut last = Last { epoch, epochs, accuracy: 0.0, next: &mut *observer };
            result = self.fit(level, train, Some(validation), run, &mut last);
            if result.is_err() || watch(self, last.accuracy).is_break() {
                break;
            }
        }
        self.config.epochs = configured;
        result
    }
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
