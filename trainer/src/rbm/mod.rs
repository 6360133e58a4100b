//! Restricted Boltzmann machines.
//!
//! ```text
//! v [batch, visible], h [batch, hidden], W [visible, hidden], b [visible], c [hidden], all row-major
//!
//! E(v, h) = −Σ b v − Σ c h − Σ v W h               Bernoulli and Potts visible units
//! E(v, h) = Σ (v − b)² / 2 − Σ c h − Σ v W h       Gaussian visible units; with v/σ and b/σ in `sigma.rs`
//!
//! hidden     x = v W + c      h ~ unit(x)
//! visible    x = h Wᵀ + b     mean σ(x), softmax(x) or x
//! ```
//!
//! Gaussian visible units expect data of zero mean and unit variance, unless their σ are learned. NReLU hidden units,
//! h = max(0, x + N(0, σ(x))) with *variance* σ(x), are those of Nair & Hinton, ICML 2010.

mod activity;
mod averages;
mod cd;
mod conditionals;
mod config;
mod energy;
mod file;
mod fit;
mod gibbs;
mod likelihood;
mod noise;
mod norms;
mod sigma;
mod special;
mod units;
mod weight_statistics;

use halfwave_kernels::{
    Level,
    gemm::Epilogue,
    rng::{self, Block, Noise, NoisePlan, NoisePlanBuilder},
};

pub use crate::tensors::ModelError;
pub use activity::Activity;
pub use config::{Centring, Chains, RbmConfig, Sparsity, States};
pub use likelihood::{AisConfig, Average, LogZ, Temperatures};
pub use noise::NreluNoise;
pub use units::{Visible, log_partition};
pub use weight_statistics::WeightStatistics;

use crate::{
    TrainError,
    buffers::zeros,
    observe::Observer,
    samples::Rows,
    train::{Loop, Progress},
};

/// Standard deviation of the first weights (Hinton 2010, section 8).
const FIRST_WEIGHTS: f32 = 0.01;

/// A restricted Boltzmann machine.
///
/// ```
/// use halfwave_kernels::{Level, units::Unit};
/// use halfwave_trainer::{observe::Silent, rbm::{Rbm, RbmConfig, Visible}};
///
/// let x = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0].repeat(50); // 100 rows of 4
/// let config = RbmConfig { batch: 10, epochs: 50, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2) };
/// let mut rbm = Rbm::new(&config, 4, 42)?;
/// rbm.fit(Level::best(), &x, "pairs", &mut Silent)?;
/// let v = rbm.reconstruct(Level::best(), &[1.0, 1.0, 0.0, 0.0]);
/// assert!(v[0] > 0.9 && v[1] > 0.9 && v[2] < 0.1 && v[3] < 0.1, "{v:?}");
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rbm {
    config: RbmConfig,
    visible_units: usize,
    seed: u64,
    builder: NoisePlanBuilder,
    plan: NoisePlan,
    /// The noise of the hidden samples, in each step.
    hidden_block: Block,
    /// The noise of the visible samples, in each step.
    visible_block: Block,
    weights: Vec<f32>,
    visible_bias: Vec<f32>,
    hidden_bias: Vec<f32>,
    /// σ of Gaussian visible units, where it is not 1 for good.
    sigma: Option<sigma::Sigma>,
    /// Whether the first call of `fit` sets the visible biases.
    biased_by_data: bool,
    /// Whether it sets σ with them.
    sigma_by_data: bool,
    velocity: Velocity,
    /// Hidden states of the persistent chains, `[batch, hidden]`; empty before their first step.
    chains: Vec<f32>,
    averages: averages::Averages,
    /// Where the power iteration of the spectral norm stands; empty before the first.
    direction: Vec<f32>,
    progress: Progress,
}

/// What momentum keeps.
#[derive(Clone, Debug)]
struct Velocity {
    weights: Vec<f32>,
    biases: cd::Biases,
}

