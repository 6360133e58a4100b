//! Same seed, same bits: over thread counts, and over one long or several short calls of `fit`.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{Dataset, Locator, load};
use halfwave_kernels::{Kind, Level, units::Unit};
use halfwave_tests::inputs;
use halfwave_trainer::{
    mlp::{Head, Mlp, MlpConfig},
    observe::{Epoch, Observer, Silent},
    optim::Optimiser,
    rbm::{Centring, Chains, Rbm, RbmConfig, Schedule, Sparsity, Visible},
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
        batch: 600,
        epochs,
    }
}

fn rbm_config(visible: Visible, hidden: Unit, epochs: usize) -> RbmConfig {
    RbmConfig { batch: 600, epochs, momentum_epoch: 2, ..RbmConfig::new(visible, hidden, 300) }
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
    let mut mlp = Mlp::new(&mlp_config(optimiser, 3), seed).unwrap();
    mlp.fit(Level::best(), data, Some(data), "mlp", &mut bits).unwrap();
    for layer in mlp.layers() {
        bits.of(&layer.weights);
        bits.of(&layer.bias);
    }
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

const OPTIMISERS: [fn() -> Optimiser; 2] =
    [Optimiser::adam, || Optimiser::Sgd { learning_rate: 0.1, momentum: 0.9 }];

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
        let new = |epochs| Mlp::new(&mlp_config(optimiser(), epochs), 7).unwrap();
        let (mut long, mut short) = (new(4), new(2));
        long.fit(level, &data, None, "long", &mut Silent).unwrap();
        short.fit(level, &data, None, "first", &mut Silent).unwrap();
        assert!(long.layers() != short.layers());
        short.fit(level, &data, None, "second", &mut Silent).unwrap();
        assert!(long.layers() == short.layers());
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
