//! Denoising auto-encoders: what a layer says of a corrupted row is to tell the row as it was.
//!
//! ```text
//! x, x̃ [batch, visible], h [batch, hidden], y, t [batch, visible]; W [visible, hidden], V [hidden, visible]
//!
//! x̃ = x m, m = 0 with probability p, else 1        h = f(x̃ W + b)        y = g(h V + c)
//! minimised: cost(y, t) + λ Σ|h| of each row, with t = x or what the caller gives
//! ```
//!
//! Vincent, Larochelle, Lajoie, Bengio & Manzagol, JMLR 11 (2010), section 3. The decoder has weights of its own. For
//! rectifiers, which a sigmoid decoder cannot reach and which can be off for good under a rectifier decoder, Glorot,
//! Bordes & Bengio (AISTATS 2011, section 3.1) have four strategies: [`Reconstruction`].
//!
//! An auto-encoder is a network of the layers masking, salt and pepper, dense, penalty, dense, whose head is a cost.

mod cost;
mod fit;
mod stack;

use halfwave_kernels::{Kind, Level};
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    layers::{Layer, LayerConfig, Mode},
    network::{Gradients, Head, Network, NetworkConfig, chain::Tape},
    observe::Observer,
    optim::{Optimiser, Schedule},
    samples::Rows,
};
pub use cost::Cost;
use fit::Fit;
pub use stack::stack;

/// How rows are told from features: decoder, cost, and in a [`stack`] the targets above the first layer, where h are the
/// outputs of the layer below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reconstruction {
    /// Strategy 1: softplus decoder, quadratic cost on h. The paper's best on images.
    Softplus,
    /// Strategy 2: each unit of h divided by its maximum, so that it is in \[0, 1\]; sigmoid decoder, cross-entropy. The
    /// paper's best on text.
    Scaled,
    /// Strategy 3, before the rectification: linear decoder, quadratic cost on z of h = f(z).
    LinearBefore,
    /// Strategy 3, after it: linear decoder, quadratic cost on h.
    LinearAfter,
    /// Strategy 4: rectifier decoder, quadratic cost on h.
    Rectifier,
    /// For tanh: sigmoid decoder, cross-entropy on (1 + h) / 2.
    CrossEntropy,
}

impl Reconstruction {
    /// What the decoder's outputs are compared by.
    #[must_use]
    pub fn cost(self) -> Cost {
        match self {
            Self::Scaled | Self::CrossEntropy => Cost::CrossEntropy,
            Self::Softplus | Self::LinearBefore | Self::LinearAfter | Self::Rectifier => {
                Cost::Quadratic
            }
        }
    }

    /// Of the decoder, but for the sigmoid, which is part of the cross-entropy.
    fn activation(self) -> Kind {
        match self {
            Self::Softplus => Kind::Softplus,
            Self::Rectifier => Kind::Relu,
            Self::Scaled | Self::CrossEntropy | Self::LinearBefore | Self::LinearAfter => {
                Kind::Identity
            }
        }
    }
}

/// The settings of an auto-encoder and of its training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoEncoderConfig {
    /// Units of h.
    pub hidden_units: usize,
    /// f.
    #[serde(with = "crate::by_name")]
    pub activation: Kind,
    /// Decoder and cost.
    pub reconstruction: Reconstruction,
    /// p, in \[0, 1).
    pub masking: f32,
    /// Share of x̃ that is salt (1) or pepper (0), in \[0, 1), after masking: for rows of zeros and ones.
    #[serde(default)]
    pub salt_and_pepper: f32,
    /// λ.
    pub l1: f32,
    /// How gradients become updates.
    pub optimiser: Optimiser,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`AutoEncoder::fit`].
    pub epochs: usize,
}

