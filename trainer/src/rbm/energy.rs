//! Free energy, F(v) = −ln ∫ exp(−E(v, h)) dh over the hidden units' base measure, and how far rows that are not trained on are above others.

use rayon::prelude::*;

use super::{Rbm, units::log_partition};
use crate::{TrainError, buffers::zeros, samples::Rows};

/// Rows that share a pass over W.
const ROWS: usize = 8;
/// Of which free energies are compared at the end of an epoch: the most of each kind.
const COMPARED: usize = 500;

/// Rows that a machine is trained on, and rows that it is not.
pub(super) struct Compared([Vec<f32>; 2]);

impl Compared {
    /// Of both kinds at most [`COMPARED`], from the first to the last.
    pub(super) fn new(width: usize, rows: [Rows<'_>; 2]) -> Result<Self, TrainError> {
        let [train, held_out] = rows.map(|rows| {
            let all = rows.count(width);
            let count = all.min(COMPARED);
            let at: Vec<u32> = (0..count).map(|i| (i * all / count) as u32).collect();
            let mut x = zeros("the rows whose free energies are compared", &[count, width])?;
            rows.gather(width, &at, &mut x);
            Ok::<_, TrainError>(x)
        });
        Ok(Self([train?, held_out?]))
    }

    /// Mean F of rows that are not trained on, minus that of rows that are.
    pub(super) fn gap(&self, rbm: &Rbm) -> f64 {
        let [train, held_out] = self.0.each_ref().map(|x| {
            let energies = rbm.all_energies(x);
            energies.iter().sum::<f64>() / energies.len() as f64
        });
        held_out - train
    }
}

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
        self.check_energy()?;
        self.check_states(x)?;
        Ok(self.all_energies(x))
    }

    /// That there is one.
    pub(crate) fn check_energy(&self) -> Result<(), TrainError> {
        let hidden = self.config.hidden;
        let none = TrainError::NoEnergy { hidden: hidden.name() };
        log_partition(hidden, 0.0).map(drop).ok_or(none)
    }

    /// F of whole rows.
    fn all_energies(&self, x: &[f32]) -> Vec<f64> {
        let mut energies = vec![0.0; x.len() / self.visible_units];
        let blocks = x.par_chunks(ROWS * self.visible_units);
        blocks.zip(energies.par_chunks_mut(ROWS)).for_each(|(x, out)| self.energies(x, out));
        energies
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
