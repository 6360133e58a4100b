//! How often hidden units are active.

use halfwave_kernels::Level;

use super::Rbm;
use crate::TrainError;

/// Rows whose hidden inputs are in memory at once.
const ROWS: usize = 1000;

/// On which share of the data each hidden unit is active: its input x = v W + c is above 0. That is where a
/// rectified unit's noiseless output is, and where a Bernoulli or binomial unit is on with a probability above ½.
/// Gaussian units are positive there, and nothing more.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Share of the rows `[hidden]`, from 0 to 1.
    pub shares: Vec<f64>,
}

impl Activity {
    /// Units that are active on no row.
    #[must_use]
    pub fn dead(&self) -> Vec<usize> {
        self.units(|share| share == 0.0)
    }

    /// Units that are active on every row.
    #[must_use]
    pub fn always_on(&self) -> Vec<usize> {
        self.units(|share| share == 1.0)
    }

    fn units(&self, holds: impl Fn(f64) -> bool) -> Vec<usize> {
        (0..self.shares.len()).filter(|&unit| holds(self.shares[unit])).collect()
    }

    /// How many units have their share in each of so many equal `bins` from 0 to 1, as in Nair & Hinton 2010,
    /// Figure 5. A share on a border counts above it, 1 in the last bin.
    ///
    /// ```
    /// use halfwave_trainer::rbm::Activity;
    /// let activity = Activity { shares: vec![0.0, 0.3, 0.5, 1.0] };
    /// assert_eq!(activity.histogram(2), [2, 2]);
    /// assert_eq!((activity.dead(), activity.always_on()), (vec![0], vec![3]));
    /// ```
    #[must_use]
    pub fn histogram(&self, bins: usize) -> Vec<u64> {
        let mut counts = vec![0; bins];
        for share in &self.shares {
            let bin = ((share * bins as f64) as usize).min(bins.saturating_sub(1));
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
        counts
    }
}

impl Rbm {
    /// How often each hidden unit is active on the rows of `x [rows, visible]`.
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2);
    /// let rbm = Rbm::from_parameters(&config, &[2.0, 0.0], &[0.0], &[-1.0, -1.0], 1)?;
    /// let activity = rbm.activity(Level::best(), &[0.0, 1.0, 1.0, 0.0])?;
    /// assert_eq!(activity.shares, [0.5, 0.0]);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rbm::fit`] for data that do not fit.
    pub fn activity(&self, level: Level, x: &[f32]) -> Result<Activity, TrainError> {
        let rows = self.check_states(x)?;
        let hidden = self.hidden_units();
        let mut counts = vec![0_u64; hidden];
        let mut inputs = vec![0.0; rows.min(ROWS) * hidden];
        for v in x.chunks(ROWS * self.visible_units) {
            let inputs = &mut inputs[..v.len() / self.visible_units * hidden];
            self.hidden_input(level, &self.scaled(v), inputs);
            for row in inputs.chunks_exact(hidden) {
                counts.iter_mut().zip(row).for_each(|(n, &x)| *n += u64::from(x > 0.0));
            }
        }
        Ok(Activity { shares: counts.iter().map(|&n| n as f64 / rows as f64).collect() })
    }
}
