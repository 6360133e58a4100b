//! The inverse temperatures β of annealed importance sampling.

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Inverse temperatures from 0, the base-rate model, to 1, the machine, as `f32`.
///
/// ```
/// use halfwave_trainer::rbm::Temperatures;
/// assert_eq!(Temperatures::Linear { steps: 4 }.betas()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
/// let paper = Temperatures::ThreePieces { steps: 14_500 }.betas()?;
/// assert_eq!((paper[500], paper[4500], paper[14_500]), (0.5, 0.9, 1.0));
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Temperatures {
    /// Evenly from 0 to 1.
    Linear {
        /// How many steps, and so one temperature more.
        steps: usize,
    },
    /// 1/29 of the steps from 0 to .5, 8/29 from .5 to .9, the rest from .9 to 1: the 500, 4,000 and 10,000
    /// of Salakhutdinov & Murray 2008 [from memory, unverified].
    ThreePieces {
        /// How many steps, at least 29.
        steps: usize,
    },
    /// As they are listed.
    List {
        /// From 0 to 1, each above the one before.
        betas: Vec<f32>,
    },
}

impl Default for Temperatures {
    /// 10⁴ even steps.
    fn default() -> Self {
        Self::Linear { steps: 10_000 }
    }
}

impl Temperatures {
    /// All of them, in order.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for too few steps or too many for `f32`, and for a list that does not go from 0
    /// up to 1.
    pub fn betas(&self) -> Result<Vec<f32>, TrainError> {
        let even = |steps: usize, from: f64, to: f64| {
            (1..=steps).map(move |i| (from + (to - from) * i as f64 / steps as f64) as f32)
        };
        /// Where neighbours still differ as `f32` in the densest piece.
        const MOST: usize = 1_000_000;
        let require = |holds, expected, steps: &usize| {
            TrainError::require(holds, "temperatures.steps", expected, steps)
        };
        match self {
            Self::Linear { steps } => {
                require((1..=MOST).contains(steps), "from 1 to 1000000", steps)?;
                Ok([0.0].into_iter().chain(even(*steps, 0.0, 1.0)).collect())
            }
            Self::ThreePieces { steps } => {
                require((29..=MOST).contains(steps), "from 29 to 1000000", steps)?;
                let (first, second) = (steps / 29, 8 * steps / 29);
                let rest = steps - first - second;
                let pieces = even(first, 0.0, 0.5).chain(even(second, 0.5, 0.9));
                Ok([0.0].into_iter().chain(pieces).chain(even(rest, 0.9, 1.0)).collect())
            }
            Self::List { betas } => {
                let holds = betas.first() == Some(&0.0)
                    && betas.last() == Some(&1.0)
                    && betas.is_sorted_by(|a, b| a < b);
                let expected = "from 0 to 1, each above the one before";
                TrainError::require(holds, "temperatures.betas", expected, "other ones")?;
                Ok(betas.clone())
            }
        }
    }
}
