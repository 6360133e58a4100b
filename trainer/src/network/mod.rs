//! Networks of layers that classify rows.
//!
//! ```text
//! x [batch, input] → layer → … → dense → head → losses [batch]
//! ```

pub(crate) mod chain;
mod draws;
mod file;
mod fit;
mod mlp;
mod statistics;
mod stopping;
mod summary;
mod watch;

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    buffers::check_rows,
    layers::{Layer, LayerConfig, LayerError, Mode, Plan},
    metrics::Confusion,
    observe::Observer,
    optim::{Optimiser, Schedule, State},
    samples::{Rows, Samples},
    train::{Loop, Progress},
};
pub use crate::{losses::Head, tensors::ModelError};
use chain::{Chain, Tape};
use draws::Draws;
pub use mlp::MlpConfig;
pub(crate) use statistics::HeadStatistics;
pub use statistics::LayerStatistics;
pub use stopping::{Best, Criterion, Stopping};
pub use summary::{LayerSummary, Summary};
pub(crate) use watch::{Validated, Watch};

/// The settings of a network and of its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// The shape of a row: `[features]`, or `[height, width, channels]` for images.
    pub input: Vec<usize>,
    /// From the input on; the last one has an output for each class.
    pub layers: Vec<LayerConfig>,
    /// What stands on the last layer.
    pub head: Head,
    /// How gradients become updates.
    pub optimiser: Optimiser,
    /// How its step size changes with the epochs.
    #[serde(default)]
    pub schedule: Schedule,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Network::fit`].
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

/// A loss and its gradients, summed over rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The loss.
    pub loss: f64,
    /// Of weights and biases, as [`Network::parameters`] has them.
    pub parameters: Vec<[Vec<f32>; 2]>,
}

/// A network.
///
/// ```
/// use halfwave_datasets::{Locator, load, preprocess::scale};
/// use halfwave_kernels::{Kind, Level};
/// use halfwave_trainer::{
///     layers::LayerConfig, metrics::accuracy, network::{Head, Network, NetworkConfig}, observe::Silent,
///     optim::{Optimiser, Schedule},
/// };
///
/// let mut digits = load("optdigits", &Locator::new(None))?.train;
/// scale(&mut digits.x, 1.0 / 16.0);
/// let mut network = Network::new(&NetworkConfig {
///     input: vec![8, 8, 1],
///     layers: vec![
///         LayerConfig::conv(8, [3, 3], Kind::Relu),
///         LayerConfig::max_pool([2, 2]),
///         LayerConfig::Flatten,
///         LayerConfig::dense(10, Kind::Identity),
///     ],
///     head: Head::Softmax,
///     optimiser: Optimiser::adam(),
///     schedule: Schedule::Constant,
///     batch: 32,
///     epochs: 20,
/// }, 42)?;
/// network.fit(Level::best(), &digits, None, "digits", &mut Silent)?;
/// assert!(accuracy(&digits.labels, &network.predict(Level::best(), &digits.x)) > 0.95);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) config: NetworkConfig,
    seed: u64,
    draws: Draws,
    pub(crate) chain: Chain,
    states: Vec<[State; 2]>,
    pub(crate) progress: Progress,
}

impl Network {
    /// An untrained network: weights by the layers' initialisers from `seed`, biases 0.
    ///
    /// # Errors
    /// [`TrainError::Layer`] for a layer that does not fit what lies below, [`TrainError::Setting`],
    /// [`TrainError::Memory`] and [`TrainError::Noise`].
    pub fn new(config: &NetworkConfig, seed: u64) -> Result<Self, TrainError> {
        let plans = plans(config)?;
        let draws = Draws::new(&plans, config.batch, seed)?;
        let shapes = [config.input.clone()].into_iter().chain(plans.into_iter().map(|p| p.shape));
        let chain = Chain::new(&config.layers, shapes.collect(), &draws)?;
        let state = |parameters: &[f32]| config.optimiser.state(parameters.len());
        let states = chain.layers.iter().map(|layer| {
            let [weights, bias] = layer.parameters();
            Ok([state(weights)?, state(bias)?])
        });
        let states = states.collect::<Result<_, TrainError>>()?;
        let (config, progress) = (config.clone(), Progress::default());
        Ok(Self { config, seed, draws, chain, states, progress })
    }

