//! No kernel allocates, and no step of a network, an auto-encoder or an RBM after the first: every thread's allocations are counted while
//! all of them run.
//!
//! One test, alone in its binary: whoever runs tests allocates when one begins or ends.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use std::alloc::System;

use halfwave_datasets::Dataset;
use halfwave_kernels::{
    Kind, Level, backward, backward_in_place,
    conv::{self, Conv2d, MaxPool2d, Padding, Workspace},
    crelu, crelu_backward, forward, forward_in_place,
    gemm::{Epilogue, MatRef},
    learned::{
        self, LearnedKind,
        carelu::{self, CaRelu},
    },
    masks, par_backward, par_backward_in_place, par_forward, par_forward_in_place,
    rng::{self, Stream},
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
    units::{self, Unit, potts},
    update::{self, Adam, Momentum},
};
use halfwave_tests::inputs::smooth;
use halfwave_trainer::{
    autoencoder::{AutoEncoder, AutoEncoderConfig, Reconstruction},
    layers::{Initialiser, LayerConfig},
    network::{Head, Network, NetworkConfig},
    observe::Silent,
    optim::{Optimiser, Schedule},
    rbm::{AisConfig, Centring, Chains, Rbm, RbmConfig, Sparsity, Temperatures, Visible},
    rnn::{Recurrent, Rnn, RnnConfig},
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Comparisons on several threads, of which one must show no allocation: one a step would be seen in all.
const TRIES: usize = 50;

fn count(f: &mut (dyn FnMut() + Send)) -> usize {
    let so_far = || {
        let stats = ALLOCATOR.stats();
        stats.allocations + stats.reallocations
    };
    let before = so_far();
    f();
    so_far() - before
}

const N: usize = 200 * 1000;
const COLUMNS: usize = 200;

/// All memory that the kernels need, from the outside.
struct Buffers {
    x: Vec<f32>,
    dy: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    mask: Vec<u16>,
    /// A value a channel, four times, and their gradients.
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    rows: [Vec<f32>; 2],
    labels: Vec<u32>,
}

fn run_everything(level: Level, b: &mut Buffers) {
    let Buffers { x, dy, y, z, mask, parameters, gradients, rows: [mean, inverse], labels } = b;
    for &kind in Kind::ALL {
        forward(level, kind, x, y);
        par_forward(level, kind, x, y);
        backward(level, kind, x, dy, y);
        par_backward(level, kind, x, dy, y);
        forward_in_place(level, kind, z);
        par_forward_in_place(level, kind, z);
        backward_in_place(level, kind, x, z);
        par_backward_in_place(level, kind, x, z);
    }
    for &unit in Unit::ALL {
        units::sample(level, unit, Stream::new(1).at(0), x, y);
        units::par_sample(level, unit, Stream::new(1).at(0), x, y);
        units::mean(level, unit, x, y);
        units::par_mean(level, unit, x, y);
        units::sample_with_mean(level, unit, Stream::new(1).at(0), x, y, z);
        units::par_sample_with_mean(level, unit, Stream::new(1).at(0), x, y, z);
    }
    potts::sample_with_mean(level, Stream::new(1).at(0), x, COLUMNS, y, z);
    potts::par_sample_with_mean(level, Stream::new(1).at(0), x, COLUMNS, y, z);
    crelu(level, &x[..N / 2], y, COLUMNS);
    crelu_backward(level, &x[..N / 2], dy, &mut y[..N / 2], COLUMNS);
    rng::uniform(level, Stream::new(1).at(0), y);
    rng::normal(level, Stream::new(1).at(0), y);
    let momentum = Momentum {
        learning_rate: 0.05,
        momentum: 0.9,
        weight_decay: 2e-4,
        l1: 0.0,
        nesterov: false,
    };
    update::momentum(level, momentum, 0.01, dy, y, z);
    let adam =
        Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
    let (m, v) = y.split_at_mut(N / 2);
    update::adam(level, adam, 7, 0.01, &dy[..N / 2], m, v, &mut z[..N / 2]);
    masks::relu_forward(level, x, y, mask);
    masks::relu_backward(level, mask, dy, y);
    carelu::forward(level, CaRelu::default(), x, COLUMNS, y).unwrap();
    carelu::backward(level, CaRelu::default(), x, COLUMNS, dy, y).unwrap();
    for &kind in LearnedKind::ALL {
        for per_channel in [1, COLUMNS] {
            let count = kind.parameters().len();
            let mut p: [&[f32]; 4] = [&[]; 4];
            for (p, values) in p.iter_mut().zip(parameters.chunks(COLUMNS)) {
                *p = &values[..per_channel];
            }
            let mut chunks = gradients.chunks_mut(COLUMNS);
            let mut g: [&mut [f32]; 4] =
                std::array::from_fn(|_| &mut chunks.next().unwrap()[..per_channel]);
            let (p, g) = (&p[..count], &mut g[..count]);
            learned::forward(level, kind, p, x, y).unwrap();
            learned::par_forward(level, kind, p, x, y).unwrap();
            learned::backward(level, kind, p, x, dy, y, g).unwrap();
            learned::par_backward(level, kind, p, x, dy, y, g).unwrap();
            learned::forward_in_place(level, kind, p, y).unwrap();
            learned::par_forward_in_place(level, kind, p, y).unwrap();
            learned::backward_in_place(level, kind, p, x, z, g).unwrap();
            learned::par_backward_in_place(level, kind, p, x, z, g).unwrap();
        }
    }
    let (gamma, beta) = parameters.split_at(COLUMNS);
    let beta = &beta[..COLUMNS];
    let (dgamma, dbeta) = gradients.split_at_mut(COLUMNS);
    let dbeta = &mut dbeta[..COLUMNS];
    rows::softmax_in_place(level, z, COLUMNS);
    rows::softmax_cross_entropy(level, x, labels, mean, y);
    rows::normalised_relu_cross_entropy(level, x, labels, mean, y);
    rows::log_softmax(level, x, COLUMNS, y);
    rows::log_softmax_backward(level, x, COLUMNS, dy, y);
    rows::softmax_backward(level, x, COLUMNS, dy, y);
    rows::row_sums(level, x, COLUMNS, mean);
    rows::column_sums(level, x, dgamma);
    let norm = LayerNorm { gamma, beta, epsilon: 1e-5 };
    rows::layer_norm(level, norm, x, y, Moments { mean, inverse_std: inverse });
    rows::layer_norm_backward(level, gamma, x, (mean, inverse), dy, y, (dgamma, dbeta));
    let norm = BatchNorm { gamma, beta, epsilon: 1e-5 };
    let (mean, running_mean) = mean.split_at_mut(COLUMNS);
    let (inverse, running_variance) = inverse.split_at_mut(COLUMNS);
    let (running_mean, running_variance) =
        (&mut running_mean[..COLUMNS], &mut running_variance[..COLUMNS]);
    let running = Running { mean: running_mean, variance: running_variance, momentum: 0.1 };
    rows::batch_norm(level, norm, x, y, BatchMoments { mean, inverse_std: inverse }, running);
    rows::batch_norm_inference(level, norm, (mean, inverse), x, y);
    rows::batch_norm_backward(level, gamma, x, (mean, inverse), dy, y, (dgamma, dbeta));
}

/// Convolutions with copied patches and without, and pooling.
struct Images {
    layers: [(Conv2d, Workspace); 2],
    weights: Vec<f32>,
    dw: Vec<f32>,
    db: Vec<f32>,
    pool: MaxPool2d,
    indices: Vec<u8>,
}

impl Images {
    fn new() -> Self {
        let layers = [[3, 3, 16, 32], [1, 1, 16, 32]].map(|weights| {
            let shape = Conv2d::new([20, 16, 16, 16], weights, [1, 1], Padding::Same).unwrap();
            (shape, Workspace::new(&shape))
        });
        Self {
            layers,
            weights: smooth(9 * 16 * 32, 3),
            dw: vec![0.0; 9 * 16 * 32],
            db: vec![0.0; 32],
            pool: MaxPool2d::new([20, 16, 16, 32], [2, 2], [2, 2], Padding::Valid).unwrap(),
            indices: vec![0; 20 * 8 * 8 * 32],
        }
    }

    fn run(&mut self, level: Level, b: &mut Buffers) {
        let (inputs, outputs) = (20 * 16 * 16 * 16, 20 * 16 * 16 * 32);
        let (x, dy) = (&b.x[..inputs], &b.dy[..outputs]);
        for (shape, workspace) in &mut self.layers {
            let weights = shape.weights().iter().product();
            let (w, dw) = (&self.weights[..weights], &mut self.dw[..weights]);
            let epilogue = Epilogue::BiasActivation { bias: &[0.5; 32], kind: Kind::Relu };
            conv::forward(level, shape, x, w, &mut b.y[..outputs], epilogue, workspace);
            conv::backward_weights(level, shape, x, dy, dw, Some(&mut self.db), workspace);
            let saved = MatRef::from_row_major_slice(x, 20 * 16 * 16, 16);
            let gate = Epilogue::Backward { kind: Kind::Relu, saved };
            conv::backward_input(level, shape, dy, w, &mut b.z[..inputs], gate, workspace);
        }
        let (y, indices) = (&mut b.y[..outputs / 4], &mut self.indices);
        conv::max_pool(level, &self.pool, dy, y, indices);
        conv::max_pool_backward(level, &self.pool, indices, y, &mut b.z[..outputs]);
    }
}

#[test]
fn nothing_allocates_again_and_again() {
    // All threads run from the beginning to the end: one that starts or ends allocates as well.
    let pools = [1, 2].map(|threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.broadcast(|_| {});
        pool
    });
    no_kernel_allocates(&pools);
    no_step_of_a_network_allocates_after_the_first(&pools);
    no_step_of_an_auto_encoder_allocates_after_the_first(&pools);
    no_step_of_an_rbm_allocates_after_the_first(&pools);
    no_temperature_of_annealing_allocates(&pools);
}

