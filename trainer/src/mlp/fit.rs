//! What the training loop does with an MLP.

use halfwave_kernels::Level;
use rayon::prelude::*;

use super::{Mlp, network::Tape};
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, within, zeros},
    samples::Samples,
    train::{Diverged, Learner, Metrics, Progress, WEIGHT_LIMIT},
};

/// One call of `fit`: the model, the data, and all memory that a step needs.
pub(super) struct Fit<'a> {
    mlp: &'a mut Mlp,
    level: Level,
    train: Samples<'a>,
    validation: Option<Samples<'a>>,
    tape: Tape,
    /// The mini-batch, `[batch, features]`.
    x: Vec<f32>,
    labels: Vec<u32>,
    /// Of the epoch so far.
    sums: Sums,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    rows: usize,
    right: usize,
    loss: f64,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        mlp: &'a mut Mlp,
        level: Level,
        train: Samples<'a>,
        validation: Option<Samples<'a>>,
    ) -> Result<Self, TrainError> {
        let batch = mlp.config.batch;
        let tape = Tape::new(&mlp.network, batch, mlp.config.dropout)?;
        let x = zeros("a mini-batch", &[batch, mlp.network.inputs()])?;
        let (labels, sums) = (Vec::with_capacity(batch), Sums::default());
        Ok(Self { mlp, level, train, validation, tape, x, labels, sums })
    }

    /// Adds what the forward pass said to the sums of the epoch; returns the loss.
    fn count(&mut self) -> f64 {
        let (head, classes) = (self.mlp.config.head, self.mlp.network.outputs());
        let loss = self.tape.loss(self.level, head, &self.labels);
        let predicted = self.tape.logits(classes).chunks_exact(classes).map(|z| head.predict(z));
        self.sums.rows += self.labels.len();
        self.sums.right += self.labels.iter().zip(predicted).filter(|(a, b)| **a == *b).count();
        self.sums.loss += loss;
        loss
    }

    /// That the gradients are finite, as far as those of the biases, sums over all rows, tell.
    fn check_gradients(&self) -> Result<(), Diverged> {
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        match self.tape.layers.iter().position(|layer| !finite(&layer.bias)) {
            Some(l) => Err(Diverged(format!("a gradient of layer {} is not finite", l + 1))),
            None => Ok(()),
        }
    }

    /// The gradients of the weights are products that become updates tile by tile. The layers have nothing to
    /// do with each other by now: the threads share all of them out at once.
    fn update(&mut self, t: u64) {
        let Self { mlp, level, tape, labels, x, .. } = self;
        let (level, tape, x) = (*level, &*tape, &x[..labels.len() * mlp.network.inputs()]);
        let (optimiser, scale) = (mlp.config.optimiser, 1.0 / labels.len() as f32);
        let layers = mlp.network.layers.par_iter_mut().zip(&mut mlp.states);
        layers.enumerate().for_each(|(l, (layer, [weights, bias]))| {
            let [x, dz] = tape.operands(x, l);
            let operands = [matrix(x, layer.inputs).transpose(), matrix(dz, layer.outputs)];
            let w = matrix_mut(&mut layer.weights, layer.outputs);
            optimiser.update_by_product(level, t, scale, operands, weights, w);
            optimiser.update(level, t, scale, &tape.layers[l].bias, bias, &mut layer.bias);
        });
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged> {
        let width = self.mlp.network.inputs();
        let x = &mut self.x[..rows.len() * width];
        self.train.rows.gather(width, rows, x);
        self.labels.clear();
        self.labels.extend(rows.iter().map(|&row| self.train.labels[row as usize]));

        let draws = &self.mlp.draws;
        let mask = |layer| draws.mask(layer, at.steps);
        self.mlp.network.forward(self.level, x, &mut self.tape, mask);
        let loss = self.count();
        if !loss.is_finite() {
            return Err(Diverged(format!("the loss is {loss}")));
        }
        self.mlp.network.backward(self.level, &mut self.tape);
        self.check_gradients()?;
        self.update(at.steps + 1);
        Ok(())
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        for layer in &self.mlp.network.layers {
            if !within(&layer.weights, WEIGHT_LIMIT) || !within(&layer.bias, WEIGHT_LIMIT) {
                return Err(Diverged(format!("a weight is beyond {WEIGHT_LIMIT} or not a number")));
            }
        }
        let Sums { rows, right, loss } = std::mem::take(&mut self.sums);
        let rows = rows as f64;
        let mut metrics = vec![("loss", loss / rows), ("accuracy", right as f64 / rows)];
        if let Some(data) = self.validation {
            let evaluation = self.mlp.evaluate(self.level, data);
            let evaluation = evaluation.map_err(|error| Diverged(error.to_string()))?;
            if !evaluation.loss.is_finite() {
                return Err(Diverged(format!("the validation loss is {}", evaluation.loss)));
            }
            metrics.push(("validation_loss", evaluation.loss));
            metrics.push(("validation_accuracy", evaluation.confusion.accuracy()));
        }
        Ok(metrics)
    }

    fn lower(&self) -> String {
        format!("the learning rate (now {})", self.mlp.config.optimiser.learning_rate())
    }
}
