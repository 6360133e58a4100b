//! The training loop: epochs of shuffled mini-batches. There is one, for every model.

use std::{ops::ControlFlow, time::Instant};

use halfwave_datasets::batches::Batches;
use serde::{Deserialize, Serialize};
use tracing::info;

use crate::{
    TrainError,
    checkpoint::{Place, Places, Position},
    observe::{Epoch, Observer, rehearsal},
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

    /// What it is so far.
    pub(crate) fn places(&mut self) -> Places<'_> {
        let Self { rows, right, loss } = self;
        vec![
            ("epoch.rows".into(), Place::Count(rows)),
            ("epoch.right".into(), Place::Count(right)),
            ("epoch.loss".into(), Place::Number(loss)),
        ]
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

    /// That all rows so far could be read. What is in memory can.
    fn readable(&self) -> Result<(), TrainError> {
        Ok(())
    }

    /// Whether no weight is beyond [`WEIGHT_LIMIT`].
    fn is_sound(&self) -> bool;

    /// The metrics of the epoch that ends, of sound weights.
    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged>;

    /// After an epoch, when its metrics were told: whether to go on.
    fn look(&mut self, _at: Progress, _epoch: &Epoch<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Everything that training changes, but for its progress.
    fn places(&mut self) -> Places<'_>;

    /// Floating-point operations of the matrix products that a row costs in a step: of forward, of backward and of the
    /// gradients of weights.
    fn flop(&self) -> u64;

    /// The setting to lower if training diverges, with its value.
    fn lower(&self) -> String;
}

/// The metrics of the epoch that ends, unless a weight says that the model has diverged.
fn end_of_epoch(learner: &mut dyn Learner) -> Result<Metrics, Diverged> {
    if learner.is_sound() {
        learner.end_of_epoch()
    } else {
        Err(Diverged(format!("a weight is beyond {WEIGHT_LIMIT} or not a number")))
    }
}

/// How long a model has been trained, over all calls of `fit`: where its shuffles and noise stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    /// Trains; `progress` goes on from where it stands, or, where the observer has a checkpoint of this loop, from
    /// where that stands. The epochs that it had are told again.
    pub(crate) fn train(
        &self,
        learner: &mut dyn Learner,
        progress: &mut Progress,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        if observer.rehearsal().is_some() {
            return self.rehearse(learner, progress, observer);
        }
        let start = *progress;
        let mut at = Position::new(start);
        if let Some(checkpoints) = observer.checkpoints() {
            let said = checkpoints.begin(self, learner, &mut at)?;
            said.warnings.iter().for_each(|text| observer.warning(text));
            said.note.iter().for_each(|text| observer.note(text));
        }
        for (i, (metrics, seconds)) in at.epochs.iter().enumerate() {
            observer.epoch(&self.epoch(i + 1, metrics, *seconds, learner.flop()));
        }
        let Self { run, rows, batch, epochs, .. } = self;
        info!("{run}: {rows} rows in batches of {batch}, at most {epochs} epochs");
        let clock = Instant::now();
        let trained = self.epochs(learner, &mut at, start, observer);
        *progress = at.progress;
        info!("{run}: at step {} after {:.1} s", progress.steps, clock.elapsed().as_secs_f64());
        trained?;
        match observer.checkpoints() {
            Some(checkpoints) => checkpoints.finish(learner, &at),
            None => Ok(()),
        }
    }

    fn epochs(
        &self,
        learner: &mut dyn Learner,
        at: &mut Position,
        first: Progress,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        while !at.done && at.epochs.len() < self.epochs {
            let start = Instant::now();
            let epoch = at.epochs.len() + 1;
            let batches = Batches::new(self.rows, self.batch, self.seed, at.progress.epochs, false)
                .map_err(|_| TrainError::setting("batch", "at least 1", self.batch))?;
            let before = at.seconds;
            for rows in (&batches).into_iter().skip(at.steps) {
                let step = learner.step(at.progress, rows);
                learner.readable()?;
                at.progress.steps += 1;
                at.steps += 1;
                step.map_err(|what| self.diverged(what, learner, epoch, first, at.progress))?;
                if let Some(checkpoints) = observer.checkpoints() {
                    at.seconds = before + start.elapsed().as_secs_f64();
                    checkpoints.after_step(learner, at)?;
                }
            }
            at.progress.epochs += 1;
            at.steps = 0;
            let metrics = end_of_epoch(learner);
            learner.readable()?;
            let metrics =
                metrics.map_err(|what| self.diverged(what, learner, epoch, first, at.progress))?;
            let seconds = before + start.elapsed().as_secs_f64();
            at.seconds = 0.0;
            let ended = self.epoch(epoch, &metrics, seconds, learner.flop());
            observer.epoch(&ended);
            at.done = learner.look(at.progress, &ended).is_break() | observer.stop();
            at.epochs.push((metrics, seconds));
        }
        at.done = true;
        Ok(())
    }

    /// A few steps and the end of an epoch, to find out what all of them would take.
    fn rehearse(
        &self,
        learner: &mut dyn Learner,
        progress: &mut Progress,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let start = *progress;
        let failed = |what, learner: &dyn Learner, at| self.diverged(what, learner, 1, start, at);
        let batches = Batches::new(self.rows, self.batch, self.seed, start.epochs, false)
            .map_err(|_| TrainError::setting("batch", "at least 1", self.batch))?;
        let clock = Instant::now();
        let mut steps: Vec<f64> = Vec::new();
        for rows in (&batches).into_iter().take(1 + rehearsal::MOST_STEPS) {
            let before = clock.elapsed();
            let step = learner.step(*progress, rows);
            learner.readable()?;
            step.map_err(|what| failed(what, learner, *progress))?;
            progress.steps += 1;
            steps.push((clock.elapsed() - before).as_secs_f64());
            if steps.len() > 1 && clock.elapsed() > rehearsal::ENOUGH {
                break;
            }
        }
        progress.epochs += 1;
        let before = clock.elapsed();
        let metrics = end_of_epoch(learner);
        let metrics = metrics.map_err(|what| failed(what, learner, *progress))?;
        let ended = self.epoch(1, &metrics, clock.elapsed().as_secs_f64(), learner.flop());
        observer.epoch(&ended);
        let _ = learner.look(*progress, &ended);
        let end = clock.elapsed() - before;
        let state = learner.places().iter().map(|(_, place)| place.bytes()).sum();
        if let Some(rehearsal) = observer.rehearsal() {
            let size = rehearsal.waiting.rehearse(self, learner, *progress, &metrics)?;
            rehearsal.ended += size;
            rehearsal.add(self, &steps, end, clock.elapsed(), state);
        }
        Ok(())
    }

    fn epoch<'a>(
        &'a self,
        epoch: usize,
        metrics: &'a Metrics,
        seconds: f64,
        flop_of_row: u64,
    ) -> Epoch<'a> {
        let flop = flop_of_row.saturating_mul(self.rows as u64);
        Epoch { run: self.run, epoch, epochs: self.epochs, metrics, seconds, flop }
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
