//! Gradients of every layer and head against central differences of an `f64` forward pass that is
//! written here, and ten training steps against PyTorch.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level, rng::Stream};
use halfwave_trainer::{
    layers::{Dense, Dropout},
    mlp::{Head, Mlp, MlpConfig},
    observe::{Epoch, Observer},
    optim::Optimiser,
};

const EPS: f64 = 1e-6;
const ATOL: f64 = 1e-5;
const RTOL: f64 = 1e-3;

/// The dense layer in `f64`: weights, biases, activation.
#[derive(Clone)]
struct Reference {
    outputs: usize,
    kind: Kind,
    weights: Vec<f64>,
    bias: Vec<f64>,
}

impl Reference {
    fn of(dense: &Dense) -> Self {
        let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect();
        Self {
            outputs: dense.outputs,
            kind: dense.activation,
            weights: wide(&dense.weights),
            bias: wide(&dense.bias),
        }
    }

    /// f(x W + b) for one row.
    fn forward(&self, x: &[f64]) -> Vec<f64> {
        (0..self.outputs)
            .map(|j| {
                let z: f64 =
                    x.iter().zip(self.weights.chunks(self.outputs)).map(|(x, w)| x * w[j]).sum();
                self.kind.definition(z + self.bias[j])
            })
            .collect()
    }
}

/// −ln p of the true class, by the definition of the head.
fn loss(head: Head, z: &[f64], label: usize) -> f64 {
    match head {
        Head::Softmax => z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label],
        Head::NormalisedRelu => {
            let sum: f64 = z.iter().map(|z| z.max(0.0)).sum();
            let p = if sum > 0.0 { z[label].max(0.0) / sum } else { 0.0 };
            -p.clamp(1e-7, 1.0 - 1e-7).ln()
        }
    }
}

fn total(layers: &[Reference], head: Head, data: &Dataset) -> f64 {
    data.x
        .chunks(data.width)
        .zip(&data.labels)
        .map(|(x, &label)| {
            let x = x.iter().map(|&x| f64::from(x)).collect();
            loss(
                head,
                &layers.iter().fold(x, |x: Vec<f64>, layer| layer.forward(&x)),
                label as usize,
            )
        })
        .sum()
}

/// (f(x + ε) − f(x − ε)) / 2ε, for the value that `at` finds.
fn difference<T: Clone>(x: &T, at: impl Fn(&mut T) -> &mut f64, f: impl Fn(&T) -> f64) -> f64 {
    let moved = |by: f64| {
        let mut x = x.clone();
        *at(&mut x) += by;
        f(&x)
    };
    (moved(EPS) - moved(-EPS)) / (2.0 * EPS)
}

#[track_caller]
fn assert_close(found: f32, expected: f64, what: &str) {
    let error = (f64::from(found) - expected).abs();
    assert!(error <= ATOL + RTOL * expected.abs(), "{what}: {found} is not {expected}");
}

/// Rows of sines, small enough for ln(1 + x) in every layer.
fn data(rows: usize, width: usize, classes: u32, scale: f64) -> Dataset {
    let x = (0..rows * width).map(|i| (scale * (0.7 + 1.9 * i as f64).sin()) as f32).collect();
    let labels = (0..rows as u32).map(|i| (i * i + 1) % classes).collect();
    Dataset::new(x, &[width], labels, &vec!["class"; classes as usize]).unwrap()
}

fn mlp(sizes: &[usize], activation: Kind, head: Head, optimiser: Optimiser) -> Mlp {
    let (sizes, batch) = (sizes.to_vec(), 12);
    let config = MlpConfig { sizes, activation, dropout: 0.0, head, optimiser, batch, epochs: 10 };
    Mlp::new(&config, 3).unwrap()
}

