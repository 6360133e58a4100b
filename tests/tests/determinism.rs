//! Same seed, same bits: over thread counts, and over one long or several short calls of `fit`.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{Dataset, Locator, load};
use halfwave_kernels::{Kind, Level, conv::Padding, learned::LearnedKind, units::Unit};
use halfwave_tests::{compare::fused_levels, inputs};
use halfwave_trainer::{
    layers::{Initialiser, LayerConfig},
    network::{Head, MlpConfig, Network, NetworkConfig},
    observe::{Epoch, Observer, Silent},
    optim::{Optimiser, Schedule},
    rbm::{Centring, Chains, Rbm, RbmConfig, Sparsity, Visible},
};

fn digits() -> Dataset {
    let mut digits = load("optdigits", &Locator::new(None)).unwrap().train;
    digits.x.iter_mut().for_each(|x| *x /= 16.0);
    digits
}

/// [`digits`] without the pixels that are always the same: what every kind of visible unit takes.
fn varying_digits() -> (Vec<f32>, usize) {
    let data = digits();
    let columns = inputs::varying_columns(&data.x, data.width);
    (inputs::columns(&data.x, data.width, &columns), columns.len())
}

/// Layers wider and batches higher than a tile of the products, dropout, a last batch that is smaller.
fn mlp_config(optimiser: Optimiser, epochs: usize) -> MlpConfig {
    MlpConfig {
        sizes: vec![64, 300, 270, 10],
        activation: Kind::Relu,
        dropout: 0.2,
        head: Head::Softmax,
        optimiser,
        schedule: Schedule::Constant,
        batch: 600,
        epochs,
    }
}

fn rbm_config(visible: Visible, hidden: Unit, epochs: usize) -> RbmConfig {
    RbmConfig { batch: 600, epochs, momentum_epoch: 2, ..RbmConfig::new(visible, hidden, 300) }
}

/// A convolutional network with every layer, and a last batch that is smaller.
fn cnn_config(optimiser: Optimiser, epochs: usize) -> NetworkConfig {
    use LayerConfig as L;
    let conv = |channels, activation| L::Conv {
        channels,
        kernel: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
        activation,
        initialiser: Initialiser::HeNormal,
    };
    NetworkConfig {
        input: vec![8, 8, 1],
        layers: vec![
            conv(20, Kind::Relu),
            conv(33, Kind::Identity),
            L::batch_norm(),
            L::Activation { activation: Kind::Gelu },
            L::Learned { activation: LearnedKind::Prelu, per_channel: true },
            L::max_pool([2, 2]),
            L::Dropout { rate: 0.25 },
            L::Flatten,
            L::dense(70, Kind::Elu),
            L::L1Activations { weight: 1e-3 },
            L::NegateHalf,
            L::GaussianNoise { std: 0.1 },
            L::LayerNorm { epsilon: 1e-5 },
            L::Learned { activation: LearnedKind::Dyt, per_channel: true },
            L::CaRelu,
            L::AlphaDropout { rate: 0.1 },
            L::dense(10, Kind::Identity),
        ],
        head: Head::Softmax,
        optimiser,
        schedule: Schedule::Cosine { epochs: 20 },
        batch: 500,
        epochs,
    }
}

/// Everything that a run shows, as bits.
#[derive(Default, PartialEq, Eq)]
struct Bits(Vec<u64>);

impl Bits {
    fn of(&mut self, x: &[f32]) {
        self.0.extend(x.iter().map(|x| u64::from(x.to_bits())));
    }
}

impl Observer for Bits {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0.extend(epoch.metrics.iter().map(|(_, value)| value.to_bits()));
    }
}

fn train_mlp(data: &Dataset, optimiser: Optimiser, seed: u64) -> Bits {
    let mut bits = Bits::default();
    let mut mlp = Network::mlp(&mlp_config(optimiser, 3), seed).unwrap();
    mlp.fit(Level::best(), data, Some(data.into()), "mlp", &mut bits).unwrap();
    mlp.parameters().iter().flatten().for_each(|parameters| bits.of(parameters));
    bits
}

fn train_cnn(data: &Dataset, optimiser: Optimiser, seed: u64) -> Bits {
    let mut bits = Bits::default();
    let mut network = Network::new(&cnn_config(optimiser, 2), seed).unwrap();
    network.fit(Level::best(), data, Some(data.into()), "cnn", &mut bits).unwrap();
    network.parameters().iter().flatten().for_each(|parameters| bits.of(parameters));
    bits
}

fn train_rbm(config: &RbmConfig, seed: u64) -> Bits {
    let mut bits = Bits::default();
    let (x, width) = varying_digits();
    let mut rbm = Rbm::new(config, width, seed).unwrap();
    rbm.fit(Level::best(), &x, "rbm", &mut bits).unwrap();
    for parameters in [rbm.weights(), rbm.visible_bias(), rbm.hidden_bias()] {
        bits.of(parameters);
    }
    bits.of(&rbm.features(Level::best(), &x));
    bits
}

fn on<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

const OPTIMISERS: [fn() -> Optimiser; 2] = [Optimiser::adam, || Optimiser::sgd(0.1, 0.9)];

