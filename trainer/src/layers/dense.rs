//! The dense layer: y = f(x W + b).
//!
//! ```text
//! x [batch, inputs], W [inputs, outputs], b [outputs], z and y [batch, outputs], all row-major
//!
//! forward    z  = x W + b        y = f(z)
//! backward   dz = dy f'(z)       dW = xᵀ dz       db = Σ_rows dz       dx = dz Wᵀ
//! ```
//!
//! Bias and activation are epilogues of the product; f' of the layer below is one of dx.

use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, zeros},
};
use halfwave_kernels::{
    Kind, Level, Saved,
    gemm::{self, Both, Epilogue},
    par_backward_in_place,
    rng::{self, Noise},
    rows,
};

/// Weights and activation of a dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Features of a row of x.
    pub inputs: usize,
    /// Units.
    pub outputs: usize,
    /// f.
    pub activation: Kind,
    /// W `[inputs, outputs]`.
    pub weights: Vec<f32>,
    /// b `[outputs]`.
    pub bias: Vec<f32>,
}

/// What forward leaves for backward.
#[derive(Clone, Debug)]
pub struct DenseTape {
    /// z `[batch, outputs]`, where f' needs it; else empty.
    input: Vec<f32>,
    /// y `[batch, outputs]`.
    pub output: Vec<f32>,
}

impl DenseTape {
    /// What backward through the activation needs, of its first so many values.
    fn saved(&self, activation: Kind, length: usize) -> &[f32] {
        match activation.saved() {
            Saved::Input => &self.input[..length],
            Saved::Output => &self.output[..length],
        }
    }
}

/// Gradients of the parameters, summed over the batch.
#[derive(Clone, Debug)]
pub struct DenseGradient {
    /// dW `[inputs, outputs]`.
    pub weights: Vec<f32>,
    /// db `[outputs]`.
    pub bias: Vec<f32>,
}

impl Dense {
    /// Weights uniform in ±√(6 / (inputs + outputs)) (Glorot & Bengio, AISTATS 2010, equation 16), biases 0.
    ///
    /// Takes one draw a weight.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub fn glorot(
        level: Level,
        inputs: usize,
        outputs: usize,
        activation: Kind,
        noise: Noise,
    ) -> Result<Self, TrainError> {
        let mut weights = zeros("the weights of a layer", &[inputs, outputs])?;
        let bias = zeros("the biases of a layer", &[outputs])?;
        rng::uniform(level, noise, &mut weights);
        let limit = (6.0 / (inputs + outputs) as f64).sqrt();
        weights.iter_mut().for_each(|w| *w = (limit * f64::from(2.0 * *w - 1.0)) as f32);
        Ok(Self { inputs, outputs, activation, weights, bias })
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.weights.len() + self.bias.len()
    }

    /// Memory of forward for up to `batch` rows.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub fn tape(&self, batch: usize) -> Result<DenseTape, TrainError> {
        let buffer = |rows| zeros("the outputs of a layer", &[rows, self.outputs]);
        let saved = if self.activation.saved() == Saved::Input { batch } else { 0 };
        Ok(DenseTape { input: buffer(saved)?, output: buffer(batch)? })
    }

    /// Memory of backward.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub fn gradient(&self) -> Result<DenseGradient, TrainError> {
        Ok(DenseGradient {
            weights: zeros("the gradient of a layer", &[self.inputs, self.outputs])?,
            bias: zeros("the gradient of a layer", &[self.outputs])?,
        })
    }

    /// Fills the first rows of `tape` from `x [rows, inputs]`.
    ///
    /// # Panics
    /// If the tape has fewer rows.
    pub fn forward(&self, level: Level, x: &[f32], tape: &mut DenseTape) {
        let length = x.len() / self.inputs * self.outputs;
        let output = &mut tape.output[..length];
        let (x, w) = (matrix(x, self.inputs), matrix(&self.weights, self.outputs));
        let (bias, kind) = (&self.bias[..], self.activation);
        match kind.saved() {
            Saved::Output => {
                let y = matrix_mut(output, self.outputs);
                gemm::matmul(level, x, w, y, Epilogue::BiasActivation { bias, kind });
            }
            Saved::Input => {
                let outs = [&mut tape.input[..length], output].map(|y| matrix_mut(y, self.outputs));
                gemm::matmul_both(level, x, w, bias, outs, Both::InputAndActivation(kind));
            }
        }
    }

    /// dy `[rows, outputs]` of the rows that `tape` holds becomes dz.
    ///
    /// # Panics
    /// If the tape has fewer rows.
    pub fn backward_activation(&self, level: Level, tape: &DenseTape, dy: &mut [f32]) {
        let saved = tape.saved(self.activation, dy.len());
        par_backward_in_place(level, self.activation, saved, dy);
    }

    /// dW and db of `x [rows, inputs]` and `dz [rows, outputs]`.
    pub fn backward(&self, level: Level, x: &[f32], dz: &[f32], gradient: &mut DenseGradient) {
        let dw = matrix_mut(&mut gradient.weights, self.outputs);
        let (x, dz_) = (matrix(x, self.inputs), matrix(dz, self.outputs));
        gemm::matmul(level, x.transpose(), dz_, dw, Epilogue::None);
        rows::column_sums(level, dz, &mut gradient.bias);
    }

    /// dz `[rows, inputs]` of the layer `below`, whose outputs are this layer's x.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn backward_input(
        &self,
        level: Level,
        dz: &[f32],
        below: &Self,
        tape: &DenseTape,
        dz_below: &mut [f32],
    ) {
        let saved = matrix(tape.saved(below.activation, dz_below.len()), self.inputs);
        let w = matrix(&self.weights, self.outputs);
        gemm::matmul(
            level,
            matrix(dz, self.outputs),
            w.transpose(),
            matrix_mut(dz_below, self.inputs),
            Epilogue::Backward { kind: below.activation, saved },
        );
    }
}
