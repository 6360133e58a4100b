//! Restricted Boltzmann machines.
//!
//! ```text
//! v [batch, visible], h [batch, hidden], W [visible, hidden], b [visible], c [hidden], all row-major
//!
//! E(v, h) = −Σ b v − Σ c h − Σ v W h               Bernoulli visible units
//! E(v, h) = Σ (v − b)² / 2 − Σ c h − Σ v W h       Gaussian visible units, σ = 1
//!
//! hidden     x = v W + c      h ~ unit(x)
//! visible    x = h Wᵀ + b     v = σ(x) or x
//! ```
//!
//! Gaussian visible units expect data of zero mean and unit variance. NReLU hidden units,
//! h = max(0, x + N(0, σ(x))) with *variance* σ(x), are those of Nair & Hinton, ICML 2010.

mod cd;
mod fit;

use halfwave_kernels::{
    Kind, Level,
    gemm::{self, Epilogue},
    rng::{self, Block, NoisePlan, NoisePlanBuilder},
    units::Unit,
};
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    buffers::{check_rows, find, matrix, matrix_mut, zeros},
    observe::Observer,
    optim::{positive, share},
    train::{Loop, Progress},
};

/// Standard deviation of the first weights (Hinton 2010, section 8).
const FIRST_WEIGHTS: f32 = 0.01;

/// The distribution of the visible units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visible {
    /// v = 1 with probability σ(x); data from 0 to 1.
    #[default]
    Bernoulli,
    /// v = x + N(0, 1); data of zero mean and unit variance.
    Gaussian,
}

impl Visible {
    /// The mean as a function of the pre-activation.
    fn mean(self) -> Kind {
        match self {
            Self::Bernoulli => Kind::Sigmoid,
            Self::Gaussian => Kind::Identity,
        }
    }
}

