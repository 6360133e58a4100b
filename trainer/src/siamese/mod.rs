//! Siamese networks: whether two images are of the same class, here of the same person.
//!
//! ```text
//! x₁, x₂ [features], W [features, hidden], shared; no biases
//!
//! f = max(0, x W) or σ(x W)        d = f₁ · f₂ / (|f₁| |f₂|)        P(same) = σ(w d + b)
//! ```
//!
//! Both images of all pairs of a mini-batch are one matrix of 2 · batch rows: forward is one product, and
//! the gradient of W one more, whose tiles become the update. Without biases and with rectifiers, scaling an
//! image by α > 0 scales its features and moves no cosine.
//!
//! Nair & Hinton, ICML 2010, section 6.2; w and b: see `verdict.rs`.

mod cosine;
mod fit;
mod verdict;

use halfwave_kernels::{
    Kind, Level,
    rng::{Block, NoisePlan},
};
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    buffers::{check_rows, gather, zeros},
    layers::{self, Dense, Initialiser},
    observe::Observer,
    optim::{Optimiser, Schedule, State},
    train::{Loop, Progress},
};
use cosine::Cosine;
use fit::Fit;
use verdict::Verdict;

pub use halfwave_datasets::lfw::Pair;

/// Pairs that evaluation takes at a time.
const EVALUATION_PAIRS: usize = 256;

/// The settings of a Siamese network and of its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiameseConfig {
    /// What x W goes through.
    #[serde(with = "crate::by_name")]
    pub activation: Kind,
    /// Number of hidden units.
    pub hidden_units: usize,
    /// How gradients become updates.
    pub optimiser: Optimiser,
    /// How the step size changes from epoch to epoch.
    #[serde(default)]
    pub schedule: Schedule,
    /// Pairs of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Siamese::fit`].
    pub epochs: usize,
}

impl SiameseConfig {
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        for (name, value) in [("hidden_units", self.hidden_units), ("batch", self.batch)] {
            TrainError::require(value > 0, name, "at least 1", value)?;
        }
        self.optimiser.check()?;
        self.schedule.check()
    }
}

/// How a Siamese network does on pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairEvaluation {
    /// Mean cross-entropy of a pair.
    pub loss: f64,
    /// Share of the pairs that are on the right side of P(same) = ½.
    pub accuracy: f64,
}

/// A Siamese network with one hidden layer.
///
/// ```
/// use halfwave_kernels::{Kind, Level};
/// use halfwave_trainer::{observe::Silent, optim::{Optimiser, Schedule}};
/// use halfwave_trainer::siamese::{Pair, Siamese, SiameseConfig};
///
/// let x = [1.0, 0.2, 2.0, 0.3, 0.1, 1.0, 0.3, 2.5]; // four images of two pixels, of two classes
/// let pair = |first, second, same| Pair { first, second, same };
/// let pairs = [pair(0, 1, true), pair(2, 3, true), pair(0, 2, false), pair(1, 3, false)];
/// let mut network = Siamese::new(&SiameseConfig {
///     activation: Kind::Relu,
///     hidden_units: 8,
///     optimiser: Optimiser::sgd(0.1, 0.9),
///     schedule: Schedule::Constant,
///     batch: 4,
///     epochs: 50,
/// }, 2, 42)?;
/// network.fit(Level::best(), &x, &pairs, None, "shapes", &mut Silent)?;
/// assert_eq!(network.evaluate(Level::best(), &x, &pairs)?.accuracy, 1.0);
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Siamese {
    config: SiameseConfig,
    seed: u64,
    /// W; its biases are 0 and stay so.
    layer: Dense,
    /// From the first call of `fit` on.
    verdict: Option<Verdict>,
    states: [State; 2],
    progress: Progress,
}

impl Siamese {
    /// An untrained network: weights Glorot uniform from `seed`.
    ///
    /// # Errors
    /// [`TrainError::Setting`], [`TrainError::Memory`] and [`TrainError::Noise`].
    pub fn new(config: &SiameseConfig, features: usize, seed: u64) -> Result<Self, TrainError> {
        config.check()?;
        TrainError::require(features > 0, "features", "at least 1", features)?;
        let SiameseConfig { activation, hidden_units, optimiser, .. } = *config;
        let mut builder = NoisePlan::builder(seed);
        let weights: Block = builder.before((features as u64).saturating_mul(hidden_units as u64));
        let noise = builder.build(0)?.once(weights);
        let sizes = [features, hidden_units];
        let layer = Dense::new(sizes, activation, Initialiser::GlorotUniform, noise)?;
        let states = [optimiser.state(layer.weights.len())?, optimiser.state(2)?];
        let (config, progress) = (config.clone(), Progress::default());
        Ok(Self { config, seed, layer, verdict: None, states, progress })
    }

