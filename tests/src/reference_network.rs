//! Networks in `f64`, by the definitions of their layers: what `halfwave_trainer::network` is compared with.

use halfwave_kernels::{
    conv::Padding,
    rng::{self, NoisePlan},
};
use halfwave_trainer::{
    layers::LayerConfig,
    network::{Head, Network, NetworkConfig},
};

/// A layer, and the shape of what goes into it.
#[derive(Clone)]
struct Layer {
    config: LayerConfig,
    input: Vec<usize>,
    outputs: Vec<usize>,
    /// Number of its parameters in [`Reference::parameters`].
    parameters: Option<usize>,
    /// Of dropout, or the draws of salt and pepper, for all rows; none without noise.
    mask: Option<Vec<f64>>,
}

/// A network in `f64`.
#[derive(Clone)]
pub struct Reference {
    layers: Vec<Layer>,
    head: Head,
    /// Weights and biases of the layers that have them.
    pub parameters: Vec<[Vec<f64>; 2]>,
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

fn width(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// What a row costs, by the definition of the head.
#[must_use]
pub fn loss(head: Head, z: &[f64], label: usize) -> f64 {
    match head {
        Head::Softmax => z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label],
        Head::NormalisedRelu => {
            let sum: f64 = z.iter().map(|z| z.max(0.0)).sum();
            let p = if sum > 0.0 { z[label].max(0.0) / sum } else { 0.0 };
            -p.clamp(1e-7, 1.0 - 1e-7).ln()
        }
        Head::Logistic => z
            .iter()
            .enumerate()
            .map(|(k, &z)| if k == label { -z } else { z })
            .map(|z| z.exp().ln_1p())
            .sum(),
        Head::SquaredError => {
            let t = |k: usize| f64::from(u8::from(k == label));
            z.iter().enumerate().map(|(k, z)| 0.5 * (z - t(k)).powi(2)).sum()
        }
    }
}

impl Reference {
    /// The function that `network`, made from `config`, is without dropout.
    #[must_use]
    pub fn new(config: &NetworkConfig, network: &Network) -> Self {
        let mut input = config.input.clone();
        let mut trained = 0..;
        let layers = config.layers.iter().zip(network.layers()).zip(network.summary().layers);
        let layers = layers.map(|((&config, layer), summary)| {
            let parameters = layer.is_trained().then(|| trained.next()).flatten();
            let input = std::mem::replace(&mut input, summary.output.clone());
            Layer { config, input, outputs: summary.output, parameters, mask: None }
        });
        Self {
            layers: layers.collect(),
            head: config.head,
            parameters: network.parameters().iter().map(|p| p.map(wide)).collect(),
        }
    }

    /// With the dropout of step 0 on so many rows. In the stream of the seed stand the weights of all layers,
    /// then for each step the masks of all dropout layers for a whole mini-batch.
    ///
    /// # Panics
    /// If the stream is too short.
    #[must_use]
    pub fn with_masks(mut self, config: &NetworkConfig, seed: u64, rows: usize) -> Self {
        let mut builder = NoisePlan::builder(seed);
        for layer in &self.layers {
            let drawn = matches!(
                layer.config,
                LayerConfig::Dense { .. }
                    | LayerConfig::WeightNorm { .. }
                    | LayerConfig::Conv { .. }
            );
            let weights = layer.parameters.filter(|_| drawn).map(|at| &self.parameters[at][0]);
            builder.before(weights.map_or(0, |weights| weights.len() as u64));
        }
        for layer in &mut self.layers {
            let kept: &dyn Fn(f32) -> f64 = match layer.config {
                LayerConfig::Dropout { rate } => {
                    &move |u| if u < rate { 0.0 } else { 1.0 / (1.0 - f64::from(rate)) }
                }
                LayerConfig::Masking { rate } => &move |u| if u < rate { 0.0 } else { 1.0 },
                LayerConfig::SaltAndPepper { .. } => &f64::from,
                _ => continue,
            };
            let block = builder.each_step((config.batch * width(&layer.input)) as u64);
            let noise = builder.build(1).expect("a short run").at(block, 0);
            let mut uniform = vec![0.0; rows * width(&layer.input)];
            rng::uniform(crate::compare::scalar(), noise, &mut uniform);
            layer.mask = Some(uniform.into_iter().map(kept).collect());
        }
        self
    }

