//! Batch normalisation: y = γ (x − mean) / σ + β for each channel, over all rows and positions.
//!
//! ```text
//! x, y, dy, dx [batch · positions, channels], all else [channels]
//! ```
//!
//! In training with the moments of the batch, which also move the running ones; else with these. Formulas and
//! gradients: the kernels' `rows::batch_norm`. Ioffe & Szegedy 2015, arXiv:1502.03167.

use halfwave_kernels::{
    Level,
    rng::Noise,
    rows::{self, BatchMoments, Running},
};

use super::{Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// Scale, shift and running moments.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Numbers of a row: positions times channels.
    pub(super) width: usize,
    /// γ.
    pub scale: Vec<f32>,
    /// β.
    pub shift: Vec<f32>,
    /// The mean over batches.
    pub running_mean: Vec<f32>,
    /// The unbiased variance over batches.
    pub running_variance: Vec<f32>,
    /// Weight of the newest batch in the running moments.
    pub(super) momentum: f32,
    /// Added to the variance.
    pub(super) epsilon: f32,
}

impl BatchNorm {
    /// γ = 1, β = 0, running mean 0 and variance 1.
    pub(super) fn new(
        [width, channels]: [usize; 2],
        momentum: f32,
        epsilon: f32,
    ) -> Result<Self, TrainError> {
        let [mut scale, shift, running_mean, mut running_variance] =
            [(); 4].map(|()| zeros("the parameters of a layer", &[channels]));
        for one in [&mut scale, &mut running_variance] {
            one.iter_mut().for_each(|values| values.fill(1.0));
        }
        let (scale, shift) = (scale?, shift?);
        let (running_mean, running_variance) = (running_mean?, running_variance?);
        Ok(Self { width, scale, shift, running_mean, running_variance, momentum, epsilon })
    }

    fn norm(&self) -> rows::BatchNorm<'_> {
        rows::BatchNorm { gamma: &self.scale, beta: &self.shift, epsilon: self.epsilon }
    }
}

/// Of a batch: mean and 1/σ, which backward needs, then mean and unbiased variance.
fn moments(saved: &mut [f32]) -> Option<[&mut [f32]; 4]> {
    let mut parts = saved.chunks_exact_mut((saved.len() / 4).max(1));
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?])
}

impl Ops for BatchNorm {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn tape(&self, batch: usize, mode: Mode) -> Result<Tape, TrainError> {
        let channels = self.scale.len();
        let saved = if mode == Mode::Inference { 0 } else { 4 };
        let gradient = || zeros("the gradient of a layer", &[channels]);
        Ok(Tape {
            output: zeros("the outputs of a layer", &[batch, self.width])?,
            saved: zeros("the moments of a layer", &[saved, channels])?,
            gradients: [gradient()?, gradient()?],
            ..Tape::default()
        })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let y = &mut tape.output[..x.len()];
        if let Some([mean, inverse_std, batch_mean, variance]) = moments(&mut tape.saved) {
            // With a momentum of 1 these are the moments of this batch; `update` moves the running ones.
            let running = Running { mean: batch_mean, variance, momentum: 1.0 };
            let saved = BatchMoments { mean, inverse_std };
            rows::batch_norm(level, self.norm(), x, y, saved, running);
        } else {
            let running = (&self.running_mean[..], &self.running_variance[..]);
            rows::batch_norm_inference(level, self.norm(), running, x, y);
        }
    }

    fn needs_dx(&self) -> bool {
        true
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let Some(dx) = dx else { return };
        let Tape { saved, gradients: [dgamma, dbeta], .. } = tape;
        let Some([mean, inverse_std, ..]) = moments(saved) else { return };
        let moments = (&*mean, &*inverse_std);
        rows::batch_norm_backward(level, &self.scale, x, moments, dy, dx, (dgamma, dbeta));
        if let Some(gate) = gate {
            gate.apply(level, dx);
        }
    }

    fn parameters(&self) -> [&[f32]; 2] {
        [&self.scale, &self.shift]
    }

    fn parameters_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut self.scale, &mut self.shift]
    }

    fn end_of_step(&mut self, tape: &Tape) {
        let momentum = f64::from(self.momentum);
        let channels = self.scale.len();
        let of_batch = tape.saved.chunks_exact(channels).skip(2);
        for (running, batch) in
            [&mut self.running_mean, &mut self.running_variance].into_iter().zip(of_batch)
        {
            for (running, &batch) in running.iter_mut().zip(batch) {
                let kept = (1.0 - momentum) * f64::from(*running);
                *running = (kept + momentum * f64::from(batch)) as f32;
            }
        }
    }
}
