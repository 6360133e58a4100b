//! What the training loop does with an RBM.

use halfwave_kernels::{
    Level,
    gemm::{self, Update},
    update,
};

use super::{Rbm, Velocity, cd::Chain};
use crate::{
    TrainError,
    buffers::{gather, matrix_mut, within},
    train::{Diverged, Learner, Metrics, Progress, WEIGHT_LIMIT},
};

/// One call of `fit`: the machine, the data, and all memory that a step needs.
pub(super) struct Fit<'a> {
    rbm: &'a mut Rbm,
    level: Level,
    x: &'a [f32],
    chain: Chain,
    /// Squared reconstruction errors of the epoch so far, and of how many values.
    error: f64,
    values: usize,
}

impl<'a> Fit<'a> {
    pub(super) fn new(rbm: &'a mut Rbm, level: Level, x: &'a [f32]) -> Result<Self, TrainError> {
        let chain = Chain::new(rbm)?;
        Ok(Self { rbm, level, x, chain, error: 0.0, values: 0 })
    }

    /// Momentum on all parameters, weight decay on W.
    fn update(&mut self, rows: usize, epochs: u64) {
        let [v, h] = self.chain.states(self.rbm, rows);
        let hidden_units = self.rbm.hidden_units();
        let Rbm { config, weights, visible_bias, hidden_bias, velocity, .. } = &mut *self.rbm;
        let initial = epochs < config.momentum_epoch as u64;
        let momentum = if initial { config.initial_momentum } else { config.final_momentum };
        let (learning_rate, level) = (config.learning_rate, self.level);
        // The gradient is that of the log-likelihood, which is to grow.
        let scale = -1.0 / rows as f32;
        let step = update::Momentum { learning_rate, momentum, weight_decay: config.weight_decay };
        let plain = update::Momentum { weight_decay: 0.0, ..step };
        let Velocity { weights: velocity, biases } = velocity;
        let velocity = matrix_mut(velocity, hidden_units);
        let update = Update::Momentum { step, scale, velocity };
        gemm::matmul_update(level, v.transpose(), h, update, matrix_mut(weights, hidden_units));
        let gradient = &self.chain.biases;
        let (vb, vc) = (&mut biases.visible, &mut biases.hidden);
        update::momentum(level, plain, scale, &gradient.visible, vb, visible_bias);
        update::momentum(level, plain, scale, &gradient.hidden, vc, hidden_bias);
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged> {
        let visible = self.rbm.visible_units;
        gather(self.x, visible, rows, self.chain.data(rows.len(), visible));
        let noise = self.rbm.plan.at(self.rbm.samples, at.steps);
        let error = self.chain.step(self.rbm, self.level, noise, rows.len());
        if !error.is_finite() {
            return Err(Diverged(format!("the reconstruction error is {error}")));
        }
        if !self.chain.biases.hidden.iter().all(|c| c.is_finite()) {
            return Err(Diverged("the mean of a hidden unit is not finite".into()));
        }
        self.error += error;
        self.values += rows.len() * visible;
        self.update(rows.len(), at.epochs);
        Ok(())
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        let Rbm { weights, visible_bias, hidden_bias, .. } = &*self.rbm;
        if ![weights, visible_bias, hidden_bias].iter().all(|x| within(x, WEIGHT_LIMIT)) {
            return Err(Diverged(format!("a weight is beyond {WEIGHT_LIMIT} or not a number")));
        }
        let error = std::mem::take(&mut self.error) / std::mem::take(&mut self.values) as f64;
        Ok(vec![("reconstruction_error", error)])
    }

    fn lower(&self) -> String {
        format!("the learning rate (now {})", self.rbm.config.learning_rate)
    }
}
