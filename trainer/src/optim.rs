//! Optimisers: what they are, what they keep, and which kernel makes their step.

use halfwave_kernels::{
    Level,
    gemm::{self, MatMut, MatRef, Update},
    update,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    buffers::{matrix_mut, zeros},
    checkpoint::{Place, Places},
};

mod schedule;

pub use schedule::Schedule;

/// Rows that a thread updates at least: fewer are not worth to wake it.
const ROWS: usize = 64;

/// How gradients become updates.
///
/// `weight_decay` and `l1` are for the weights of dense and convolutional layers only: biases, scales, shifts and the
/// learned parameters of activations are not drawn to 0 (He et al., ICCV 2015, section 2.1, for PReLU).
///
/// ```
/// use halfwave_trainer::optim::Optimiser;
/// let read: Optimiser = toml::from_str("name = 'adam'")?;
/// assert_eq!(read, Optimiser::adam());
/// let read: Optimiser = toml::from_str("name = 'sgd'\nlearning_rate = 0.1\nmomentum = 0.9")?;
/// assert_eq!(read, Optimiser::sgd(0.1, 0.9));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimiser {
    /// Stochastic gradient descent with momentum: v ← momentum v − learning_rate d, w ← w + v, where d = g +
    /// weight_decay w + l1 sign(w).
    Sgd {
        /// Step size.
        learning_rate: f32,
        /// Share of the velocity that stays, in \[0, 1).
        #[serde(default)]
        momentum: f32,
        /// Nesterov's form: w ← w + momentum v − learning_rate d.
        #[serde(default)]
        nesterov: bool,
        /// Coefficient of the gradient of ½ Σw².
        #[serde(default)]
        weight_decay: f32,
        /// Coefficient of the gradient of Σ|w|.
        #[serde(default)]
        l1: f32,
    },
    /// Adam (Kingma & Ba, ICLR 2015, algorithm 1); by default with the constants of the paper.
    Adam {
        /// Step size.
        #[serde(default = "learning_rate")]
        learning_rate: f32,
        /// Decay of the first moment, in \[0, 1).
        #[serde(default = "beta1")]
        beta1: f32,
        /// Decay of the second moment, in \[0, 1).
        #[serde(default = "beta2")]
        beta2: f32,
        /// What keeps the quotient of the moments finite.
        #[serde(default = "epsilon")]
        epsilon: f32,
        /// AdamW (Loshchilov & Hutter, ICLR 2019): w ← (1 − learning_rate weight_decay) w before each step.
        #[serde(default)]
        weight_decay: f32,
    },
}

/// What an optimiser keeps of an array of parameters from step to step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    /// The velocity, or the first moment.
    first: Vec<f32>,
    /// The second moment, or empty.
    second: Vec<f32>,
}

impl State {
    /// Its places, `name.first` and `name.second`.
    pub(crate) fn places(&mut self, name: &str) -> Places<'_> {
        vec![
            (format!("{name}.first"), Place::Fixed(&mut self.first)),
            (format!("{name}.second"), Place::Fixed(&mut self.second)),
        ]
    }
}

/// The kernel of a step.
enum Kernel {
    Momentum(update::Momentum),
    Adam(update::Adam),
}

impl Optimiser {
    /// Stochastic gradient descent with momentum, without decay.
    #[must_use]
    pub const fn sgd(learning_rate: f32, momentum: f32) -> Self {
        Self::Sgd { learning_rate, momentum, nesterov: false, weight_decay: 0.0, l1: 0.0 }
    }

    /// Adam with the constants of the paper.
    #[must_use]
    pub fn adam() -> Self {
        Self::adam_with_rate(learning_rate())
    }

    /// Adam with the constants of the paper but for the step size.
    #[must_use]
    pub fn adam_with_rate(learning_rate: f32) -> Self {
        let (beta1, beta2, epsilon) = (beta1(), beta2(), epsilon());
        Self::Adam { learning_rate, beta1, beta2, epsilon, weight_decay: 0.0 }
    }

    /// The step size.
    #[must_use]
    pub fn learning_rate(self) -> f32 {
        match self {
            Self::Sgd { learning_rate, .. } | Self::Adam { learning_rate, .. } => learning_rate,
        }
    }

