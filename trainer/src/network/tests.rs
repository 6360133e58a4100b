//! Settings and data that make no sense, and divergence: errors that say what and where.

use halfwave_kernels::{Kind, conv::Padding};

use super::*;
use crate::{
    layers::Initialiser,
    observe::{Epoch, Many, Silent},
};

fn config() -> MlpConfig {
    MlpConfig {
        sizes: vec![2, 3, 2],
        activation: Kind::Relu,
        dropout: 0.1,
        head: Head::Softmax,
        optimiser: Optimiser::adam(),
        schedule: Schedule::Constant,
        batch: 4,
        epochs: 3,
    }
}

fn data() -> Dataset {
    let x = (0..20).map(|i| (i as f32).sin()).collect();
    Dataset::new(x, &[2], (0..10).map(|i| i % 2).collect(), &["no", "yes"]).unwrap()
}

fn fit(config: &MlpConfig, train: &Dataset) -> Result<(), TrainError> {
    Network::mlp(config, 1)?.fit(Level::best(), train, None, "test", &mut Silent)
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let sgd = |learning_rate, momentum| Optimiser::sgd(learning_rate, momentum);
    for (name, bad) in [
        ("sizes", MlpConfig { sizes: vec![], ..config() }),
        ("sizes", MlpConfig { sizes: vec![2], ..config() }),
        ("sizes", MlpConfig { sizes: vec![2, 0, 2], ..config() }),
        ("sizes", MlpConfig { sizes: vec![2, usize::MAX], ..config() }),
        ("batch", MlpConfig { batch: 0, ..config() }),
        ("dropout", MlpConfig { dropout: 1.0, ..config() }),
        ("dropout", MlpConfig { dropout: f32::NAN, ..config() }),
        ("learning_rate", MlpConfig { optimiser: sgd(0.0, 0.0), ..config() }),
        ("learning_rate", MlpConfig { optimiser: sgd(f32::INFINITY, 0.0), ..config() }),
        ("momentum", MlpConfig { optimiser: sgd(0.1, 1.0), ..config() }),
    ] {
        let error = Network::mlp(&bad, 1).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
    }
    let error = Network::mlp(&MlpConfig { dropout: 1.5, ..config() }, 1).unwrap_err();
    assert_eq!(error.to_string(), "dropout: expected 0 to below 1, found 1.5");
}

#[test]
fn networks_beyond_memory_are_errors() {
    let huge = |sizes: &[usize]| Network::mlp(&MlpConfig { sizes: sizes.to_vec(), ..config() }, 1);
    let error = huge(&[2, 1 << 44, 2]).unwrap_err();
    assert!(matches!(error, TrainError::Memory { .. }), "{error}");
    let error = huge(&[usize::MAX, usize::MAX, 2]).unwrap_err();
    assert!(matches!(error, TrainError::Noise(_)), "{error}");
    let batch = MlpConfig { batch: usize::MAX, ..config() };
    assert_eq!(fit(&batch, &data()), Err(TrainError::Batch { batch: usize::MAX, rows: 10 }));
    let epochs = MlpConfig { epochs: usize::MAX, ..config() };
    assert!(matches!(fit(&epochs, &data()), Err(TrainError::Noise(_))));
}

#[test]
fn data_that_do_not_fit_are_errors() {
    assert_eq!(fit(&config(), &data()), Ok(()));
    let with = |change: fn(&mut Dataset)| {
        let mut data = data();
        change(&mut data);
        fit(&config(), &data).unwrap_err()
    };
    let error = with(|data| {
        data.labels.clear();
        data.x.clear();
    });
    assert_eq!(error, TrainError::Empty);
    let error = with(|data| data.labels[3] = 2);
    assert_eq!(error, TrainError::Label { row: 3, label: 2, classes: 2 });
    let error = with(|data| data.width = 4);
    let (name, expected) = ("features of a row", 2);
    assert_eq!(error, TrainError::Shape { name, expected, found: 4 });
    let error = with(|data| data.x.truncate(19));
    assert!(matches!(error, TrainError::Shape { .. }), "{error}");
    let error = with(|data| data.labels.truncate(9));
    assert_eq!(error, TrainError::Shape { name: "labels", expected: 10, found: 9 });
    let error = with(|data| data.x[5] = f32::NAN);
    assert!(matches!(error, TrainError::NotFinite { row: 2, column: 1, .. }), "{error}");
    let error = with(|data| data.x[4] = f32::INFINITY);
    assert_eq!(
        error.to_string(),
        "inf in row 2, column 0 of the data (both from 0): expected a finite number"
    );
    let error = fit(&MlpConfig { batch: 11, ..config() }, &data()).unwrap_err();
    assert_eq!(error.to_string(), "batch: expected at most the 10 rows of the data, found 11");
}

