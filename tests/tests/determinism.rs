//! Same seed, same bits: over thread counts, and over one long or several short calls of `fit`.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{Dataset, Locator, load};
use halfwave_kernels::{Kind, Level, units::Unit};
use halfwave_trainer::{
    mlp::{Head, Mlp, MlpConfig},
    observe::{Epoch, Observer, Silent},
    optim::Optimiser,
    rbm::{Rbm, RbmConfig, Visible},
};

fn digits() -> Dataset {
    let mut digits = load("optdigits", &Locator::new(None)).unwrap().train;
    digits.x.iter_mut().for_each(|x| *x /= 16.0);
    digits
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

fn train_rbm(data: &Dataset, visible: Visible, hidden: Unit, seed: u64) -> Bits {
    let mut bits = Bits::default();
    let mut rbm = Rbm::new(&rbm_config(visible, hidden, 3), data.width, seed).unwrap();
    rbm.fit(Level::best(), &data.x, "rbm", &mut bits).unwrap();
    for parameters in [rbm.weights(), rbm.visible_bias(), rbm.hidden_bias()] {
        bits.of(parameters);
    }
    bits.of(&rbm.features(Level::best(), &data.x));
    bits
}

fn on<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

const OPTIMISERS: [fn() -> Optimiser; 2] =
    [Optimiser::adam, || Optimiser::Sgd { learning_rate: 0.1, momentum: 0.9 }];

const MACHINES: [(Visible, Unit); 3] = [
    (Visible::Bernoulli, Unit::Bernoulli),
    (Visible::Bernoulli, Unit::Nrelu),
    (Visible::Gaussian, Unit::Nrelu),
];

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
    let data = digits();
    for (visible, hidden) in MACHINES {
        let one = on(1, || train_rbm(&data, visible, hidden, 7));
        for threads in [2, 3, 4] {
            let other = on(threads, || train_rbm(&data, visible, hidden, 7));
            assert!(one == other, "{visible:?} {hidden}: {threads} threads");
        }
        assert!(one != train_rbm(&data, visible, hidden, 8), "the seed must count");
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
    for (visible, hidden) in MACHINES {
        let new = |epochs| Rbm::new(&rbm_config(visible, hidden, epochs), 64, 7).unwrap();
        let (mut long, mut short) = (new(4), new(2));
        long.fit(level, &data.x, "long", &mut Silent).unwrap();
        short.fit(level, &data.x, "first", &mut Silent).unwrap();
        assert!(long.weights() != short.weights());
        short.fit(level, &data.x, "second", &mut Silent).unwrap();
        assert!(long.weights() == short.weights());
    }
}
