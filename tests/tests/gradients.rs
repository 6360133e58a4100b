//! Gradients of every layer and head against central differences of an `f64` forward pass that is
//! written in `tests/src/reference_network.rs`, and training steps against PyTorch.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level, conv::Padding, learned::LearnedKind};
use halfwave_tests::reference_network::Reference;
use halfwave_trainer::{
    layers::{Initialiser, LayerConfig, Mode},
    network::{Gradients, Head, MlpConfig, Network, NetworkConfig},
    observe::{Epoch, Observer},
    optim::{Optimiser, Schedule},
};

const HEADS: [Head; 4] = [Head::Softmax, Head::NormalisedRelu, Head::Logistic, Head::SquaredError];

const EPS: f64 = 1e-6;
const ATOL: f64 = 1e-5;
const RTOL: f64 = 1e-3;

#[track_caller]
fn assert_close(found: f32, expected: f64, what: &str) {
    let error = (f64::from(found) - expected).abs();
    assert!(error <= ATOL + RTOL * expected.abs(), "{what}: {found} is not {expected}");
}

/// Loss and all gradients against (f(x + ε) − f(x − ε)) / 2ε of the reference; returns how many are not 0.
fn check(
    network: &Network,
    reference: &Reference,
    data: &Dataset,
    mode: Mode,
    what: &str,
) -> usize {
    let Gradients { loss, parameters: gradients } =
        network.gradients(Level::best(), data, mode).unwrap();
    let f = |reference: &Reference| reference.objective(&data.x, &data.labels);
    let expected = reference.loss(&data.x, &data.labels);
    assert_close(loss as f32, expected, &format!("{what}: loss"));
    let mut nonzero = 0;
    for (l, gradients) in gradients.iter().enumerate() {
        for (part, gradient) in gradients.iter().enumerate() {
            for (i, &found) in gradient.iter().enumerate() {
                let mut moved = reference.clone();
                let mut f_at = |by: f64| {
                    moved.parameters[l][part][i] = reference.parameters[l][part][i] + by;
                    f(&moved)
                };
                let expected = (f_at(EPS) - f_at(-EPS)) / (2.0 * EPS);
                assert_close(found, expected, &format!("{what}: trained layer {l}, {part}, {i}"));
                nonzero += usize::from(found != 0.0);
            }
        }
    }
    nonzero
}

/// Rows of sines, small enough for ln(1 + x) in every layer.
fn data(rows: usize, shape: &[usize], classes: u32, scale: f64) -> Dataset {
    let values = rows * shape.iter().product::<usize>();
    let x = (0..values).map(|i| (scale * (0.7 + 1.9 * i as f64).sin()) as f32).collect();
    let labels = (0..rows as u32).map(|i| (i * i + 1) % classes).collect();
    Dataset::new(x, shape, labels, &vec!["class"; classes as usize]).unwrap()
}

fn mlp(sizes: &[usize], activation: Kind, head: Head, optimiser: Optimiser) -> MlpConfig {
    let (sizes, batch) = (sizes.to_vec(), 12);
    let schedule = Schedule::Constant;
    MlpConfig { sizes, activation, dropout: 0.0, head, optimiser, schedule, batch, epochs: 10 }
}

fn network(input: Vec<usize>, layers: Vec<LayerConfig>, head: Head) -> NetworkConfig {
    let (optimiser, schedule) = (Optimiser::adam(), Schedule::Constant);
    NetworkConfig { input, layers, head, optimiser, schedule, batch: 10, epochs: 1 }
}

/// Biases, so that no unit sits on the kink of ReLU; the head's outputs are mostly above 0.
fn lift(network: &mut Network, factor: f32) {
    let old: Vec<[Vec<f32>; 2]> =
        network.parameters().iter().map(|p| p.map(<[f32]>::to_vec)).collect();
    for (l, [weights, bias]) in old.iter().enumerate() {
        let up = if l + 1 == old.len() { 0.8 } else { 0.0 };
        let bias = (0..bias.len()).map(|j| up + 0.2 * (1.0 + 3.0 * j as f32).sin());
        let weights: Vec<f32> = weights.iter().map(|w| factor * w).collect();
        network.set_parameters(l, &weights, &bias.collect::<Vec<_>>()).unwrap();
    }
}