    /// The sum of the losses of all rows.
    #[must_use]
    pub fn loss(&self, x: &[f32], labels: &[u32]) -> f64 {
        self.loss_of(&self.outputs(x), labels)
    }

    /// With the penalties on activations: what is minimised.
    #[must_use]
    pub fn objective(&self, x: &[f32], labels: &[u32]) -> f64 {
        let (z, penalty) = self.forward(x);
        self.loss_of(&z, labels) + penalty
    }

    fn loss_of(&self, z: &[f64], labels: &[u32]) -> f64 {
        let classes = z.len() / labels.len();
        let rows = z.chunks(classes).zip(labels);
        rows.map(|(z, &label)| loss(self.head, z, label as usize)).sum()
    }

    /// The outputs of the last layer.
    #[must_use]
    pub fn outputs(&self, x: &[f32]) -> Vec<f64> {
        self.forward(x).0
    }

    fn forward(&self, x: &[f32]) -> (Vec<f64>, f64) {
        self.layers.iter().fold((wide(x), 0.0), |(x, penalty), layer| {
            let none = [Vec::new(), Vec::new()];
            let y = layer.forward(&x, layer.parameters.map_or(&none, |at| &self.parameters[at]));
            (y, penalty + layer.penalty(&x))
        })
    }
}

impl Layer {
    fn penalty(&self, x: &[f64]) -> f64 {
        match self.config {
            LayerConfig::L1Activations { weight } => {
                f64::from(weight) * x.iter().map(|x| x.abs()).sum::<f64>()
            }
            _ => 0.0,
        }
    }

    fn forward(&self, x: &[f64], [weights, bias]: &[Vec<f64>; 2]) -> Vec<f64> {
        match self.config {
            LayerConfig::Dense { units, activation, .. } => {
                let row = |x: &[f64]| -> Vec<f64> {
                    let z = |j: usize| -> f64 {
                        let products = x.iter().zip(weights.chunks(units)).map(|(x, w)| x * w[j]);
                        products.sum()
                    };
                    (0..units).map(|j| activation.definition(z(j) + bias[j])).collect()
                };
                x.chunks(self.input[0]).flat_map(row).collect()
            }
            LayerConfig::WeightNorm { units, .. } => {
                let (length, bias) = bias.split_at(units);
                let row = |x: &[f64]| -> Vec<f64> {
                    let y = |j: usize| {
                        let v = || weights.chunks(units).map(|v| v[j]);
                        let norm = v().map(|v| v * v).sum::<f64>().sqrt();
                        length[j] * v().zip(x).map(|(v, x)| v * x).sum::<f64>() / norm + bias[j]
                    };
                    (0..units).map(y).collect()
                };
                x.chunks(self.input[0]).flat_map(row).collect()
            }
            LayerConfig::Conv { channels, kernel, stride, padding, activation, .. } => {
                let inputs = self.input[2];
                self.windows(x, kernel, stride, padding, channels, |window, o| {
                    let z: f64 = window
                        .map(|([ky, kx], pixel)| -> f64 {
                            let w = |c: usize| ((ky * kernel[1] + kx) * inputs + c) * channels + o;
                            pixel.iter().enumerate().map(|(c, x)| x * weights[w(c)]).sum()
                        })
                        .sum();
                    activation.definition(z + bias[o])
                })
            }
            LayerConfig::MaxPool { window, stride, padding } => {
                self.windows(x, window, stride, padding, self.input[2], |window, c| {
                    window.map(|(_, pixel)| pixel[c]).fold(f64::NEG_INFINITY, f64::max)
                })
            }
            LayerConfig::Flatten | LayerConfig::L1Activations { .. } => x.to_vec(),
            LayerConfig::Scale { factor } => x.iter().map(|x| f64::from(factor) * x).collect(),
            LayerConfig::NegateHalf => {
                let channels = self.input.last().copied().unwrap_or(1);
                let sign = |i: usize| if i % channels < channels.div_ceil(2) { 1.0 } else { -1.0 };
                x.iter().enumerate().map(|(i, x)| sign(i) * x).collect()
            }
            LayerConfig::GaussianNoise { .. } | LayerConfig::AlphaDropout { .. } => x.to_vec(),
            LayerConfig::LayerNorm { epsilon } => {
                let columns = bias.len();
                let normal = |x: &[f64]| -> Vec<f64> {
                    let mean = x.iter().sum::<f64>() / columns as f64;
                    let square = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                    let std = (square / columns as f64 + f64::from(epsilon)).sqrt();
                    let parameters = weights.iter().zip(bias);
                    x.iter().zip(parameters).map(|(x, (g, b))| (x - mean) / std * g + b).collect()
                };
                x.chunks(columns).flat_map(normal).collect()
            }
            LayerConfig::Learned { activation, .. } => {
                let channels = self.input.last().copied().unwrap_or(1);
                let count = activation.parameters().len();
                // One value each, one a channel each, or α and one a channel for the others.
                let lengths: Vec<usize> = match weights.len() {
                    length if length == count => vec![1; count],
                    length if length == count * channels => vec![channels; count],
                    _ => [vec![1], vec![channels; count - 1]].concat(),
                };
                let starts: Vec<usize> = (0..count).map(|k| lengths[..k].iter().sum()).collect();
                let p = |k: usize, i: usize| weights[starts[k] + i % channels % lengths[k]];
                let at = |i: usize| (0..count).map(|k| p(k, i)).collect::<Vec<f64>>();
                x.iter().enumerate().map(|(i, &x)| activation.definition(x, &at(i))).collect()
            }
            LayerConfig::CaRelu => {
                let (alpha, beta) = (weights[0], weights[1]);
                let row = |x: &[f64]| -> Vec<f64> {
                    let energy = x.iter().map(|x| x * x).sum::<f64>() + 1e-8;
                    let p = x.iter().map(|x| x.max(0.0).powi(2)).sum::<f64>() / energy;
                    x.iter().map(|x| ((alpha * p + beta).tanh() * x).max(0.0)).collect()
                };
                x.chunks(width(&self.input)).flat_map(row).collect()
            }
            LayerConfig::Dropout { .. } | LayerConfig::Masking { .. } => match &self.mask {
                Some(mask) => x.iter().zip(mask).map(|(x, m)| x * m).collect(),
                None => x.to_vec(),
            },
            LayerConfig::SaltAndPepper { rate } => match &self.mask {
                Some(draws) => {
                    let rate = f64::from(rate);
                    let noisy = |(&x, &u)| match u {
                        u if u < 0.5 * rate => 0.0,
                        u if u < rate => 1.0,
                        _ => x,
                    };
                    x.iter().zip(draws).map(noisy).collect()
                }
                None => x.to_vec(),
            },
            LayerConfig::BatchNorm { epsilon, .. } => {
                let channels = bias.len();
                let mut y = x.to_vec();
                for c in 0..channels {
                    let column = || x.iter().skip(c).step_by(channels);
                    let n = column().count() as f64;
                    let mean = column().sum::<f64>() / n;
                    let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
                    let scale = weights[c] / (variance + f64::from(epsilon)).sqrt();
                    y.iter_mut().skip(c).step_by(channels).for_each(|y| {
                        *y = (*y - mean) * scale + bias[c];
                    });
                }
                y
            }
            LayerConfig::Activation { activation } => {
                x.iter().map(|&x| activation.definition(x)).collect()
            }
        }
    }

