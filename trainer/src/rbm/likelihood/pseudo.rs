//! Pseudo-likelihood (Besag 1975): each unit's probability given all others, in which Z cancels.
//!
//! ```text
//! ln p(vᵢ | v₋ᵢ) = −ln(1 + exp(F(v) − F(v')))        v' is v with vᵢ flipped
//! F(v) − F(v') = s bᵢ + Σⱼ Γ(xⱼ + s Wᵢⱼ) − Γ(xⱼ)      s = 1 − 2 vᵢ, x = v W + c
//! ```

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
};
use rayon::prelude::*;

use super::super::{Rbm, Visible, special::softplus, units::log_partition};
use crate::{TrainError, buffers::check_binary};

/// Rows whose hidden inputs are in memory at once.
const ROWS: usize = 1000;

impl Rbm {
    /// An estimate of Σᵢ ln p(vᵢ given the others) for every row of `x [rows, visible]`: visible · ln p(vᵢ given
    /// the others) for one i, drawn for each row from `seed`. It has no bias, and its mean over many rows is
    /// what is of use (the progress measure of deeplearning.net's tutorial and of scikit-learn).
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[0.0, 0.0], &[0.0, 0.0], &[0.0], 1)?;
    /// let found = rbm.pseudo_likelihood(Level::best(), &[0.0, 1.0], 7)?;
    /// assert!((found[0] - 2.0 * 0.5_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrainError::NoEnergy`]; [`TrainError::Setting`] for visible units that are not Bernoulli, and
    /// [`TrainError::NotBinary`]; those of [`Rbm::fit`] for data that do not fit.
    pub fn pseudo_likelihood(
        &self,
        level: Level,
        x: &[f32],
        seed: u64,
    ) -> Result<Vec<f64>, TrainError> {
        let mut draws = vec![0; x.len() / self.visible_units];
        rng::bits(level, Stream::new(seed).at(0), &mut draws);
        let n = self.visible_units as u64;
        self.of_rows(level, x, |row, v, inputs| {
            let i = (u64::from(draws[row]) * n) >> 32;
            n as f64 * self.log_conditional(v, inputs, i as usize)
        })
    }

    /// Σᵢ ln p(vᵢ given the others) of every row of `x [rows, visible]`: as many terms as weights for a row.
    ///
    /// # Errors
    /// Those of [`Rbm::pseudo_likelihood`].
    pub fn pseudo_likelihood_exact(&self, level: Level, x: &[f32]) -> Result<Vec<f64>, TrainError> {
        self.of_rows(level, x, |_, v, inputs| {
            (0..v.len()).map(|i| self.log_conditional(v, inputs, i)).sum()
        })
    }

    /// `f(row, v, v W + c)` of all rows.
    fn of_rows(
        &self,
        level: Level,
        x: &[f32],
        f: impl Fn(usize, &[f32], &[f32]) -> f64 + Sync,
    ) -> Result<Vec<f64>, TrainError> {
        let config = &self.config;
        if log_partition(config.hidden, 0.0).is_none() {
            return Err(TrainError::NoEnergy { hidden: config.hidden.name() });
        }
        let bernoulli = config.visible == Visible::Bernoulli;
        TrainError::require(bernoulli, "visible", "bernoulli", config.visible)?;
        let rows = self.check_states(x)?;
        check_binary(x, self.visible_units)?;
        let (visible, hidden) = (self.visible_units, self.hidden_units());
        let mut out = vec![0.0; rows];
        let mut inputs = vec![0.0; rows.min(ROWS) * hidden];
        for (block, (v, out)) in x.chunks(ROWS * visible).zip(out.chunks_mut(ROWS)).enumerate() {
            let inputs = &mut inputs[..out.len() * hidden];
            self.hidden_input(level, v, inputs);
            let pairs = v.par_chunks(visible).zip(inputs.par_chunks(hidden));
            pairs.zip(out).enumerate().for_each(|(row, ((v, inputs), out))| {
                *out = f(block * ROWS + row, v, inputs);
            });
        }
        Ok(out)
    }

    /// ln p(vᵢ given the others).
    fn log_conditional(&self, v: &[f32], inputs: &[f32], i: usize) -> f64 {
        let gamma = |x: f64| log_partition(self.config.hidden, x).unwrap_or(f64::NAN);
        let sign = 1.0 - 2.0 * f64::from(v[i]);
        let row = &self.weights[i * inputs.len()..][..inputs.len()];
        let terms = inputs.iter().zip(row).map(|(&x, &w)| {
            let x = f64::from(x);
            gamma(sign.mul_add(f64::from(w), x)) - gamma(x)
        });
        -softplus(sign * f64::from(self.visible_bias[i]) + terms.sum::<f64>())
    }
}