/// On several threads it is chance which one takes which product, and so whose memory grows.
fn tries(threads: usize) -> usize {
    if threads == 1 { 1 } else { TRIES }
}

fn no_kernel_allocates(pools: &[ThreadPool]) {
    let mut buffers = Buffers {
        x: smooth(N, 1),
        dy: smooth(N, 2),
        y: vec![0.0; N],
        z: vec![0.0; N],
        mask: vec![0; masks::words(N)],
        parameters: vec![0.5; 4 * COLUMNS],
        gradients: vec![0.0; 4 * COLUMNS],
        rows: [vec![1.0; N / COLUMNS], vec![1.0; N / COLUMNS]],
        labels: vec![3; N / COLUMNS],
    };
    let mut images = Images::new();
    let level = Level::best();
    for pool in pools {
        let threads = pool.current_num_threads();
        pool.install(|| {
            // What rayon and the standard library set up once a thread.
            run_everything(level, &mut buffers);
            let allocations = count(&mut || run_everything(level, &mut buffers));
            assert_eq!(allocations, 0, "{threads} threads");
            // The memory of products grows with the largest that each thread, or two at a time, have had:
            // which thread takes which is chance, but it comes to an end.
            images.run(level, &mut buffers);
            let steady = |_| count(&mut || images.run(level, &mut buffers)) == 0;
            assert!((0..tries(threads)).any(steady), "{threads} threads: convolutions");
        });
    }
}