impl AutoEncoderConfig {
    fn network(&self, visible: usize) -> NetworkConfig {
        let Self {
            hidden_units,
            activation,
            masking,
            salt_and_pepper,
            l1,
            optimiser,
            batch,
            epochs,
            ..
        } = *self;
        let salt_and_pepper = (salt_and_pepper != 0.0)
            .then_some(LayerConfig::SaltAndPepper { rate: salt_and_pepper });
        let noise = [Some(LayerConfig::Masking { rate: masking }), salt_and_pepper];
        let layers = [
            LayerConfig::dense(hidden_units, activation),
            LayerConfig::L1Activations { weight: l1 },
            LayerConfig::dense(visible, self.reconstruction.activation()),
        ];
        NetworkConfig {
            input: vec![visible],
            layers: noise.into_iter().flatten().chain(layers).collect(),
            // The cost stands in its place.
            head: Head::Softmax,
            optimiser,
            schedule: Schedule::Constant,
            batch,
            epochs,
        }
    }
}

/// A denoising auto-encoder.
///
/// ```
/// use halfwave_datasets::{Locator, load, preprocess::scale};
/// use halfwave_kernels::{Kind, Level};
/// use halfwave_trainer::{
///     autoencoder::{AutoEncoder, AutoEncoderConfig, Reconstruction}, observe::Silent, optim::Optimiser,
/// };
///
/// let mut digits = load("optdigits", &Locator::new(None))?.train;
/// scale(&mut digits.x, 1.0 / 16.0);
/// let mut model = AutoEncoder::new(&AutoEncoderConfig {
///     hidden_units: 100,
///     activation: Kind::Relu,
///     reconstruction: Reconstruction::Softplus,
///     masking: 0.25,
///     salt_and_pepper: 0.0,
///     l1: 1e-3,
///     optimiser: Optimiser::adam(),
///     batch: 50,
///     epochs: 10,
/// }, 64, 42)?;
/// let untrained = model.evaluate(Level::best(), &digits.x, None)?;
/// model.fit(Level::best(), &digits.x, None, "digits", &mut Silent)?;
/// assert!(model.evaluate(Level::best(), &digits.x, None)? < 0.2 * untrained);
/// assert_eq!(model.encode(Level::best(), &digits.x).len(), 1797 * 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AutoEncoder {
    config: AutoEncoderConfig,
    network: Network,
}

impl AutoEncoder {
    /// An untrained auto-encoder of rows of `visible` numbers: Glorot's weights from `seed`, biases 0.
    ///
    /// # Errors
    /// [`TrainError::Layer`] and [`TrainError::Setting`] for settings that make no sense, [`TrainError::Memory`] and
    /// [`TrainError::Noise`].
    pub fn new(config: &AutoEncoderConfig, visible: usize, seed: u64) -> Result<Self, TrainError> {
        Ok(Self { config: *config, network: Network::new(&config.network(visible), seed)? })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &AutoEncoderConfig {
        &self.config
    }

    /// W `[visible, hidden]` and b `[hidden]`.
    #[must_use]
    pub fn encoder(&self) -> [&[f32]; 2] {
        self.network.parameters()[0]
    }

    /// V `[hidden, visible]` and c `[visible]`.
    #[must_use]
    pub fn decoder(&self) -> [&[f32]; 2] {
        self.network.parameters()[1]
    }

    /// Trains for the epochs of the configuration on `x [rows, visible]`, to tell `targets [rows, visible]`, or `x` itself
    /// without them; called again, it goes on.
    ///
    /// Metric: `cost`, the mean of a row, with noise and before the update, without the penalty.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Batch`], [`TrainError::Shape`], [`TrainError::NotFinite`] and
    /// [`TrainError::Target`] for data that do not fit; [`TrainError::Memory`]; [`TrainError::Noise`];
    /// [`TrainError::Diverged`], after which the weights are of no use.
    pub fn fit<'a>(
        &mut self,
        level: Level,
        x: impl Into<Rows<'a>>,
        targets: Option<Rows<'a>>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let x = x.into();
        let rows = self.check(x, targets)?;
        let schedule = self.network.schedule(run, rows, self.config.epochs)?;
        let mut progress = self.network.progress;
        let mut fit = Fit::new(self, level, x, targets)?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.network.progress = progress;
        result
    }