    /// An untrained multi-layer perceptron.
    ///
    /// # Errors
    /// Those of [`MlpConfig::network`] and [`Network::new`].
    pub fn mlp(config: &MlpConfig, seed: u64) -> Result<Self, TrainError> {
        Self::new(&config.network()?, seed)
    }

    /// The layers with the shapes of their outputs and their numbers of parameters.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let layers = self.chain.layers.iter().zip(&self.chain.shapes[1..]);
        let layer = |(layer, shape): (&Layer, &Vec<usize>)| LayerSummary {
            name: layer.name(),
            output: shape.clone(),
            parameters: layer.parameters().iter().map(|p| p.len()).sum(),
        };
        Summary { layers: layers.map(layer).collect() }
    }

    /// The layers, from the input to the classes.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.chain.layers
    }

    /// Weights and biases of the layers that have them, from the input to the classes.
    #[must_use]
    pub fn parameters(&self) -> Vec<[&[f32]; 2]> {
        let trained = self.layers().iter().filter(|layer| layer.is_trained());
        trained.map(Layer::parameters).collect()
    }

    /// Gives the layer at place `l` of [`Network::parameters`] other ones, e.g. those of an RBM.
    ///
    /// # Errors
    /// [`TrainError::Shape`] if there is no such layer or the lengths do not fit, and
    /// [`TrainError::NotFinite`].
    pub fn set_parameters(
        &mut self,
        l: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<(), TrainError> {
        let count = self.parameters().len();
        let trained = self.chain.layers.iter_mut().filter(|layer| layer.is_trained());
        let Some(layer) = trained.into_iter().nth(l) else {
            return Err(TrainError::Shape { name: "layers", expected: count, found: l });
        };
        let names = ["weights of a layer", "biases of a layer"];
        let parameters = layer.ops_mut().parameters_mut();
        let new = [weights, bias];
        for ((name, old), new) in names.into_iter().zip(&parameters).zip(new) {
            if old.len() != new.len() {
                return Err(TrainError::Shape { name, expected: old.len(), found: new.len() });
            }
            if !new.is_empty() {
                check_rows(new, new.len())?;
            }
        }
        parameters.into_iter().zip(new).for_each(|(old, new)| old.copy_from_slice(new));
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
        let (train, epochs) = (train.into(), self.config.epochs);
        self.fit_watched(level, train, validation, epochs, run, observer, None)
    }

    /// The loop of one call of `fit` on so many rows, for which there are mini-batches and noise.
    pub(crate) fn schedule<'a>(
        &self,
        run: &'a str,
        rows: usize,
        epochs: usize,
    ) -> Result<Loop<'a>, TrainError> {
        let batch = self.config.batch;
        let schedule = Loop { run, seed: self.seed, rows, batch, epochs };
        schedule.check()?;
        self.draws.check(self.progress.steps.saturating_add(schedule.steps()))?;
        Ok(schedule)
    }

    /// Forward of `x [rows, input]` with the noise of a step, into `tape`.
    pub(crate) fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, step: u64) {
        self.chain.forward(level, x, tape, |layer| self.draws.mask(layer, step));
    }

    /// The class of each row of `x [rows, input]`: that of its largest output, also where [`Network::probabilities`] of a row are
    /// equal, rounded or for want of an output above 0.
    ///
    /// # Panics
    /// If `x` is no whole number of rows, or has rows of another width.
    #[must_use]
    pub fn predict<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<u32> {
        let outputs = self.outputs(level, x.into());
        outputs.chunks_exact(self.chain.outputs()).map(|z| self.config.head.predict(z)).collect()
    }

    /// The probabilities of all classes for each row of `x [rows, input]`: `[rows, classes]`. Where no output of a
    /// row is above 0, all classes of a [`Head::NormalisedRelu`] are equally probable.
    ///
    /// # Panics
    /// If `x` is no whole number of rows, or has rows of another width.
    #[must_use]
    pub fn probabilities<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<f32> {
        let mut outputs = self.outputs(level, x.into());
        self.config.head.probabilities(level, &mut outputs, self.chain.outputs());
        outputs
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Numbers of a row of x.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.chain.inputs()
    }

    /// Outputs.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.chain.outputs()
    }

    /// What the head sees, `[rows, classes]`.
    pub(crate) fn outputs(&self, level: Level, x: Rows<'_>) -> Vec<f32> {
        let inputs = self.chain.inputs();
        let mut z = Vec::with_capacity(x.count(inputs) * self.chain.outputs());
        x.for_each(inputs, |x| self.chain.evaluate(level, x, |row| z.extend_from_slice(row)));
        z
    }

    /// Mean loss and confusion matrix on `data`.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Shape`], [`TrainError::Label`] and
    /// [`TrainError::NotFinite`] for data that do not fit; [`TrainError::Memory`].
    pub fn evaluate<'a>(
        &self,
        level: Level,
        data: impl Into<Samples<'a>>,
    ) -> Result<Evaluation, TrainError> {
        let data = data.into();
        let (loss, predicted) = self.loss_and_classes(level, data)?;
        let confusion = Confusion::new(self.chain.outputs(), data.labels, &predicted)?;
        Ok(Evaluation { loss, confusion })
    }

    /// Mean loss on `data`, and the class of each row.
    fn loss_and_classes(
        &self,
        level: Level,
        data: Samples<'_>,
    ) -> Result<(f64, Vec<u32>), TrainError> {
        self.check_data(data)?;
        let (classes, rows) = (self.chain.outputs(), data.labels.len());
        let z = self.outputs(level, data.rows);
        data.rows.readable()?;
        let predicted: Vec<u32> =
            z.chunks_exact(classes).map(|z| self.config.head.predict(z)).collect();
        let (mut losses, mut dz) = (vec![0.0; rows], vec![0.0; z.len()]);
        self.config.head.loss(level, &z, data.labels, &mut losses, &mut dz);
        let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / rows as f64;
        Ok((loss, predicted))
    }

    /// Loss and gradients on `data`; with the noise of the next step of [`fit`](Self::fit), where the mode has any. Nothing
    /// else changes: called again, it drops the same units, and running moments of batch normalisation stay. So it is to
    /// look at gradients, not to train by, where there are such layers.
    ///
    /// # Errors
    /// As [`Network::evaluate`], [`TrainError::Memory`], and [`TrainError::Setting`] for
    /// [`Mode::Inference`], which leaves nothing for a gradient.
    pub fn gradients(
        &self,
        level: Level,
        data: &Dataset,
        mode: Mode,
    ) -> Result<Gradients, TrainError> {
        self.check_data(data.into())?;
        let backward = mode != Mode::Inference;
        TrainError::require(backward, "mode", "training or noiseless", "inference")?;
        let mut tape = Tape::new(&self.chain, data.rows(), mode)?;
        self.forward(level, &data.x, &mut tape, self.progress.steps);
        let loss = tape.loss(level, self.config.head, &data.labels);
        self.chain.backward(level, &data.x, &mut tape);
        Ok(Gradients { loss, parameters: self.chain.gradients(level, &data.x, &tape) })
    }

    fn check_data(&self, data: Samples<'_>) -> Result<(), TrainError> {
        data.check(self.chain.inputs(), self.chain.outputs())
    }
}