/// CD-1, CD-1 with learned σ, CD-2 on Potts units, and PCD-2 with everything that changes a step.
fn machines() -> [(RbmConfig, Vec<f32>); 4] {
    const WIDTH: usize = 90;
    let config = |visible, hidden| RbmConfig {
        learning_rate: 1e-4,
        batch: 50,
        epochs: 1,
        ..RbmConfig::new(visible, hidden, 70)
    };
    let grey: Vec<f32> = smooth(WIDTH * 1000, 5).iter().map(|x| x.sin().abs()).collect();
    let one_hot = (0..WIDTH * 1000).map(|i| f32::from(u8::from(i % 3 == i / 3 % 3))).collect();
    let plain = config(Visible::Gaussian, Unit::Nrelu);
    let potts = config(Visible::Potts { categories: 3 }, Unit::Ssu { copies: 4 });
    let all = RbmConfig {
        steps: 2,
        chains: Chains::Persistent,
        l1: 1e-4,
        max_norm: Some(1e-2),
        sparsity: Some(Sparsity { target: 0.1, decay: 0.9, cost: 0.1 }),
        centring: Some(Centring { rate: 0.01 }),
        ..config(Visible::Bernoulli, Unit::Bernoulli)
    };
    let sigma = RbmConfig { sigma_rate: 1.0, ..plain.clone() };
    [
        (plain, grey.clone()),
        (sigma, grey.clone()),
        (RbmConfig { steps: 2, ..potts }, one_hot),
        (all, grey),
    ]
}

