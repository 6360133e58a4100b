//! The convolutional layer: y = f(x ∗ W + b), one bias a channel.
//!
//! ```text
//! x [batch, height, width, in], W [kernel_h, kernel_w, in, out], b [out], z and y [batch, out_h, out_w, out]
//!
//! forward    z  = x ∗ W + b      y = f(z)
//! backward   dz = dy f'(z)       dW, db and dx: see the kernels' `conv`
//! ```

use halfwave_kernels::{
    Kind, Level, Saved,
    conv::{self, Conv2d, Workspace},
    gemm::Epilogue,
    par_forward,
    rng::Noise,
};

use super::{Backward, Gate, Initialiser, Mode, Ops, Step, Tape};
use crate::{TrainError, buffers::zeros, optim::State};

/// Weights and activation of a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Of one image.
    shape: Conv2d,
    /// f.
    pub activation: Kind,
    /// W `[kernel_h, kernel_w, in, out]`.
    pub weights: Vec<f32>,
    /// b `[out]`.
    pub bias: Vec<f32>,
}

impl Conv {
    /// Weights by the initialiser, one draw each; biases 0. `shape` is for any number of images.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub fn new(
        shape: Conv2d,
        activation: Kind,
        initialiser: Initialiser,
        noise: Noise,
    ) -> Result<Self, TrainError> {
        let [height, width, inputs, outputs] = shape.weights();
        let mut weights = zeros("the weights of a layer", &shape.weights())?;
        let bias = zeros("the biases of a layer", &[outputs])?;
        let fans = [height * width * inputs, height * width * outputs];
        initialiser.fill(fans, noise, &mut weights);
        Ok(Self { shape, activation, weights, bias })
    }

    /// The shape on these rows, which are in memory.
    fn of(&self, x: &[f32]) -> Conv2d {
        let [_, height, width, channels] = self.shape.input();
        self.shape.with_batch(x.len() / (height * width * channels)).expect("the tape has as many")
    }
}

impl Ops for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let name = "the outputs of a layer";
        let shape = self.shape.with_batch(batch).map_err(|_| TrainError::Memory { name })?;
        let saved = if self.activation.saved() == Saved::Input { batch } else { 0 };
        let [_, height, width, channels] = shape.output();
        let buffer = |rows| zeros(name, &[rows, height, width, channels]);
        let gradient = |length| zeros("the gradient of a layer", &[length]);
        Ok(Tape {
            output: buffer(batch)?,
            saved: buffer(saved)?,
            gradients: [gradient(self.weights.len())?, gradient(channels)?],
            workspace: Some(Workspace::new(&shape)),
            ..Tape::default()
        })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let shape = self.of(x);
        let length: usize = shape.output().iter().product();
        let (bias, kind) = (&self.bias[..], self.activation);
        let Tape { output, saved, workspace: Some(workspace), .. } = tape else { return };
        let y = &mut output[..length];
        match kind.saved() {
            Saved::Output => {
                let epilogue = Epilogue::BiasActivation { bias, kind };
                conv::forward(level, &shape, x, &self.weights, y, epilogue, workspace);
            }
            Saved::Input => {
                let z = &mut saved[..length];
                conv::forward(level, &shape, x, &self.weights, z, Epilogue::Bias(bias), workspace);
                par_forward(level, kind, z, y);
            }
        }
    }

    fn gate<'a>(
        &self,
        _: &'a [f32],
        tape: &'a Tape,
        length: usize,
        _: &dyn Fn() -> Option<Gate<'a>>,
    ) -> Option<Gate<'a>> {
        let z = tape.saved.get(..length).unwrap_or_default();
        Gate::new(self.activation, z, &tape.output[..length])
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let shape = self.of(x);
        let Tape { gradients: [dw, db], workspace: Some(workspace), .. } = tape else { return };
        conv::backward_weights(level, &shape, x, dy, dw, Some(db), workspace);
        if let Some(dx) = dx {
            let epilogue = Gate::epilogue(gate, shape.input()[3]);
            conv::backward_input(level, &shape, dy, &self.weights, dx, epilogue, workspace);
        }
    }

    fn parameters(&self) -> [&[f32]; 2] {
        [&self.weights, &self.bias]
    }

    fn parameters_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut self.weights, &mut self.bias]
    }

    fn update(
        &mut self,
        step: Step,
        _: &[f32],
        _: &[f32],
        tape: &Tape,
        [weights, bias]: &mut [State; 2],
    ) {
        step.update_weights(&tape.gradients[0], weights, &mut self.weights);
        step.update(&tape.gradients[1], bias, &mut self.bias);
    }
}