#[test]
fn validation_data_are_checked_before_training() {
    let mut network = Network::mlp(&config(), 1).unwrap();
    let mut bad = data();
    bad.labels[9] = 7;
    let before = network.layers().to_vec();
    let error =
        network.fit(Level::best(), &data(), Some((&bad).into()), "test", &mut Silent).unwrap_err();
    assert_eq!(error, TrainError::Label { row: 9, label: 7, classes: 2 });
    assert!(before == network.layers());
}

#[test]
fn evaluation_of_data_that_do_not_fit_is_an_error() {
    let network = Network::mlp(&config(), 1).unwrap();
    let mut bad = data();
    bad.labels.clear();
    bad.x.clear();
    assert_eq!(network.evaluate(Level::best(), &bad), Err(TrainError::Empty));
    assert!(network.predict(Level::best(), &[]).is_empty());
    assert_eq!(network.predict(Level::best(), &[f32::NAN; 4]), [0, 0]);
}

#[test]
fn layers_of_another_shape_are_errors() {
    let mut network = Network::mlp(&config(), 1).unwrap();
    assert!(network.set_parameters(2, &[], &[]).is_err());
    assert!(network.set_parameters(0, &[0.0; 5], &[0.0; 3]).is_err());
    assert!(network.set_parameters(0, &[0.0; 6], &[0.0; 2]).is_err());
    assert!(network.set_parameters(0, &[f32::NAN; 6], &[0.0; 3]).is_err());
    assert_eq!(network.set_parameters(0, &[0.5; 6], &[0.25; 3]), Ok(()));
    assert_eq!(network.parameters()[0][1], [0.25; 3]);
}

/// Remembers whether any metric was not finite.
struct Finite(bool);

impl Observer for Finite {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0 &= epoch.metrics.iter().all(|(_, value)| value.is_finite());
    }
}

#[test]
fn divergence_is_an_error_that_says_what_to_lower() {
    for head in [Head::Softmax, Head::NormalisedRelu] {
        for learning_rate in [1e6, 1e30] {
            for optimiser in
                [Optimiser::sgd(learning_rate, 0.9), Optimiser::adam_with_rate(learning_rate)]
            {
                let config = MlpConfig { head, optimiser, epochs: 50, ..config() };
                let (mut network, mut finite) = (Network::mlp(&config, 1).unwrap(), Finite(true));
                let error = network
                    .fit(Level::best(), &data(), Some((&data()).into()), "wild", &mut finite)
                    .expect_err(&format!("{config:?}"));
                let TrainError::Diverged { run, epoch: 1.., step: 1.., lower, .. } = &error else {
                    panic!("{error}");
                };
                assert_eq!(run, "wild");
                assert_eq!(*lower, format!("the learning rate (now {learning_rate})"));
                assert!(finite.0, "{error}");
            }
        }
    }
}

/// A loss that is not finite stops the run before a weight is touched.
#[test]
fn weights_are_as_they_were_before_the_step_that_diverged() {
    let mut network = Network::mlp(&MlpConfig { dropout: 0.0, ..config() }, 1).unwrap();
    network.set_parameters(0, &[1e38; 6], &[0.0; 3]).unwrap();
    network.set_parameters(1, &[1e38, -1e38, 1e38, -1e38, 1e38, -1e38], &[0.0; 2]).unwrap();
    let before = network.layers().to_vec();
    let error = network.fit(Level::best(), &data(), None, "huge", &mut Silent).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, step: 1, .. }), "{error}");
    assert!(before == network.layers());
}