    /// With the step size times `factor`.
    pub(crate) fn scaled(mut self, factor: f32) -> Self {
        match &mut self {
            Self::Sgd { learning_rate, .. } | Self::Adam { learning_rate, .. } => {
                *learning_rate *= factor;
            }
        }
        self
    }

    /// For parameters that are not weights.
    fn without_decay(mut self) -> Self {
        match &mut self {
            Self::Sgd { weight_decay, l1, .. } => (*weight_decay, *l1) = (0.0, 0.0),
            Self::Adam { weight_decay, .. } => *weight_decay = 0.0,
        }
        self
    }

    pub(crate) fn check(self) -> Result<(), TrainError> {
        positive("learning_rate", self.learning_rate())?;
        match self {
            Self::Sgd { momentum, weight_decay, l1, .. } => {
                share("momentum", momentum)?;
                not_negative("weight_decay", weight_decay)?;
                not_negative("l1", l1)
            }
            Self::Adam { beta1, beta2, epsilon, weight_decay, .. } => {
                share("beta1", beta1)?;
                share("beta2", beta2)?;
                positive("epsilon", epsilon)?;
                not_negative("weight_decay", weight_decay)
            }
        }
    }

    /// The state before the first step of `length` parameters.
    pub(crate) fn state(self, length: usize) -> Result<State, TrainError> {
        let second = if matches!(self, Self::Adam { .. }) { length } else { 0 };
        let buffer = |length| zeros("the state of the optimiser", &[length]);
        Ok(State { first: buffer(length)?, second: buffer(second)? })
    }

    fn kernel(self) -> Kernel {
        match self {
            Self::Sgd { learning_rate, momentum, nesterov, weight_decay, l1 } => {
                Kernel::Momentum(update::Momentum {
                    learning_rate,
                    momentum,
                    weight_decay,
                    l1,
                    nesterov,
                })
            }
            Self::Adam { learning_rate, beta1, beta2, epsilon, weight_decay } => {
                Kernel::Adam(update::Adam { learning_rate, beta1, beta2, epsilon, weight_decay })
            }
        }
    }

    /// Step `t` (from 1) of `weights`, against `scale · gradient`.
    pub(crate) fn update_weights(
        self,
        level: Level,
        t: u64,
        scale: f32,
        gradient: &[f32],
        state: &mut State,
        weights: &mut [f32],
    ) {
        let State { first, second } = state;
        match self.kernel() {
            Kernel::Momentum(step) => {
                update::momentum(level, step, scale, gradient, first, weights)
            }
            Kernel::Adam(step) => {
                update::adam(level, step, t, scale, gradient, first, second, weights);
            }
        }
    }

    /// The same for parameters that do not decay.
    pub(crate) fn update(
        self,
        level: Level,
        t: u64,
        scale: f32,
        gradient: &[f32],
        state: &mut State,
        parameters: &mut [f32],
    ) {
        self.without_decay().update_weights(level, t, scale, gradient, state, parameters);
    }

    /// Whether a parameter whose gradient is 0 stays as it is, whatever its state.
    pub(crate) fn stays_without_gradient(self) -> bool {
        matches!(self, Self::Sgd { momentum: 0.0, weight_decay: 0.0, l1: 0.0, .. })
    }

    /// [`Optimiser::update_weights`], of the rows of `weights` that `rows` names, ascending; `gradient` has their
    /// gradients, and those of the others are 0. For an optimiser that [leaves them](Self::stays_without_gradient).
    pub(crate) fn update_rows(
        self,
        level: Level,
        scale: f32,
        (rows, gradient): (&[u32], &[f32]),
        state: &mut State,
        weights: &mut [f32],
    ) {
        let Kernel::Momentum(step) = self.kernel() else { return };
        let Some(columns) = gradient.len().checked_div(rows.len()).filter(|&c| c > 0) else {
            return;
        };
        let mut wanted = rows.iter().zip(gradient.chunks_exact(columns)).peekable();
        let all = weights.chunks_exact_mut(columns).zip(state.first.chunks_exact_mut(columns));
        let named = (0..).zip(all).filter_map(|(row, (weights, velocity))| {
            let (_, gradient) = wanted.next_if(|(wanted, _)| **wanted == row)?;
            Some((gradient, velocity, weights))
        });
        let named: Vec<_> = named.collect();
        named.into_par_iter().with_min_len(ROWS).for_each(|(gradient, velocity, weights)| {
            update::momentum(level, step, scale, gradient, velocity, weights);
        });
    }

