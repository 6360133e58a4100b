//! What the training loop does with a Siamese network.

use halfwave_datasets::lfw::Pair;
use halfwave_kernels::Level;

use super::{Siamese, Tape, cosine};
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, within, zeros},
    checkpoint::{Place, Places},
    train::{Diverged, Learner, Metrics, Progress, WEIGHT_LIMIT},
};

/// One call of `fit`: the network, the data, and all memory that a step needs.
pub(super) struct Fit<'a> {
    network: &'a mut Siamese,
    level: Level,
    x: &'a [f32],
    train: &'a [Pair],
    validation: Option<&'a [Pair]>,
    pub(super) tape: Tape,
    /// dd `[batch]`.
    dd: Vec<f32>,
    /// Gradient of the features, then of x W: `[2 batch, hidden]`.
    pub(super) df: Vec<f32>,
    /// Gradient of w and b.
    pub(super) gradient: [f32; 2],
    /// Of the epoch so far.
    sums: Sums,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    pairs: usize,
    right: usize,
    loss: f64,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        network: &'a mut Siamese,
        level: Level,
        x: &'a [f32],
        train: &'a [Pair],
        validation: Option<&'a [Pair]>,
    ) -> Result<Self, TrainError> {
        let batch = network.config.batch;
        let tape = Tape::new(&network.layer, batch)?;
        let dd = zeros("the gradients of a mini-batch", &[batch])?;
        let df = zeros("the gradients of a mini-batch", &[2, batch, network.layer.outputs])?;
        let (gradient, sums) = ([0.0; 2], Sums::default());
        Ok(Self { network, level, x, train, validation, tape, dd, df, gradient, sums })
    }

    /// Forward and backward of these training pairs, up to the gradient of x W and of w and b, all for the sum
    /// of the losses, which is returned.
    pub(super) fn gradients(&mut self, pairs: &[u32]) -> f64 {
        let Self { network, level, tape, dd, df, gradient, train, .. } = self;
        let layer = &network.layer;
        let chosen = || pairs.iter().map(|&pair| &train[pair as usize]);
        let cosines = tape.forward(layer, *level, self.x, chosen());
        let verdict = network.verdict.unwrap_or_else(|| super::Verdict::new(&[]));
        let dd = &mut dd[..pairs.len()];
        let mut loss = 0.0;
        *gradient = [0.0; 2];
        for ((cosine, pair), dd) in cosines.iter().zip(chosen()).zip(&mut *dd) {
            let (of_pair, slope) = verdict.backward(cosine.d, pair.same, gradient);
            *dd = slope;
            loss += of_pair;
            self.sums.right += usize::from((verdict.logit(cosine.d) > 0.0) == pair.same);
        }
        let df = &mut df[..2 * pairs.len() * layer.outputs];
        let features = &tape.dense.output[..df.len()];
        cosine::backward(features, layer.outputs, &tape.cosines[..pairs.len()], dd, df);
        layer.backward_activation(*level, &tape.dense, df);
        self.sums.pairs += pairs.len();
        self.sums.loss += loss;
        loss
    }

    fn update(&mut self, at: Progress, pairs: usize) {
        let Self { level, gradient, tape, df, .. } = self;
        let Siamese { config, layer, verdict, states: [of_weights, of_verdict], .. } =
            &mut *self.network;
        let optimiser = config.optimiser.scaled(config.schedule.factor(at.epochs));
        let (t, scale) = (at.steps + 1, 1.0 / pairs as f32);
        let x = matrix(&tape.x[..2 * pairs * layer.inputs], layer.inputs);
        let df = matrix(&df[..2 * pairs * layer.outputs], layer.outputs);
        let weights = matrix_mut(&mut layer.weights, layer.outputs);
        optimiser.update_by_product(*level, t, scale, [x.transpose(), df], of_weights, weights);
        if let Some(verdict) = verdict {
            optimiser.update(*level, t, scale, gradient, of_verdict, &mut verdict.parameters);
        }
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, pairs: &[u32]) -> Result<(), Diverged> {
        let loss = self.gradients(pairs);
        if !loss.is_finite() || self.gradient.iter().any(|g| !g.is_finite()) {
            return Err(Diverged(format!("the loss is {loss}")));
        }
        self.update(at, pairs.len());
        Ok(())
    }

    fn is_sound(&self) -> bool {
        within(&self.network.layer.weights, WEIGHT_LIMIT)
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        let Sums { pairs, right, loss } = std::mem::take(&mut self.sums);
        let pairs = pairs as f64;
        let mut metrics = vec![("loss", loss / pairs), ("accuracy", right as f64 / pairs)];
        if let Some(pairs) = self.validation {
            let cosines = self.network.checked_cosines(self.level, self.x, pairs);
            let cosines = cosines.map_err(|error| Diverged(error.to_string()))?;
            let evaluation = self.network.judge(&cosines, pairs);
            metrics.push(("validation_loss", evaluation.loss));
            metrics.push(("validation_accuracy", evaluation.accuracy));
        }
        Ok(metrics)
    }

    fn places(&mut self) -> Places<'_> {
        let Siamese { layer, verdict, states: [of_weights, of_verdict], .. } = &mut *self.network;
        let Sums { pairs, right, loss } = &mut self.sums;
        let mut all: Places<'_> = vec![
            ("weights".into(), Place::Fixed(&mut layer.weights)),
            ("epoch.pairs".into(), Place::Count(pairs)),
            ("epoch.right".into(), Place::Count(right)),
            ("epoch.loss".into(), Place::Number(loss)),
        ];
        all.extend(of_weights.places("weights"));
        // Its other numbers are those of the untrained weights, which come before the first step.
        if let Some(verdict) = verdict {
            all.push(("verdict".into(), Place::Fixed(&mut verdict.parameters)));
            all.extend(of_verdict.places("verdict"));
        }
        all
    }

    /// Two images, each once forward and once for dW.
    fn flop(&self) -> u64 {
        2 * 2 * 2 * self.network.layer.weights.len() as u64
    }

    fn lower(&self) -> String {
        format!("the learning rate (now {})", self.network.config.optimiser.learning_rate())
    }
}
