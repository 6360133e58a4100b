//! What watches training: progress for people, `metrics.jsonl` for programs, records for plots. And downloads.

#[cfg(feature = "fetch")]
mod downloads;
mod metrics;
pub(crate) mod models;
mod progress;
mod record;
pub(crate) mod rehearsal;
mod timings;

#[cfg(feature = "fetch")]
pub use downloads::Downloads;
pub use metrics::MetricsFile;
pub use models::Models;
pub use progress::Progress;
pub use record::Recorder;
pub use rehearsal::Rehearsal;
pub use timings::Timings;

use crate::checkpoint::Checkpoints;

/// What a finished epoch reports.
#[derive(Clone, Copy, Debug)]
pub struct Epoch<'a> {
    /// Which run it belongs to, e.g. `softmax head, seed 1, fold 3`.
    pub run: &'a str,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Number of epochs of the run.
    pub epochs: usize,
    /// Name and value of each metric, e.g. `("loss", 0.31)`, `("validation_accuracy", 0.97)`.
    pub metrics: &'a [(&'static str, f64)],
    /// Seconds that it took, in this process or in one that was stopped.
    pub seconds: f64,
    /// Floating-point operations of its matrix products, as they were for dense operands: of forward, of backward and of
    /// the gradients of weights, but not of a validation.
    pub flop: u64,
}

impl<'a> Epoch<'a> {
    /// What was found out once, after `epochs`.
    pub(crate) fn once(run: &'a str, epochs: usize, metrics: &'a [(&'static str, f64)]) -> Self {
        Self { run, epoch: epochs, epochs, metrics, seconds: 0.0, flop: 0 }
    }
}

/// Watches training.
pub trait Observer {
    /// Called after each epoch.
    fn epoch(&mut self, epoch: &Epoch<'_>);

    /// The observer that this one passes epochs on to, if it does: what follows is asked of that.
    fn next(&mut self) -> Option<&mut dyn Observer> {
        None
    }

    /// Whether training ends after the epoch that it was told last, as if it were the last one. Asked after each; false
    /// unless an observer says so.
    ///
    /// ```
    /// use halfwave_trainer::observe::{Epoch, Observer};
    /// /// Ends training where the loss is small enough.
    /// struct Enough(f64);
    /// impl Observer for Enough {
    ///     fn epoch(&mut self, epoch: &Epoch<'_>) {
    ///         let loss = epoch.metrics.iter().find(|(name, _)| *name == "loss");
    ///         self.0 = loss.map_or(self.0, |(_, loss)| *loss);
    ///     }
    ///     fn stop(&mut self) -> bool {
    ///         self.0 < 0.1
    ///     }
    /// }
    /// ```
    fn stop(&mut self) -> bool {
        self.next().is_some_and(|next| next.stop())
    }

    /// Something else to know of the training.
    fn note(&mut self, text: &str) {
        if let Some(next) = self.next() {
            next.note(text);
        }
    }

    /// Something that should not be: who wants no progress wants this still.
    fn warning(&mut self, text: &str) {
        if let Some(next) = self.next() {
            next.warning(text);
        }
    }

    /// What saves the training, if something does.
    fn checkpoints(&mut self) -> Option<&mut Checkpoints> {
        self.next()?.checkpoints()
    }

    /// Whom every training only takes a few steps for, if somebody.
    fn rehearsal(&mut self) -> Option<&mut Rehearsal> {
        self.next()?.rehearsal()
    }

    /// Who wants the models at the end of their trainings, if somebody.
    fn models(&mut self) -> Option<&mut Models> {
        self.next()?.models()
    }
}

/// Observes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &Epoch<'_>) {}
}

/// Passes each epoch on to several observers, in their order.
pub struct Many<'a>(pub Vec<&'a mut (dyn Observer + Send)>);

impl Observer for Many<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0.iter_mut().for_each(|observer| observer.epoch(epoch));
    }

    fn note(&mut self, text: &str) {
        self.0.iter_mut().for_each(|observer| observer.note(text));
    }

    fn stop(&mut self) -> bool {
        // All are asked.
        self.0.iter_mut().fold(false, |stop, observer| observer.stop() | stop)
    }

    fn warning(&mut self, text: &str) {
        self.0.iter_mut().for_each(|observer| observer.warning(text));
    }

    fn checkpoints(&mut self) -> Option<&mut Checkpoints> {
        self.0.iter_mut().find_map(|observer| observer.checkpoints())
    }

    fn rehearsal(&mut self) -> Option<&mut Rehearsal> {
        self.0.iter_mut().find_map(|observer| observer.rehearsal())
    }

    fn models(&mut self) -> Option<&mut Models> {
        self.0.iter_mut().find_map(|observer| observer.models())
    }
}
