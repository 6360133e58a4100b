//! Stacks of denoising auto-encoders, each trained on the features of the one below.

use std::borrow::Cow;

use halfwave_kernels::{Kind, Level};

use super::{AutoEncoder, AutoEncoderConfig, Reconstruction};
use crate::{
    TrainError,
    observe::Observer,
    samples::Rows,
    stack::{Layer, Stack, seed_of},
};

/// Trains one auto-encoder for each of `configs` on `x [rows, width]` or on the features of the one below, without noise
/// in between; the encoders are the layers of the stack.
///
/// The first one has `seed`, each other one a seed of its own made of it. Its targets are `x`; those of the others are
/// what their [`Reconstruction`] says. Where this divides features, the weights of the stack are divided too, so that
/// they fit the features as they are.
///
/// Bengio, Lamblin, Popovici & Larochelle, NIPS 2006; Glorot, Bordes & Bengio, AISTATS 2011, section 3.1.
///
/// # Errors
/// Those of [`AutoEncoder::new`] and [`AutoEncoder::fit`]; [`TrainError::Setting`] if there is no configuration. All
/// settings are looked at before the first is trained.
pub fn stack<'a>(
    level: Level,
    x: impl Into<Rows<'a>>,
    width: usize,
    configs: &[AutoEncoderConfig],
    seed: u64,
    run: &str,
    observer: &mut dyn Observer,
) -> Result<Stack, TrainError> {
    TrainError::require(!configs.is_empty(), "configs", "at least one layer", 0)?;
    let data = x.into();
    let mut inputs = width;
    for config in configs {
        AutoEncoder::new(config, inputs, seed)?;
        inputs = config.hidden_units;
    }
    let mut layers = Vec::with_capacity(configs.len());
    let mut below: Option<Below> = None;
    for (l, config) in configs.iter().enumerate() {
        let visible = below.as_ref().map_or(width, |below| below.width);
        let x = below.as_ref().map_or(data, |below| Rows::from(&below.features));
        let targets = below.as_ref().and_then(|below| below.targets.as_ref()).map(Rows::from);
        let mut model = AutoEncoder::new(config, visible, seed_of(l, seed))?;
        model.fit(level, x, targets, &format!("{run}, layer {}", l + 1), observer)?;
        let [weights, bias] = model.encoder();
        let maxima = below.as_ref().and_then(|below| below.maxima.as_deref());
        let weights = unrolled(weights, config.hidden_units, maxima);
        layers.push(Layer { weights: weights.into_owned(), bias: bias.to_vec() });
        if let Some(above) = configs.get(l + 1) {
            below = Some(Below::new(level, &model, x, above.reconstruction));
        }
    }
    Ok(Stack { layers })
}

/// What an auto-encoder sees of the one below.
struct Below {
    width: usize,
    /// `[rows, width]`.
    features: Vec<f32>,
    /// `[rows, width]`, where they are others.
    targets: Option<Vec<f32>>,
    /// What the features of each unit are divided by, where they are.
    maxima: Option<Vec<f32>>,
}

impl Below {
    fn new(level: Level, model: &AutoEncoder, x: Rows<'_>, above: Reconstruction) -> Self {
        let (width, features) = (model.config.hidden_units, model.encode(level, x));
        let plain = Self { width, features, targets: None, maxima: None };
        match above {
            Reconstruction::Softplus | Reconstruction::LinearAfter | Reconstruction::Rectifier => {
                plain
            }
            Reconstruction::LinearBefore => {
                Self { targets: Some(model.features(level, x, Kind::Identity)), ..plain }
            }
            Reconstruction::CrossEntropy => {
                let targets = plain.features.iter().map(|h| 0.5 * (1.0 + h)).collect();
                Self { targets: Some(targets), ..plain }
            }
            Reconstruction::Scaled => plain.scaled(),
        }
    }

    /// Each unit divided by its maximum; one that is never above 0 stays as it is.
    fn scaled(mut self) -> Self {
        let mut maxima = vec![0.0_f32; self.width];
        for row in self.features.chunks_exact(self.width) {
            maxima.iter_mut().zip(row).for_each(|(maximum, &h)| *maximum = maximum.max(h));
        }
        maxima.iter_mut().filter(|maximum| **maximum == 0.0).for_each(|maximum| *maximum = 1.0);
        for row in self.features.chunks_exact_mut(self.width) {
            row.iter_mut().zip(&maxima).for_each(|(h, maximum)| *h /= maximum);
        }
        Self { maxima: Some(maxima), ..self }
    }
}

/// Weights `[inputs, units]` for features that are not divided.
fn unrolled<'a>(weights: &'a [f32], units: usize, maxima: Option<&[f32]>) -> Cow<'a, [f32]> {
    let mut weights = Cow::from(weights);
    if let Some(maxima) = maxima {
        for (row, maximum) in weights.to_mut().chunks_exact_mut(units).zip(maxima) {
            row.iter_mut().for_each(|w| *w /= maximum);
        }
    }
    weights
}
