//! What watches training: progress for people, `metrics.jsonl` for programs, records for plots.

mod metrics;
mod progress;
mod record;

pub use metrics::MetricsFile;
pub use progress::Progress;
pub use record::Recorder;

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
}

/// Watches training.
pub trait Observer {
    /// Called after each epoch.
    fn epoch(&mut self, epoch: &Epoch<'_>);
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
}