#[test]
fn dense_networks_of_every_activation_under_both_heads() {
    for &kind in Kind::ALL {
        for head in HEADS {
            let data = data(9, &[5], 4, 0.3);
            let config = mlp(&[5, 7, 6, 4], kind, head, Optimiser::adam()).network().unwrap();
            let mut network = Network::new(&config, 3).unwrap();
            lift(&mut network, 0.7);
            let reference = Reference::new(&config, &network);
            let what = format!("{kind} {head:?}");
            let nonzero = check(&network, &reference, &data, Mode::Noiseless, &what);
            assert!(nonzero > 50, "{what}: only {nonzero} parameters have a gradient");
        }
    }
}

/// Learned activations between dense layers, one set of parameters or one a unit.
#[test]
fn learned_activations() {
    for &kind in LearnedKind::ALL {
        for per_channel in [false, true] {
            let learned = LayerConfig::Learned { activation: kind, per_channel };
            let layers = vec![
                learned,
                LayerConfig::dense(7, Kind::Identity),
                learned,
                LayerConfig::dense(4, Kind::Identity),
            ];
            let config = network(vec![5], layers, Head::Softmax);
            let mut network = Network::new(&config, 3).unwrap();
            for l in [1, 3] {
                let [weights, bias] = network.parameters()[l].map(<[f32]>::to_vec);
                let bias = (0..bias.len()).map(|j| 0.2 * (1.0 + 3.0 * j as f32).sin());
                network.set_parameters(l, &weights, &bias.collect::<Vec<_>>()).unwrap();
            }
            let data = data(9, &[5], 4, 0.9);
            let reference = Reference::new(&config, &network);
            let what = format!("{kind} {per_channel}");
            let nonzero = check(&network, &reference, &data, Mode::Noiseless, &what);
            assert!(nonzero > 30, "{what}: only {nonzero} parameters have a gradient");
        }
    }
}