#[test]
fn settings_are_read_and_written() {
    let text = toml::to_string(&config()).unwrap();
    assert!(
        text.contains("activation = \"relu\"") && text.contains("head = \"softmax\""),
        "{text}"
    );
    assert_eq!(toml::from_str::<MlpConfig>(&text).unwrap(), config());
    let error = toml::from_str::<MlpConfig>(&text.replace("relu", "rely")).unwrap_err();
    assert!(error.to_string().contains("unknown activation `rely`"), "{error}");
    assert!(toml::from_str::<MlpConfig>(&format!("surprise = 1\n{text}")).is_err());
}

/// Agarap's CNN, on 16 × 16 principal components.
fn agarap_cnn() -> NetworkConfig {
    let conv = |channels| LayerConfig::conv(channels, [3, 3], Kind::Relu);
    let (pool, drop) = (LayerConfig::max_pool([2, 2]), |rate| LayerConfig::Dropout { rate });
    NetworkConfig {
        input: vec![16, 16, 1],
        layers: vec![
            conv(32),
            conv(32),
            pool,
            drop(0.25),
            conv(64),
            conv(64),
            pool,
            drop(0.25),
            LayerConfig::Flatten,
            LayerConfig::dense(256, Kind::Relu),
            drop(0.5),
            LayerConfig::dense(10, Kind::Identity),
        ],
        head: Head::Softmax,
        optimiser: Optimiser::adam(),
        schedule: Schedule::Constant,
        batch: 256,
        epochs: 32,
    }
}

/// Forward and dW of the lowest layer, and dx too of the others; each position of a convolution counts.
#[test]
fn floating_point_operations_are_counted() {
    let mlp = Network::mlp(&MlpConfig { sizes: vec![784, 512, 10], ..config() }, 1).unwrap();
    assert_eq!(mlp.chain.flop(), 4 * 784 * 512 + 6 * 512 * 10);
    // 14², 12², 4² and 2² positions.
    let convolutions = 4 * 9 * 32 * 196 + 6 * 9 * 32 * (32 * 144 + 64 * 16) + 6 * 9 * 64 * 64 * 4;
    let cnn = Network::new(&agarap_cnn(), 1).unwrap();
    assert_eq!(cnn.chain.flop(), convolutions + 6 * (64 * 256 + 256 * 10));
}

/// The networks of Agarap's notebooks, and the counts that Keras printed there.
#[test]
fn parameters_are_counted() {
    let of = |sizes: &[usize]| {
        let config = MlpConfig { sizes: sizes.to_vec(), ..config() };
        Network::mlp(&config, 1).unwrap().summary().parameters()
    };
    assert_eq!(of(&[256, 512, 512, 512, 10]), 662_026);
    assert_eq!(of(&[30, 128, 64, 32, 2]), 14_370);
    let summary = Network::new(&agarap_cnn(), 1).unwrap().summary();
    assert_eq!(summary.parameters(), 84_202);
    assert_eq!(
        summary.to_string(),
        "\
layer          output        parameters
conv           14 x 14 x 32         320
conv           12 x 12 x 32        9248
max-pool       6 x 6 x 32             0
dropout        6 x 6 x 32             0
conv           4 x 4 x 64         18496
conv           2 x 2 x 64         36928
max-pool       1 x 1 x 64             0
dropout        1 x 1 x 64             0
flatten        64                     0
dense          256                16640
dropout        256                    0
dense          10                  2570
total                             84202
"
    );
}

/// What `change` makes of a network that stands.
fn changed(change: fn(&mut NetworkConfig)) -> String {
    let mut config = agarap_cnn();
    change(&mut config);
    Network::new(&config, 1).unwrap_err().to_string()
}

