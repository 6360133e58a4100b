//! What a layer of a network is to be: its settings, its shape on what lies below, and the layer itself.

use halfwave_kernels::{
    Kind,
    conv::{Conv2d, GeometryError, MaxPool2d, Padding},
    learned::LearnedKind,
    rng::Noise,
};
use serde::{Deserialize, Serialize};

use super::{
    Activation, BatchNorm, CaRelu, Conv, Dense, Dropout, Flatten, GaussianNoise, Initialiser,
    L1Activations, Layer, LayerNorm, Learned, MaxPool, NegateHalf, Scale, WeightNorm,
};
use crate::{
    TrainError,
    optim::{not_negative, positive, share},
};

/// The settings of a layer; what lies below says how many inputs it has.
///
/// ```
/// use halfwave_kernels::Kind;
/// use halfwave_trainer::layers::LayerConfig;
/// #[derive(serde::Deserialize)]
/// struct Layers { layers: Vec<LayerConfig> }
/// let text = "layers = [{ name = 'conv', channels = 32, kernel = [3, 3], activation = 'relu' }]";
/// let read: Layers = toml::from_str(text)?;
/// assert_eq!(read.layers, [LayerConfig::conv(32, [3, 3], Kind::Relu)]);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerConfig {
    /// y = f(x W + b) on rows of numbers.
    Dense {
        /// Outputs.
        units: usize,
        /// f.
        #[serde(with = "crate::by_name", default = "identity")]
        activation: Kind,
        /// W before training.
        #[serde(default)]
        initialiser: Initialiser,
    },
    /// y = x W + b, each column of W a direction of V times a length g: weight normalisation.
    WeightNorm {
        /// Outputs.
        units: usize,
        /// V before training.
        #[serde(default)]
        initialiser: Initialiser,
    },
    /// y = f(x ∗ W + b) on images.
    Conv {
        /// Outputs at each position.
        channels: usize,
        /// Height and width of a window.
        kernel: [usize; 2],
        /// From window to window, down and to the right.
        #[serde(default = "one")]
        stride: [usize; 2],
        /// What lies beyond the edges.
        #[serde(with = "PaddingName", default = "valid")]
        padding: Padding,
        /// f.
        #[serde(with = "crate::by_name", default = "identity")]
        activation: Kind,
        /// W before training.
        #[serde(default)]
        initialiser: Initialiser,
    },
    /// The maximum of each window of an image.
    MaxPool {
        /// Height and width of a window.
        window: [usize; 2],
        /// From window to window, down and to the right.
        stride: [usize; 2],
        /// What lies beyond the edges.
        #[serde(with = "PaddingName", default = "valid")]
        padding: Padding,
    },
    /// An image as a row of numbers.
    Flatten,
    /// In training, numbers are 0 with probability `rate`, and the others are divided by 1 − `rate`.
    Dropout {
        /// In \[0, 1).
        rate: f32,
    },
    /// In training, numbers are 0 with probability `rate`, and the others stay as they are.
    Masking {
        /// In \[0, 1).
        rate: f32,
    },
    /// In training, numbers are 0 with probability `rate` / 2, and 1 with the same.
    SaltAndPepper {
        /// In \[0, 1).
        rate: f32,
    },
    /// The same for SELU: mean 0 and variance 1 stay.
    AlphaDropout {
        /// In \[0, 1).
        rate: f32,
    },
    /// In training, y = x + σ n with n ~ N(0, 1).
    GaussianNoise {
        /// σ.
        std: f32,
    },
    /// Each row, or each position of an image, with zero mean and unit variance, then scaled and shifted.
    LayerNorm {
        /// Added to the variance.
        #[serde(default = "norm_epsilon")]
        epsilon: f32,
    },
    /// Each channel with zero mean and unit variance, then scaled and shifted.
    BatchNorm {
        /// Weight of the newest batch in the running moments, in \[0, 1).
        #[serde(default = "batch_norm_momentum")]
        momentum: f32,
        /// Added to the variance.
        #[serde(default = "norm_epsilon")]
        epsilon: f32,
    },
    /// y = f(x).
    Activation {
        /// f.
        #[serde(with = "crate::by_name")]
        activation: Kind,
    },
    /// y = f(x; p) with learned parameters p: PReLU, Swish, dynamic tanh (DyT) and others.
    Learned {
        /// f.
        #[serde(with = "crate::by_name")]
        activation: LearnedKind,
        /// Whether each unit, or channel, has parameters of its own.
        #[serde(default)]
        per_channel: bool,
    },
    /// CAReLU.
    #[serde(rename = "carelu")]
    CaRelu,
    /// y = c x.
    Scale {
        /// c, above 0.
        factor: f32,
    },
    /// The outputs of the second half of the units, or channels, times −1.
    NegateHalf,
    /// λ Σ|x| of each row is part of what is minimised.
    L1Activations {
        /// λ.
        weight: f32,
    },
}

/// serde for the kernels' [`Padding`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Padding", rename_all = "snake_case")]
enum PaddingName {
    Valid,
    Same,
}

