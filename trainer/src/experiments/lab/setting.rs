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
    Error,
    layers::{Initialiser, LayerConfig},
    network::{Head, NetworkConfig},
    optim::{Optimiser, Schedule},
    rnn::{Recurrent, RnnConfig},
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

impl Setting {
    pub(super) fn is_recurrent(&self) -> bool {
        self.body == Body::Rnn
    }

    /// The recurrent network on such images, if it is to be one; `None` for the others.
    pub(super) fn recurrent(&self, train: &Dataset) -> Result<Option<RnnConfig>, Error> {
        if self.body != Body::Rnn {
            return Ok(None);
        }
        let (&[hidden_units], Activation::Fixed(activation)) = (&self.hidden[..], self.activation)
        else {
            let expected =
                "rnn: expected one number of hidden units and an activation without parameters";
            return Err(Error::Usage(expected.into()));
        };
        let Self { recurrent, clip, optimiser, batch, epochs, .. } = *self;
        let recurrent = recurrent.unwrap_or(Recurrent::Identity);
        let (steps, batch) = (train.shape[0], batch.min(train.rows()));
        Ok(Some(RnnConfig {
            steps,
            hidden_units,
            activation,
            recurrent,
            clip,
            optimiser,
            batch,
            epochs,
        }))
    }

    /// The network on such rows, and which of its layers are activations of hidden units.
    pub(super) fn network(&self, train: &Dataset) -> (NetworkConfig, Vec<usize>) {
        let classes = train.classes();
        let mut layers = Vec::new();
        let mut activations = Vec::new();
        if self.input_noise > 0.0 {
            layers.push(LayerConfig::GaussianNoise { std: self.input_noise });
        }
        for &units in &self.hidden {
            self.push_hidden(units, &mut layers, &mut activations);
        }
        if self.body == Body::Cnn {
            layers.push(LayerConfig::Flatten);
        }
        layers.push(LayerConfig::dense(classes, Kind::Identity));
        if self.output != Activation::default() {
            layers.push(self.output.layer(self.per_channel));
        }
        let input = match self.body {
            Body::Mlp | Body::Rnn => vec![train.width],
            Body::Cnn if train.shape.len() == 2 => [&train.shape[..], &[1]].concat(),
            Body::Cnn => train.shape.clone(),
        };
        let Self { head, optimiser, schedule, batch, .. } = *self;
        let batch = batch.min(train.rows());
        (NetworkConfig { input, layers, head, optimiser, schedule, batch, epochs: 1 }, activations)
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
        layers.push(match self.body {
            Body::Mlp | Body::Rnn => LayerConfig::Dense { units, activation: inner, initialiser },
            Body::Cnn => LayerConfig::Conv {
                channels: units,
                kernel: [3, 3],
                stride: [1, 1],
                padding: Padding::Same,
                activation: inner,
                initialiser,
            },
        });
        layers.extend(match self.normalisation {
            Normalisation::None => None,
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