#[test]
fn whole_networks_of_every_activation_under_both_heads() {
    for &kind in Kind::ALL {
        for head in [Head::Softmax, Head::NormalisedRelu] {
            let data = data(9, 5, 4, 0.3);
            let mut mlp = mlp(&[5, 7, 6, 4], kind, head, Optimiser::adam());
            for l in 0..3 {
                // Biases, so that no unit sits on the kink of ReLU; the head's outputs are mostly above 0.
                let lift = if l == 2 { 0.8 } else { 0.0 };
                let layer = mlp.layers()[l].clone();
                let bias = (0..layer.outputs).map(|j| lift + 0.2 * (1.0 + 3.0 * j as f32).sin());
                let weights: Vec<f32> = layer.weights.iter().map(|w| 0.7 * w).collect();
                mlp.set_layer(l, &weights, &bias.collect::<Vec<_>>()).unwrap();
            }
            let (sum, gradients) = mlp.gradients(Level::best(), &data).unwrap();
            let layers: Vec<Reference> = mlp.layers().iter().map(Reference::of).collect();
            let f = |layers: &Vec<Reference>| total(layers, head, &data);
            assert_close(sum as f32, f(&layers), "loss");
            let mut nonzero = 0;
            for (l, gradient) in gradients.iter().enumerate() {
                for (i, &found) in gradient.weights.iter().enumerate() {
                    let expected = difference(&layers, |layers| &mut layers[l].weights[i], f);
                    assert_close(found, expected, &format!("{kind} {head:?} layer {l} weight {i}"));
                    nonzero += usize::from(found != 0.0);
                }
                for (i, &found) in gradient.bias.iter().enumerate() {
                    let expected = difference(&layers, |layers| &mut layers[l].bias[i], f);
                    assert_close(found, expected, &format!("{kind} {head:?} layer {l} bias {i}"));
                }
            }
            assert!(nonzero > 50, "{kind} {head:?}: only {nonzero} weights have a gradient");
        }
    }
}

/// Dense, dropout, dense, under Σ c y: the mask that was drawn is part of the reference.
#[test]
fn dropout_between_dense_layers() {
    let level = Level::best();
    let (rows, sizes) = (11, [4, 9, 3]);
    let stream = Stream::new(5);
    let lower = Dense::glorot(level, sizes[0], sizes[1], Kind::Tanh, stream.at(0)).unwrap();
    let upper = Dense::glorot(level, sizes[1], sizes[2], Kind::Identity, stream.at(500)).unwrap();
    let x = data(rows, sizes[0], 2, 1.0).x;
    let dz: Vec<f32> = (0..rows * sizes[2]).map(|i| (2.0 + i as f32).cos()).collect();

    let (mut tape, mut tape_above) = (lower.tape(rows).unwrap(), upper.tape(rows).unwrap());
    let mut dropout = Dropout::new(0.4, rows, sizes[1]).unwrap();
    lower.forward(level, &x, &mut tape);
    dropout.forward(level, stream.at(1000), &tape.output);
    upper.forward(level, &dropout.output, &mut tape_above);
    let mut gradient_above = upper.gradient().unwrap();
    upper.backward(level, &dropout.output, &dz, &mut gradient_above);
    let mut dz_below = vec![0.0; rows * sizes[1]];
    upper.backward_input(level, &dz, &lower, &tape, &mut dz_below);
    dropout.backward(&mut dz_below);
    let mut gradient = lower.gradient().unwrap();
    lower.backward(level, &x, &dz_below, &mut gradient);

    let mask = dropout.mask().to_vec();
    assert!(mask.contains(&0.0) && mask.iter().all(|&m| m == 0.0 || m == 1.0 / 0.6));
    let f = |layers: &[Reference; 2]| -> f64 {
        let rows = x.chunks(sizes[0]).zip(mask.chunks(sizes[1])).zip(dz.chunks(sizes[2]));
        rows.map(|((x, mask), dz)| {
            let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            let mut h = layers[0].forward(&x);
            h.iter_mut().zip(mask).for_each(|(h, &m)| *h *= f64::from(m));
            layers[1].forward(&h).iter().zip(dz).map(|(y, &c)| y * f64::from(c)).sum::<f64>()
        })
        .sum()
    };
    let layers = [Reference::of(&lower), Reference::of(&upper)];
    for (l, gradient) in [gradient, gradient_above].iter().enumerate() {
        for (i, &found) in gradient.weights.iter().enumerate() {
            let expected = difference(&layers, |layers| &mut layers[l].weights[i], f);
            assert_close(found, expected, &format!("layer {l} weight {i}"));
        }
        for (i, &found) in gradient.bias.iter().enumerate() {
            let expected = difference(&layers, |layers| &mut layers[l].bias[i], f);
            assert_close(found, expected, &format!("layer {l} bias {i}"));
        }
    }
}