/// Every layer, on and under every other one that takes another way through backward.
fn networks() -> Vec<(&'static str, Vec<LayerConfig>)> {
    use LayerConfig as L;
    let dropout = |rate| L::Dropout { rate };
    let conv = |channels, stride, padding, activation| L::Conv {
        channels,
        kernel: [3, 2],
        stride,
        padding,
        activation,
        initialiser: Initialiser::GlorotUniform,
    };
    let last = L::dense(4, Kind::Identity);
    let activation = |activation| L::Activation { activation };
    vec![
        (
            "ReLU, masked, pooled and dropped",
            vec![
                L::Masking { rate: 0.2 },
                L::conv(5, [2, 2], Kind::Relu),
                L::max_pool([2, 2]),
                dropout(0.4),
                L::Flatten,
                L::dense(6, Kind::Tanh),
                dropout(0.25),
                last,
            ],
        ),
        (
            "an activation that needs its input, pooled in windows that overlap",
            vec![
                conv(4, [2, 1], Padding::Same, Kind::Gelu),
                L::MaxPool { window: [2, 2], stride: [1, 1], padding: Padding::Valid },
                dropout(0.3),
                L::Flatten,
                last,
            ],
        ),
        (
            "activations dropped before they are pooled",
            vec![
                conv(4, [1, 1], Padding::Same, Kind::Tanh),
                dropout(0.4),
                L::max_pool([2, 2]),
                L::Flatten,
                last,
            ],
        ),
        (
            "half of them negated before they are pooled",
            vec![
                conv(4, [1, 1], Padding::Same, Kind::Relu),
                L::NegateHalf,
                L::max_pool([2, 2]),
                L::Flatten,
                last,
            ],
        ),
        (
            "scaled before they are pooled",
            vec![
                conv(4, [1, 1], Padding::Same, Kind::Tanh),
                L::Scale { factor: 0.5 },
                L::max_pool([2, 2]),
                L::Flatten,
                last,
            ],
        ),
        (
            "salt and pepper on the input and on ReLU",
            vec![
                L::SaltAndPepper { rate: 0.3 },
                L::Flatten,
                L::dense(6, Kind::Relu),
                L::SaltAndPepper { rate: 0.2 },
                L::dense(5, Kind::Tanh),
                last,
            ],
        ),
        (
            "a penalty on activations, half of them negated, an activation on top",
            vec![
                L::conv(5, [2, 2], Kind::Relu),
                L::L1Activations { weight: 0.3 },
                L::NegateHalf,
                L::Flatten,
                L::dense(6, Kind::Tanh),
                L::NegateHalf,
                L::L1Activations { weight: 0.2 },
                L::dense(5, Kind::Identity),
                L::Scale { factor: 3.0 },
                L::Activation { activation: Kind::Softplus },
                L::Scale { factor: 1.0 / 3.0 },
                L::dense(4, Kind::Gelu),
            ],
        ),
        (
            "layer normalisation of images and of rows, dynamic tanh",
            vec![
                conv(3, [1, 1], Padding::Same, Kind::Elu),
                L::LayerNorm { epsilon: 1e-5 },
                activation(Kind::Relu),
                L::Learned { activation: LearnedKind::Dyt, per_channel: true },
                L::Flatten,
                L::LayerNorm { epsilon: 1e-3 },
                L::dense(6, Kind::Tanh),
                L::CaRelu,
                last,
            ],
        ),
        (
            "batch normalisation of images and of rows",
            vec![
                conv(3, [1, 1], Padding::Same, Kind::Elu),
                L::batch_norm(),
                activation(Kind::Relu),
                L::MaxPool { window: [2, 2], stride: [2, 2], padding: Padding::Same },
                L::Flatten,
                L::dense(6, Kind::Silu),
                L::batch_norm(),
                dropout(0.2),
                last,
            ],
        ),
        (
            "batch normalisation first, pooling of it",
            vec![L::batch_norm(), L::max_pool([2, 2]), L::Flatten, L::dense(5, Kind::Relu), last],
        ),
        (
            "convolution on convolution, an activation on an activation",
            vec![
                conv(3, [1, 2], Padding::Valid, Kind::Relu),
                L::conv(4, [1, 1], Kind::Mish),
                activation(Kind::Tanh),
                L::conv(3, [2, 2], Kind::Identity),
                activation(Kind::Softplus),
                L::Flatten,
                last,
            ],
        ),
        (
            "weights of a direction and a length",
            vec![
                L::Flatten,
                L::WeightNorm { units: 7, initialiser: Initialiser::HeNormal },
                activation(Kind::Silu),
                L::WeightNorm { units: 6, initialiser: Initialiser::GlorotUniform },
                activation(Kind::Relu),
                L::WeightNorm { units: 4, initialiser: Initialiser::GlorotUniform },
            ],
        ),
        (
            "noise and pooling of the input",
            vec![dropout(0.2), L::max_pool([3, 2]), L::Flatten, dropout(0.5), last],
        ),
    ]
}

#[test]
fn every_layer_with_and_without_noise() {
    const SEED: u64 = 3;
    for head in HEADS {
        for (name, layers) in networks() {
            let data = data(8, &[6, 5, 2], 4, 1.0);
            let config = network(data.shape.clone(), layers, head);
            let mut network = Network::new(&config, SEED).unwrap();
            lift(&mut network, 0.9);
            let plain = Reference::new(&config, &network);
            let noisy = plain.clone().with_masks(&config, SEED, data.rows());
            for (mode, reference) in [(Mode::Noiseless, plain), (Mode::Training, noisy)] {
                let what = format!("{name}, {mode:?}, {head:?}");
                let nonzero = check(&network, &reference, &data, mode, &what);
                assert!(nonzero > 20, "{what}: only {nonzero} parameters have a gradient");
            }
            let error = network.gradients(Level::best(), &data, Mode::Inference).unwrap_err();
            assert_eq!(error.to_string(), "mode: expected training or noiseless, found inference");
        }
    }
}

