//! Whole training steps: models that train for a few of them, and the products that a step is made of.

use std::error::Error;

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level, units::Unit};
use halfwave_trainer::{
    layers::LayerConfig,
    network::{Head, MlpConfig, Network, NetworkConfig},
    observe::Silent,
    optim::{Optimiser, Schedule},
    rbm::{Rbm, RbmConfig, Visible},
};

use crate::inputs;

/// With the errors of the data sets and of the trainer.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A training step.
pub struct Step {
    /// How the bench is called.
    pub name: &'static str,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Steps of one call of [`Model::train`].
    pub steps: usize,
    /// Its products: names of shapes, and how often. Those of ten columns count as the rest; none of convolutions, which the
    /// roofline has one by one.
    pub products: &'static [(&'static str, u32)],
    /// A new model, for so many steps.
    pub new: fn(usize) -> Result<Box<dyn Model>>,
}

impl Step {
    /// The first weights of a new model after one step: what is compared with the scalar level before anything is timed.
    ///
    /// # Errors
    /// If the model diverges.
    pub fn after_one(&self, level: Level) -> Result<Vec<f32>> {
        let mut model = (self.new)(1)?;
        model.train(level)?;
        Ok(model.weights().to_vec())
    }
}

/// All steps that are timed.
pub static STEPS: [Step; 5] = [
    Step {
        name: "mlp-784-512-512-10",
        batch: 128,
        steps: 10,
        products: &[
            ("mlp-784x512", 1),
            ("mlp-512x512", 1),
            ("mlp-512x512-input", 1),
            ("mlp-784x512-gradient", 1),
            ("mlp-512x512-gradient", 1),
        ],
        new: |steps| Classifier::boxed(&[784, 512, 512, 10], 128, steps),
    },
    Step {
        name: "rbm-bernoulli-784x500",
        batch: Boltzmann::BATCH,
        steps: 10,
        products: &[
            ("rbm-784x500-hidden", 2),
            ("rbm-784x500-visible", 1),
            ("rbm-784x500-gradient", 1),
        ],
        new: |steps| Boltzmann::boxed(Visible::Bernoulli, Unit::Bernoulli, [784, 500], 1, steps),
    },
    Step {
        name: "rbm-nrelu-2048x4000",
        batch: Boltzmann::BATCH,
        steps: 10,
        products: &[
            ("rbm-2048x4000-hidden", 2),
            ("rbm-2048x4000-visible", 1),
            ("rbm-2048x4000-gradient", 1),
        ],
        new: |steps| Boltzmann::boxed(Visible::Gaussian, Unit::Nrelu, [2048, 4000], 1, steps),
    },
    Step {
        name: "rbm-bernoulli-784x500-cd10",
        batch: Boltzmann::BATCH,
        steps: 2,
        products: &[
            ("rbm-784x500-hidden", 11),
            ("rbm-784x500-visible", 10),
            ("rbm-784x500-gradient", 1),
        ],
        new: |steps| Boltzmann::boxed(Visible::Bernoulli, Unit::Bernoulli, [784, 500], 10, steps),
    },
    Step {
        name: "cnn-28x28-32-64-128-10",
        batch: Convolutional::BATCH,
        steps: 2,
        products: &[],
        new: |steps| Ok(Box::new(Convolutional::new(steps)?)),
    },
];

/// A model that can be trained for some steps, and shows a weight matrix for the check.
pub trait Model: Send {
    /// Trains for the steps.
    ///
    /// # Errors
    /// If the model diverges.
    fn train(&mut self, level: Level) -> Result<()>;
    /// The first weights.
    fn weights(&self) -> &[f32];
}

/// MLP of ReLU with Adam.
pub struct Classifier {
    mlp: Network,
    data: Dataset,
}

