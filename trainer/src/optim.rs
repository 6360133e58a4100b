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
};

/// Rows that a thread updates at least: fewer are not worth to wake it.
const ROWS: usize = 64;

/// How gradients become updates.
///
/// ```
/// use halfwave_trainer::optim::Optimiser;
/// let adam = Optimiser::Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/// assert_eq!(Optimiser::adam(), adam);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimiser {
    /// Stochastic gradient descent with momentum: v ← momentum v − learning_rate g, w ← w + v.
    Sgd {
        /// Step size.
        learning_rate: f32,
        /// Share of the velocity that stays, in \[0, 1).
        #[serde(default)]
        momentum: f32,
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

impl Optimiser {
    /// Adam with the constants of the paper.
    #[must_use]
    pub fn adam() -> Self {
        Self::Adam {
            learning_rate: learning_rate(),
            beta1: beta1(),
            beta2: beta2(),
            epsilon: epsilon(),
        }
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

    pub(crate) fn check(self) -> Result<(), TrainError> {
        positive("learning_rate", self.learning_rate())?;
        match self {
            Self::Sgd { momentum, .. } => share("momentum", momentum),
            Self::Adam { beta1, beta2, epsilon, .. } => {
                share("beta1", beta1)?;
                share("beta2", beta2)?;
                positive("epsilon", epsilon)
            }
        }
    }

    /// The state before the first step of `length` parameters.
    pub(crate) fn state(self, length: usize) -> Result<State, TrainError> {
        let second = if matches!(self, Self::Adam { .. }) { length } else { 0 };
        let buffer = |length| zeros("the state of the optimiser", &[length]);
        Ok(State { first: buffer(length)?, second: buffer(second)? })
    }

    /// Step `t` (from 1) of `parameters`, against `scale · gradient`.
    pub(crate) fn update(
        self,
        level: Level,
        t: u64,
        scale: f32,
        gradient: &[f32],
        state: &mut State,
        parameters: &mut [f32],
    ) {
        let State { first, second } = state;
        match self {
            Self::Sgd { learning_rate, momentum } => {
                let step = update::Momentum { learning_rate, momentum, weight_decay: 0.0, l1: 0.0 };
                update::momentum(level, step, scale, gradient, first, parameters);
            }
            Self::Adam { learning_rate, beta1, beta2, epsilon } => {
                let step = update::Adam { learning_rate, beta1, beta2, epsilon };
                update::adam(level, step, t, scale, gradient, first, second, parameters);
            }
        }
    }

    /// Whether a parameter whose gradient is 0 stays as it is, whatever its state.
    pub(crate) fn stays_without_gradient(self) -> bool {
        matches!(self, Self::Sgd { momentum: 0.0, .. })
    }

    /// [`Optimiser::update`], of the rows of `parameters` that `rows` names, ascending; `gradient` has their
    /// gradients, and those of the others are 0. For an optimiser that [leaves them](Self::stays_without_gradient).
    pub(crate) fn update_rows(
        self,
        level: Level,
        scale: f32,
        (rows, gradient): (&[u32], &[f32]),
        state: &mut State,
        parameters: &mut [f32],
    ) {
        let Self::Sgd { learning_rate, momentum } = self else { return };
        let Some(columns) = gradient.len().checked_div(rows.len()).filter(|&c| c > 0) else {
            return;
        };
        let step = update::Momentum { learning_rate, momentum, weight_decay: 0.0, l1: 0.0 };
        let mut wanted = rows.iter().zip(gradient.chunks_exact(columns)).peekable();
        let all = parameters.chunks_exact_mut(columns).zip(state.first.chunks_exact_mut(columns));
        let named = (0..).zip(all).filter_map(|(row, (parameters, velocity))| {
            let (_, gradient) = wanted.next_if(|(wanted, _)| **wanted == row)?;
            Some((gradient, velocity, parameters))
        });
        let named: Vec<_> = named.collect();
        named.into_par_iter().with_min_len(ROWS).for_each(|(gradient, velocity, parameters)| {
            update::momentum(level, step, scale, gradient, velocity, parameters);
        });
    }

    /// [`Optimiser::update`] with the gradient a · b, which is never written to memory.
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
        let update = match self {
            Self::Sgd { learning_rate, momentum } => {
                let step = update::Momentum { learning_rate, momentum, weight_decay: 0.0, l1: 0.0 };
                Update::Momentum { step, scale, velocity: first }
            }
            Self::Adam { learning_rate, beta1, beta2, epsilon } => {
                let step = update::Adam { learning_rate, beta1, beta2, epsilon };
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
        let sgd = Optimiser::Sgd { learning_rate: 0.5, momentum: 0.0 };
        assert_eq!(of("name = 'sgd'\nlearning_rate = 0.5").unwrap(), sgd);
        assert_eq!(of(&toml::to_string(&sgd).unwrap()).unwrap(), sgd);
        assert!(of("name = 'adam'\nmomentum = 0.5").is_err());
        assert!(of("name = 'lbfgs'").is_err());
    }

    #[test]
    fn settings_out_of_range_are_errors() {
        let adam = |learning_rate, beta1, beta2, epsilon| {
            Optimiser::Adam { learning_rate, beta1, beta2, epsilon }.check()
        };
        assert_eq!(adam(1e-3, 0.9, 0.999, 1e-8), Ok(()));
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(adam(bad, 0.9, 0.999, 1e-8).is_err());
            assert!(adam(1e-3, 0.9, 0.999, bad).is_err());
        }
        for bad in [1.0, -0.1, f32::NAN] {
            assert!(adam(1e-3, bad, 0.999, 1e-8).is_err());
            assert!(adam(1e-3, 0.9, bad, 1e-8).is_err());
            assert!(Optimiser::Sgd { learning_rate: 0.1, momentum: bad }.check().is_err());
        }
    }
}
