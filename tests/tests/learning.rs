//! Every model learns: a floor on held-out accuracy, well below what it reaches and above what a
//! broken one would.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{Dataset, Locator, load, preprocess::Standardiser, split};
use halfwave_kernels::{Kind, Level, units::Unit};
use halfwave_tests::inputs;
use halfwave_trainer::{
    layers::LayerConfig,
    network::{Head, MlpConfig, Network, NetworkConfig},
    observe::Silent,
    optim::{Optimiser, Schedule},
    rbm::{Rbm, RbmConfig, Visible},
};

/// Train and test part; three quarters and one quarter.
fn parts(name: &str) -> (Dataset, Dataset) {
    let data = load(name, &Locator::new(None)).unwrap().train;
    let fold = split::stratified_split(&data.labels, 0.25, 1).unwrap();
    (data.subset(&fold.train), data.subset(&fold.test))
}

fn standardised(name: &str) -> (Dataset, Dataset) {
    let (mut train, mut test) = parts(name);
    let standardiser = Standardiser::fit(&train.x, train.width).unwrap();
    standardiser.apply(&mut train.x).unwrap();
    standardiser.apply(&mut test.x).unwrap();
    (train, test)
}

/// Digits from 0 to 1.
fn grey_digits() -> (Dataset, Dataset) {
    let (mut train, mut test) = parts("optdigits");
    train.x.iter_mut().chain(&mut test.x).for_each(|x| *x /= 16.0);
    (train, test)
}

fn accuracy((train, test): &(Dataset, Dataset), config: MlpConfig) -> f64 {
    let mut mlp = Network::mlp(&config, 1).unwrap();
    mlp.fit(Level::best(), train, None, "learn", &mut Silent).unwrap();
    let evaluation = mlp.evaluate(Level::best(), test).unwrap();
    let accuracy = evaluation.confusion.accuracy();
    println!(
        "{:?} {} {:?} {:?}: {accuracy:.4}, loss {:.4}",
        config.sizes, config.activation, config.head, config.optimiser, evaluation.loss
    );
    accuracy
}

fn config(sizes: &[usize], head: Head, optimiser: Optimiser, epochs: usize) -> MlpConfig {
    let (sizes, activation) = (sizes.to_vec(), Kind::Relu);
    MlpConfig { sizes, activation, dropout: 0.1, head, optimiser, batch: 64, epochs }
}

const SGD: Optimiser = Optimiser::sgd(0.05, 0.9);

#[test]
fn an_mlp_reads_digits_under_both_heads_and_optimisers() {
    let data = standardised("optdigits");
    for optimiser in [Optimiser::adam(), SGD] {
        let found = accuracy(&data, config(&[64, 128, 64, 10], Head::Softmax, optimiser, 20));
        assert!(found > 0.95, "softmax, {optimiser:?}: {found}");
    }
    // Agarap's classifier learns more slowly, and classes can die.
    let relu = config(&[64, 128, 64, 10], Head::NormalisedRelu, Optimiser::adam(), 40);
    let found = accuracy(&data, relu);
    assert!(found > 0.88, "ReLU head: {found}");
}

#[test]
fn a_convolutional_network_reads_digits_under_both_heads() {
    use LayerConfig as L;
    let (train, test) = grey_digits();
    // Under Agarap's head classes die.
    for (head, floor) in [(Head::Softmax, 0.965), (Head::NormalisedRelu, 0.75)] {
        let config = NetworkConfig {
            input: vec![8, 8, 1],
            layers: vec![
                L::conv(16, [3, 3], Kind::Relu),
                L::conv(32, [3, 3], Kind::Relu),
                L::max_pool([2, 2]),
                L::Dropout { rate: 0.25 },
                L::Flatten,
                L::dense(64, Kind::Relu),
                L::dense(10, Kind::Identity),
            ],
            head,
            optimiser: Optimiser::adam(),
            schedule: Schedule::Constant,
            batch: 32,
            epochs: 20,
        };
        let mut network = Network::new(&config, 1).unwrap();
        network.fit(Level::best(), &train, None, "learn", &mut Silent).unwrap();
        let found = network.evaluate(Level::best(), &test).unwrap().confusion.accuracy();
        println!("{head:?}: {found:.4}");
        assert!(found > floor, "{head:?}: {found}");
    }
}

/// Agarap's network for WDBC.
#[test]
fn an_mlp_diagnoses_under_both_heads() {
    let data = standardised("wdbc");
    for (head, floor) in [(Head::Softmax, 0.93), (Head::NormalisedRelu, 0.90)] {
        let found = accuracy(&data, config(&[30, 128, 64, 32, 2], head, Optimiser::adam(), 30));
        assert!(found > floor, "{head:?}: {found}");
    }
}

#[test]
fn every_activation_learns() {
    let data = standardised("wdbc");
    for &activation in Kind::ALL.iter().filter(|&&kind| !matches!(kind, Kind::Exp | Kind::Log1p)) {
        let wdbc = config(&[30, 32, 2], Head::Softmax, Optimiser::adam(), 30);
        let found = accuracy(&data, MlpConfig { activation, ..wdbc });
        // Both signs of every unit fire: |x| fits the training set and generalises less well.
        let floor = if activation == Kind::Abs { 0.90 } else { 0.92 };
        assert!(found > floor, "{activation}: {found}");
    }
}

/// Logistic regression on the features of an RBM; on the pixels it reaches .958 and .967.
#[test]
fn features_of_an_rbm_serve_logistic_regression() {
    for (visible, hidden, learning_rate, data, floor) in [
        (Visible::Bernoulli, Unit::Bernoulli, 0.1, grey_digits(), 0.965),
        (Visible::Bernoulli, Unit::Nrelu, 0.01, grey_digits(), 0.97),
        (Visible::Gaussian, Unit::Nrelu, 0.001, standardised("optdigits"), 0.965),
        (Visible::Gaussian, Unit::Bernoulli, 0.01, standardised("optdigits"), 0.94),
    ] {
        let faster = Optimiser::adam_with_rate(0.01);
        let logistic =
            |width| MlpConfig { dropout: 0.0, ..config(&[width, 10], Head::Softmax, faster, 30) };
        let settings = RbmConfig {
            learning_rate,
            batch: 20,
            epochs: 30,
            ..RbmConfig::new(visible, hidden, 200)
        };
        // Some pixels are always off, which says nothing and no Gaussian unit takes.
        let columns = inputs::varying_columns(&data.0.x, 64);
        let varying = |x: &[f32]| inputs::columns(x, 64, &columns);
        let mut rbm = Rbm::new(&settings, columns.len(), 1).unwrap();
        rbm.fit(Level::best(), &varying(&data.0.x), "rbm", &mut Silent).unwrap();
        let features = |data: &Dataset| {
            let x = rbm.features(Level::best(), &varying(&data.x));
            Dataset::new(x, &[200], data.labels.clone(), &data.class_names).unwrap()
        };
        let found = accuracy(&(features(&data.0), features(&data.1)), logistic(200));
        assert!(found > floor, "{visible:?} {hidden}: {found}");
    }
}
