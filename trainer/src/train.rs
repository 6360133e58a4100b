//! The training loop: epochs of shuffled mini-batches. There is one, for every model.

use halfwave_datasets::batches::Batches;

use crate::{
    TrainError,
    observe::{Epoch, Observer},
};

/// Largest weight of a model that has not diverged: beyond it the steps of f32 are above 0.007, and
/// a learning rate that is far too high gets there at once.
pub(crate) const WEIGHT_LIMIT: f32 = 1e5;

/// Names and values of an epoch, in the order in which they are shown.
pub(crate) type Metrics = Vec<(&'static str, f64)>;

/// A statistic, loss or weight that is no longer a number of use: what it is.
pub(crate) struct Diverged(pub(crate) String);

/// What a classifier's epoch has shown so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    rows: usize,
    right: usize,
    loss: f64,
}

impl Sums {
    /// Adds a mini-batch: the sum of its losses, and its rows' classes, true and predicted. A loss that is not finite
    /// is divergence.
    pub(crate) fn add(
        &mut self,
        loss: f64,
        labels: &[u32],
        predicted: impl Iterator<Item = u32>,
    ) -> Result<(), Diverged> {
        if !loss.is_finite() {
            return Err(Diverged(format!("the loss is {loss}")));
        }
        self.rows += labels.len();
        self.right += labels.iter().zip(predicted).filter(|(a, b)| **a == *b).count();
        self.loss += loss;
        Ok(())
    }

    /// The metrics of the epoch; the next one begins.
    pub(crate) fn metrics(&mut self) -> Metrics {
        let Self { rows, right, loss } = std::mem::take(self);
        let rows = rows as f64;
        vec![("loss", loss / rows), ("accuracy", right as f64 / rows)]
    }
}

/// What the loop trains.
pub(crate) trait Learner {
    /// One update from the rows of a mini-batch. Statistics that are not finite are found before
    /// a weight is touched.
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged>;

    /// The metrics of the epoch that ends.
    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged>;

    /// The setting to lower if training diverges, with its value.
    fn lower(&self) -> String;
}

/// How long a model has been trained, over all calls of `fit`: where its shuffles and noise stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Finished epochs.
    pub(crate) epochs: u64,
    /// Finished steps.
    pub(crate) steps: u64,
}

/// The settings of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop<'a> {
    /// Name of the run.
    pub(crate) run: &'a str,
    /// Seed of the shuffles.
    pub(crate) seed: u64,
    /// Rows of the data.
    pub(crate) rows: usize,
    /// Rows of a mini-batch; the last of an epoch has fewer where it does not divide `rows`.
    pub(crate) batch: usize,
    /// Epochs to train.
    pub(crate) epochs: usize,
}

impl Loop<'_> {
    /// That there are rows, and that a mini-batch has no more than these.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        if self.rows == 0 {
            return Err(TrainError::Empty);
        }
        if self.batch > self.rows {
            return Err(TrainError::Batch { batch: self.batch, rows: self.rows });
        }
        Ok(())
    }

    /// Steps that the loop will take.
    pub(crate) fn steps(&self) -> u64 {
        (self.rows.div_ceil(self.batch) as u64).saturating_mul(self.epochs as u64)
    }

    /// Trains; `progress` goes on from where it stands.
    pub(crate) fn train(
        &self,
        learner: &mut dyn Learner,
        progress: &mut Progress,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let start = *progress;
        for epoch in 1..=self.epochs {
            let batches = Batches::new(self.rows, self.batch, self.seed, progress.epochs, false)
                .map_err(|_| TrainError::setting("batch", "at least 1", self.batch))?;
            for rows in &batches {
                let step = learner.step(*progress, rows);
                progress.steps += 1;
                step.map_err(|what| self.diverged(what, learner, epoch, start, *progress))?;
            }
            progress.epochs += 1;
            let metrics = learner
                .end_of_epoch()
                .map_err(|what| self.diverged(what, learner, epoch, start, *progress))?;
            let (run, epochs) = (self.run, self.epochs);
            observer.epoch(&Epoch { run, epoch, epochs, metrics: &metrics });
        }
        Ok(())
    }

    fn diverged(
        &self,
        Diverged(what): Diverged,
        learner: &dyn Learner,
        epoch: usize,
        start: Progress,
        now: Progress,
    ) -> TrainError {
        let step = now.steps - start.steps;
        TrainError::Diverged { run: self.run.into(), epoch, step, what, lower: learner.lower() }
    }
}