    /// W `[features, hidden]`.
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.layer.weights
    }

    /// Sets W `[features, hidden]`, e.g. to that of an RBM without hidden biases.
    ///
    /// # Errors
    /// [`TrainError::Shape`] and [`TrainError::NotFinite`].
    pub fn set_weights(&mut self, weights: &[f32]) -> Result<(), TrainError> {
        let (expected, found) = (self.layer.weights.len(), weights.len());
        if expected != found {
            return Err(TrainError::Shape { name: "weights", expected, found });
        }
        check_rows(weights, self.layer.outputs)?;
        self.layer.weights.copy_from_slice(weights);
        Ok(())
    }

    /// Trains on pairs of rows of `x [images, features]` for the epochs of the configuration; called again, it
    /// goes on with weights, optimiser, schedule and shuffles as they stand.
    ///
    /// Metrics: `loss` and `accuracy` of the training pairs as they were met, before the update, then
    /// `validation_loss` and `validation_accuracy` after the epoch.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Batch`], [`TrainError::Shape`], [`TrainError::NotFinite`] and
    /// [`TrainError::Pair`] for data that do not fit; [`TrainError::Memory`]; [`TrainError::Diverged`], after
    /// which the weights are of no use.
    pub fn fit(
        &mut self,
        level: Level,
        x: &[f32],
        train: &[Pair],
        validation: Option<&[Pair]>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let SiameseConfig { batch, epochs, .. } = self.config;
        let schedule = Loop { run, seed: self.seed, rows: train.len(), batch, epochs };
        schedule.check()?;
        self.check_pairs(x, train)?;
        validation.map_or(Ok(()), |pairs| self.check_pairs(x, pairs))?;
        if self.verdict.is_none() {
            self.verdict = Some(Verdict::new(&self.checked_cosines(level, x, train)?));
        }
        let mut progress = self.progress;
        let mut fit = Fit::new(self, level, x, train, validation)?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.progress = progress;
        result
    }

    /// d of each pair.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Shape`], [`TrainError::NotFinite`] and [`TrainError::Pair`] for data
    /// that do not fit; [`TrainError::Memory`].
    pub fn cosines(&self, level: Level, x: &[f32], pairs: &[Pair]) -> Result<Vec<f32>, TrainError> {
        self.check_pairs(x, pairs)?;
        self.checked_cosines(level, x, pairs)
    }

    fn checked_cosines(
        &self,
        level: Level,
        x: &[f32],
        pairs: &[Pair],
    ) -> Result<Vec<f32>, TrainError> {
        let mut tape = Tape::new(&self.layer, pairs.len().min(EVALUATION_PAIRS))?;
        let mut all = Vec::with_capacity(pairs.len());
        for pairs in pairs.chunks(EVALUATION_PAIRS) {
            all.extend(tape.forward(&self.layer, level, x, pairs.iter()).iter().map(|c| c.d));
        }
        Ok(all)
    }

    /// P(same) of pairs with these cosines; σ(d) before the first call of [`Siamese::fit`].
    #[must_use]
    pub fn probabilities(&self, cosines: &[f32]) -> Vec<f32> {
        cosines.iter().map(|&d| verdict::probability(self.logit(d))).collect()
    }

    /// Loss and accuracy on pairs of rows of `x [images, features]`.
    ///
    /// # Errors
    /// Those of [`Siamese::cosines`].
    pub fn evaluate(
        &self,
        level: Level,
        x: &[f32],
        pairs: &[Pair],
    ) -> Result<PairEvaluation, TrainError> {
        Ok(self.judge(&self.cosines(level, x, pairs)?, pairs))
    }

    /// Loss and accuracy of pairs with these cosines.
    fn judge(&self, cosines: &[f32], pairs: &[Pair]) -> PairEvaluation {
        let (mut loss, mut right) = (0.0, 0_usize);
        for (&d, pair) in cosines.iter().zip(pairs) {
            let z = self.logit(d);
            loss += verdict::loss(z, pair.same);
            right += usize::from((z > 0.0) == pair.same);
        }
        let n = pairs.len().max(1) as f64;
        PairEvaluation { loss: loss / n, accuracy: right as f64 / n }
    }

    fn logit(&self, d: f32) -> f32 {
        self.verdict.map_or(d, |verdict| verdict.logit(d))
    }

    /// That `x` is rows of features, and that all pairs name two of them.
    fn check_pairs(&self, x: &[f32], pairs: &[Pair]) -> Result<(), TrainError> {
        let rows = check_rows(x, self.layer.inputs)?;
        let missing =
            |pair: &Pair| [pair.first, pair.second].into_iter().find(|&r| r as usize >= rows);
        let bad = pairs.iter().enumerate().find_map(|(i, pair)| Some((i, missing(pair)?)));
        match bad {
            Some((pair, row)) => Err(TrainError::Pair { pair, row, rows }),
            None => Ok(()),
        }
    }
}

/// Memory of a forward pass.
struct Tape {
    /// Rows of the first images, then of the second.
    rows: Vec<u32>,
    /// `[2 pairs, features]`.
    x: Vec<f32>,
    dense: layers::Tape,
    cosines: Vec<Cosine>,
}

impl Tape {
    /// For up to so many pairs.
    fn new(layer: &Dense, pairs: usize) -> Result<Self, TrainError> {
        let rows = pairs.saturating_mul(2);
        Ok(Self {
            x: zeros("the images of a mini-batch", &[rows, layer.inputs])?,
            dense: layer.tape(rows)?,
            rows: Vec::with_capacity(rows),
            cosines: vec![Cosine::default(); pairs],
        })
    }

    /// The cosines of pairs of rows of `x [images, features]`.
    fn forward<'a>(
        &mut self,
        layer: &Dense,
        level: Level,
        x: &[f32],
        pairs: impl ExactSizeIterator<Item = &'a Pair> + Clone,
    ) -> &[Cosine] {
        self.rows.clear();
        self.rows.extend(pairs.clone().map(|pair| pair.first));
        self.rows.extend(pairs.map(|pair| pair.second));
        let count = self.rows.len() / 2;
        let batch = &mut self.x[..2 * count * layer.inputs];
        gather(x, layer.inputs, &self.rows, batch);
        layer.forward(level, batch, &mut self.dense);
        let features = &self.dense.output[..2 * count * layer.outputs];
        let cosines = &mut self.cosines[..count];
        cosine::forward(features, layer.outputs, cosines);
        cosines
    }
}

#[cfg(test)]
mod tests;
