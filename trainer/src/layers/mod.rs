//! Layers: forward and backward on mini-batches, in buffers that their owner keeps.
//!
//! Rows of a mini-batch stand one below the other; images are `[height, width, channels]`.
//!
//! ```text
//! forward    y = layer(x)                       into the layer's Tape, with what backward needs
//! backward   dx from dy, and the gradients of the parameters, into the Tape
//! ```
//!
//! What a layer does in training only (dropout, the statistics of a batch) it does where its tape has the
//! memory for it: see [`Mode`]. The derivative of an activation is applied by the layer above, in the epilogue
//! of its product where it has one: see [`Gate`].

mod activation;
mod batch_norm;
mod carelu;
mod config;
mod conv;
mod dense;
mod dropout;
mod flatten;
mod initialiser;
mod l1_activations;
mod layer_norm;
mod learned;
mod negate_half;
mod noise;
mod ones;
mod pool;
mod scale;
mod weight_norm;

use halfwave_kernels::{
    Kind, Level, Saved, conv::Workspace, gemm::Epilogue, par_backward_in_place, rng::Noise,
};

use crate::{
    TrainError,
    buffers::matrix,
    optim::{Optimiser, State},
};

pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use carelu::CaRelu;
pub(crate) use config::Plan;
pub use config::{LayerConfig, LayerError};
pub use conv::Conv;
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use initialiser::Initialiser;
pub use l1_activations::L1Activations;
pub use layer_norm::LayerNorm;
pub use learned::Learned;
pub use negate_half::NegateHalf;
pub use noise::GaussianNoise;
pub(crate) use ones::Ones;
pub use pool::MaxPool;
pub use scale::Scale;
pub use weight_norm::WeightNorm;

/// A layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// y = f(x W + b).
    Dense(Dense),
    /// The same over all windows of an image.
    Conv(Conv),
    /// The maximum of each window.
    MaxPool(MaxPool),
    /// An image as a row of numbers.
    Flatten(Flatten),
    /// Some numbers are left out, in training.
    Dropout(Dropout),
    /// y = x + σ n, in training.
    GaussianNoise(GaussianNoise),
    /// Each channel with zero mean and unit variance, then scaled and shifted.
    BatchNorm(BatchNorm),
    /// Each row, or position of an image, likewise.
    LayerNorm(LayerNorm),
    /// y = f(x).
    Activation(Activation),
    /// y = f(x; p) with learned p.
    Learned(Learned),
    /// y = max(0, s x), s by the share of a row's energy that is positive.
    CaRelu(CaRelu),
    /// y = c x.
    Scale(Scale),
    /// The outputs of half of the units change their sign.
    NegateHalf(NegateHalf),
    /// λ Σ|x| of each row is part of what is minimised.
    L1Activations(L1Activations),
    /// Rows of numbers times weights of a direction and a length each.
    WeightNorm(WeightNorm),
}

/// Numbers that a thread takes at a time in a pass over rows: with two or three buffers, at most 192 KiB, well inside L2.
const BLOCK: usize = 1 << 14;

impl Layer {
    pub(crate) fn ops(&self) -> &(dyn Ops + Sync) {
        match self {
            Self::Dense(layer) => layer,
            Self::Conv(layer) => layer,
            Self::MaxPool(layer) => layer,
            Self::Flatten(layer) => layer,
            Self::Dropout(layer) => layer,
            Self::GaussianNoise(layer) => layer,
            Self::BatchNorm(layer) => layer,
            Self::LayerNorm(layer) => layer,
            Self::Activation(layer) => layer,
            Self::Learned(layer) => layer,
            Self::CaRelu(layer) => layer,
            Self::NegateHalf(layer) => layer,
            Self::Scale(layer) => layer,
            Self::L1Activations(layer) => layer,
            Self::WeightNorm(layer) => layer,
        }
    }

    pub(crate) fn ops_mut(&mut self) -> &mut (dyn Ops + Sync) {
        match self {
            Self::Dense(layer) => layer,
            Self::Conv(layer) => layer,
            Self::MaxPool(layer) => layer,
            Self::Flatten(layer) => layer,
            Self::Dropout(layer) => layer,
            Self::GaussianNoise(layer) => layer,
            Self::BatchNorm(layer) => layer,
            Self::LayerNorm(layer) => layer,
            Self::Activation(layer) => layer,
            Self::Learned(layer) => layer,
            Self::CaRelu(layer) => layer,
            Self::NegateHalf(layer) => layer,
            Self::Scale(layer) => layer,
            Self::L1Activations(layer) => layer,
            Self::WeightNorm(layer) => layer,
        }
    }

    /// What it is called, e.g. `max-pool`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.ops().name()
    }

    /// Weights and biases (normalisation: γ and β; learned activations: their parameters); both empty where there are
    /// none.
    #[must_use]
    pub fn parameters(&self) -> [&[f32]; 2] {
        self.ops().parameters()
    }

    /// Whether its parameters are the weights and biases of a product.
    #[must_use]
    pub fn has_weights(&self) -> bool {
        matches!(self, Self::Dense(_) | Self::Conv(_) | Self::WeightNorm(_))
    }

    /// Whether there is anything to train.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.parameters().iter().any(|parameters| !parameters.is_empty())
    }
}

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Dropout, and the statistics of the batch.
    Training,
    /// The statistics of the batch, without dropout: a function that has a gradient.
    Noiseless,
    /// The function that was learned: running statistics, without dropout.
    Inference,
}