#[test]
fn a_dead_relu_head_is_defined() {
    let mut mlp = mlp(&[3, 2], Kind::Relu, Head::NormalisedRelu, Optimiser::adam());
    mlp.set_layer(0, &[0.0; 6], &[-1.0, -2.0]).unwrap();
    let data = data(4, 3, 2, 1.0);
    let (loss, gradients) = mlp.gradients(Level::best(), &data).unwrap();
    assert!((loss / 4.0 - 16.118).abs() < 1e-3, "{loss}");
    assert!(gradients[0].weights.iter().chain(&gradients[0].bias).all(|&g| g == 0.0));
    assert_eq!(mlp.predict(Level::best(), &data.x), [0; 4]);
}

#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer for Losses {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0
            .extend(epoch.metrics.iter().filter(|(name, _)| *name == "loss").map(|(_, loss)| loss));
    }
}

/// `tests/golden/mlp_torch.py`, PyTorch 2.15.0 in float64.
#[test]
fn ten_steps_agree_with_pytorch() {
    let adam = Optimiser::Adam { learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let sgd = Optimiser::Sgd { learning_rate: 0.5, momentum: 0.9 };
    for (optimiser, activation, golden) in [
        (
            adam,
            Kind::Relu,
            [
                1.43692127, 1.38571982, 1.33044191, 1.27722541, 1.22386842, 1.17308734, 1.12498276,
                1.07977847, 1.03783529, 0.99918329,
            ],
        ),
        (
            sgd,
            Kind::Tanh,
            [
                1.46040751, 1.06290172, 0.88720536, 0.77984568, 0.70774901, 0.81532346, 0.74644343,
                0.71748815, 0.78602242, 0.66674993,
            ],
        ),
    ] {
        let sizes = [5, 8, 7, 4];
        let mut mlp = mlp(&sizes, activation, Head::Softmax, optimiser);
        for (l, size) in sizes.windows(2).enumerate() {
            let (start, outputs) = (l as f64, size[1]);
            let w = (0..size[0] * outputs).map(|k| {
                let (i, j) = ((k / outputs) as f64, (k % outputs) as f64);
                (0.6 * (1.0 + start + 3.0 * i + 7.0 * j).sin()) as f32
            });
            let b = (0..outputs).map(|j| (0.1 * (2.0 + start + 5.0 * j as f64).cos()) as f32);
            mlp.set_layer(l, &w.collect::<Vec<_>>(), &b.collect::<Vec<_>>()).unwrap();
        }
        let x =
            (0..12 * 5).map(|k| (0.5 + 1.7 * (k / 5) as f64 + 2.3 * (k % 5) as f64).sin() as f32);
        let labels = (0..12).map(|i| i * i % 4).collect();
        let data = Dataset::new(x.collect(), &[5], labels, &["class"; 4]).unwrap();
        let mut losses = Losses::default();
        mlp.fit(Level::best(), &data, None, "golden", &mut losses).unwrap();
        assert_eq!(losses.0.len(), 10);
        for (step, (found, golden)) in losses.0.iter().zip(golden).enumerate() {
            assert!(
                (found - golden).abs() < 5e-6,
                "{optimiser:?} step {step}: {found} is not {golden}"
            );
        }
    }
}
