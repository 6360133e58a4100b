//! Annealed importance sampling, forward and backward.
//!
//! ```text
//! forward     v ~ p_0           then for each β → β' up      w ← w f_β'(v) / f_β(v), one move at β'
//! backward    v ~ p_1           then for each β → β' down    w ← w f_β'(v) / f_β(v), one move at β'
//!
//! mean of w   Z / Z_0 forward, Z_0 / Z backward, without bias, for any number of temperatures
//! ln of it    too low in expectation, by Jensen's inequality: ln Ẑ is too low forward, too high backward
//! ```
//!
//! Neal, Statistics and Computing 11, 2001; Salakhutdinov & Murray, ICML 2008; backward: Burda, Grosse &
//! Salakhutdinov, AISTATS 2015 (arXiv:1412.8566), and Grosse, Ghahramani & Adams 2015 (arXiv:1511.02543).

use halfwave_kernels::Level;

use super::{
    super::{Rbm, Visible},
    LogZ,
    annealing::Annealing,
    temperatures::Temperatures,
};
use crate::{TrainError, buffers::check_binary};

/// Settings of [`Rbm::ais`] and [`Rbm::reverse_ais`]. By default 100 chains and 10⁴ even steps, as in PyDeep's
/// figures, from the uniform distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct AisConfig {
    /// M, the number of independent chains.
    pub chains: usize,
    /// The inverse temperatures.
    pub temperatures: Temperatures,
    /// Biases of the base-rate model `[visible]`, best those of the data, [`Rbm::base_rate`]; 0 if none.
    pub base: Option<Vec<f32>>,
    /// Seed of the noise. Not that of the training.
    pub seed: u64,
}

impl Default for AisConfig {
    fn default() -> Self {
        Self { chains: 100, temperatures: Temperatures::default(), base: None, seed: 1 }
    }
}

impl Rbm {
    /// The biases with which units of no input have the means of `x [rows, visible]`, one case in every
    /// category added: the first ones of [`Rbm::fit`].
    ///
    /// # Errors
    /// Those of [`Rbm::fit`] for data that do not fit.
    pub fn base_rate(&self, x: &[f32]) -> Result<Vec<f32>, TrainError> {
        self.check(x)?;
        Ok(self.mean_biases(x.into(), None))
    }

    /// ln Z by annealed importance sampling, from the base-rate model to the machine.
    ///
    /// Ẑ has no bias, ln Ẑ is too low in expectation, and with few temperatures by far: chains miss modes, and
    /// the likelihood looks better than it is. Compare numbers of temperatures, and [`Rbm::reverse_ais`]. All
    /// visible units; all hidden units but NReLU, which has no energy: take SSU(N) for it.
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::rbm::{AisConfig, Rbm, RbmConfig, Temperatures, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[2.0, 1.0], &[0.0, 0.0], &[-1.0], 1)?;
    /// let temperatures = Temperatures::Linear { steps: 100 };
    /// let found = rbm.ais(Level::best(), &AisConfig { temperatures, ..AisConfig::default() })?;
    /// assert!((found.log_z - rbm.log_z_exact()?).abs() < 0.1);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrainError::NoEnergy`]; [`TrainError::NoDensity`]; [`TrainError::Setting`] and [`TrainError::Shape`] for
    /// settings that make no sense; [`TrainError::Memory`]; [`TrainError::Noise`].
    pub fn ais(&self, level: Level, config: &AisConfig) -> Result<LogZ, TrainError> {
        let betas = config.temperatures.betas()?;
        let mut chains = Annealing::new(self, level, config, betas.len())?;
        chains.step(0.0, 0);
        for (i, pair) in betas.windows(2).enumerate() {
            chains.weigh(pair[0], pair[1]);
            if pair[1] < 1.0 {
                chains.step(pair[1], i + 1);
            }
        }
        let base = chains.base_log_z();
        Ok(LogZ::forward(chains.log_weights.iter().map(|w| base + w).collect()))
    }

    /// ln Z by annealed importance sampling from the machine to the base-rate model, from the states
    /// `start [chains, visible]`.
    ///
    /// If `start` are independent samples of the machine ([`Rbm::exact_samples`]), 1/Ẑ has no bias and ln Ẑ is too
    /// high in expectation: with [`Rbm::ais`] it encloses ln Z. Ends of long chains of [`Rbm::gibbs`] are samples
    /// only as far as the chains have mixed: where they have not, ln Ẑ is that of the modes they are in,
    /// and may be too low.
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::rbm::{AisConfig, Rbm, RbmConfig, Temperatures, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[2.0, 1.0], &[0.0, 0.0], &[-1.0], 1)?;
    /// let start = rbm.exact_samples(Level::best(), 100, 7)?;
    /// let config = AisConfig { temperatures: Temperatures::Linear { steps: 100 }, ..AisConfig::default() };
    /// let found = rbm.reverse_ais(Level::best(), &config, &start)?;
    /// assert!((found.log_z - rbm.log_z_exact()?).abs() < 0.1);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rbm::ais`]; for states that do not fit those of [`Rbm::log_likelihood`], and
    /// [`TrainError::Shape`] for another number of rows than chains.
    pub fn reverse_ais(
        &self,
        level: Level,
        config: &AisConfig,
        start: &[f32],
    ) -> Result<LogZ, TrainError> {
        let betas = config.temperatures.betas()?;
        let mut chains = Annealing::new(self, level, config, betas.len())?;
        let rows = self.check_states(start)?;
        if self.config.visible == Visible::Bernoulli {
            check_binary(start, self.visible_units)?;
        }
        if rows != config.chains {
            let (name, expected) = ("states to start from", config.chains);
            return Err(TrainError::Shape { name, expected, found: rows });
        }
        chains.v.copy_from_slice(&self.scaled(start));
        for (i, pair) in betas.windows(2).rev().enumerate() {
            chains.weigh(pair[1], pair[0]);
            if pair[0] > 0.0 {
                chains.step(pair[0], i);
            }
        }
        let base = chains.base_log_z();
        Ok(LogZ::backward(chains.log_weights.iter().map(|w| w - base).collect()))
    }
}