impl Rbm {
    /// An untrained machine: weights N(0, .01²) from `seed`, biases 0.
    ///
    /// # Errors
    /// [`TrainError::Setting`], [`TrainError::Memory`] and [`TrainError::Noise`].
    pub fn new(config: &RbmConfig, visible_units: usize, seed: u64) -> Result<Self, TrainError> {
        config.check()?;
        config.visible.check_units(visible_units)?;
        let hidden_units = config.hidden_units;
        let product = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
        let mut builder = NoisePlan::builder(seed);
        let first_weights = builder.before(product(visible_units, hidden_units));
        let RbmConfig { batch, steps, .. } = *config;
        let persistent = config.chains == Chains::Persistent;
        let samples = product(batch, steps.saturating_add(persistent.into()));
        let draws = (hidden_units as u64).saturating_mul(config.hidden.draws().into());
        let hidden_block = builder.each_step(samples.saturating_mul(draws));
        let visible_draws = match config.visible_states() {
            States::Mean => 0,
            States::Sample => config.visible.draws(visible_units),
        };
        let visible_block = builder.each_step(product(batch, steps).saturating_mul(visible_draws));
        let plan = builder.build(0)?;

        let mut weights = zeros("the weights", &[visible_units, hidden_units])?;
        // Normal variates have the same bits on every level.
        rng::normal(Level::best(), plan.once(first_weights), &mut weights);
        weights.iter_mut().for_each(|w| *w *= FIRST_WEIGHTS);
        Ok(Self {
            config: config.clone(),
            visible_units,
            seed,
            builder,
            plan,
            hidden_block,
            visible_block,
            weights,
            visible_bias: zeros("the biases", &[visible_units])?,
            hidden_bias: zeros("the biases", &[hidden_units])?,
            sigma: (config.sigma_rate > 0.0)
                .then(|| sigma::Sigma::one(visible_units))
                .transpose()?,
            biased_by_data: true,
            sigma_by_data: config.sigma_rate > 0.0,
            velocity: Velocity {
                weights: zeros("the velocities of the weights", &[visible_units, hidden_units])?,
                biases: cd::Biases::new(visible_units, hidden_units)?,
            },
            chains: Vec::new(),
            averages: averages::Averages::new(visible_units, hidden_units)?,
            direction: Vec::new(),
            progress: Progress::default(),
        })
    }

    /// A machine with parameters W `[visible, hidden]`, b `[visible]` and c `[hidden]`, row-major. Training
    /// goes on from them, and leaves the visible biases to the gradient; `seed` is that of its noise.
    ///
    /// # Errors
    /// Those of [`Rbm::new`]; [`TrainError::Shape`]; [`TrainError::Setting`] for a parameter that is not finite.
    pub fn from_parameters(
        config: &RbmConfig,
        weights: &[f32],
        visible_bias: &[f32],
        hidden_bias: &[f32],
        seed: u64,
    ) -> Result<Self, TrainError> {
        let mut rbm = Self::new(config, visible_bias.len(), seed)?;
        for (name, parameters, to) in [
            ("weights", weights, &mut rbm.weights),
            ("visible_bias", visible_bias, &mut rbm.visible_bias),
            ("hidden_bias", hidden_bias, &mut rbm.hidden_bias),
        ] {
            let (expected, found) = (to.len(), parameters.len());
            if expected != found {
                return Err(TrainError::Shape { name, expected, found });
            }
            if let Some(bad) = parameters.iter().find(|x| !x.is_finite()) {
                return Err(TrainError::setting(name, "finite numbers", bad));
            }
            to.copy_from_slice(parameters);
        }
        if let Some(sigma) = &mut rbm.sigma {
            sigma.follow(&rbm.visible_bias);
        }
        rbm.biased_by_data = false;
        Ok(rbm)
    }

