//! Likelihood: ln Z, exactly or by annealed importance sampling, and what it says of data.
//!
//! | function | what | for |
//! |---|---|---|
//! | [`Rbm::log_z_exact`] | ln Z | up to 2²⁰ states of one layer |
//! | [`Rbm::ais`] | ln Z, from below in expectation | all but NReLU |
//! | [`Rbm::reverse_ais`] | ln Z, from above in expectation | all but NReLU, with samples of the machine |
//! | [`Rbm::log_likelihood`] | ln p(v) of each row | with one of these |
//! | [`Rbm::free_energy_gap`] | whether the machine knows its training rows | without ln Z |
//! | [`Rbm::pseudo_likelihood`] | Σ ln p(vᵢ given the others) | Bernoulli visible units, without ln Z |
//!
//! An estimate of ln Z that is too low flatters the machine: where it matters, both bounds are to be shown.

mod ais;
mod annealing;
mod differences;
mod estimate;
mod exact;
mod partition;
mod pseudo;
mod temperatures;
#[cfg(test)]
mod tests;

pub use ais::AisConfig;
pub use estimate::{Average, LogZ};
pub use temperatures::Temperatures;

use super::{Rbm, Visible};
use crate::{TrainError, buffers::check_binary};

impl Rbm {
    /// ln p(v) = −F(v) − ln Z of every row of `x [rows, visible]`, in nats; `log_z` is that of
    /// [`Rbm::log_z_exact`], [`Rbm::ais`] or [`Rbm::reverse_ais`]. The density, where visible units are Gaussian.
    ///
    /// ```
    /// use halfwave_kernels::units::Unit;
    /// use halfwave_trainer::rbm::{Average, Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[2.0], &[0.5], &[-1.0], 1)?;
    /// let logs = rbm.log_likelihood(&[0.0, 1.0], rbm.log_z_exact()?)?;
    /// assert!((logs[0].exp() + logs[1].exp() - 1.0).abs() < 1e-14);
    /// println!("{} nats a row", Average::of(&logs).mean);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rbm::free_energy`]; [`TrainError::NotBinary`] for Bernoulli visible units, whose states the rows
    /// must be.
    pub fn log_likelihood(&self, x: &[f32], log_z: f64) -> Result<Vec<f64>, TrainError> {
        let mut logs = self.free_energy(x)?;
        if self.config.visible == Visible::Bernoulli {
            check_binary(x, self.visible_units)?;
        }
        logs.iter_mut().for_each(|f| *f = -*f - log_z);
        Ok(logs)
    }

    /// Mean F of rows that were not trained on minus that of rows that were: near 0 at first, and growing
    /// where the machine learns its rows by heart (Hinton 2010, section 6). Both sets of the same kind,
    /// and the same from epoch to epoch; Z need not be known.
    ///
    /// # Errors
    /// Those of [`Rbm::free_energy`].
    pub fn free_energy_gap(&self, train: &[f32], other: &[f32]) -> Result<f64, TrainError> {
        let mean = |x: &[f32]| self.free_energy(x).map(|f| Average::of(&f).mean);
        Ok(mean(other)? - mean(train)?)
    }
}

/// ln Σ eˣ.
fn log_sum_exp(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if max.is_finite() { max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln() } else { max }
}
