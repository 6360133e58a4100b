//! Step sizes that change with the epochs.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// The factor on the learning rate in epoch t, counted from 0 over all calls of `fit`.
///
/// ```
/// use halfwave_trainer::optim::Schedule;
/// assert_eq!(Schedule::Linear { epochs: 4 }.factor(1), 0.75);
/// assert_eq!(Schedule::Cosine { epochs: 4 }.factor(2), 0.5);
/// assert_eq!(Schedule::Inverse { epochs: 4 }.factor(4), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// 1.
    #[default]
    Constant,
    /// 1 − t / epochs, from then on 0.
    Linear {
        /// When it comes to 0.
        epochs: usize,
    },
    /// (1 + cos(π t / epochs)) / 2, from then on 0.
    Cosine {
        /// When it comes to 0.
        epochs: usize,
    },
    /// 1 / (1 + t / epochs).
    Inverse {
        /// When it comes to ½.
        epochs: usize,
    },
}

impl Schedule {
    /// The factor in epoch `t`, from 0.
    #[must_use]
    pub fn factor(self, t: u64) -> f32 {
        let part = |epochs: usize| t as f64 / epochs as f64;
        let factor = match self {
            Self::Constant => 1.0,
            Self::Linear { epochs } => 1.0 - part(epochs).min(1.0),
            Self::Cosine { epochs } => 0.5 + 0.5 * (PI * part(epochs).min(1.0)).cos(),
            Self::Inverse { epochs } => 1.0 / (1.0 + part(epochs)),
        };
        factor as f32
    }

    pub(crate) fn check(self) -> Result<(), TrainError> {
        match self {
            Self::Linear { epochs: 0 }
            | Self::Cosine { epochs: 0 }
            | Self::Inverse { epochs: 0 } => {
                Err(TrainError::setting("schedule.epochs", "at least 1", 0))
            }
            _ => Ok(()),
        }
    }
}