#[test]
fn a_dead_relu_head_is_defined() {
    let config = mlp(&[3, 2], Kind::Relu, Head::NormalisedRelu, Optimiser::adam());
    let mut network = Network::mlp(&config, 3).unwrap();
    network.set_parameters(0, &[0.0; 6], &[-1.0, -2.0]).unwrap();
    let data = data(4, &[3], 2, 1.0);
    let Gradients { loss, parameters } =
        network.gradients(Level::best(), &data, Mode::Noiseless).unwrap();
    assert!((loss / 4.0 - 16.118).abs() < 1e-3, "{loss}");
    assert!(parameters[0].iter().flatten().all(|&g| g == 0.0));
    assert_eq!(network.predict(Level::best(), &data.x), [0; 4]);
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
    let adam = Optimiser::adam_with_rate(0.01);
    let sgd = Optimiser::sgd(0.5, 0.9);
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
        let config = mlp(&sizes, activation, Head::Softmax, optimiser);
        let mut network = Network::mlp(&config, 3).unwrap();
        for (l, size) in sizes.windows(2).enumerate() {
            let (start, outputs) = (l as f64, size[1]);
            let w = (0..size[0] * outputs).map(|k| {
                let (i, j) = ((k / outputs) as f64, (k % outputs) as f64);
                (0.6 * (1.0 + start + 3.0 * i + 7.0 * j).sin()) as f32
            });
            let b = (0..outputs).map(|j| (0.1 * (2.0 + start + 5.0 * j as f64).cos()) as f32);
            network.set_parameters(l, &w.collect::<Vec<_>>(), &b.collect::<Vec<_>>()).unwrap();
        }
        let x =
            (0..12 * 5).map(|k| (0.5 + 1.7 * (k / 5) as f64 + 2.3 * (k % 5) as f64).sin() as f32);
        let labels = (0..12).map(|i| i * i % 4).collect();
        let data = Dataset::new(x.collect(), &[5], labels, &["class"; 4]).unwrap();
        let mut losses = Losses::default();
        network.fit(Level::best(), &data, None, "golden", &mut losses).unwrap();
        assert_eq!(losses.0.len(), 10);
        for (step, (found, golden)) in losses.0.iter().zip(golden).enumerate() {
            assert!(
                (found - golden).abs() < 5e-6,
                "{optimiser:?} step {step}: {found} is not {golden}"
            );
        }
    }
}