/// The shapes and draws of all layers, before anything is allocated.
fn plans(config: &NetworkConfig) -> Result<Vec<Plan>, TrainError> {
    let NetworkConfig { input, layers, optimiser, schedule, batch, .. } = config;
    let sizes = !input.is_empty() && !input.contains(&0);
    TrainError::require(sizes, "input", "sizes of at least 1", format!("{input:?}"))?;
    TrainError::require(!layers.is_empty(), "layers", "at least one", "[]")?;
    TrainError::require(*batch > 0, "batch", "at least 1", batch)?;
    optimiser.check()?;
    schedule.check()?;
    let mut plans: Vec<Plan> = Vec::with_capacity(layers.len());
    let mut trained = false;
    for (l, layer) in layers.iter().enumerate() {
        let below = plans.last().map_or(&input[..], |plan| &plan.shape);
        let width = below.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        width.ok_or(TrainError::Memory { name: "a row of the network" })?;
        let plan = layer.plan(below).and_then(|plan| {
            trained |= layer.is_trained();
            let fits = l + 1 < layers.len() || (trained && plan.shape.len() == 1);
            if fits { Ok(plan) } else { Err(LayerError::Last) }
        });
        let name = layer.name();
        plans.push(plan.map_err(|error| TrainError::Layer { number: l + 1, name, error })?);
    }
    let classes = plans.last().is_some_and(|plan| u32::try_from(plan.shape[0]).is_ok());
    TrainError::require(classes, "units", "at most 2^32 - 1 classes", "more")?;
    Ok(plans)
}

#[cfg(test)]
mod tests;
