//! Multi-layer perceptrons.
//!
//! ```text
//! x [batch, sizes[0]] → dense, activation, dropout → … → dense → head → losses [batch]
//! ```

mod draws;
mod fit;
mod network;

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level};
use serde::{Deserialize, Serialize};

pub use crate::losses::Head;
use crate::{
    TrainError,
    buffers::check_rows,
    layers::{Dense, DenseGradient},
    metrics::Confusion,
    observe::Observer,
    optim::{Optimiser, State, share},
    samples::{Rows, Samples},
    train::{Loop, Progress},
};
use draws::Draws;
use fit::Fit;
use network::{Network, Tape};

/// The settings of an MLP and of its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Features, units of each hidden layer, classes. Two sizes are logistic regression.
    pub sizes: Vec<usize>,
    /// The activation of the hidden layers.
    #[serde(with = "crate::by_name")]
    pub activation: Kind,
    /// Share of the hidden units that are left out in training, in \[0, 1).
    pub dropout: f32,
    /// What stands on the last layer.
    pub head: Head,
    /// How gradients become updates.
    pub optimiser: Optimiser,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Mlp::fit`].
    pub epochs: usize,
}

/// Loss and confusion matrix on a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean loss of a row.
    pub loss: f64,
    /// Rows by true and predicted class.
    pub confusion: Confusion,
}

/// A multi-layer perceptron.
///
/// ```
/// use halfwave_datasets::{Locator, load, preprocess::Standardiser};
/// use halfwave_kernels::{Kind, Level};
/// use halfwave_trainer::{metrics::accuracy, mlp::{Head, Mlp, MlpConfig}, observe::Silent, optim::Optimiser};
///
/// let mut data = load("wdbc", &Locator::new(None))?.train;
/// Standardiser::fit(&data.x, data.width)?.apply(&mut data.x)?;
/// let mut mlp = Mlp::new(&MlpConfig {
///     sizes: vec![30, 16, 2],
///     activation: Kind::Relu,
///     dropout: 0.0,
///     head: Head::Softmax,
///     optimiser: Optimiser::adam(),
///     batch: 64,
///     epochs: 20,
/// }, 42)?;
/// mlp.fit(Level::best(), &data, None, "wdbc", &mut Silent)?;
/// assert!(accuracy(&data.labels, &mlp.predict(Level::best(), &data.x)) > 0.95);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mlp {
    config: MlpConfig,
    seed: u64,
    draws: Draws,
    network: Network,
    states: Vec<[State; 2]>,
    progress: Progress,
}

impl Mlp {
    /// An untrained network: weights Glorot uniform from `seed`, biases 0.
    ///
    /// # Errors
    /// [`TrainError::Setting`], [`TrainError::Memory`] and [`TrainError::Noise`].
    pub fn new(config: &MlpConfig, seed: u64) -> Result<Self, TrainError> {
        Self::check(config)?;
        let draws = Draws::new(config, seed)?;
        let network = Network::new(config, &draws)?;
        let state = |parameters: &[f32]| config.optimiser.state(parameters.len());
        let states = network.layers.iter().map(|l| Ok([state(&l.weights)?, state(&l.bias)?]));
        let states = states.collect::<Result<_, TrainError>>()?;
        let (config, progress) = (config.clone(), Progress::default());
        Ok(Self { config, seed, draws, network, states, progress })
    }

