//! What a variant is: the network and its training, said in the terms that the laboratory varies.

use std::str::FromStr;

use halfwave_datasets::Dataset;
use halfwave_kernels::{
    Kind,
    conv::Padding,
    learned::LearnedKind,
    rng::{self, Stream},
};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    TrainError,
    layers::{Initialiser, LayerConfig},
    network::{Head, Network, NetworkConfig},
    optim::{Optimiser, Schedule},
    rnn::{Recurrent, Rnn, RnnConfig},
};

/// The settings of a variant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    body: Body,
    /// Units of the hidden layers, or channels of the convolutions.
    hidden: Vec<usize>,
    /// Behind each hidden layer.
    activation: Activation,
    /// Whether learned activations have parameters for each unit.
    #[serde(default)]
    per_channel: bool,
    /// Between a hidden layer and its activation.
    #[serde(default)]
    normalisation: Normalisation,
    #[serde(default)]
    initialiser: Initialiser,
    #[serde(default)]
    dropout: f32,
    #[serde(default)]
    alpha_dropout: f32,
    /// Standard deviation of the noise on the inputs in training.
    #[serde(default)]
    input_noise: f32,
    /// Standard deviation of the noise on the test images, which are tested without it, too.
    #[serde(default)]
    test_noise: f32,
    /// Share of the training labels that are replaced by others.
    #[serde(default)]
    label_noise: f32,
    /// Behind the last layer, in front of the head.
    #[serde(default)]
    output: Activation,
    #[serde(default)]
    head: Head,
    /// Of a recurrent network: how its recurrent weights begin, and the bound of its gradients.
    #[serde(default)]
    recurrent: Option<Recurrent>,
    #[serde(default)]
    clip: Option<f32>,
    optimiser: Optimiser,
    #[serde(default)]
    schedule: Schedule,
    batch: usize,
    pub(super) epochs: usize,
}

/// The shape of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    /// Dense layers.
    Mlp,
    /// Convolutions of 3×3 with the same padding, each with its activation and 2×2 pooling; a dense layer as the head.
    Cnn,
    /// Dense layer, then Transformers' feed-forward blocks W₂ f(W₁ x), each followed by layer normalisation, without
    /// attention and residuals. `hidden`: numbers between blocks, then the units of each block.
    Ffn,
    /// A recurrent network that reads images row by row.
    Rnn,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Normalisation {
    #[default]
    None,
    Batch,
    Layer,
    /// Weights of a direction and a length each.
    Weight,
    /// Dynamic tanh.
    Dyt,
}

/// An activation of the kernels, by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Activation {
    Fixed(Kind),
    Learned(LearnedKind),
    CaRelu,
}

impl Default for Activation {
    fn default() -> Self {
        Self::Fixed(Kind::Identity)
    }
}

impl<'de> Deserialize<'de> for Activation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        match Kind::from_str(&name) {
            Ok(kind) => Ok(Self::Fixed(kind)),
            Err(_) if name == "carelu" => Ok(Self::CaRelu),
            Err(error) => {
                let learned = LearnedKind::from_str(&name).map(Self::Learned);
                learned.map_err(|of_learned| {
                    D::Error::custom(format!("{error}; {of_learned}; or carelu"))
                })
            }
        }
    }
}

impl Activation {
    fn layer(self, per_channel: bool) -> LayerConfig {
        match self {
            Self::Fixed(activation) => LayerConfig::Activation { activation },
            Self::Learned(activation) => LayerConfig::Learned { activation, per_channel },
            Self::CaRelu => LayerConfig::CaRelu,
        }
    }
}

/// What a variant trains.
pub(super) enum Model {
    /// A network, and which of its layers are activations of hidden units.
    Network(NetworkConfig, Vec<usize>),
    Recurrent(RnnConfig),
}

impl Model {
    /// That it can be made for rows of the shape of `train`.
    pub(super) fn check(&self, train: &Dataset) -> Result<(), TrainError> {
        match self {
            Self::Network(config, _) => Network::new(config, 0).map(|_| ()),
            Self::Recurrent(config) => {
                Rnn::new(config, train.width, train.classes(), 0).map(|_| ())
            }
        }
    }
}

impl Setting {
    pub(super) fn is_recurrent(&self) -> bool {
        self.body == Body::Rnn
    }

