//! Free energy, F(v) = −ln ∫ exp(−E(v, h)) dh over the hidden units' base measure.

use rayon::prelude::*;

use super::{Rbm, units::log_partition};
use crate::TrainError;

/// Rows that share a pass over W.
const ROWS: usize = 8;

impl Rbm {
    /// F(v) of every row of `x [rows, visible]`, in `f64` throughout: the visible term of the table below
    /// minus Σ Γ(v W + c), where −F is the logarithm of the density but for a constant, ln Z.
    ///
    /// | visible | term |
    /// |---|---|
    /// | Bernoulli, Potts | −Σ b v |
    /// | Gaussian | Σ (v − b)² / 2, and with σ other than 1 Σ ((v − b)/σ)² / 2 − Σ Γ((v/σ) W + c) |
    ///
    /// Γ is [`log_partition`], with the additive constants of its base measures.
    ///
    /// ```
    /// use halfwave_kernels::units::Unit;
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[2.0], &[0.5], &[-1.0], 1)?;
    /// let found = rbm.free_energy(&[0.0, 1.0])?;
    /// assert!((found[0] - -(1.0 + (-1.0_f64).exp()).ln()).abs() < 1e-15);
    /// assert!((found[1] - (-0.5 - (1.0 + 1.0_f64.exp()).ln())).abs() < 1e-15);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrainError::NoEnergy`] for NReLU; the errors of [`Rbm::fit`] for data that do not fit.
    pub fn free_energy(&self, x: &[f32]) -> Result<Vec<f64>, TrainError> {
        let hidden = self.config.hidden;
        if log_partition(hidden, 0.0).is_none() {
            return Err(TrainError::NoEnergy { hidden: hidden.name() });
        }
        let rows = self.check_states(x)?;
        let mut energies = vec![0.0; rows];
        let blocks = x.par_chunks(ROWS * self.visible_units);
        blocks.zip(energies.par_chunks_mut(ROWS)).for_each(|(x, out)| self.energies(x, out));
        Ok(energies)
    }

    /// F of a few rows.
    fn energies(&self, x: &[f32], out: &mut [f64]) {
        let (visible, hidden) = (self.visible_units, self.hidden_units());
        let mut inputs: Vec<f64> = self.hidden_bias.iter().map(|&c| c.into()).collect();
        inputs = inputs.repeat(out.len());
        let units: Vec<Vec<f64>> = x.chunks_exact(visible).map(|v| self.wide_units(v)).collect();
        let bias = self.wide_units(&self.visible_bias);
        for (i, w) in self.weights.chunks_exact(hidden).enumerate() {
            for (v, inputs) in units.iter().zip(inputs.chunks_exact_mut(hidden)) {
                let v = v[i];
                if v != 0.0 {
                    inputs.iter_mut().zip(w).for_each(|(x, &w)| *x += v * f64::from(w));
                }
            }
        }
        for ((v, inputs), out) in units.iter().zip(inputs.chunks_exact(hidden)).zip(out) {
            let gamma = |&x: &f64| log_partition(self.config.hidden, x).unwrap_or(f64::NAN);
            let terms: f64 = inputs.iter().map(gamma).sum();
            *out = self.config.visible.energy(v, &bias) - terms;
        }
    }
}