    /// Number of weights and biases.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.network.layers.iter().map(Dense::parameters).sum()
    }

    /// The dense layers, from the input to the classes.
    #[must_use]
    pub fn layers(&self) -> &[Dense] {
        &self.network.layers
    }

    /// Gives a layer other parameters: `weights [inputs, outputs]` and `bias [outputs]`, e.g. those of an RBM.
    ///
    /// # Errors
    /// [`TrainError::Shape`] if there is no such layer or the lengths do not fit, and
    /// [`TrainError::NotFinite`].
    pub fn set_layer(
        &mut self,
        layer: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<(), TrainError> {
        let layers = &mut self.network.layers;
        let count = layers.len();
        let Some(dense) = layers.get_mut(layer) else {
            return Err(TrainError::Shape { name: "layers", expected: count, found: layer });
        };
        for (name, old, new) in [
            ("weights of a layer", &mut dense.weights, weights),
            ("biases of a layer", &mut dense.bias, bias),
        ] {
            if old.len() != new.len() {
                return Err(TrainError::Shape { name, expected: old.len(), found: new.len() });
            }
            check_rows(new, dense.outputs)?;
            old.copy_from_slice(new);
        }
        Ok(())
    }

    /// Trains for the epochs of the configuration; called again, it goes on with weights, optimiser,
    /// shuffles and noise as they stand.
    ///
    /// Metrics: `loss` and `accuracy` of the training rows as they were met (with dropout, before the
    /// update), then `validation_loss` and `validation_accuracy` after the epoch.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Batch`], [`TrainError::Shape`], [`TrainError::Label`],
    /// [`TrainError::NotFinite`] for data that do not fit; [`TrainError::Memory`];
    /// [`TrainError::Noise`]; [`TrainError::Diverged`], after which the weights are of no use.
    pub fn fit<'a>(
        &mut self,
        level: Level,
        train: impl Into<Samples<'a>>,
        validation: Option<Samples<'a>>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let train = train.into();
        let MlpConfig { batch, epochs, .. } = self.config;
        let schedule = Loop { run, seed: self.seed, rows: train.labels.len(), batch, epochs };
        schedule.check()?;
        self.check_data(train)?;
        validation.map_or(Ok(()), |data| self.check_data(data))?;
        self.draws.check(self.progress.steps.saturating_add(schedule.steps()))?;
        let mut progress = self.progress;
        let mut fit = Fit::new(self, level, train, validation)?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.progress = progress;
        result
    }

    /// The class of each row of `x [rows, sizes[0]]`.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    #[must_use]
    pub fn predict<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<u32> {
        let outputs = self.outputs(level, x.into());
        outputs.chunks_exact(self.network.outputs()).map(|z| self.config.head.predict(z)).collect()
    }

    /// What the head sees, `[rows, classes]`.
    fn outputs(&self, level: Level, x: Rows<'_>) -> Vec<f32> {
        let inputs = self.network.inputs();
        let mut z = Vec::with_capacity(x.count(inputs) * self.network.outputs());
        x.for_each(inputs, |x| self.network.evaluate(level, x, |row| z.extend_from_slice(row)));
        z
    }

    /// Mean loss and confusion matrix on `data`.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Shape`], [`TrainError::Label`] and
    /// [`TrainError::NotFinite`] for data that do not fit.
    pub fn evaluate<'a>(
        &self,
        level: Level,
        data: impl Into<Samples<'a>>,
    ) -> Result<Evaluation, TrainError> {
        let data = data.into();
        self.check_data(data)?;
        let (classes, rows) = (self.network.outputs(), data.labels.len());
        let z = self.outputs(level, data.rows);
        let predicted: Vec<u32> =
            z.chunks_exact(classes).map(|z| self.config.head.predict(z)).collect();
        let (mut losses, mut dz) = (vec![0.0; rows], vec![0.0; z.len()]);
        self.config.head.loss(level, &z, data.labels, &mut losses, &mut dz);
        let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / rows as f64;
        Ok(Evaluation { loss, confusion: Confusion::new(classes, data.labels, &predicted)? })
    }

    /// Loss and gradients, both summed over the rows of `data`, without dropout.
    ///
    /// # Errors
    /// As [`Mlp::evaluate`], and [`TrainError::Memory`].
    pub fn gradients(
        &self,
        level: Level,
        data: &Dataset,
    ) -> Result<(f64, Vec<DenseGradient>), TrainError> {
        self.check_data(data.into())?;
        let mut tape = Tape::new(&self.network, data.rows(), 0.0)?;
        let mask = |layer| self.draws.mask(layer, 0);
        self.network.forward(level, &data.x, &mut tape, mask);
        let loss = tape.loss(level, self.config.head, &data.labels);
        self.network.backward(level, &mut tape);
        let gradient = |(l, layer): (usize, &Dense)| {
            let [x, dz] = tape.operands(&data.x, l);
            let mut gradient = layer.gradient()?;
            layer.backward(level, x, dz, &mut gradient);
            Ok(gradient)
        };
        let gradients = self.network.layers.iter().enumerate().map(gradient);
        Ok((loss, gradients.collect::<Result<_, TrainError>>()?))
    }

    /// That an MLP can have these settings.
    pub(crate) fn check(config: &MlpConfig) -> Result<(), TrainError> {
        let MlpConfig { sizes, dropout, optimiser, batch, .. } = config;
        let found = || format!("{sizes:?}");
        TrainError::require(sizes.len() >= 2, "sizes", "features, hidden units, classes", found())?;
        TrainError::require(!sizes.contains(&0), "sizes", "at least 1 each", found())?;
        let classes = sizes.last().is_some_and(|&classes| u32::try_from(classes).is_ok());
        TrainError::require(classes, "sizes", "at most 2^32 - 1 classes", found())?;
        TrainError::require(*batch > 0, "batch", "at least 1", batch)?;
        share("dropout", *dropout)?;
        optimiser.check()
    }

    fn check_data(&self, data: Samples<'_>) -> Result<(), TrainError> {
        data.check(self.network.inputs(), self.network.outputs())
    }
}

#[cfg(test)]
mod tests;
