//! An activation with learned parameters: y = f(x; p).
//!
//! ```text
//! x, y, dy, dx [batch, width]        p one value each, or one for each unit (or channel of an image)
//!
//! backward   dx = dy df/dx        dp = Σ dy df/dp
//! ```
//!
//! Parameters begin at the values of the kernels' table and do not decay. Those that must be above 0, or not 0, stay at
//! least .001 away from it. Where a step leaves no function (weights that sum to 0), y is NaN, and the loss says so.

use halfwave_kernels::{
    Level,
    learned::{Domain, LearnedKind, ParameterError, par_backward, par_forward},
    rng::Noise,
};

use super::{Backward, Mode, Ops, Step, Tape};
use crate::{TrainError, buffers::zeros, optim::State};

/// Parameters that a function has at most.
const MOST: usize = 4;

/// How near to 0 a parameter comes that must not be 0.
const LEAST: f32 = 1e-3;

/// y = f(x; p).
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// f.
    pub activation: LearnedKind,
    width: usize,
    /// How many values each parameter has.
    lengths: [usize; MOST],
    /// All values, parameter after parameter.
    parameters: Vec<f32>,
}

impl Learned {
    /// One value a parameter, or one for each of the `channels`; but for the α of dynamic tanh, of which there is one
    /// always (Zhu et al. 2025, arXiv:2503.10622).
    pub(super) fn new(
        activation: LearnedKind,
        width: usize,
        channels: usize,
    ) -> Result<Self, TrainError> {
        let mut lengths = [0; MOST];
        let mut values = Vec::new();
        for (length, parameter) in lengths.iter_mut().zip(activation.parameters()) {
            let one = activation == LearnedKind::Dyt && parameter.name == "alpha";
            *length = if one { 1 } else { channels };
            values.push(parameter.initial);
        }
        let name = "the parameters of a layer";
        let mut parameters = zeros(name, &[lengths.iter().sum()])?;
        for (slots, value) in split_mut(&mut parameters, lengths).into_iter().zip(values) {
            slots.fill(value);
        }
        Ok(Self { activation, width, lengths, parameters })
    }

    /// The values of each parameter, in the order of [`LearnedKind::parameters`].
    #[must_use]
    pub fn values(&self) -> Vec<&[f32]> {
        self.slices()[..self.count()].to_vec()
    }

    /// That all parameters are in their domain.
    pub(crate) fn check(&self) -> Result<(), ParameterError> {
        self.activation.check(&self.slices()[..self.count()])
    }

    fn count(&self) -> usize {
        self.activation.parameters().len()
    }

    fn slices(&self) -> [&[f32]; MOST] {
        let mut rest = &self.parameters[..];
        self.lengths.map(|length| {
            let (slots, after) = rest.split_at(length);
            rest = after;
            slots
        })
    }
}

/// The nearest value that is in the domain, and not too close to its edge.
fn nearest(domain: Domain, value: f32) -> f32 {
    match domain {
        Domain::Positive => value.max(LEAST),
        Domain::NonZero if value.abs() < LEAST => LEAST.copysign(value),
        _ => value,
    }
}

fn split_mut(mut rest: &mut [f32], lengths: [usize; MOST]) -> [&mut [f32]; MOST] {
    lengths.map(|length| {
        let (slots, after) = std::mem::take(&mut rest).split_at_mut(length);
        rest = after;
        slots
    })
}

impl Ops for Learned {
    fn name(&self) -> &'static str {
        self.activation.name()
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let buffer = |name, sizes: &[usize]| zeros(name, sizes);
        let parameters = self.parameters.len();
        Ok(Tape {
            output: buffer("the outputs of a layer", &[batch, self.width])?,
            gradients: [buffer("the gradient of a layer", &[parameters])?, Vec::new()],
            ..Tape::default()
        })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let (parameters, y) = (self.slices(), &mut tape.output[..x.len()]);
        let done = par_forward(level, self.activation, &parameters[..self.count()], x, y);
        if done.is_err() {
            y.fill(f32::NAN);
        }
    }

    fn needs_dx(&self) -> bool {
        true
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let Some(dx) = dx else { return };
        let (parameters, count) = (self.slices(), self.count());
        let mut gradients = split_mut(&mut tape.gradients[0], self.lengths);
        let (p, gradients) = (&parameters[..count], &mut gradients[..count]);
        if par_backward(level, self.activation, p, x, dy, dx, gradients).is_err() {
            dx.fill(f32::NAN);
        }
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

    fn update(
        &mut self,
        step: Step,
        _: &[f32],
        _: &[f32],
        tape: &Tape,
        [state, _]: &mut [State; 2],
    ) {
        step.update(&tape.gradients[0], state, &mut self.parameters);
        let all = split_mut(&mut self.parameters, self.lengths);
        for (values, parameter) in all.into_iter().zip(self.activation.parameters()) {
            values.iter_mut().for_each(|value| *value = nearest(parameter.domain, *value));
        }
    }
}