/// An epoch of 20 steps allocates as often as one of 2.
fn no_step_of_an_rbm_allocates_after_the_first(pools: &[ThreadPool]) {
    let level = Level::best();
    for pool in pools {
        let threads = pool.current_num_threads();
        for (config, x) in machines() {
            let mut rbm = Rbm::new(&config, 90, 1).unwrap();
            let few = &x[..x.len() / 10];
            pool.install(|| {
                let mut epoch =
                    |x: &[f32]| count(&mut || rbm.fit(level, x, "rbm", &mut Silent).unwrap());
                epoch(&x);
                let steady = |_| epoch(&x) == epoch(few);
                assert!((0..tries(threads)).any(steady), "{threads} threads: {config:?}");
            });
        }
    }
}

/// A perceptron, and a convolutional network with every layer.
fn networks() -> [NetworkConfig; 2] {
    use LayerConfig as L;
    let rate = 0.25;
    let mlp = vec![
        L::dense(70, Kind::Relu),
        L::Dropout { rate },
        L::dense(30, Kind::Gelu),
        L::dense(10, Kind::Identity),
    ];
    let cnn = vec![
        L::conv(20, [3, 3], Kind::Relu),
        L::conv(24, [3, 3], Kind::Gelu),
        L::batch_norm(),
        L::Activation { activation: Kind::Elu },
        L::max_pool([2, 2]),
        L::Dropout { rate },
        L::Flatten,
        L::dense(30, Kind::Tanh),
        L::L1Activations { weight: 1e-3 },
        L::NegateHalf,
        L::GaussianNoise { std: 0.1 },
        L::LayerNorm { epsilon: 1e-5 },
        L::Learned { activation: LearnedKind::Prelu, per_channel: true },
        L::CaRelu,
        L::WeightNorm { units: 20, initialiser: Initialiser::HeNormal },
        L::AlphaDropout { rate },
        L::dense(10, Kind::Identity),
    ];
    let (optimiser, batch, epochs) = (Optimiser::adam(), 50, 1);
    let head = Head::Softmax;
    [(vec![90], mlp), (vec![9, 10, 1], cnn)].map(|(input, layers)| NetworkConfig {
        input,
        layers,
        head,
        optimiser,
        schedule: Schedule::Constant,
        batch,
        epochs,
    })
}

