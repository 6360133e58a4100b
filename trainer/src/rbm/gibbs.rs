//! Sampling from a machine: means and samples of a layer given the other, and Gibbs chains.

use halfwave_kernels::{Level, rng::Noise, units};

use super::Rbm;
use crate::TrainError;

impl Rbm {
    /// Means of the hidden units given `v [rows, visible]`, `[rows, hidden]`: those of the samples, for NReLU
    /// too. [`Rbm::features`] are what a classifier takes.
    ///
    /// # Panics
    /// If `v` is no whole number of rows.
    #[must_use]
    pub fn hidden_mean(&self, level: Level, v: &[f32]) -> Vec<f32> {
        let mut h = self.hidden_layer(v);
        self.hidden_input(level, &self.scaled(v), &mut h);
        if self.config.nrelu_noise.is_papers() {
            units::par_mean_in_place(level, self.config.hidden, &mut h);
        } else {
            self.config.nrelu_noise.mean_in_place(level, &mut h);
        }
        h
    }

    /// Samples of the hidden units given `v [rows, visible]`, `[rows, hidden]`; element i takes draws i·d to
    /// i·d + d − 1 of the noise, d being [`Unit::draws`](halfwave_kernels::units::Unit::draws).
    ///
    /// # Panics
    /// If `v` is no whole number of rows.
    #[must_use]
    pub fn hidden_sample(&self, level: Level, noise: Noise, v: &[f32]) -> Vec<f32> {
        let mut h = self.hidden_layer(v);
        self.sample_hidden(level, noise, &self.scaled(v), &mut h);
        h
    }

    /// Means of the visible units given `h [rows, hidden]`, `[rows, visible]`.
    ///
    /// # Panics
    /// If `h` is no whole number of rows.
    #[must_use]
    pub fn visible_mean(&self, level: Level, h: &[f32]) -> Vec<f32> {
        let mut v = self.visible_layer(h);
        self.visible_states(level, h, None, &mut v);
        self.unscale_in_place(&mut v);
        v
    }

    /// Samples of the visible units given `h [rows, hidden]`, `[rows, visible]`; group i takes draw i of the
    /// noise. The groups of Potts units have [`categories`](super::Visible::Potts), others 1.
    ///
    /// # Panics
    /// If `h` is no whole number of rows.
    #[must_use]
    pub fn visible_sample(&self, level: Level, noise: Noise, h: &[f32]) -> Vec<f32> {
        let mut v = self.visible_layer(h);
        self.visible_states(level, h, Some(noise), &mut v);
        self.unscale_in_place(&mut v);
        v
    }

    /// So many Gibbs steps of one chain a row, from the states `v [rows, visible]`, which become the last
    /// ones; a step samples h given v and v given h. Returns where the noise stands after them: a chain
    /// that goes on from there is one long chain.
    ///
    /// ```
    /// use halfwave_kernels::{Level, rng::Stream, units::Unit};
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[0.0, 0.0], &[200.0, -200.0], &[0.0], 1)?;
    /// let mut v = [0.0, 1.0];
    /// rbm.gibbs(Level::best(), Stream::new(1).at(0), 5, &mut v)?;
    /// assert_eq!(v, [1.0, 0.0]);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rbm::fit`] for states that do not fit; [`TrainError::Chains`] where the last ones are not finite.
    pub fn gibbs(
        &self,
        level: Level,
        mut noise: Noise,
        steps: usize,
        v: &mut [f32],
    ) -> Result<Noise, TrainError> {
        let rows = self.check_states(&*v)?;
        let mut h = self.hidden_layer(v);
        for _ in 0..steps {
            self.scale_in_place(v);
            self.sample_hidden(level, noise, v, &mut h);
            noise = noise.skip(self.hidden_draws(rows));
            self.visible_states(level, &h, Some(noise), v);
            self.unscale_in_place(v);
            noise = noise.skip(self.visible_draws(rows));
        }
        if !v.iter().all(|v| v.is_finite()) {
            return Err(TrainError::Chains { steps });
        }
        Ok(noise)
    }

    /// Zeros for the hidden units of the rows of `v`.
    fn hidden_layer(&self, v: &[f32]) -> Vec<f32> {
        vec![0.0; v.len() / self.visible_units * self.hidden_units()]
    }

    fn visible_layer(&self, h: &[f32]) -> Vec<f32> {
        vec![0.0; h.len() / self.hidden_units() * self.visible_units]
    }
}