fn identity() -> Kind {
    Kind::Identity
}

fn one() -> [usize; 2] {
    [1, 1]
}

fn valid() -> Padding {
    Padding::Valid
}

/// As in PyTorch.
fn batch_norm_momentum() -> f32 {
    0.1
}

/// As in PyTorch.
fn norm_epsilon() -> f32 {
    1e-5
}

/// Why a layer cannot stand where it is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The layer takes another shape than comes from below.
    #[error("takes {expected}, but {found:?} comes from below")]
    Shape {
        /// What it takes.
        expected: &'static str,
        /// The shape of a row.
        found: Vec<usize>,
    },
    /// The windows do not fit the image.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A setting has a value that makes no sense.
    #[error("{0}")]
    Setting(Box<TrainError>),
    /// The last layer gives the head what it needs.
    #[error(
        "expected a row of numbers from the last layer, one for each class: put a dense layer on top"
    )]
    Last,
}

impl From<TrainError> for LayerError {
    fn from(error: TrainError) -> Self {
        Self::Setting(Box::new(error))
    }
}

/// What a layer is on a certain input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The shape of a row of its outputs.
    pub(crate) shape: Vec<usize>,
    /// Random numbers that its weights take.
    pub(crate) weights: u64,
    /// Random numbers that each row of a mini-batch takes.
    pub(crate) masks: u64,
}

impl LayerConfig {
    /// A dense layer with Glorot's weights.
    #[must_use]
    pub fn dense(units: usize, activation: Kind) -> Self {
        Self::Dense { units, activation, initialiser: Initialiser::default() }
    }

    /// A convolution of stride 1 without padding, with Glorot's weights.
    #[must_use]
    pub fn conv(channels: usize, kernel: [usize; 2], activation: Kind) -> Self {
        let (stride, padding, initialiser) = (one(), valid(), Initialiser::default());
        Self::Conv { channels, kernel, stride, padding, activation, initialiser }
    }

    /// Max-pooling with windows side by side.
    #[must_use]
    pub fn max_pool(window: [usize; 2]) -> Self {
        Self::MaxPool { window, stride: window, padding: valid() }
    }

    /// Batch normalisation with the constants of PyTorch.
    #[must_use]
    pub fn batch_norm() -> Self {
        Self::BatchNorm { momentum: batch_norm_momentum(), epsilon: norm_epsilon() }
    }

