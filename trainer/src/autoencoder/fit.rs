//! What the training loop does with an auto-encoder.

use halfwave_kernels::Level;

use super::AutoEncoder;
use crate::{
    TrainError,
    buffers::zeros,
    checkpoint::{Place, Places},
    layers::Mode,
    network::chain::Tape,
    samples::Rows,
    train::{Diverged, Learner, Metrics, Progress},
};

/// One call of `fit`: the model, the data, and all memory that a step needs.
pub(super) struct Fit<'a> {
    model: &'a mut AutoEncoder,
    level: Level,
    rows: Rows<'a>,
    targets: Option<Rows<'a>>,
    tape: Tape,
    /// The mini-batch, and its targets where they are others: `[batch, visible]`.
    x: Vec<f32>,
    t: Vec<f32>,
    scratch: Vec<f32>,
    /// Of the epoch so far: rows and their cost.
    sums: (usize, f64),
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        model: &'a mut AutoEncoder,
        level: Level,
        rows: Rows<'a>,
        targets: Option<Rows<'a>>,
    ) -> Result<Self, TrainError> {
        let (batch, chain) = (model.config.batch, &model.network.chain);
        let buffer = |rows: usize| zeros("a mini-batch", &[rows, chain.inputs()]);
        let (x, t) = (buffer(batch)?, buffer(if targets.is_some() { batch } else { 0 })?);
        let scratch = buffer(model.config.reconstruction.cost().scratch(batch))?;
        let mut tape = Tape::new(chain, batch, Mode::Training)?;
        if matches!(rows, Rows::Binary(_)) {
            tape = tape.compress(chain);
        }
        Ok(Self { model, level, rows, targets, tape, x, t, scratch, sums: (0, 0.0) })
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged> {
        let Self { model: AutoEncoder { config, network }, level, tape, .. } = self;
        let (level, visible) = (*level, network.chain.inputs());
        let x = &mut self.x[..rows.len() * visible];
        self.rows.gather(visible, rows, x);
        let t = match self.targets {
            None => &*x,
            Some(targets) => {
                let t = &mut self.t[..rows.len() * visible];
                targets.gather(visible, rows, t);
                t
            }
        };
        network.forward(level, x, tape, at.steps);
        let (y, dy, _) = tape.last();
        let cost = config.reconstruction.cost();
        let scratch = &mut self.scratch[..cost.scratch(y.len())];
        let cost = cost.backward(level, y, t, scratch, dy);
        if !cost.is_finite() {
            return Err(Diverged(format!("the cost is {cost}")));
        }
        self.sums.0 += rows.len();
        self.sums.1 += cost;
        network.chain.backward(level, x, tape);
        tape.check()?;
        network.update(level, x, tape, at);
        Ok(())
    }

    fn readable(&self) -> Result<(), TrainError> {
        self.rows.readable()?;
        self.targets.map_or(Ok(()), |targets| targets.readable())
    }

    fn is_sound(&self) -> bool {
        self.model.network.chain.is_sound()
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        let (rows, cost) = std::mem::take(&mut self.sums);
        Ok(vec![("cost", cost / rows as f64)])
    }

    fn places(&mut self) -> Places<'_> {
        let (_, mut all) = self.model.network.progress_and_places();
        let (rows, cost) = &mut self.sums;
        all.push(("epoch.rows".into(), Place::Count(rows)));
        all.push(("epoch.cost".into(), Place::Number(cost)));
        all
    }

    fn flop(&self) -> u64 {
        self.model.network.chain.flop()
    }

    fn lower(&self) -> String {
        format!("the learning rate (now {})", self.model.config.optimiser.learning_rate())
    }
}
