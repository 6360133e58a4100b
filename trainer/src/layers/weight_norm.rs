//! A dense layer whose weights have a direction and a length each: weight normalisation.
//!
//! ```text
//! x [batch, inputs], V and W [inputs, outputs], g and b [outputs], y [batch, outputs]
//!
//! forward    W[:, j] = g_j V[:, j] / ‖V[:, j]‖₂        y = x W + b
//! backward   dW = xᵀ dy    dg_j = Σ_i dW_ij V_ij / ‖V_j‖    dV_ij = (g_j dW_ij − dg_j W_ij) / ‖V_j‖
//!            db = Σ_rows dy        dx = dy Wᵀ
//! ```
//!
//! Salimans & Kingma, NIPS 2016, equations 2 and 3. g begins as ‖V_j‖, so that the function is that of a [`Dense`]
//! layer with the same draws. Nothing decays: V's length does not matter, and g is no weight.
//!
//! [`Dense`]: super::Dense

use halfwave_kernels::{
    Level,
    gemm::{self, Epilogue},
    rng::Noise,
    rows,
};

use super::{Backward, Gate, Initialiser, Mode, Ops, Tape};
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, zeros},
};

/// Directions, lengths and biases of a dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightNorm {
    /// Features of a row of x.
    pub inputs: usize,
    /// Units.
    pub outputs: usize,
    /// V `[inputs, outputs]`.
    pub directions: Vec<f32>,
    /// g, then b: `[2, outputs]`.
    pub lengths_and_bias: Vec<f32>,
}

impl WeightNorm {
    /// V by the initialiser, one draw each; g = ‖V_j‖, b = 0.
    pub(super) fn new(
        [inputs, outputs]: [usize; 2],
        initialiser: Initialiser,
        noise: Noise,
    ) -> Result<Self, TrainError> {
        let mut directions = zeros("the weights of a layer", &[inputs, outputs])?;
        let mut lengths_and_bias = zeros("the biases of a layer", &[2, outputs])?;
        initialiser.fill([inputs, outputs], noise, &mut directions);
        norms(&directions, &mut lengths_and_bias[..outputs]);
        Ok(Self { inputs, outputs, directions, lengths_and_bias })
    }

    /// W `[inputs, outputs]`.
    pub(crate) fn effective(&self) -> Vec<f32> {
        let mut w = vec![0.0; self.directions.len()];
        self.fill(&mut w, &mut vec![0.0; self.outputs]);
        w
    }

    /// W and 1 / ‖V_j‖.
    fn fill(&self, w: &mut [f32], inverse: &mut [f32]) {
        let length = &self.lengths_and_bias[..self.outputs];
        norms(&self.directions, inverse);
        inverse.iter_mut().for_each(|norm| *norm = norm.recip());
        let rows = w.chunks_exact_mut(self.outputs);
        for (w, v) in rows.zip(self.directions.chunks_exact(self.outputs)) {
            let columns = v.iter().zip(length).zip(&*inverse);
            w.iter_mut().zip(columns).for_each(|(w, ((v, g), inverse))| *w = g * (v * inverse));
        }
    }

    /// W and 1 / ‖V_j‖ of a tape.
    fn weights<'a>(&self, saved: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        saved.split_at(self.inputs * self.outputs)
    }
}

/// The lengths of the columns of V `[_, norms]`.
fn norms(directions: &[f32], norms: &mut [f32]) {
    norms.fill(0.0);
    for row in directions.chunks_exact(norms.len()) {
        norms.iter_mut().zip(row).for_each(|(sum, v)| *sum = v.mul_add(*v, *sum));
    }
    norms.iter_mut().for_each(|sum| *sum = sum.sqrt());
}

impl Ops for WeightNorm {
    fn name(&self) -> &'static str {
        "weight-norm"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let Self { inputs, outputs, .. } = *self;
        Ok(Tape {
            output: zeros("the outputs of a layer", &[batch, outputs])?,
            saved: zeros("the weights of a layer", &[inputs + 1, outputs])?,
            gradients: [
                zeros("the gradient of a layer", &[inputs, outputs])?,
                zeros("the gradient of a layer", &[2, outputs])?,
            ],
            ..Tape::default()
        })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let (w, inverse) = tape.saved.split_at_mut(self.inputs * self.outputs);
        self.fill(w, inverse);
        let bias = &self.lengths_and_bias[self.outputs..];
        let y = &mut tape.output[..x.len() / self.inputs * self.outputs];
        let (x, w, y) =
            (matrix(x, self.inputs), matrix(w, self.outputs), matrix_mut(y, self.outputs));
        gemm::matmul(level, x, w, y, Epilogue::Bias(bias));
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let Self { inputs, outputs, .. } = *self;
        let (w, inverse) = self.weights(&tape.saved);
        let [dv, rest] = &mut tape.gradients;
        let (dlength, dbias) = rest.split_at_mut(outputs);
        rows::column_sums(level, dy, dbias);
        let dw = matrix_mut(dv, outputs);
        gemm::matmul(level, matrix(x, inputs).transpose(), matrix(dy, outputs), dw, Epilogue::None);
        dlength.fill(0.0);
        for (dw, v) in dv.chunks_exact(outputs).zip(self.directions.chunks_exact(outputs)) {
            let columns = dw.iter().zip(v).zip(inverse);
            dlength.iter_mut().zip(columns).for_each(|(sum, ((dw, v), inverse))| {
                *sum = dw.mul_add(v * inverse, *sum);
            });
        }
        let length = &self.lengths_and_bias[..outputs];
        for (dv, w) in dv.chunks_exact_mut(outputs).zip(w.chunks_exact(outputs)) {
            let columns = w.iter().zip(length).zip(&*dlength).zip(inverse);
            dv.iter_mut().zip(columns).for_each(|(dv, (((w, g), dg), inverse))| {
                *dv = (g * *dv - dg * w) * inverse;
            });
        }
        let Some(dx) = dx else { return };
        let epilogue = Gate::epilogue(gate, inputs);
        let w = matrix(w, outputs).transpose();
        gemm::matmul(level, matrix(dy, outputs), w, matrix_mut(dx, inputs), epilogue);
    }

    fn parameters(&self) -> [&[f32]; 2] {
        [&self.directions, &self.lengths_and_bias]
    }

    fn parameters_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut self.directions, &mut self.lengths_and_bias]
    }
}