/// CD-1 on pairs of units, and CD-2 and PCD-2 with everything that changes a step.
fn machines(epochs: usize) -> Vec<RbmConfig> {
    let config = |visible, hidden| rbm_config(visible, hidden, epochs);
    let all = RbmConfig {
        steps: 2,
        l1: 1e-4,
        max_norm: Some(2.0),
        schedule: Schedule::Linear { epochs: 8 },
        sparsity: Some(Sparsity { target: 0.1, decay: 0.9, cost: 0.1 }),
        centring: Some(Centring { rate: 0.01 }),
        ..config(Visible::Bernoulli, Unit::Bernoulli)
    };
    vec![
        config(Visible::Bernoulli, Unit::Bernoulli),
        config(Visible::Bernoulli, Unit::Nrelu),
        config(Visible::Gaussian, Unit::Nrelu),
        RbmConfig { sigma_rate: 0.5, ..config(Visible::Gaussian, Unit::Bernoulli) },
        config(Visible::Bernoulli, Unit::Drelu { gamma: 4.0, theta: 0.5 }),
        RbmConfig { hidden: Unit::Ssu { copies: 4 }, ..all.clone() },
        RbmConfig { chains: Chains::Persistent, ..all },
    ]
}

#[test]
fn threads_change_no_bit_of_an_mlp() {
    let data = digits();
    for optimiser in OPTIMISERS {
        let one = on(1, || train_mlp(&data, optimiser(), 7));
        for threads in [2, 3, 4] {
            assert!(one == on(threads, || train_mlp(&data, optimiser(), 7)), "{threads} threads");
        }
        assert!(one != train_mlp(&data, optimiser(), 8), "the seed must count");
    }
}

/// The same on every level; whoever changes them changes every result there is.
#[test]
fn the_bits_of_a_perceptron_are_pinned() {
    let data = digits();
    for (optimiser, pinned) in OPTIMISERS.iter().zip([0x6440_a10d_a3e8_e83c, 0x156d_c4d9_4b3a_53aa])
    {
        for level in fused_levels() {
            let config = MlpConfig {
                sizes: vec![64, 70, 30, 10],
                activation: Kind::Gelu,
                batch: 100,
                ..mlp_config(optimiser(), 2)
            };
            let (mut network, mut bits) = (Network::mlp(&config, 7).unwrap(), Bits::default());
            network.fit(level, &data, Some((&data).into()), "pinned", &mut bits).unwrap();
            network.parameters().iter().flatten().for_each(|parameters| bits.of(parameters));
            // FNV-1a.
            let found = bits
                .0
                .iter()
                .flat_map(|bits| bits.to_le_bytes())
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
                });
            assert_eq!(
                found,
                pinned,
                "{level}, {optimiser:?}: {found:#018x}",
                optimiser = optimiser()
            );
        }
    }
}

#[test]
fn threads_change_no_bit_of_a_convolutional_network() {
    let data = digits();
    for optimiser in OPTIMISERS {
        let one = on(1, || train_cnn(&data, optimiser(), 7));
        for threads in [2, 3, 4] {
            assert!(one == on(threads, || train_cnn(&data, optimiser(), 7)), "{threads} threads");
        }
        assert!(one != train_cnn(&data, optimiser(), 8), "the seed must count");
    }
}

#[test]
fn threads_change_no_bit_of_an_rbm() {
    for config in machines(3) {
        let one = on(1, || train_rbm(&config, 7));
        for threads in [2, 3, 4] {
            let other = on(threads, || train_rbm(&config, 7));
            assert!(one == other, "{config:?}: {threads} threads");
        }
        assert!(one != train_rbm(&config, 8), "the seed must count");
    }
}

/// Weights, optimiser, shuffles, dropout, samples and momentum go on where they stood.
#[test]
fn two_calls_of_fit_are_one_long_call() {
    let (data, level) = (digits(), Level::best());
    for optimiser in OPTIMISERS {
        let mlp = |epochs| mlp_config(optimiser(), epochs).network().unwrap();
        let configs = [[mlp(4), mlp(2)], [cnn_config(optimiser(), 2), cnn_config(optimiser(), 1)]];
        for [long, short] in configs {
            let [mut long, mut short] = [long, short].map(|c| Network::new(&c, 7).unwrap());
            long.fit(level, &data, None, "long", &mut Silent).unwrap();
            short.fit(level, &data, None, "first", &mut Silent).unwrap();
            assert!(long.layers() != short.layers());
            short.fit(level, &data, None, "second", &mut Silent).unwrap();
            assert!(long.layers() == short.layers());
        }
    }
    let (x, width) = varying_digits();
    for (four, two) in machines(4).iter().zip(&machines(2)) {
        let new = |config| Rbm::new(config, width, 7).unwrap();
        let (mut long, mut short) = (new(four), new(two));
        long.fit(level, &x, "long", &mut Silent).unwrap();
        short.fit(level, &x, "first", &mut Silent).unwrap();
        assert!(long.weights() != short.weights());
        short.fit(level, &x, "second", &mut Silent).unwrap();
        assert!(long.weights() == short.weights(), "{four:?}");
        assert!(long.visible_bias() == short.visible_bias());
        assert!(long.hidden_bias() == short.hidden_bias());
    }
}