    /// `f` of all windows of all images, for each of so many channels: it gets the positions within the window
    /// that lie inside of the image, and their pixels.
    fn windows(
        &self,
        x: &[f64],
        window: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
        channels: usize,
        f: impl Fn(&mut dyn Iterator<Item = ([usize; 2], &[f64])>, usize) -> f64,
    ) -> Vec<f64> {
        let (size, out) = (&self.input, &self.outputs);
        let before = |axis: usize| match padding {
            Padding::Valid => 0,
            Padding::Same => {
                ((out[axis] - 1) * stride[axis] + window[axis]).saturating_sub(size[axis]) / 2
            }
        };
        let inside = |axis: usize, at: usize, k: usize| {
            (at * stride[axis] + k).checked_sub(before(axis)).filter(|&y| y < size[axis])
        };
        let mut y = Vec::new();
        for image in x.chunks(width(size)) {
            for (i, j, c) in (0..out[0] * out[1] * channels)
                .map(|at| (at / channels / out[1], at / channels % out[1], at % channels))
            {
                let places = (0..window[0] * window[1]).map(|k| [k / window[1], k % window[1]]);
                let mut pixels = places.filter_map(|[ky, kx]| {
                    let (row, column) = (inside(0, i, ky)?, inside(1, j, kx)?);
                    let pixel = &image[(row * size[1] + column) * size[2]..][..size[2]];
                    Some(([ky, kx], pixel))
                });
                y.push(f(&mut pixels, c));
            }
        }
        y
    }
}