    /// That no setting stands there for nothing.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.label_noise) {
            return Err(format!("label_noise: expected 0 to 1, found {}", self.label_noise));
        }
        if self.normalisation == Normalisation::Weight && self.body != Body::Mlp {
            return Err("normalisation: weight is for mlp only".into());
        }
        if self.body == Body::Ffn && self.hidden.len() < 2 {
            return Err(
                "ffn: expected hidden = [numbers between blocks, units of a block, …]".into()
            );
        }
        if !self.is_recurrent() {
            let other = self.recurrent.is_some() || self.clip.is_some();
            return if other { Err("recurrent and clip are for rnn only".into()) } else { Ok(()) };
        }
        let fits = self.hidden.len() == 1
            && matches!(self.activation, Activation::Fixed(_))
            && self.normalisation == Normalisation::None
            && [self.dropout, self.alpha_dropout, self.input_noise, self.test_noise] == [0.0; 4]
            && self.output == Activation::default()
            && self.head == Head::Softmax
            && self.schedule == Schedule::Constant;
        let expected = "rnn: expected one number of hidden units and an activation without parameters, and no \
                        normalisation, dropout, input_noise, test_noise, output, head or schedule";
        if fits { Ok(()) } else { Err(expected.into()) }
    }

    /// What is trained on such rows; the setting passes [`Setting::check`].
    pub(super) fn model(&self, train: &Dataset) -> Model {
        let batch = self.batch.min(train.rows());
        match (self.body, &self.hidden[..], self.activation) {
            (Body::Rnn, &[hidden_units], Activation::Fixed(activation)) => {
                let Self { recurrent, clip, optimiser, epochs, .. } = *self;
                Model::Recurrent(RnnConfig {
                    steps: train.shape[0],
                    hidden_units,
                    activation,
                    recurrent: recurrent.unwrap_or(Recurrent::Identity),
                    clip,
                    optimiser,
                    batch,
                    epochs,
                })
            }
            _ => self.network(train, batch),
        }
    }

    fn network(&self, train: &Dataset, batch: usize) -> Model {
        let mut layers = Vec::new();
        let mut activations = Vec::new();
        if self.input_noise > 0.0 {
            layers.push(LayerConfig::GaussianNoise { std: self.input_noise });
        }
        if let (Body::Ffn, &[width, ref blocks @ ..]) = (self.body, &self.hidden[..]) {
            let initialiser = self.initialiser;
            let between =
                LayerConfig::Dense { units: width, activation: Kind::Identity, initialiser };
            layers.push(between);
            for &units in blocks {
                self.push_hidden(units, &mut layers, &mut activations);
                layers.extend([between, LayerConfig::LayerNorm { epsilon: 1e-5 }]);
            }
        } else {
            for &units in &self.hidden {
                self.push_hidden(units, &mut layers, &mut activations);
            }
        }
        let input = if self.body == Body::Cnn {
            layers.push(LayerConfig::Flatten);
            let colours = if train.shape.len() == 2 { &[1][..] } else { &[] };
            [&train.shape[..], colours].concat()
        } else {
            vec![train.width]
        };
        layers.push(LayerConfig::dense(train.classes(), Kind::Identity));
        if self.output != Activation::default() {
            layers.push(self.output.layer(self.per_channel));
        }
        let Self { head, optimiser, schedule, .. } = *self;
        let config = NetworkConfig { input, layers, head, optimiser, schedule, batch, epochs: 1 };
        Model::Network(config, activations)
    }

    fn push_hidden(
        &self,
        units: usize,
        layers: &mut Vec<LayerConfig>,
        activations: &mut Vec<usize>,
    ) {
        let initialiser = self.initialiser;
        // An activation that can stand in the epilogue of its product does.
        let (inner, outer) = match (self.activation, self.normalisation) {
            (Activation::Fixed(kind), Normalisation::None) => (kind, None),
            (activation, _) => (Kind::Identity, Some(activation)),
        };
        layers.push(if self.normalisation == Normalisation::Weight {
            LayerConfig::WeightNorm { units, initialiser }
        } else if self.body == Body::Cnn {
            LayerConfig::Conv {
                channels: units,
                kernel: [3, 3],
                stride: [1, 1],
                padding: Padding::Same,
                activation: inner,
                initialiser,
            }
        } else {
            LayerConfig::Dense { units, activation: inner, initialiser }
        });
        layers.extend(match self.normalisation {
            Normalisation::None | Normalisation::Weight => None,
            Normalisation::Batch => Some(LayerConfig::batch_norm()),
            Normalisation::Layer => Some(LayerConfig::LayerNorm { epsilon: 1e-5 }),
            Normalisation::Dyt => {
                Some(LayerConfig::Learned { activation: LearnedKind::Dyt, per_channel: true })
            }
        });
        layers.extend(outer.map(|activation| activation.layer(self.per_channel)));
        activations.push(layers.len() - 1);
        if self.body == Body::Cnn {
            layers.push(LayerConfig::max_pool([2, 2]));
        }
        if self.dropout > 0.0 {
            layers.push(LayerConfig::Dropout { rate: self.dropout });
        }
        if self.alpha_dropout > 0.0 {
            layers.push(LayerConfig::AlphaDropout { rate: self.alpha_dropout });
        }
    }

    /// The test images with the noise that the setting has for them.
    pub(super) fn with_test_noise(&self, test: &Dataset, seed: u64) -> Option<Dataset> {
        // Not the stream of the network's weights, nor that of labels.
        const OWN: u64 = 0x7465_7374_6e6f;
        if self.test_noise <= 0.0 {
            return None;
        }
        let mut noisy = test.clone();
        let mut draws = vec![0.0; test.x.len()];
        rng::normal(halfwave_kernels::Level::best(), Stream::new(seed ^ OWN).at(0), &mut draws);
        noisy.x.iter_mut().zip(&draws).for_each(|(x, n)| *x = self.test_noise.mul_add(*n, *x));
        Some(noisy)
    }

    /// The training labels, some replaced by one of the other classes by the seed.
    pub(super) fn labels(&self, train: &Dataset, seed: u64) -> Vec<u32> {
        if self.label_noise <= 0.0 {
            return train.labels.clone();
        }
        // Not the stream of the network's weights.
        const OWN: u64 = 0x6c61_6265_6c73;
        let mut draws = vec![0.0; 2 * train.rows()];
        rng::uniform(halfwave_kernels::Level::best(), Stream::new(seed ^ OWN).at(0), &mut draws);
        let others = train.classes().saturating_sub(1).max(1) as u32;
        let labels = train.labels.iter().zip(draws.chunks_exact(2));
        let replaced = |(&label, draws): (&u32, &[f32])| {
            let step = 1 + ((draws[1] * others as f32) as u32).min(others - 1);
            if draws[0] < self.label_noise { (label + step) % (others + 1) } else { label }
        };
        labels.map(replaced).collect()
    }
}