impl Classifier {
    /// A network of layers of these sizes, the inputs first and ten classes last, and mini-batches for so many steps.
    ///
    /// # Errors
    /// If the settings are refused.
    pub fn boxed(sizes: &[usize], batch: usize, steps: usize) -> Result<Box<dyn Model>> {
        let data = images(batch * steps, &sizes[..1])?;
        let config = MlpConfig {
            sizes: sizes.into(),
            activation: Kind::Relu,
            dropout: 0.0,
            head: Head::Softmax,
            optimiser: Optimiser::adam(),
            schedule: Schedule::Constant,
            batch,
            epochs: 1,
        };
        Ok(Box::new(Self { mlp: Network::mlp(&config, 1)?, data }))
    }
}

impl Model for Classifier {
    fn train(&mut self, level: Level) -> Result<()> {
        Ok(self.mlp.fit(level, &self.data, None, "bench", &mut Silent)?)
    }

    fn weights(&self) -> &[f32] {
        self.mlp.parameters()[0][0]
    }
}

/// The convolutional network of Keras' MNIST example, with Adam.
struct Convolutional {
    network: Network,
    data: Dataset,
}

impl Convolutional {
    /// Not Keras' 128: the scalar level takes some seconds for a step of these.
    const BATCH: usize = 32;

    fn new(steps: usize) -> Result<Self> {
        let data = images(Self::BATCH * steps, &[28, 28, 1])?;
        let config = NetworkConfig {
            input: vec![28, 28, 1],
            layers: vec![
                LayerConfig::conv(32, [3, 3], Kind::Relu),
                LayerConfig::conv(64, [3, 3], Kind::Relu),
                LayerConfig::max_pool([2, 2]),
                LayerConfig::Dropout { rate: 0.25 },
                LayerConfig::Flatten,
                LayerConfig::dense(128, Kind::Relu),
                LayerConfig::Dropout { rate: 0.5 },
                LayerConfig::dense(10, Kind::Identity),
            ],
            head: Head::Softmax,
            optimiser: Optimiser::adam(),
            schedule: Schedule::Constant,
            batch: Self::BATCH,
            epochs: 1,
        };
        Ok(Self { network: Network::new(&config, 1)?, data })
    }
}

impl Model for Convolutional {
    fn train(&mut self, level: Level) -> Result<()> {
        Ok(self.network.fit(level, &self.data, None, "bench", &mut Silent)?)
    }

    fn weights(&self) -> &[f32] {
        self.network.parameters()[0][0]
    }
}

/// Random images of ten classes in turns.
fn images(rows: usize, shape: &[usize]) -> Result<Dataset> {
    let classes = 10;
    let labels = (0..rows as u32).map(|row| row % classes).collect();
    let names: Vec<_> = (0..classes).collect();
    let width: usize = shape.iter().product();
    Ok(Dataset::new(inputs::uniform(8, rows * width, 0.0, 1.0), shape, labels, &names)?)
}

/// An RBM on mini-batches of 100.
pub struct Boltzmann {
    rbm: Rbm,
    x: Vec<f32>,
}

impl Boltzmann {
    const BATCH: usize = 100;

    /// CD-k for so many steps; of `sizes`, the visible units come first.
    ///
    /// # Errors
    /// If the settings are refused.
    pub fn boxed(
        visible: Visible,
        hidden: Unit,
        [visible_units, hidden_units]: [usize; 2],
        k: usize,
        steps: usize,
    ) -> Result<Box<dyn Model>> {
        // Small steps: the machine is trained for as long as the clock wants.
        let learning_rate = 1e-4;
        let (batch, epochs) = (Self::BATCH, 1);
        let config = RbmConfig {
            learning_rate,
            batch,
            epochs,
            steps: k,
            ..RbmConfig::new(visible, hidden, hidden_units)
        };
        let x = inputs::uniform(9, Self::BATCH * steps * visible_units, 0.0, 1.0);
        Ok(Box::new(Self { rbm: Rbm::new(&config, visible_units, 1)?, x }))
    }
}

impl Model for Boltzmann {
    fn train(&mut self, level: Level) -> Result<()> {
        Ok(self.rbm.fit(level, &self.x, "bench", &mut Silent)?)
    }

    fn weights(&self) -> &[f32] {
        self.rbm.weights()
    }
}