    /// [`Optimiser::update_weights`] with the gradient a · b, which is never written to memory.
    pub(crate) fn update_by_product(
        self,
        level: Level,
        t: u64,
        scale: f32,
        [a, b]: [MatRef<'_, f32>; 2],
        state: &mut State,
        weights: MatMut<'_, f32>,
    ) {
        let State { first, second } = state;
        let columns = weights.ncols();
        let first = matrix_mut(first, columns);
        let update = match self.kernel() {
            Kernel::Momentum(step) => Update::Momentum { step, scale, velocity: first },
            Kernel::Adam(step) => {
                Update::Adam { step, t, scale, m: first, v: matrix_mut(second, columns) }
            }
        };
        gemm::matmul_update(level, a, b, update, weights);
    }
}

/// That a setting is a finite number above 0.
pub(crate) fn positive(name: &'static str, value: f32) -> Result<(), TrainError> {
    let holds = value > 0.0 && value.is_finite();
    TrainError::require(holds, name, "a finite number above 0", value)
}

/// That a setting is a finite number from 0.
pub(crate) fn not_negative(name: &'static str, value: f32) -> Result<(), TrainError> {
    let holds = value >= 0.0 && value.is_finite();
    TrainError::require(holds, name, "a finite number from 0", value)
}

/// That a setting is in \[0, 1).
pub(crate) fn share(name: &'static str, value: f32) -> Result<(), TrainError> {
    TrainError::require((0.0..1.0).contains(&value), name, "0 to below 1", value)
}

fn learning_rate() -> f32 {
    1e-3
}

fn beta1() -> f32 {
    0.9
}

fn beta2() -> f32 {
    0.999
}

fn epsilon() -> f32 {
    1e-8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_written() {
        let of = |text: &str| toml::from_str::<Optimiser>(text);
        assert_eq!(of("name = 'adam'").unwrap(), Optimiser::adam());
        let sgd = Optimiser::sgd(0.5, 0.0);
        assert_eq!(of("name = 'sgd'\nlearning_rate = 0.5").unwrap(), sgd);
        assert_eq!(of(&toml::to_string(&sgd).unwrap()).unwrap(), sgd);
        assert!(of("name = 'adam'\nmomentum = 0.5").is_err());
        assert!(of("name = 'lbfgs'").is_err());
    }

    #[test]
    fn settings_out_of_range_are_errors() {
        let adam = |learning_rate, beta1, beta2, epsilon| {
            Optimiser::Adam { learning_rate, beta1, beta2, epsilon, weight_decay: 0.0 }.check()
        };
        assert_eq!(adam(1e-3, 0.9, 0.999, 1e-8), Ok(()));
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(adam(bad, 0.9, 0.999, 1e-8).is_err());
            assert!(adam(1e-3, 0.9, 0.999, bad).is_err());
        }
        for bad in [1.0, -0.1, f32::NAN] {
            assert!(adam(1e-3, bad, 0.999, 1e-8).is_err());
            assert!(adam(1e-3, 0.9, bad, 1e-8).is_err());
            assert!(Optimiser::sgd(0.1, bad).check().is_err());
        }
        for bad in [-1.0, f32::NAN, f32::INFINITY] {
            let decays = |weight_decay, l1| {
                let (learning_rate, momentum, nesterov) = (0.1, 0.9, true);
                Optimiser::Sgd { learning_rate, momentum, nesterov, weight_decay, l1 }.check()
            };
            assert!(decays(bad, 0.0).is_err() && decays(0.0, bad).is_err());
            assert_eq!(decays(1e-4, 1e-5), Ok(()));
        }
    }
}