/// What forward leaves for backward, and backward for the update. Each layer has the buffers that it needs.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// y `[batch, outputs]`; empty where y is x.
    pub output: Vec<f32>,
    /// z `[batch, outputs]`, where f' needs it; the mask of dropout; the moments of batch normalisation.
    saved: Vec<f32>,
    /// Where the maxima stand.
    indices: Vec<u8>,
    /// Patches of a convolution.
    workspace: Option<Workspace>,
    /// Where a dense layer looks for rows of zeros and ones, which it multiplies by their ones only.
    pub(crate) ones: Option<Ones>,
    /// Gradients of the parameters, summed over the batch; empty where they are a product of the update.
    gradients: [Vec<f32>; 2],
}

impl Tape {
    /// Gradients of the parameters, as far as backward computes them.
    pub(crate) fn gradients(&self) -> &[Vec<f32>; 2] {
        &self.gradients
    }
}

/// f' of an activation: what is left to do to a gradient of its output y before it is that of its input.
///
/// Whoever computes a gradient of y applies it. It passes through layers that only move or mask numbers.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    kind: Kind,
    /// z or y, as f' wants it: as many as there are gradients.
    saved: &'a [f32],
}

impl<'a> Gate<'a> {
    /// Of f at z, or at its outputs y; the identity needs none.
    fn new(kind: Kind, z: &'a [f32], y: &'a [f32]) -> Option<Self> {
        let saved = match kind.saved() {
            Saved::Input => z,
            Saved::Output => y,
        };
        (kind != Kind::Identity).then_some(Self { kind, saved })
    }

    /// As the epilogue of the product whose result is a gradient `[_, columns]`.
    fn epilogue(gate: Option<Self>, columns: usize) -> Epilogue<'a> {
        gate.map_or(Epilogue::None, |Self { kind, saved }| Epilogue::Backward {
            kind,
            saved: matrix(saved, columns),
        })
    }

    /// dy becomes dz.
    pub(crate) fn apply(self, level: Level, dy: &mut [f32]) {
        par_backward_in_place(level, self.kind, self.saved, dy);
    }
}

/// The operands of a backward pass.
pub(crate) struct Backward<'a> {
    pub(crate) level: Level,
    /// `[rows, inputs]`.
    pub(crate) x: &'a [f32],
    /// `[rows, outputs]`, behind the layer's own gate; in place, it becomes dx.
    pub(crate) dy: &'a mut [f32],
    /// `[rows, inputs]`; none in place, nor where nothing below is trained and the layer can do without.
    pub(crate) dx: Option<&'a mut [f32]>,
    /// What dx has to pass.
    pub(crate) gate: Option<Gate<'a>>,
}

/// An optimiser's step number `t` (from 1) on `scale` times the gradients.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) level: Level,
    pub(crate) optimiser: Optimiser,
    pub(crate) t: u64,
    pub(crate) scale: f32,
}

/// What a network asks of its layers.
pub(crate) trait Ops: Send {
    fn name(&self) -> &'static str;

    /// Memory for up to `batch` rows.
    fn tape(&self, batch: usize, mode: Mode) -> Result<Tape, TrainError>;

    /// Fills the tape from `x [rows, inputs]`; `noise` is where the layer's draws of this step are.
    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, noise: Noise);

    /// Whether numbers only move, are multiplied or left out: what is to be done to gradients of the outputs of the
    /// layer below can be done to those of this layer's.
    fn passes_gates(&self) -> bool {
        false
    }

    /// What the layer above does to the gradient of the first `length` outputs; `below` is the same of the
    /// layer below, and `x` its outputs. By default nothing: backward does it.
    fn gate<'a>(
        &self,
        _x: &'a [f32],
        _tape: &'a Tape,
        _length: usize,
        below: &dyn Fn() -> Option<Gate<'a>>,
    ) -> Option<Gate<'a>> {
        self.passes_gates().then(below).flatten()
    }

    /// Whether dy becomes dx where it stands.
    fn in_place(&self) -> bool {
        false
    }

    /// Whether backward needs memory for dx even where nobody wants to know it.
    fn needs_dx(&self) -> bool {
        false
    }

    fn backward(&self, pass: Backward<'_>, tape: &mut Tape);

    fn parameters(&self) -> [&[f32]; 2] {
        [&[], &[]]
    }

    fn parameters_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut [], &mut []]
    }

    /// All gradients of the parameters, after `backward`, which may leave products of x and dz to the update.
    fn gradients(&self, _level: Level, _x: &[f32], _dz: &[f32], tape: &Tape) -> [Vec<f32>; 2] {
        tape.gradients.clone()
    }

    /// One step of the optimiser, after `backward` of all layers.
    fn update(
        &mut self,
        step: Step,
        _x: &[f32],
        _dz: &[f32],
        tape: &Tape,
        states: &mut [State; 2],
    ) {
        for (i, (parameters, state)) in self.parameters_mut().into_iter().zip(states).enumerate() {
            step.update(&tape.gradients[i], state, parameters);
        }
    }

    /// What else a step changes.
    fn end_of_step(&mut self, _tape: &Tape) {}
}

impl Step {
    /// Of weights, which decay.
    fn update_weights(self, gradient: &[f32], state: &mut State, weights: &mut [f32]) {
        let Self { level, optimiser, t, scale } = self;
        optimiser.update_weights(level, t, scale, gradient, state, weights);
    }

    /// Of all others.
    fn update(self, gradient: &[f32], state: &mut State, parameters: &mut [f32]) {
        let Self { level, optimiser, t, scale } = self;
        optimiser.update(level, t, scale, gradient, state, parameters);
    }
}
