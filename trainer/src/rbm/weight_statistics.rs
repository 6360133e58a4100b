//! What the weights look like.

use super::{Rbm, norms::spectral_norm};

/// Statistics of W `[visible, hidden]`.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightStatistics {
    /// Mean of all weights.
    pub mean: f64,
    /// Population standard deviation.
    pub std: f64,
    /// Largest |w|.
    pub max: f64,
    /// Euclidean norm of each hidden unit's weights `[hidden]`.
    pub norms: Vec<f64>,
    /// The largest singular value, from below, to about 10⁻³.
    pub spectral_norm: f64,
}

impl Rbm {
    /// Mean, spread and norms of the weights.
    ///
    /// ```
    /// use halfwave_kernels::units::Unit;
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2);
    /// let w = [3.0, 0.0, 4.0, 1.0]; // rows are visible units
    /// let rbm = Rbm::from_parameters(&config, &w, &[0.0, 0.0], &[0.0, 0.0], 1)?;
    /// let found = rbm.weight_statistics();
    /// assert_eq!((found.mean, found.max, found.norms), (2.0, 4.0, vec![5.0, 1.0]));
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    #[must_use]
    pub fn weight_statistics(&self) -> WeightStatistics {
        let hidden = self.hidden_units();
        let n = self.weights.len() as f64;
        let weights = || self.weights.iter().map(|&w| f64::from(w));
        let mean = weights().sum::<f64>() / n;
        let variance = weights().map(|w| (w - mean) * (w - mean)).sum::<f64>() / n;
        let mut squares = vec![0.0; hidden];
        for row in self.weights.chunks_exact(hidden) {
            squares.iter_mut().zip(row).for_each(|(sum, &w)| *sum += f64::from(w) * f64::from(w));
        }
        WeightStatistics {
            mean,
            std: variance.sqrt(),
            max: weights().fold(0.0, |max, w| max.max(w.abs())),
            norms: squares.into_iter().map(f64::sqrt).collect(),
            spectral_norm: spectral_norm(&self.weights, hidden, &mut Vec::new()),
        }
    }
}
