//! The dense layer: y = f(x W + b).
//!
//! ```text
//! x [batch, inputs], W [inputs, outputs], b [outputs], z and y [batch, outputs], all row-major
//!
//! forward    z  = x W + b        y = f(z)
//! backward   dz = dy f'(z)       dW = xᵀ dz       db = Σ_rows dz       dx = dz Wᵀ
//! ```
//!
//! Bias and activation are epilogues of the product; f' of the layer below is one of dx. Where the tape has [`Ones`] and
//! x is of zeros and ones, sums of rows of W take the place of the products by x, with the same bits.

use halfwave_kernels::{
    Kind, Level, Saved,
    gemm::{self, Both, Epilogue},
    rng::Noise,
    rows, sparse,
};

use super::{Backward, Gate, Initialiser, Mode, Ones, Ops, Step, Tape};
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, zeros},
    optim::State,
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

impl Dense {
    /// Weights by the initialiser, one draw each; biases 0.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub fn new(
        [inputs, outputs]: [usize; 2],
        activation: Kind,
        initialiser: Initialiser,
        noise: Noise,
    ) -> Result<Self, TrainError> {
        let mut weights = zeros("the weights of a layer", &[inputs, outputs])?;
        let bias = zeros("the biases of a layer", &[outputs])?;
        initialiser.fill([inputs, outputs], noise, &mut weights);
        Ok(Self { inputs, outputs, activation, weights, bias })
    }

    /// Memory for up to `batch` rows.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub fn tape(&self, batch: usize) -> Result<Tape, TrainError> {
        let buffer = |rows| zeros("the outputs of a layer", &[rows, self.outputs]);
        let saved = if self.activation.saved() == Saved::Input { batch } else { 0 };
        let bias = zeros("the gradient of a layer", &[self.outputs])?;
        let gradients = [Vec::new(), bias];
        Ok(Tape { saved: buffer(saved)?, output: buffer(batch)?, gradients, ..Tape::default() })
    }

    /// Fills the first rows of `tape` from `x [rows, inputs]`.
    ///
    /// # Panics
    /// If the tape has fewer rows.
    pub fn forward(&self, level: Level, x: &[f32], tape: &mut Tape) {
        let length = x.len() / self.inputs * self.outputs;
        let output = &mut tape.output[..length];
        if let Some(x) = tape.ones.as_mut().and_then(|ones| ones.compress(x, self.inputs)) {
            let (w, bias, kind) = (&self.weights[..], &self.bias[..], self.activation);
            return match kind.saved() {
                Saved::Output => sparse::affine(level, x, w, bias, kind, output),
                Saved::Input => {
                    let outs = [&mut tape.saved[..length], output];
                    sparse::affine_both(level, x, w, bias, kind, outs);
                }
            };
        }
        let (x, w) = (matrix(x, self.inputs), matrix(&self.weights, self.outputs));
        let (bias, kind) = (&self.bias[..], self.activation);
        match kind.saved() {
            Saved::Output => {
                let y = matrix_mut(output, self.outputs);
                gemm::matmul(level, x, w, y, Epilogue::BiasActivation { bias, kind });
            }
            Saved::Input => {
                let outs = [&mut tape.saved[..length], output].map(|y| matrix_mut(y, self.outputs));
                gemm::matmul_both(level, x, w, bias, outs, Both::InputAndActivation(kind));
            }
        }
    }

    /// dy `[rows, outputs]` of the rows that `tape` holds becomes dz.
    ///
    /// # Panics
    /// If the tape has fewer rows.
    pub fn backward_activation(&self, level: Level, tape: &Tape, dy: &mut [f32]) {
        if let Some(gate) = self.own_gate(tape, dy.len()) {
            gate.apply(level, dy);
        }
    }

    fn own_gate<'a>(&self, tape: &'a Tape, length: usize) -> Option<Gate<'a>> {
        let z = tape.saved.get(..length).unwrap_or_default();
        Gate::new(self.activation, z, &tape.output[..length])
    }
}

impl Ops for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        self.tape(batch)
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        self.forward(level, x, tape);
    }

    fn gate<'a>(
        &self,
        _: &'a [f32],
        tape: &'a Tape,
        length: usize,
        _: &dyn Fn() -> Option<Gate<'a>>,
    ) -> Option<Gate<'a>> {
        self.own_gate(tape, length)
    }

    /// The gradient of the weights is left to the update.
    fn backward(&self, Backward { level, dy, dx, gate, .. }: Backward<'_>, tape: &mut Tape) {
        rows::column_sums(level, dy, &mut tape.gradients[1]);
        if let Some(ones) = &mut tape.ones {
            ones.backward(level, dy, self.outputs);
        }
        let Some(dx) = dx else { return };
        let epilogue = Gate::epilogue(gate, self.inputs);
        let w = matrix(&self.weights, self.outputs).transpose();
        gemm::matmul(level, matrix(dy, self.outputs), w, matrix_mut(dx, self.inputs), epilogue);
    }

    fn parameters(&self) -> [&[f32]; 2] {
        [&self.weights, &self.bias]
    }

    fn parameters_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut self.weights, &mut self.bias]
    }

    fn gradients(&self, level: Level, x: &[f32], dz: &[f32], tape: &Tape) -> [Vec<f32>; 2] {
        let mut weights = vec![0.0; self.weights.len()];
        let (x, dz) = (matrix(x, self.inputs), matrix(dz, self.outputs));
        let dw = matrix_mut(&mut weights, self.outputs);
        gemm::matmul(level, x.transpose(), dz, dw, Epilogue::None);
        [weights, tape.gradients[1].clone()]
    }

    /// The gradient of the weights is a product that becomes an update tile by tile.
    fn update(
        &mut self,
        step: Step,
        x: &[f32],
        dz: &[f32],
        tape: &Tape,
        [weights, bias]: &mut [State; 2],
    ) {
        let Step { level, optimiser, t, scale } = step;
        let sparse = tape.ones.as_ref().and_then(Ones::gradient);
        if let Some(gradient) = sparse.filter(|_| optimiser.stays_without_gradient()) {
            optimiser.update_rows(level, scale, gradient, weights, &mut self.weights);
        } else {
            let operands = [matrix(x, self.inputs).transpose(), matrix(dz, self.outputs)];
            let w = matrix_mut(&mut self.weights, self.outputs);
            optimiser.update_by_product(level, t, scale, operands, weights, w);
        }
        step.update(&tape.gradients[1], bias, &mut self.bias);
    }
}