/// An epoch of 20 steps allocates as often as one of 2.
fn no_step_of_a_network_allocates_after_the_first(pools: &[ThreadPool]) {
    let level = Level::best();
    let rows = |rows: usize| {
        let labels = (0..rows as u32).map(|i| i % 10).collect();
        Dataset::new(smooth(90 * rows, 5), &[90], labels, &["class"; 10]).unwrap()
    };
    let (many, few) = (rows(1000), rows(100));
    for pool in pools {
        let threads = pool.current_num_threads();
        for config in networks() {
            let mut network = Network::new(&config, 1).unwrap();
            pool.install(|| {
                let mut epoch = |data: &Dataset| {
                    count(&mut || network.fit(level, data, None, "network", &mut Silent).unwrap())
                };
                epoch(&many);
                let steady = |_| epoch(&many) == epoch(&few);
                assert!((0..tries(threads)).any(steady), "{threads} threads: {config:?}");
            });
        }
        let config = RnnConfig {
            steps: 9,
            hidden_units: 30,
            activation: Kind::Relu,
            recurrent: Recurrent::Identity,
            clip: Some(1.0),
            optimiser: Optimiser::adam(),
            batch: 50,
            epochs: 1,
        };
        let mut rnn = Rnn::new(&config, 90, 10, 1).unwrap();
        pool.install(|| {
            let mut epoch = |data: &Dataset| {
                count(&mut || rnn.fit(level, data, None, "recurrent", &mut Silent).unwrap())
            };
            epoch(&many);
            let steady = |_| epoch(&many) == epoch(&few);
            assert!((0..tries(threads)).any(steady), "{threads} threads: {config:?}");
        });
    }
}

/// An epoch of 20 steps allocates as often as one of 2, with targets of their own.
fn no_step_of_an_auto_encoder_allocates_after_the_first(pools: &[ThreadPool]) {
    let level = Level::best();
    let x: Vec<f32> = smooth(90 * 1000, 5).iter().map(|x| x.sin().abs()).collect();
    for pool in pools {
        let threads = pool.current_num_threads();
        for (activation, reconstruction) in [
            (Kind::Relu, Reconstruction::Softplus),
            (Kind::Softplus, Reconstruction::LinearBefore),
            (Kind::Tanh, Reconstruction::CrossEntropy),
        ] {
            let config = AutoEncoderConfig {
                hidden_units: 70,
                activation,
                reconstruction,
                masking: 0.25,
                salt_and_pepper: 0.0,
                l1: 1e-3,
                optimiser: Optimiser::sgd(1e-3, 0.0),
                batch: 50,
                epochs: 1,
            };
            let mut model = AutoEncoder::new(&config, 90, 1).unwrap();
            pool.install(|| {
                let mut epoch = |x: &[f32]| {
                    count(&mut || {
                        model.fit(level, x, Some(x.into()), "auto-encoder", &mut Silent).unwrap();
                    })
                };
                let few = &x[..x.len() / 10];
                epoch(&x);
                let steady = |_| epoch(&x) == epoch(few);
                assert!((0..tries(threads)).any(steady), "{threads} threads: {config:?}");
            });
        }
    }
}

/// As many temperatures as one likes: the same allocations.
fn no_temperature_of_annealing_allocates(pools: &[ThreadPool]) {
    let level = Level::best();
    let drelu = Unit::Drelu { gamma: 4.0, theta: 0.5 };
    for pool in pools {
        let threads = pool.current_num_threads();
        for hidden in [Unit::Bernoulli, Unit::Ssu { copies: 3 }, Unit::TruncatedGaussian, drelu] {
            let rbm = Rbm::new(&RbmConfig::new(Visible::Bernoulli, hidden, 70), 90, 1).unwrap();
            pool.install(|| {
                let run = |steps: usize| {
                    let temperatures = Temperatures::Linear { steps };
                    let config = AisConfig { temperatures, ..AisConfig::default() };
                    count(&mut || _ = rbm.ais(level, &config).unwrap())
                };
                run(10);
                let steady = |_| run(100) == run(10);
                assert!((0..tries(threads)).any(steady), "{threads} threads: {hidden}");
            });
        }
    }
}
