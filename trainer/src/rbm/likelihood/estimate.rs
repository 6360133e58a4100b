//! What importance weights say about ln Z.

use super::log_sum_exp;

/// An estimate of ln Z from M weights, w = the mean of which estimates Z, or 1/Z where the chains run back.
#[derive(Clone, Debug, PartialEq)]
pub struct LogZ {
    /// ln Z.
    pub log_z: f64,
    /// ln(Ẑ − 3 σ̂) to ln(Ẑ + 3 σ̂), σ̂ being the standard error of the mean of the weights (Salakhutdinov &
    /// Murray 2008); back-running chains have it for 1/Z. −∞ or ∞ where 3 σ̂ is more than the mean. It
    /// knows of the weights that were drawn only: chains that all missed a mode do not show.
    pub interval: (f64, f64),
    /// (Σ w)² / Σ w², from 1 to M: how many equal weights would say as much.
    pub effective_samples: f64,
    /// Logarithm of each chain's weight, with Z of the base-rate model.
    pub log_weights: Vec<f64>,
}

impl LogZ {
    /// From weights whose mean is Z.
    pub(super) fn forward(log_weights: Vec<f64>) -> Self {
        let (log_z, interval, effective_samples) = log_mean(&log_weights);
        Self { log_z, interval, effective_samples, log_weights }
    }

    /// From weights whose mean is 1/Z.
    pub(super) fn backward(log_weights: Vec<f64>) -> Self {
        let (log_mean, (low, high), effective_samples) = log_mean(&log_weights);
        Self { log_z: -log_mean, interval: (-high, -low), effective_samples, log_weights }
    }
}

/// ln of the mean weight, its interval, and the effective number of weights.
fn log_mean(log_weights: &[f64]) -> (f64, (f64, f64), f64) {
    let m = log_weights.len() as f64;
    let log_mean = log_sum_exp(log_weights) - m.ln();
    let ratios = log_weights.iter().map(|w| (w - log_mean).exp());
    let squares: f64 = ratios.clone().map(|r| r * r).sum();
    let variance = ratios.map(|r| (r - 1.0) * (r - 1.0)).sum::<f64>() / (m - 1.0).max(1.0);
    let error = 3.0 * (variance / m).sqrt();
    let at = |ratio: f64| log_mean + if ratio > 0.0 { ratio.ln() } else { f64::NEG_INFINITY };
    (log_mean, (at(1.0 - error), at(1.0 + error)), m * m / squares)
}

/// A mean over rows of data.
///
/// ```
/// use halfwave_trainer::rbm::Average;
/// let average = Average::of(&[1.0, 3.0]);
/// assert_eq!((average.mean, average.standard_error, average.n), (2.0, 1.0, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Average {
    /// The mean.
    pub mean: f64,
    /// Its standard error, √(variance / n) with n − 1 in the variance; NaN for one value.
    pub standard_error: f64,
    /// How many values.
    pub n: usize,
}

impl Average {
    /// Of these values.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        Self { mean, standard_error: (squares / (n - 1.0) / n).sqrt(), n: values.len() }
    }
}