    /// What it is called, as [`Layer::name`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::WeightNorm { .. } => "weight-norm",
            Self::Conv { .. } => "conv",
            Self::MaxPool { .. } => "max-pool",
            Self::Flatten => "flatten",
            Self::Dropout { .. } => "dropout",
            Self::Masking { .. } => "masking",
            Self::SaltAndPepper { .. } => "salt-and-pepper",
            Self::AlphaDropout { .. } => "alpha-dropout",
            Self::GaussianNoise { .. } => "gaussian-noise",
            Self::LayerNorm { .. } => "layer-norm",
            Self::BatchNorm { .. } => "batch-norm",
            Self::Activation { .. } => "activation",
            Self::Learned { activation, .. } => activation.name(),
            Self::CaRelu => "carelu",
            Self::Scale { .. } => "scale",
            Self::NegateHalf => "negate-half",
            Self::L1Activations { .. } => "l1-activations",
        }
    }

    /// Whether it has something to train.
    pub(crate) fn is_trained(&self) -> bool {
        match self {
            Self::Dense { .. }
            | Self::WeightNorm { .. }
            | Self::Conv { .. }
            | Self::LayerNorm { .. }
            | Self::BatchNorm { .. }
            | Self::Learned { .. }
            | Self::CaRelu => true,
            Self::MaxPool { .. }
            | Self::Flatten
            | Self::Dropout { .. }
            | Self::Masking { .. }
            | Self::AlphaDropout { .. }
            | Self::SaltAndPepper { .. }
            | Self::GaussianNoise { .. }
            | Self::Activation { .. }
            | Self::Scale { .. }
            | Self::NegateHalf
            | Self::L1Activations { .. } => false,
        }
    }

    /// What the layer is on rows of shape `input`, before anything is allocated.
    pub(crate) fn plan(&self, input: &[usize]) -> Result<Plan, LayerError> {
        let product = |sizes: &[usize]| {
            sizes.iter().fold(1_u64, |product, &size| product.saturating_mul(size as u64))
        };
        let plan = |shape: &[usize]| Plan { shape: shape.to_vec(), weights: 0, masks: 0 };
        Ok(match *self {
            Self::Dense { units, initialiser, .. } | Self::WeightNorm { units, initialiser } => {
                TrainError::require(units > 0, "units", "at least 1", units)?;
                initialiser.check()?;
                Plan { weights: product(&[row(input)?, units]), ..plan(&[units]) }
            }
            Self::Conv { channels, kernel, stride, padding, initialiser, .. } => {
                initialiser.check()?;
                let shape = convolution(input, channels, kernel, stride, padding)?;
                Plan { weights: product(&shape.weights()), ..plan(&shape.output()[1..]) }
            }
            Self::MaxPool { window, stride, padding } => {
                plan(&pooling(input, window, stride, padding)?.output()[1..])
            }
            Self::Flatten => {
                image(input)?;
                plan(&[input.iter().product()])
            }
            Self::Dropout { rate }
            | Self::Masking { rate }
            | Self::AlphaDropout { rate }
            | Self::SaltAndPepper { rate } => {
                share("rate", rate)?;
                Plan { masks: product(input), ..plan(input) }
            }
            Self::GaussianNoise { std } => {
                not_negative("std", std)?;
                Plan { masks: product(input), ..plan(input) }
            }
            Self::LayerNorm { epsilon } => {
                positive("epsilon", epsilon)?;
                plan(input)
            }
            Self::BatchNorm { momentum, epsilon } => {
                share("momentum", momentum)?;
                positive("epsilon", epsilon)?;
                plan(input)
            }
            Self::Scale { factor } => {
                positive("factor", factor)?;
                plan(input)
            }
            Self::L1Activations { weight } => {
                not_negative("weight", weight)?;
                plan(input)
            }
            Self::Activation { .. } | Self::Learned { .. } | Self::CaRelu | Self::NegateHalf => {
                plan(input)
            }
        })
    }

    /// The layer on rows of shape `input`, for which there is a plan; `noise` is where its weights are drawn.
    pub(crate) fn build(&self, input: &[usize], noise: Noise) -> Result<Layer, TrainError> {
        let (width, channels) = (input.iter().product(), input.last().copied().unwrap_or(1));
        let planned = "the layer has a plan on this input";
        Ok(match *self {
            Self::Dense { units, activation, initialiser } => {
                Layer::Dense(Dense::new([width, units], activation, initialiser, noise)?)
            }
            Self::WeightNorm { units, initialiser } => {
                Layer::WeightNorm(WeightNorm::new([width, units], initialiser, noise)?)
            }
            Self::Conv { channels, kernel, stride, padding, activation, initialiser } => {
                let shape = convolution(input, channels, kernel, stride, padding).expect(planned);
                Layer::Conv(Conv::new(shape, activation, initialiser, noise)?)
            }
            Self::MaxPool { window, stride, padding } => {
                let shape = pooling(input, window, stride, padding).expect(planned);
                Layer::MaxPool(MaxPool { shape })
            }
            Self::Flatten => Layer::Flatten(Flatten),
            Self::Dropout { rate } => Layer::Dropout(Dropout::new(rate, width)?),
            Self::Masking { rate } => Layer::Dropout(Dropout::masking(rate, width)?),
            Self::SaltAndPepper { rate } => Layer::Dropout(Dropout::salt_and_pepper(rate, width)?),
            Self::BatchNorm { momentum, epsilon } => {
                Layer::BatchNorm(BatchNorm::new([width, channels], momentum, epsilon)?)
            }
            Self::Activation { activation } => Layer::Activation(Activation { activation, width }),
            Self::AlphaDropout { rate } => Layer::Dropout(Dropout::alpha(rate, width)?),
            Self::GaussianNoise { std } => Layer::GaussianNoise(GaussianNoise { std, width }),
            Self::LayerNorm { epsilon } => {
                Layer::LayerNorm(LayerNorm::new([width, channels], epsilon)?)
            }
            Self::Learned { activation, per_channel } => {
                let channels = if per_channel { channels } else { 1 };
                Layer::Learned(Learned::new(activation, width, channels)?)
            }
            Self::CaRelu => Layer::CaRelu(CaRelu::new(width)),
            Self::Scale { factor } => Layer::Scale(Scale { factor, width }),
            Self::NegateHalf => Layer::NegateHalf(NegateHalf { width, channels }),
            Self::L1Activations { weight } => Layer::L1Activations(L1Activations { weight }),
        })
    }
}

fn convolution(
    input: &[usize],
    channels: usize,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> Result<Conv2d, LayerError> {
    let [height, width, inputs] = image(input)?;
    TrainError::require(channels > 0, "channels", "at least 1", channels)?;
    let weights = [kernel[0], kernel[1], inputs, channels];
    Ok(Conv2d::new([1, height, width, inputs], weights, stride, padding)?)
}

fn pooling(
    input: &[usize],
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> Result<MaxPool2d, LayerError> {
    let [height, width, channels] = image(input)?;
    Ok(MaxPool2d::new([1, height, width, channels], window, stride, padding)?)
}

/// The numbers of a row.
fn row(input: &[usize]) -> Result<usize, LayerError> {
    match *input {
        [width] => Ok(width),
        _ => Err(LayerError::Shape {
            expected: "a row of numbers (put a flatten layer in front)",
            found: input.to_vec(),
        }),
    }
}

/// Height, width and channels of an image.
fn image(input: &[usize]) -> Result<[usize; 3], LayerError> {
    input.try_into().map_err(|_| LayerError::Shape {
        expected: "images of [height, width, channels]",
        found: input.to_vec(),
    })
}