    /// h of each row of `x [rows, visible]`, without noise: `[rows, hidden]`.
    ///
    /// # Panics
    /// If `x` is no whole number of rows, or has rows of another width.
    #[must_use]
    pub fn encode<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<f32> {
        self.features(level, x.into(), self.config.activation)
    }

    /// The same with another f: the identity gives z.
    fn features(&self, level: Level, x: Rows<'_>, activation: Kind) -> Vec<f32> {
        /// Rows that are encoded at a time.
        const ROWS: usize = 512;
        let encoder = self.network.layers().iter().find_map(|layer| match layer {
            Layer::Dense(dense) => Some(dense.clone()),
            _ => None,
        });
        let Some(mut dense) = encoder else { return Vec::new() };
        dense.activation = activation;
        let (inputs, mut h) = (dense.inputs, Vec::new());
        h.reserve_exact(x.count(inputs) * dense.outputs);
        let mut tape = dense.tape(ROWS).expect("memory for the outputs of some rows");
        x.for_each(inputs, |x| {
            for x in x.chunks(ROWS * inputs) {
                dense.forward(level, x, &mut tape);
                h.extend_from_slice(&tape.output[..x.len() / inputs * dense.outputs]);
            }
        });
        h
    }

    /// The mean cost of a row, without noise and without the penalty.
    ///
    /// # Errors
    /// As [`AutoEncoder::fit`], for data that do not fit.
    pub fn evaluate<'a>(
        &self,
        level: Level,
        x: impl Into<Rows<'a>>,
        targets: Option<Rows<'a>>,
    ) -> Result<f64, TrainError> {
        let x = x.into();
        let rows = self.check(x, targets)?;
        let (visible, cost) = (self.network.chain.inputs(), self.config.reconstruction.cost());
        let (mut t, mut row, mut sum) = (vec![0.0; visible], 0, 0.0);
        x.for_each(visible, |x| {
            let mut inputs = x.chunks_exact(visible);
            self.network.chain.evaluate(level, x, |y| {
                t.copy_from_slice(inputs.next().unwrap_or_default());
                targets.inspect(|targets| targets.gather(visible, &[row], &mut t));
                sum += cost.value(y, &t);
                row += 1;
            });
        });
        Ok(sum / rows as f64)
    }

    /// Cost and gradients of W, b, V and c on `x [rows, visible]`, summed over rows; with the noise of the next step in
    /// [`Mode::Training`]. The gradients are those of cost and penalty.
    ///
    /// # Errors
    /// As [`AutoEncoder::fit`], for data that do not fit, and [`TrainError::Setting`] for [`Mode::Inference`].
    pub fn gradients(
        &self,
        level: Level,
        x: &[f32],
        targets: Option<&[f32]>,
        mode: Mode,
    ) -> Result<Gradients, TrainError> {
        let rows = self.check(x.into(), targets.map(Rows::from))?;
        let backward = mode != Mode::Inference;
        TrainError::require(backward, "mode", "training or noiseless", "inference")?;
        let Self { config, network } = self;
        let mut tape = Tape::new(&network.chain, rows, mode)?;
        network.forward(level, x, &mut tape, network.progress.steps);
        let (y, dy, _) = tape.last();
        let cost = config.reconstruction.cost();
        let loss = cost.backward(level, y, targets.unwrap_or(x), &mut vec![0.0; y.len()], dy);
        network.chain.backward(level, x, &mut tape);
        Ok(Gradients { loss, parameters: network.chain.gradients(level, x, &tape) })
    }

    /// That these are as many rows and targets as the cost takes; returns their number.
    fn check(&self, x: Rows<'_>, targets: Option<Rows<'_>>) -> Result<usize, TrainError> {
        let visible = self.network.chain.inputs();
        let rows = x.check(visible)?;
        if let Some(targets) = targets {
            let found = targets.check(visible)?;
            if found != rows {
                return Err(TrainError::Shape { name: "targets", expected: rows, found });
            }
        }
        self.config.reconstruction.cost().check(targets.unwrap_or(x), visible)?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
