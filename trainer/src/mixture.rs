//! Mixture of Bernoullis, fitted by expectation-maximisation: a density of binary data whose likelihood is
//! exact, and so the yardstick for models whose likelihood is estimated.
//!
//! ```text
//! x [rows, width], π [components], p [components, width]
//!
//! ln p(x) = ln Σ_k πₖ Π_i pₖᵢ^xᵢ (1 − pₖᵢ)^(1 − xᵢ)
//!
//! E    r_k = πₖ p(x | k) / p(x)
//! M    πₖ = Σ r_k / rows        pₖᵢ = (Σ r_k xᵢ + s) / (Σ r_k + 2 s)        over all rows, s: smoothing
//! ```
//!
//! ln p(x | k) = Σ ln(1 − pₖᵢ) + x · logit pₖ, so both steps are products. McLachlan & Peel 2000, chapter 3;
//! yardstick of Salakhutdinov & Hinton, AISTATS 2009.

use halfwave_datasets::batches::permutation;
use halfwave_kernels::{
    Level,
    gemm::{self, Epilogue},
    rows,
};
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    buffers::{check_binary, check_rows, gather, matrix, matrix_mut, zeros},
};

/// Rows whose responsibilities are in memory at once.
const ROWS: usize = 4096;

/// The settings of a [`Mixture`] and of its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureConfig {
    /// Number of components.
    pub components: usize,
    /// Steps of expectation-maximisation.
    pub epochs: usize,
    /// s: the cases of 0 and of 1 that every component is given for every value. Keeps p off 0 and 1.
    pub smoothing: f32,
}

/// A mixture of Bernoullis.
///
/// ```
/// use halfwave_kernels::Level;
/// use halfwave_trainer::mixture::{Mixture, MixtureConfig};
/// let x = [1.0, 1.0, 0.0, 0.0].repeat(50); // half of the rows 1 1, half 0 0
/// let config = MixtureConfig { components: 8, epochs: 50, smoothing: 1e-3 };
/// let mixture = Mixture::fit(Level::best(), &config, &x, 2, 1)?;
/// let logs = mixture.log_likelihood(Level::best(), &x)?;
/// assert!((logs[0] - 0.5_f64.ln()).abs() < 1e-3, "{}", logs[0]);
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mixture {
    width: usize,
    /// logit p `[width, components]`.
    logits: Vec<f32>,
    /// ln π + Σ ln(1 − p) `[components]`.
    bias: Vec<f32>,
}

impl Mixture {
    /// Fits the mixture to `x [rows, width]`. Component k starts half way between the mean of the data and a
    /// row of them, drawn from `seed` without replacement.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for settings that make no sense, more components than rows among them;
    /// [`TrainError::NotBinary`]; those of [`Rbm::fit`](crate::rbm::Rbm::fit) for data that do not fit;
    /// [`TrainError::Memory`].
    pub fn fit(
        level: Level,
        config: &MixtureConfig,
        x: &[f32],
        width: usize,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let MixtureConfig { components, epochs, smoothing } = *config;
        TrainError::require(width > 0, "width", "at least 1", width)?;
        let count = check(x, width)?;
        let holds = (1..=count).contains(&components);
        TrainError::require(holds, "components", "from 1 to the number of rows", components)?;
        let holds = smoothing > 0.0 && smoothing.is_finite();
        TrainError::require(holds, "smoothing", "a finite number above 0", smoothing)?;

        let mut first = permutation(count, seed, 0);
        first.truncate(components);
        let mut start = vec![0.0; components * width];
        gather(x, width, &first, &mut start);
        let mut means = vec![0.0; width];
        rows::column_sums(level, x, &mut means);
        for row in start.chunks_exact_mut(width) {
            row.iter_mut().zip(&means).for_each(|(p, sum)| *p = 0.5 * (*p + sum / count as f32));
        }

        let mut mixture = Self {
            width,
            logits: zeros("the probabilities", &[width, components])?,
            bias: vec![0.0; components],
        };
        mixture.maximise(&start, &vec![1.0; components], smoothing);
        let mut r = zeros("responsibilities", &[count.min(ROWS), components])?;
        let mut sums = vec![0.0_f64; components];
        for _ in 0..epochs {
            start.fill(0.0);
            sums.fill(0.0);
            for x in x.chunks(ROWS * width) {
                let r = &mut r[..x.len() / width * components];
                mixture.joint(level, x, r);
                rows::softmax_in_place(level, r, components);
                for r in r.chunks_exact(components) {
                    sums.iter_mut().zip(r).for_each(|(sum, &r)| *sum += f64::from(r));
                }
                let r = matrix(r, components).transpose();
                let out = matrix_mut(&mut start, width);
                gemm::matmul_add(level, 1.0, r, matrix(x, width), out, Epilogue::None);
            }
            mixture.maximise(&start, &sums, smoothing);
        }
        Ok(mixture)
    }

    /// ln p(x) of every row of `x [rows, width]`, in nats.
    ///
    /// # Errors
    /// [`TrainError::NotBinary`], and those of [`Rbm::fit`](crate::rbm::Rbm::fit) for data that do not fit.
    pub fn log_likelihood(&self, level: Level, x: &[f32]) -> Result<Vec<f64>, TrainError> {
        let count = check(x, self.width)?;
        let components = self.bias.len();
        let mut joint = zeros("responsibilities", &[count.min(ROWS), components])?;
        let mut logs = Vec::with_capacity(count);
        for x in x.chunks(ROWS * self.width) {
            let joint = &mut joint[..x.len() / self.width * components];
            self.joint(level, x, joint);
            logs.extend(joint.chunks_exact(components).map(|joint| {
                let max = joint.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f64 = joint.iter().map(|&j| f64::from(j - max).exp()).sum();
                f64::from(max) + sum.ln()
            }));
        }
        Ok(logs)
    }

    /// out [rows, components] ← ln πₖ p(x | k).
    fn joint(&self, level: Level, x: &[f32], out: &mut [f32]) {
        let components = self.bias.len();
        let (x, logits) = (matrix(x, self.width), matrix(&self.logits, components));
        gemm::matmul(level, x, logits, matrix_mut(out, components), Epilogue::Bias(&self.bias));
    }

    /// π and p from Σ r x `[components, width]` and Σ r `[components]`.
    fn maximise(&mut self, on: &[f32], sums: &[f64], smoothing: f32) {
        let (components, smoothing) = (self.bias.len(), f64::from(smoothing));
        let total: f64 = sums.iter().sum();
        for (k, (on, sum)) in on.chunks_exact(self.width).zip(sums).enumerate() {
            // A component that has lost all rows keeps the weight of a rounding error.
            let mut bias = (sum / total).max(f64::MIN_POSITIVE).ln();
            for (i, &on) in on.iter().enumerate() {
                let p = (f64::from(on) + smoothing) / (sum + 2.0 * smoothing);
                // Sums of f32 can exceed their f64 counterpart in the last digits.
                let p = p.min(1.0 - 1e-7);
                bias += (-p).ln_1p();
                self.logits[i * components + k] = (p.ln() - (-p).ln_1p()) as f32;
            }
            self.bias[k] = bias as f32;
        }
    }
}

/// That `x` is whole rows of 0 and 1; returns how many.
fn check(x: &[f32], width: usize) -> Result<usize, TrainError> {
    let rows = check_rows(x, width)?;
    check_binary(x, width)?;
    Ok(rows)
}