    /// Trains on `x [rows, visible]` for the epochs of the configuration, by CD-k or PCD-k; called again, it
    /// goes on with weights, velocity, chains, running means, shuffles and noise as they stand.
    ///
    /// The first call sets the visible biases from the data, unless the machine is one of
    /// [`Rbm::from_parameters`]: to ln(p / (1 − p)) with p = (Σ v + 1) / (rows + 2) for Bernoulli units, to ln p
    /// with p = (Σ v + 1) / (rows + K) for Potts units of K categories (Hinton 2010, section 8.1; the 1 keeps
    /// pixels that are always off finite), to the mean for Gaussian ones, whose σ, where it is learned, becomes the
    /// deviation of the data.
    ///
    /// Metrics: `reconstruction_error`, the mean of (v − reconstruction)² before each update of CD-1; where
    /// chains are longer, persistent or sampled, or the gradient is centred or weighted or has a target of
    /// activity, that of the first `batch` rows at the end of the epoch. The reconstruction is the visible mean;
    /// CD-1 makes it from samples of the hidden units, the other from their means. `spectral_norm` of W, from below, where
    /// visible units are Gaussian and hidden units have no bound: from 1 on (for dReLU with γ < 1, from √γ) such a machine
    /// may have no density. `least_sigma`, the smallest σ, where it is learned.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Batch`], [`TrainError::Shape`], [`TrainError::NotFinite`],
    /// [`TrainError::Visible`], [`TrainError::OneHot`], [`TrainError::Constant`] and [`TrainError::Deviation`] for data
    /// that do not fit;
    /// [`TrainError::Memory`]; [`TrainError::Noise`]; [`TrainError::Diverged`], after which the
    /// weights are of no use.
    pub fn fit<'a>(
        &mut self,
        level: Level,
        x: impl Into<Rows<'a>>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        self.train(level, x.into(), None, None, run, observer)
    }

    /// [`Rbm::fit`] beside rows that are not trained on; the machine is the same.
    ///
    /// One metric more, `free_energy_gap`: the mean [free energy](Rbm::free_energy) of these rows minus that of training rows, each of at most 500
    /// from the first to the last. While the machine learns what they share it stays, and it grows where the machine learns its training rows by heart; ln Z, which
    /// nobody knows, is in both (Hinton 2010, section 6).
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::{observe::Silent, rbm::{Rbm, RbmConfig, Visible}};
    /// let config = RbmConfig { batch: 2, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1) };
    /// let mut rbm = Rbm::new(&config, 2, 1)?;
    /// rbm.fit_watched(Level::best(), &[0.0, 0.0, 1.0, 1.0], &[0.0, 1.0], "pairs", &mut Silent)?;
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rbm::fit`], of both; [`TrainError::NoEnergy`] for NReLU.
    pub fn fit_watched<'a>(
        &mut self,
        level: Level,
        x: impl Into<Rows<'a>>,
        held_out: impl Into<Rows<'a>>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        self.check_energy()?;
        let (x, held_out) = (x.into(), held_out.into());
        self.check_states(held_out)?;
        self.train(level, x, None, Some(held_out), run, observer)
    }

    /// [`Rbm::fit`] with a weight for each row: a row of weight 2 counts as two rows. Weights are divided by
    /// their mean.
    ///
    /// # Errors
    /// Those of [`Rbm::fit`]; [`TrainError::Shape`] if there are not as many weights as rows, and
    /// [`TrainError::SampleWeight`] if one is no finite number above 0.
    pub fn fit_weighted<'a>(
        &mut self,
        level: Level,
        x: impl Into<Rows<'a>>,
        weights: &[f32],
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let x = x.into();
        let (expected, found) = (x.count(self.visible_units), weights.len());
        if expected != found {
            return Err(TrainError::Shape { name: "weights of rows", expected, found });
        }
        let bad = |&(_, &w): &(usize, &f32)| !(w > 0.0 && w.is_finite());
        if let Some((row, &value)) = weights.iter().enumerate().find(bad) {
            return Err(TrainError::SampleWeight { row, value });
        }
        let mean = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / found as f64;
        let weights: Vec<f32> = weights.iter().map(|&w| (f64::from(w) / mean) as f32).collect();
        self.train(level, x, Some(&weights), None, run, observer)
    }

    fn train(
        &mut self,
        level: Level,
        x: Rows<'_>,
        weights: Option<&[f32]>,
        held_out: Option<Rows<'_>>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let rows = self.check_states(x)?;
        let RbmConfig { batch, epochs, .. } = self.config;
        let schedule = Loop { run, seed: self.seed, rows, batch, epochs };
        schedule.check()?;
        self.config.visible.check_variation(x, self.visible_units)?;
        self.builder.build(self.progress.steps.saturating_add(schedule.steps()))?;
        if self.biased_by_data {
            let bias = self.mean_biases(x, weights);
            self.set_sigma(x, weights, &bias)?;
            self.visible_bias = bias;
            self.biased_by_data = false;
        }
        let compared = held_out.map(|rows| energy::Compared::new(self.visible_units, [x, rows]));
        let mut progress = self.progress;
        let mut fit = fit::Fit::new(self, level, x, weights, compared.transpose()?)?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.progress = progress;
        result
    }

    /// What a classifier sees, `[rows, hidden]`, of `x [rows, visible]`: the means of Bernoulli, Gaussian and dReLU
    /// units; max(0, v W + c), without noise, for NReLU (Nair & Hinton 2010, section 2);
    /// [`Unit::activation`](halfwave_kernels::units::Unit::activation) says it for the others.
    ///
    /// # Panics
    /// If `x` is no whole number of rows, or has rows of another width.
    #[must_use]
    pub fn features<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<f32> {
        let (x, visible, hidden) = (x.into(), self.visible_units, self.hidden_units());
        let mut h = vec![0.0; x.count(visible) * hidden];
        let (bias, kind) = (&self.hidden_bias[..], self.config.hidden.activation());
        let mut done = 0;
        x.for_each(visible, |x| {
            let h = &mut h[done..][..x.len() / visible * hidden];
            done += h.len();
            match kind {
                Some(kind) => {
                    let epilogue = Epilogue::BiasActivation { bias, kind };
                    self.to_hidden(level, &self.scaled(x), h, epilogue);
                }
                None => h.copy_from_slice(&self.hidden_mean(level, x)),
            }
        });
        h
    }

    /// The means of the visible units, `[rows, visible]`, given the means of the hidden units (for NReLU
    /// max(0, v W + c)) of `x [rows, visible]`.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    #[must_use]
    pub fn reconstruct(&self, level: Level, x: &[f32]) -> Vec<f32> {
        let mut h = vec![0.0; x.len() / self.visible_units * self.hidden_units()];
        self.hidden_statistics(level, &self.scaled(x), &mut h);
        self.visible_mean(level, &h)
    }

    /// W, `[visible, hidden]`.
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// b, `[visible]`.
    #[must_use]
    pub fn visible_bias(&self) -> &[f32] {
        &self.visible_bias
    }

    /// c, `[hidden]`.
    #[must_use]
    pub fn hidden_bias(&self) -> &[f32] {
        &self.hidden_bias
    }

    /// Number of visible units.
    #[must_use]
    pub fn visible_units(&self) -> usize {
        self.visible_units
    }

    /// Number of hidden units.
    #[must_use]
    pub fn hidden_units(&self) -> usize {
        self.config.hidden_units
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &RbmConfig {
        &self.config
    }

    /// Noise of the hidden samples after `t` Gibbs steps of a training step.
    fn hidden_noise(&self, step: u64, t: usize) -> Noise {
        let draws = self.hidden_draws(self.config.batch);
        self.plan.at(self.hidden_block, step).skip((t as u64).wrapping_mul(draws))
    }

    /// Noise of the visible samples of Gibbs step `t`, from 0, of a training step.
    fn visible_noise(&self, step: u64, t: usize) -> Noise {
        let draws = self.visible_draws(self.config.batch);
        self.plan.at(self.visible_block, step).skip((t as u64).wrapping_mul(draws))
    }

    /// That `x` is whole rows of states of the visible units.
    ///
    /// # Errors
    /// Those of [`Rbm::fit`] for data that do not fit.
    pub fn check<'a>(&self, x: impl Into<Rows<'a>>) -> Result<(), TrainError> {
        self.check_states(x).map(|_| ())
    }

    /// That `x` is whole rows of states of the visible units; returns how many.
    fn check_states<'a>(&self, x: impl Into<Rows<'a>>) -> Result<usize, TrainError> {
        let width = self.visible_units;
        x.into().check_all(width, |x| self.config.visible.check_states(x, width))
    }

    /// The biases with which visible units of no input have the means of `x [rows, visible]`, whose rows' weights have
    /// mean 1, one case in every category added.
    fn mean_biases(&self, x: Rows<'_>, weights: Option<&[f32]>) -> Vec<f32> {
        let mut sums = vec![0.0; self.visible_units];
        x.for_each_weighted(self.visible_units, weights, |row, weight| {
            sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += weight * f64::from(v));
        });
        let rows = x.count(self.visible_units) as f64;
        sums.into_iter().map(|sum| self.config.visible.bias(sum, rows) as f32).collect()
    }
}

#[cfg(test)]
mod tests;
