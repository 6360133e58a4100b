//! CAReLU: y = max(0, s x), where s = tanh(α p + β) and p is the share of a row's energy that is positive.
//!
//! ```text
//! x, y, dy, dx [batch, width], α and β one number each
//! ```
//!
//! Formulas and gradients: the kernels' `learned::carelu`. Chidiac et al. 2024, arXiv:2407.19441.

use halfwave_kernels::{
    Level,
    learned::carelu::{self, CaRelu as Function},
    rng::Noise,
};

use super::{Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// y = max(0, s x), s by the share of a row's energy that is positive.
#[derive(Clone, Debug, PartialEq)]
pub struct CaRelu {
    width: usize,
    /// α and β.
    parameters: [f32; 2],
}

impl CaRelu {
    /// With the kernels' first values.
    pub(super) fn new(width: usize) -> Self {
        let Function { alpha, beta, .. } = Function::default();
        Self { width, parameters: [alpha, beta] }
    }

    fn function(&self) -> Function {
        let [alpha, beta] = self.parameters;
        Function { alpha, beta, ..Function::default() }
    }
}

impl Ops for CaRelu {
    fn name(&self) -> &'static str {
        "carelu"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        Ok(Tape {
            output: zeros("the outputs of a layer", &[batch, self.width])?,
            gradients: [zeros("the gradient of a layer", &[2])?, Vec::new()],
            ..Tape::default()
        })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let y = &mut tape.output[..x.len()];
        if carelu::forward(level, self.function(), x, self.width, y).is_err() {
            y.fill(f32::NAN);
        }
    }

    fn needs_dx(&self) -> bool {
        true
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let Some(dx) = dx else { return };
        let gradients = carelu::backward(level, self.function(), x, self.width, dy, dx);
        tape.gradients[0].copy_from_slice(&gradients.unwrap_or([f32::NAN; 2]));
        if let Some(gate) = gate {
            gate.apply(level, dx);
        }
    }

    fn parameters(&self) -> [&[f32]; 2] {
        [&self.parameters, &[]]
    }

    fn parameters_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut self.parameters, &mut []]
    }
}