#[test]
fn layers_that_do_not_fit_are_errors_with_their_number() {
    for (found, expected) in [
        (
            changed(|config| config.input = vec![256]),
            "layer 1 (conv): takes images of [height, width, channels], but [256] comes from below",
        ),
        (
            changed(|config| config.input = vec![16, 9, 1]),
            "layer 5 (conv): the width of the window is 3, of the input only 2: take a smaller window, or \
             same padding",
        ),
        (
            changed(|config| _ = config.layers.remove(8)),
            "layer 9 (dense): takes a row of numbers (put a flatten layer in front), but [1, 1, 64] comes from \
             below",
        ),
        (
            changed(|config| config.layers.insert(9, LayerConfig::Flatten)),
            "layer 10 (flatten): takes images of [height, width, channels], but [64] comes from below",
        ),
        (
            changed(|config| config.layers[3] = LayerConfig::Dropout { rate: 1.0 }),
            "layer 4 (dropout): rate: expected 0 to below 1, found 1",
        ),
        (
            changed(|config| config.layers[2] = LayerConfig::max_pool([0, 2])),
            "layer 3 (max-pool): the height of the window is 0, but must be at least 1",
        ),
        (
            changed(|config| config.layers[0] = LayerConfig::conv(0, [3, 3], Kind::Relu)),
            "layer 1 (conv): channels: expected at least 1, found 0",
        ),
        (
            changed(|config| config.layers[11] = LayerConfig::dense(0, Kind::Identity)),
            "layer 12 (dense): units: expected at least 1, found 0",
        ),
        (
            changed(|config| {
                config.layers[3] = LayerConfig::BatchNorm { momentum: 0.1, epsilon: 0.0 };
            }),
            "layer 4 (batch-norm): epsilon: expected a finite number above 0, found 0",
        ),
        (
            changed(|config| config.layers.truncate(8)),
            "layer 8 (dropout): expected a row of numbers from the last layer, one for each class: put a dense layer \
             on top",
        ),
        (
            changed(|config| config.layers = vec![LayerConfig::Flatten]),
            "layer 1 (flatten): expected a row of numbers from the last layer, one for each class: put a dense layer \
             on top",
        ),
        (
            changed(|config| config.layers[7] = LayerConfig::L1Activations { weight: -1.0 }),
            "layer 8 (l1-activations): weight: expected a finite number from 0, found -1",
        ),
        (changed(|config| config.layers.clear()), "layers: expected at least one, found []"),
        (changed(|config| config.input.clear()), "input: expected sizes of at least 1, found []"),
        (
            changed(|config| config.input = vec![16, 0, 1]),
            "input: expected sizes of at least 1, found [16, 0, 1]",
        ),
        (
            changed(|config| config.input = vec![usize::MAX, usize::MAX, 1]),
            "no memory for a row of the network",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn networks_are_read_and_written() {
    let text = toml::to_string(&agarap_cnn()).unwrap();
    assert_eq!(toml::from_str::<NetworkConfig>(&text).unwrap(), agarap_cnn());
    let layer = |text: &str| {
        let with = |layer: &str| format!("layers = [{{ {layer} }}]");
        #[derive(Deserialize)]
        struct Layers {
            layers: Vec<LayerConfig>,
        }
        toml::from_str::<Layers>(&with(text)).map(|read| read.layers[0])
    };
    let read = layer("name = 'conv', channels = 4, kernel = [3, 3], padding = 'same'").unwrap();
    assert!(matches!(read, LayerConfig::Conv { stride: [1, 1], padding: Padding::Same, .. }));
    let read =
        layer("name = 'dense', units = 3, initialiser = { normal = { std = 0.5 } }").unwrap();
    let initialiser = Initialiser::Normal { std: 0.5 };
    assert_eq!(read, LayerConfig::Dense { units: 3, activation: Kind::Identity, initialiser });
    assert_eq!(layer("name = 'batch_norm'").unwrap(), LayerConfig::batch_norm());
    assert!(layer("name = 'dense', units = 3, rate = 0.5").is_err());
    assert!(layer("name = 'pool'").is_err());
}

/// Inference leaves dropout out; in training it is unbiased, and each mask is of its own.
#[test]
fn dropout_is_of_training_only() {
    let layers = vec![
        LayerConfig::Dropout { rate: 0.25 },
        LayerConfig::Dense {
            units: 2,
            activation: Kind::Identity,
            initialiser: Initialiser::default(),
        },
    ];
    let config = NetworkConfig { input: vec![1000], layers, batch: 100, ..agarap_cnn() };
    let network = Network::new(&config, 5).unwrap();
    let (level, x) = (Level::best(), vec![1.0; 100 * 1000]);
    let mut tape = Tape::new(&network.chain, 100, Mode::Training).unwrap();
    network.chain.forward(level, &x, &mut tape, |layer| network.draws.mask(layer, 7));
    let kept = tape.layers[0].output.iter().filter(|&&y| y != 0.0).count() as f64;
    // 100,000 draws: the share that is kept has a standard error of .0014.
    assert!((kept / 1e5 - 0.75).abs() < 0.007, "{kept}");
    assert!(tape.layers[0].output.iter().all(|&y| y == 0.0 || y == 1.0 / 0.75));
    let first = tape.layers[0].output.clone();
    network.chain.forward(level, &x, &mut tape, |layer| network.draws.mask(layer, 8));
    assert!(first != tape.layers[0].output);
    let mut rows = Vec::new();
    network.chain.evaluate(level, &x[..2000], |z| rows.push(z.to_vec()));
    let [weights, _] = network.parameters()[0];
    let sum = |j: usize| weights.iter().skip(j).step_by(2).sum::<f32>();
    assert!((rows[0][0] - sum(0)).abs() < 1e-4 && (rows[0][1] - sum(1)).abs() < 1e-4);
    assert_eq!(rows[0], rows[1]);
}

/// What a layer makes of 100,000 numbers of N(0, 1), in training and in inference: mean and standard deviation.
fn on_normals(layer: LayerConfig) -> [[f64; 2]; 2] {
    let layers = vec![layer, LayerConfig::dense(2, Kind::Identity)];
    let config = NetworkConfig { input: vec![1000], layers, batch: 100, ..agarap_cnn() };
    let network = Network::new(&config, 5).unwrap();
    let (level, mut x) = (Level::best(), vec![0.0; 100 * 1000]);
    halfwave_kernels::rng::normal(level, halfwave_kernels::rng::Stream::new(9).at(0), &mut x);
    [Mode::Training, Mode::Inference].map(|mode| {
        let mut tape = Tape::new(&network.chain, 100, mode).unwrap();
        network.chain.forward(level, &x, &mut tape, |layer| network.draws.mask(layer, 7));
        let y = &tape.layers[0].output;
        let y = if y.is_empty() { &x } else { y };
        let mean = y.iter().map(|&y| f64::from(y)).sum::<f64>() / y.len() as f64;
        let square = y.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum::<f64>();
        [mean, (square / y.len() as f64).sqrt()]
    })
}

/// 100,000 numbers: their mean has a standard error of .0032, their deviation one of .0022, and the other noise adds to both.
#[test]
fn noise_has_its_moments_in_training_only() {
    let near = |found: [f64; 2], [mean, std]: [f64; 2]| {
        assert!((found[0] - mean).abs() < 0.02 && (found[1] - std).abs() < 0.02, "{found:?}");
    };
    let [training, inference] = on_normals(LayerConfig::AlphaDropout { rate: 0.2 });
    near(training, [0.0, 1.0]);
    near(inference, [0.0, 1.0]);
    // Plain dropout does not keep the deviation: 1/√(1 − p).
    let [training, _] = on_normals(LayerConfig::Dropout { rate: 0.2 });
    near(training, [0.0, 1.25_f64.sqrt()]);
    let [training, inference] = on_normals(LayerConfig::GaussianNoise { std: 0.75 });
    near(training, [0.0, 1.25]);
    near(inference, [0.0, 1.0]);
}

/// Training normalises by the batch, inference by the running moments, which move by `momentum` a step.
#[test]
fn batch_normalisation_in_training_and_inference() {
    let layers = vec![
        LayerConfig::BatchNorm { momentum: 0.5, epsilon: 1e-5 },
        LayerConfig::dense(2, Kind::Identity),
    ];
    let sgd = Optimiser::sgd(1e-6, 0.0);
    let config = NetworkConfig {
        input: vec![2],
        layers,
        batch: 10,
        epochs: 1,
        optimiser: sgd,
        ..agarap_cnn()
    };
    let (mut network, data) = (Network::new(&config, 1).unwrap(), data());
    let moments = |c: usize| {
        let column = || data.x.iter().skip(c).step_by(2).map(|&x| f64::from(x));
        let mean = column().sum::<f64>() / 10.0;
        (mean, column().map(|x| (x - mean).powi(2)).sum::<f64>() / 9.0)
    };
    network.fit(Level::best(), &data, None, "norm", &mut Silent).unwrap();
    let Layer::BatchNorm(norm) = &network.layers()[0] else { panic!("the first layer") };
    for c in 0..2 {
        let (mean, variance) = moments(c);
        assert!((f64::from(norm.running_mean[c]) - 0.5 * mean).abs() < 1e-6);
        assert!((f64::from(norm.running_variance[c]) - (0.5 + 0.5 * variance)).abs() < 1e-6);
    }
    let norm = norm.clone();
    let mut found = Vec::new();
    network.chain.evaluate(Level::best(), &data.x, |z| found.extend_from_slice(z));
    let [w, b] = network.parameters()[1];
    let x = |c: usize| {
        let std = (f64::from(norm.running_variance[c]) + 1e-5).sqrt();
        let normal = (f64::from(data.x[c]) - f64::from(norm.running_mean[c])) / std;
        normal * f64::from(norm.scale[c]) + f64::from(norm.shift[c])
    };
    for j in 0..2 {
        let z = x(0) * f64::from(w[j]) + x(1) * f64::from(w[2 + j]) + f64::from(b[j]);
        assert!((f64::from(found[j]) - z).abs() < 1e-5, "{} is not {z}", found[j]);
    }
}

/// Rows of which only the ones are kept train the same network, by bits, as the same rows of numbers: with and without
/// noise below, and by an optimiser that moves weights without a gradient too.
#[test]
fn compressed_rows_train_the_same_network() {
    use halfwave_datasets::sparse::SparseRows;
    const WIDTH: usize = 40;
    let mut rows = SparseRows::new(WIDTH).unwrap();
    let mut data = Dataset { x: Vec::new(), width: WIDTH, shape: vec![WIDTH], ..data() };
    for i in 0..data.labels.len() {
        let columns: Vec<u32> = (0..WIDTH as u32)
            .filter(|j| ((i + 3) * (*j as usize + 7)).is_multiple_of(11))
            .collect();
        rows.push(&columns).unwrap();
        data.x.extend((0..WIDTH as u32).map(|j| f32::from(u8::from(columns.contains(&j)))));
    }
    let sgd = |momentum| Optimiser::sgd(0.3, momentum);
    let hidden = |activation| LayerConfig::dense(70, activation);
    let last = LayerConfig::dense(2, Kind::Identity);
    for (layers, optimiser) in [
        (vec![hidden(Kind::Relu), last], sgd(0.0)),
        (vec![hidden(Kind::Silu), last], sgd(0.9)),
        (vec![LayerConfig::SaltAndPepper { rate: 0.3 }, hidden(Kind::Tanh), last], sgd(0.0)),
        (vec![LayerConfig::Masking { rate: 0.3 }, hidden(Kind::Relu), last], Optimiser::adam()),
        // Numbers that are neither 0 nor 1 reach the dense layer.
        (vec![LayerConfig::Dropout { rate: 0.3 }, hidden(Kind::Relu), last], sgd(0.0)),
        (vec![last], sgd(0.0)),
    ] {
        let head = Head::Softmax;
        let config = NetworkConfig {
            input: vec![WIDTH],
            layers,
            head,
            optimiser,
            schedule: Schedule::Constant,
            batch: 4,
            epochs: 3,
        };
        let train = |samples: Samples<'_>| {
            let mut network = Network::new(&config, 3).unwrap();
            network.fit(Level::best(), samples, Some(samples), "rows", &mut Silent).unwrap();
            network
        };
        let (dense, sparse) = (train((&data).into()), train(Samples::binary(&rows, &data.labels)));
        assert!(dense.layers() == sparse.layers(), "{config:?}");
        let level = Level::best();
        assert_eq!(dense.probabilities(level, &data.x), sparse.probabilities(level, &rows));
        assert_ne!(dense.layers(), Network::new(&config, 3).unwrap().layers());
    }
}

/// As if the configuration had asked for two epochs, also where others watch.
#[test]
fn an_observer_ends_training() {
    #[derive(Default)]
    struct Two(usize);
    impl Observer for Two {
        fn epoch(&mut self, epoch: &Epoch<'_>) {
            self.0 = epoch.epoch;
        }

        fn stop(&mut self) -> bool {
            self.0 == 2
        }
    }
    let fit = |epochs: usize, observer: &mut dyn Observer| {
        let mut network = Network::mlp(&MlpConfig { epochs, ..config() }, 1).unwrap();
        network.fit(Level::best(), &data(), None, "run", observer).unwrap();
        network.probabilities(Level::best(), &data().x)
    };
    let (mut two, mut other) = (Two::default(), Two::default());
    let stopped = fit(5, &mut Many(vec![&mut two, &mut Silent, &mut other]));
    assert_eq!((two.0, other.0), (2, 2));
    assert_eq!(stopped, fit(2, &mut Silent));
    assert_ne!(stopped, fit(5, &mut Silent));
}

/// The network that is kept did best, not the last one; training goes on for `patience` epochs after it.
#[test]
fn the_best_epoch_on_validation_rows_counts() {
    struct Scores(Vec<[f64; 2]>);
    impl Observer for Scores {
        fn epoch(&mut self, epoch: &Epoch<'_>) {
            let of = |name| epoch.metrics.iter().find(|(n, _)| *n == name).unwrap().1;
            self.0.push([of("validation_accuracy"), -of("validation_loss")]);
        }
    }
    let (train, mut validation) = (data(), data());
    // A validation set that disagrees: it gets worse as training goes on.
    validation.labels.iter_mut().for_each(|label| *label = 1 - *label);
    let level = Level::best();
    for (criterion, at) in [(Criterion::Accuracy, 0), (Criterion::Loss, 1)] {
        let sets = [Samples::from(&train), Samples::from(&validation)];
        let network = Network::mlp(
            &MlpConfig { dropout: 0.0, optimiser: Optimiser::adam_with_rate(0.1), ..config() },
            1,
        )
        .unwrap();
        let mut scores = Scores(Vec::new());
        let stopping = Stopping { epochs: 40, patience: 5 };
        let best = network.fit_until(level, sets, stopping, criterion, "run", &mut scores).unwrap();
        let all: Vec<f64> = scores.0.iter().map(|scores| scores[at]).collect();
        let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(
            (best.score, all.iter().position(|&score| score == most)),
            (most, Some(best.epoch - 1))
        );
        assert_eq!(all.len(), best.epoch + 5, "{criterion:?}: {all:?}");
        let found = best.network.evaluate(level, &validation).unwrap();
        assert_eq!([found.confusion.accuracy(), -found.loss][at], most);
        assert_eq!(best.network.config().epochs, 3);
    }
    for (epochs, patience) in [(0, 1), (1, 0)] {
        let sets = [Samples::from(&train), Samples::from(&validation)];
        let network = Network::mlp(&config(), 1).unwrap();
        let stopping = Stopping { epochs, patience };
        let error = network.fit_until(level, sets, stopping, Criterion::Loss, "run", &mut Silent);
        assert!(matches!(error, Err(TrainError::Setting { .. })));
    }
}

/// Weight normalisation begins as the dense layer of the same draws, and its length is not the direction's.
#[test]
fn weight_normalisation_begins_as_a_dense_layer() {
    let of = |layer| NetworkConfig {
        input: vec![2],
        layers: vec![layer],
        head: Head::Softmax,
        optimiser: Optimiser::sgd(0.1, 0.0),
        schedule: Schedule::Constant,
        batch: 5,
        epochs: 20,
    };
    let dense = Network::new(&of(LayerConfig::dense(2, Kind::Identity)), 4).unwrap();
    let initialiser = Initialiser::GlorotUniform;
    let config = of(LayerConfig::WeightNorm { units: 2, initialiser });
    let mut network = Network::new(&config, 4).unwrap();
    let (data, level) = (data(), Level::best());
    let probabilities = |network: &Network| network.probabilities(level, &data.x);
    for (a, b) in probabilities(&dense).iter().zip(probabilities(&network)) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }
    let before = probabilities(&network);
    let [v, rest] = network.parameters()[0].map(<[f32]>::to_vec);
    let doubled: Vec<f32> = v.iter().map(|v| 2.0 * v).collect();
    network.set_parameters(0, &doubled, &rest).unwrap();
    assert_eq!(probabilities(&network), before);
    let loss = network.evaluate(level, &data).unwrap().loss;
    network.fit(level, &data, None, "run", &mut Silent).unwrap();
    assert!(network.evaluate(level, &data).unwrap().loss < loss);
    let again = Network::from_bytes(&network.to_bytes().unwrap(), 1).unwrap();
    assert_eq!(again.parameters(), network.parameters());
}