/// The settings of an RBM and of its training. [`RbmConfig::new`] has Hinton's recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbmConfig {
    /// The visible units.
    pub visible: Visible,
    /// The hidden units.
    #[serde(with = "crate::by_name")]
    pub hidden: Unit,
    /// Number of hidden units.
    pub hidden_units: usize,
    /// Step size, on the mean gradient of a mini-batch.
    pub learning_rate: f32,
    /// Momentum of the first epochs.
    pub initial_momentum: f32,
    /// Momentum from then on.
    pub final_momentum: f32,
    /// Epochs with the initial momentum.
    pub momentum_epoch: usize,
    /// Coefficient of the L2 penalty's gradient, on weights only.
    pub weight_decay: f32,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Rbm::fit`].
    pub epochs: usize,
}

impl RbmConfig {
    /// Momentum .5, after 5 epochs .9, weight decay 10⁻⁴, batches of 100, 10 epochs; the learning rate is .1, or .001 where
    /// a unit has no upper bound (Hinton 2010, sections 6 to 10 and 13.2).
    #[must_use]
    pub fn new(visible: Visible, hidden: Unit, hidden_units: usize) -> Self {
        let bounded = visible == Visible::Bernoulli && hidden == Unit::Bernoulli;
        Self {
            visible,
            hidden,
            hidden_units,
            learning_rate: if bounded { 0.1 } else { 1e-3 },
            initial_momentum: 0.5,
            final_momentum: 0.9,
            momentum_epoch: 5,
            weight_decay: 1e-4,
            batch: 100,
            epochs: 10,
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let at_least_1 = |name, value| TrainError::require(value > 0, name, "at least 1", value);
        at_least_1("hidden_units", self.hidden_units)?;
        at_least_1("batch", self.batch)?;
        TrainError::require(
            self.hidden.check().is_ok(),
            "hidden",
            "copies or trials from 1 to 65536",
            self.hidden,
        )?;
        positive("learning_rate", self.learning_rate)?;
        share("initial_momentum", self.initial_momentum)?;
        share("final_momentum", self.final_momentum)?;
        share("weight_decay", self.weight_decay)
    }
}

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
    samples: Block,
    weights: Vec<f32>,
    visible_bias: Vec<f32>,
    hidden_bias: Vec<f32>,
    velocity: Velocity,
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
        TrainError::require(visible_units > 0, "visible units", "at least 1", visible_units)?;
        let hidden_units = config.hidden_units;
        let product = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
        let mut builder = NoisePlan::builder(seed);
        let first_weights = builder.before(product(visible_units, hidden_units));
        let draws =
            product(config.batch, hidden_units).saturating_mul(config.hidden.draws().into());
        let samples = builder.each_step(draws);
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
            samples,
            weights,
            visible_bias: zeros("the biases", &[visible_units])?,
            hidden_bias: zeros("the biases", &[hidden_units])?,
            velocity: Velocity {
                weights: zeros("the velocities of the weights", &[visible_units, hidden_units])?,
                biases: cd::Biases::new(visible_units, hidden_units)?,
            },
            progress: Progress::default(),
        })
    }

    /// Trains on `x [rows, visible]` for the epochs of the configuration by CD-1; called again, it
    /// goes on with weights, velocity, shuffles and noise as they stand.
    ///
    /// The first call sets the visible biases from the data: to ln(p / (1 − p)) with
    /// p = (Σ v + 1) / (rows + 2) for Bernoulli units (Hinton 2010, section 8.1; the 1 and 2 keep
    /// pixels that are always off finite), to the mean for Gaussian ones.
    ///
    /// Metric: `reconstruction_error`, the mean of (v − reconstruction)² before each update.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Batch`], [`TrainError::Shape`],
    /// [`TrainError::NotFinite`] and [`TrainError::Visible`] for data that do not fit;
    /// [`TrainError::Memory`]; [`TrainError::Noise`]; [`TrainError::Diverged`], after which the
    /// weights are of no use.
    pub fn fit(
        &mut self,
        level: Level,
        x: &[f32],
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let rows = self.check_data(x)?;
        let RbmConfig { batch, epochs, .. } = self.config;
        let schedule = Loop { run, seed: self.seed, rows, batch, epochs };
        schedule.check()?;
        self.builder.build(self.progress.steps.saturating_add(schedule.steps()))?;
        if self.progress == Progress::default() {
            self.set_visible_bias(x);
        }
        let mut progress = self.progress;
        let mut fit = fit::Fit::new(self, level, x)?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.progress = progress;
        result
    }

    /// What a classifier sees, `[rows, hidden]`, of `x [rows, visible]`: the means of Bernoulli and
    /// Gaussian units; max(0, v W + c), without noise, for NReLU (Nair & Hinton 2010, section 2).
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    #[must_use]
    pub fn features(&self, level: Level, x: &[f32]) -> Vec<f32> {
        let (x, w) = (matrix(x, self.visible_units), matrix(&self.weights, self.hidden_units()));
        let mut h = vec![0.0; x.nrows() * self.hidden_units()];
        let kind = self.config.hidden.activation();
        let epilogue = Epilogue::BiasActivation { bias: &self.hidden_bias, kind };
        gemm::matmul(level, x, w, matrix_mut(&mut h, self.hidden_units()), epilogue);
        h
    }

    /// The means of the visible units, `[rows, visible]`, given the [`features`](Self::features) of
    /// `x [rows, visible]`.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    #[must_use]
    pub fn reconstruct(&self, level: Level, x: &[f32]) -> Vec<f32> {
        let h = self.features(level, x);
        let mut v = vec![0.0; x.len()];
        let w = matrix(&self.weights, self.hidden_units());
        let epilogue = self.visible_epilogue();
        let (h, out) = (matrix(&h, self.hidden_units()), matrix_mut(&mut v, self.visible_units));
        gemm::matmul(level, h, w.transpose(), out, epilogue);
        v
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

    fn visible_epilogue(&self) -> Epilogue<'_> {
        Epilogue::BiasActivation { bias: &self.visible_bias, kind: self.config.visible.mean() }
    }

    fn check_data(&self, x: &[f32]) -> Result<usize, TrainError> {
        let rows = check_rows(x, self.visible_units)?;
        if self.config.visible == Visible::Bernoulli
            && let Some((row, column, value)) =
                find(x, self.visible_units, |v| (0.0..=1.0).contains(&v))
        {
            return Err(TrainError::Visible { row, column, value });
        }
        Ok(rows)
    }

    fn set_visible_bias(&mut self, x: &[f32]) {
        let mut sums = vec![0.0; self.visible_units];
        for row in x.chunks_exact(self.visible_units) {
            sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        let rows = (x.len() / self.visible_units) as f64;
        for (bias, sum) in self.visible_bias.iter_mut().zip(sums) {
            *bias = match self.config.visible {
                Visible::Bernoulli => ((sum + 1.0) / (rows - sum + 1.0)).ln(),
                Visible::Gaussian => sum / rows,
            } as f32;
        }
    }
}

#[cfg(test)]
mod tests;