/// The arrays of `tests/data/torch_networks.txt`, written by the script beside it.
fn torch(name: &str, what: &str) -> Vec<f64> {
    let start = format!("{name} {what} ");
    let text = include_str!("../data/torch_networks.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    line.split(' ').map(|number| number.parse().unwrap()).collect()
}

/// The numbers of that script: factor · sin(phase + step · i).
fn sines(count: usize, phase: f64, step: f64, factor: f64) -> Vec<f32> {
    (0..count).map(|i| (factor * (phase + step * i as f64).sin()) as f32).collect()
}

/// The networks of that script.
fn torch_networks() -> [(&'static str, Vec<LayerConfig>, Head, Optimiser); 10] {
    use LayerConfig as L;
    let last = L::dense(4, Kind::Identity);
    let plain = vec![
        L::conv(5, [3, 3], Kind::Relu),
        L::max_pool([2, 2]),
        L::Flatten,
        L::dense(6, Kind::Tanh),
        last,
    ];
    let conv = |channels, kernel, stride, padding, activation| L::Conv {
        channels,
        kernel,
        stride,
        padding,
        activation,
        initialiser: Initialiser::GlorotUniform,
    };
    let normalised = vec![
        conv(4, [3, 3], [1, 1], Padding::Same, Kind::Relu),
        L::batch_norm(),
        conv(3, [3, 2], [2, 1], Padding::Valid, Kind::Silu),
        L::MaxPool { window: [2, 2], stride: [1, 1], padding: Padding::Valid },
        L::Flatten,
        L::batch_norm(),
        last,
    ];
    let learned = vec![
        L::Flatten,
        L::dense(9, Kind::Identity),
        L::LayerNorm { epsilon: 1e-5 },
        L::Learned { activation: LearnedKind::Prelu, per_channel: true },
        L::dense(6, Kind::Identity),
        L::Learned { activation: LearnedKind::Prelu, per_channel: false },
        last,
    ];
    let directions = vec![
        L::Flatten,
        L::WeightNorm { units: 9, initialiser: Initialiser::GlorotUniform },
        L::Activation { activation: Kind::Silu },
        L::Learned { activation: LearnedKind::Dyt, per_channel: true },
        last,
    ];
    let smooth = vec![L::Flatten, L::dense(9, Kind::Gelu), L::dense(6, Kind::Softplus), last];
    let (adam, sgd) = (Optimiser::adam_with_rate(0.01), Optimiser::sgd(0.05, 0.9));
    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
    let adamw = Optimiser::Adam { learning_rate: 0.01, beta1, beta2, epsilon, weight_decay: 0.3 };
    let (learning_rate, momentum, weight_decay) = (0.05, 0.9, 0.01);
    let nesterov =
        Optimiser::Sgd { learning_rate, momentum, nesterov: true, weight_decay, l1: 0.0 };
    [
        ("plain_adam", plain.clone(), Head::Softmax, adam),
        ("plain_sgd", plain, Head::Softmax, sgd),
        ("normalised_adam", normalised.clone(), Head::Softmax, adam),
        ("normalised_sgd", normalised, Head::Softmax, sgd),
        ("directions_adam", directions, Head::Softmax, adam),
        ("logistic_sgd", smooth.clone(), Head::Logistic, sgd),
        ("squared_error_sgd", smooth.clone(), Head::SquaredError, sgd),
        ("normalised_relu_sgd", smooth, Head::NormalisedRelu, sgd),
        ("learned_adamw", learned.clone(), Head::Softmax, adamw),
        ("learned_nesterov", learned, Head::Softmax, nesterov),
    ]
}

/// The lengths of the columns of `[_, columns]`.
fn lengths(matrix: &[f32], columns: usize) -> Vec<f32> {
    let square = |j| matrix.iter().skip(j).step_by(columns).map(|v| v * v).sum::<f32>();
    (0..columns).map(|j| square(j).sqrt()).collect()
}

/// Losses of ten steps, all parameters after them, and the loss of inference.
#[test]
fn small_networks_agree_with_pytorch() {
    let (rows, shape, level) = (12, [8, 7, 2], Level::best());
    let labels = (0..rows).map(|i| i * i % 4).collect();
    let x = sines(rows as usize * 8 * 7 * 2, 0.3, 1.7, 1.0);
    let data = Dataset::new(x, &shape, labels, &["class"; 4]).unwrap();
    for (name, layers, head, optimiser) in torch_networks() {
        {
            let config = NetworkConfig {
                input: shape.to_vec(),
                layers,
                head,
                optimiser,
                schedule: Schedule::Constant,
                batch: 12,
                epochs: 10,
            };
            let mut network = Network::new(&config, 1).unwrap();
            let trained = network.layers().iter().filter(|layer| layer.is_trained());
            let names: Vec<_> = trained.map(|layer| layer.name()).collect();
            let trained = names.len();
            for (l, name) in names.into_iter().enumerate() {
                let [w, b] = network.parameters()[l].map(<[f32]>::len);
                let weights = sines(w, 1.0 + l as f64, 2.3, 0.4);
                let bias = |b: usize| sines(b, 0.5 + l as f64, 0.9, 0.1);
                let last = l + 1 == trained;
                let up = if last && head == Head::NormalisedRelu { 0.75 } else { 0.0 };
                let bias = match name {
                    "conv" | "dense" => bias(b).into_iter().map(|b| b + up).collect(),
                    "weight-norm" => [lengths(&weights, b / 2), bias(b / 2)].concat(),
                    _ => continue,
                };
                assert!(w > b, "{name}");
                network.set_parameters(l, &weights, &bias).unwrap();
            }
            let mut losses = Losses::default();
            network.fit(level, &data, None, "golden", &mut losses).unwrap();
            let parameters = network.parameters().concat().concat();
            let parameters = parameters.iter().map(|&p| f64::from(p)).collect();
            let evaluation = vec![network.evaluate(level, &data).unwrap().loss];
            for (what, found, tolerance) in [
                ("losses", losses.0, 2e-5),
                ("parameters", parameters, 1e-4),
                ("evaluation", evaluation, 2e-5),
            ] {
                let expected = torch(name, what);
                assert_eq!(found.len(), expected.len(), "{name} {what}");
                for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                    let error = (found - expected).abs();
                    assert!(error < tolerance, "{name} {what} {i}: {found} is not {expected}");
                }
            }
        }
    }
}
