//! Layer normalisation: y = γ (x − mean) / σ + β over the numbers of a row, or the channels of a position.
//!
//! ```text
//! x, y, dy, dx [batch · positions, channels], γ and β [channels], mean and 1/σ [batch · positions]
//! ```
//!
//! Formulas and gradients: the kernels' `rows::layer_norm`. Ba, Kiros & Hinton 2016, arXiv:1607.06450.

use halfwave_kernels::{
    Level,
    rng::Noise,
    rows::{self, Moments},
};

use super::{Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// Scale and shift.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm {
    /// Numbers of a row: positions times channels.
    width: usize,
    /// γ.
    pub scale: Vec<f32>,
    /// β.
    pub shift: Vec<f32>,
    /// Added to the variance.
    epsilon: f32,
}

impl LayerNorm {
    /// γ = 1 and β = 0.
    pub(super) fn new([width, channels]: [usize; 2], epsilon: f32) -> Result<Self, TrainError> {
        let parameters = || zeros("the parameters of a layer", &[channels]);
        let (mut scale, shift) = (parameters()?, parameters()?);
        scale.fill(1.0);
        Ok(Self { width, scale, shift, epsilon })
    }
}

impl Ops for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let channels = self.scale.len();
        let gradient = || zeros("the gradient of a layer", &[channels]);
        Ok(Tape {
            output: zeros("the outputs of a layer", &[batch, self.width])?,
            saved: zeros("the moments of a layer", &[2, batch, self.width / channels])?,
            gradients: [gradient()?, gradient()?],
            ..Tape::default()
        })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let norm = rows::LayerNorm { gamma: &self.scale, beta: &self.shift, epsilon: self.epsilon };
        let rows = x.len() / self.scale.len();
        let (mean, inverse_std) = tape.saved[..2 * rows].split_at_mut(rows);
        let y = &mut tape.output[..x.len()];
        rows::layer_norm(level, norm, x, y, Moments { mean, inverse_std });
    }

    fn needs_dx(&self) -> bool {
        true
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let Some(dx) = dx else { return };
        let Tape { saved, gradients: [dgamma, dbeta], .. } = tape;
        let rows = x.len() / self.scale.len();
        let moments = saved[..2 * rows].split_at(rows);
        rows::layer_norm_backward(level, &self.scale, x, moments, dy, dx, (dgamma, dbeta));
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
}
