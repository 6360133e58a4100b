//! A recurrent network that reads a sequence and names its class.
//!
//! ```text
//! x_t [batch, inputs], t = 1 … T        W [inputs, hidden], U [hidden, hidden], V [hidden, classes]
//!
//! h_0 = 0        h_t = f(x_t W + h_{t−1} U + b)        z = h_T V + c        softmax on z
//! ```
//!
//! Gradients go back through all steps (Werbos 1990). With f = ReLU they and h_t explode for a U that is drawn with
//! too large a deviation; U = I and a bound on the gradient's norm tame them: Le, Jaitly & Hinton 2015,
//! arXiv:1504.00941; Pascanu, Mikolov & Bengio, ICML 2013, algorithm 1.

mod fit;
mod pass;

use halfwave_datasets::Dataset;
use halfwave_kernels::{
    Kind, Level, Saved,
    rng::{Noise, NoisePlan},
};
use serde::{Deserialize, Serialize};

use crate::{
    TrainError,
    buffers::zeros,
    layers::Initialiser,
    losses::Head,
    observe::Observer,
    optim::{Optimiser, State, positive},
    samples::Samples,
    train::{Loop, Progress},
};
use fit::Fit;
use pass::Pass;

/// The settings of a recurrent network and of its training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RnnConfig {
    /// Steps of a sequence: a row of the data is cut into so many parts.
    pub steps: usize,
    /// Units of h.
    pub hidden_units: usize,
    /// f: one whose derivative needs its output, as ReLU's and tanh's.
    #[serde(with = "crate::by_name")]
    pub activation: Kind,
    /// U before training.
    pub recurrent: Recurrent,
    /// The largest norm of the mean gradient of all parameters; a longer one is shortened to it.
    pub clip: Option<f32>,
    /// How gradients become updates.
    pub optimiser: Optimiser,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Rnn::fit`].
    pub epochs: usize,
}

/// How U begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recurrent {
    /// I.
    Identity,
    /// N(0, (gain² / hidden)); for ReLU h keeps its size with a gain of √2.
    Normal {
        /// Deviation times √hidden.
        gain: f32,
    },
}

/// A loss and its gradients, summed over rows.
#[derive(Clone, Debug, PartialEq)]
pub struct RnnGradients {
    /// The loss.
    pub loss: f64,
    /// Of W, U, b, V and c.
    pub parameters: [Vec<f32>; 5],
    /// ‖∂L/∂h_t‖₂ for each step t.
    pub hidden_norms: Vec<f64>,
}

/// Which of the parameters.
pub(crate) const W: usize = 0;
pub(crate) const U: usize = 1;
pub(crate) const B: usize = 2;
pub(crate) const V: usize = 3;
pub(crate) const C: usize = 4;

/// A recurrent network.
#[derive(Clone, Debug)]
pub struct Rnn {
    config: RnnConfig,
    inputs: usize,
    classes: usize,
    seed: u64,
    /// W, U, b, V, c.
    parameters: [Vec<f32>; 5],
    states: [State; 5],
    progress: Progress,
}

impl Rnn {
    /// An untrained network for rows of `width` numbers: W and V uniform as Glorot's, b and c 0.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a setting that makes no sense, [`TrainError::Memory`] and [`TrainError::Noise`].
    pub fn new(
        config: &RnnConfig,
        width: usize,
        classes: usize,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let RnnConfig { steps, hidden_units, activation, recurrent, clip, optimiser, .. } = *config;
        let whole = steps > 0 && width > 0 && width.is_multiple_of(steps);
        let expected = "a number of steps that divides the numbers of a row";
        TrainError::require(whole, "steps", expected, format!("{steps} for {width}"))?;
        TrainError::require(hidden_units > 0, "hidden_units", "at least 1", hidden_units)?;
        TrainError::require(classes > 0, "classes", "at least 1", classes)?;
        let expected = "one whose derivative needs its output (relu, tanh, …)";
        let by_output = activation.saved() == Saved::Output;
        TrainError::require(by_output, "activation", expected, activation)?;
        TrainError::require(config.batch > 0, "batch", "at least 1", config.batch)?;
        clip.map_or(Ok(()), |clip| positive("clip", clip))?;
        optimiser.check()?;
        let (inputs, hidden) = (width / steps, hidden_units);
        let shapes =
            [[inputs, hidden], [hidden, hidden], [1, hidden], [hidden, classes], [1, classes]];
        let mut builder = NoisePlan::builder(seed);
        let draws = |[rows, columns]: [usize; 2]| (rows as u64).saturating_mul(columns as u64);
        let blocks = [W, U, V].map(|which| (which, builder.before(draws(shapes[which]))));
        let plan = builder.build(0)?;
        let name = "the parameters of a recurrent network";
        let mut parameters = [(); 5].map(|()| Vec::new());
        for (values, shape) in parameters.iter_mut().zip(shapes) {
            *values = zeros(name, &shape)?;
        }
        for (which, block) in blocks {
            let noise = plan.once(block);
            if which == U {
                recurrent.fill(hidden, noise, &mut parameters[U])?;
            } else {
                Initialiser::GlorotUniform.fill(shapes[which], noise, &mut parameters[which]);
            }
        }
        let mut states = Vec::with_capacity(5);
        for values in &parameters {
            states.push(optimiser.state(values.len())?);
        }
        let states = states.try_into().map_err(|_| TrainError::Memory { name })?;
        let (config, progress) = (*config, Progress::default());
        Ok(Self { config, inputs, classes, seed, parameters, states, progress })
    }

    /// W, U, b, V and c.
    #[must_use]
    pub fn parameters(&self) -> [&[f32]; 5] {
        self.parameters.each_ref().map(Vec::as_slice)
    }

    /// Trains for the epochs of the configuration; called again, it goes on as it stands.
    ///
    /// Metrics: `loss` and `accuracy` of the training rows as they were met, `gradient_norm`, the longest mean gradient
    /// of the epoch before it was clipped, then `validation_accuracy`.
    ///
    /// # Errors
    /// As [`Network::fit`](crate::network::Network::fit).
    pub fn fit<'a>(
        &mut self,
        level: Level,
        train: impl Into<Samples<'a>>,
        validation: Option<Samples<'a>>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let train = train.into();
        let RnnConfig { batch, epochs, .. } = self.config;
        let schedule = Loop { run, seed: self.seed, rows: train.labels.len(), batch, epochs };
        schedule.check()?;
        for data in [Some(train), validation].into_iter().flatten() {
            data.check(self.inputs * self.config.steps, self.classes)?;
        }
        let mut progress = self.progress;
        let mut fit = Fit::new(self, level, train, validation)?;
        let result = schedule.train(&mut fit, &mut progress, observer);
        self.progress = progress;
        result
    }

    /// The class of each row of `data`.
    ///
    /// # Errors
    /// [`TrainError::Empty`], [`TrainError::Shape`], [`TrainError::Label`] and [`TrainError::NotFinite`] for data that
    /// do not fit; [`TrainError::Memory`].
    pub fn predict<'a>(
        &self,
        level: Level,
        data: impl Into<Samples<'a>>,
    ) -> Result<Vec<u32>, TrainError> {
        let data = data.into();
        data.check(self.inputs * self.config.steps, self.classes)?;
        let rows = data.labels.len();
        let batch = rows.min(256);
        let mut pass = Pass::new(self, batch)?;
        let mut predicted = Vec::with_capacity(rows);
        let all: Vec<u32> = (0..rows as u32).collect();
        for rows in all.chunks(batch.max(1)) {
            pass.forward(self, level, data.rows, rows);
            let z = pass.logits().chunks_exact(self.classes);
            predicted.extend(z.map(|z| Head::Softmax.predict(z)));
        }
        Ok(predicted)
    }

    /// The sum of the losses on `data`, and its gradients.
    ///
    /// # Errors
    /// As [`Rnn::predict`].
    pub fn gradients(&self, level: Level, data: &Dataset) -> Result<RnnGradients, TrainError> {
        let samples = Samples::from(data);
        samples.check(self.inputs * self.config.steps, self.classes)?;
        let mut pass = Pass::new(self, data.rows())?;
        let rows: Vec<u32> = (0..data.rows() as u32).collect();
        pass.forward(self, level, samples.rows, &rows);
        let loss = pass.loss(level, &data.labels);
        let mut hidden_norms = pass.backward(self, level, true);
        hidden_norms.reverse();
        Ok(RnnGradients { loss, parameters: pass.gradients, hidden_norms })
    }
}

impl Recurrent {
    fn fill(self, hidden: usize, noise: Noise, u: &mut [f32]) -> Result<(), TrainError> {
        match self {
            Self::Identity => u.iter_mut().step_by(hidden + 1).for_each(|u| *u = 1.0),
            Self::Normal { gain } => {
                positive("gain", gain)?;
                let std = gain / (hidden as f32).sqrt();
                Initialiser::Normal { std }.fill([hidden, hidden], noise, u);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
