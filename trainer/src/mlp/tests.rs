//! Settings and data that make no sense, and divergence: errors that say what and where.

use super::*;
use crate::observe::{Epoch, Silent};

fn config() -> MlpConfig {
    MlpConfig {
        sizes: vec![2, 3, 2],
        activation: Kind::Relu,
        dropout: 0.1,
        head: Head::Softmax,
        optimiser: Optimiser::adam(),
        batch: 4,
        epochs: 3,
    }
}

fn data() -> Dataset {
    let x = (0..20).map(|i| (i as f32).sin()).collect();
    Dataset::new(x, &[2], (0..10).map(|i| i % 2).collect(), &["no", "yes"]).unwrap()
}

fn fit(config: &MlpConfig, train: &Dataset) -> Result<(), TrainError> {
    Mlp::new(config, 1)?.fit(Level::best(), train, None, "test", &mut Silent)
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let sgd = |learning_rate, momentum| Optimiser::Sgd { learning_rate, momentum };
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
        let error = Mlp::new(&bad, 1).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
    }
    let error = Mlp::new(&MlpConfig { dropout: 1.5, ..config() }, 1).unwrap_err();
    assert_eq!(error.to_string(), "dropout: expected 0 to below 1, found 1.5");
}

#[test]
fn networks_beyond_memory_are_errors() {
    let huge = |sizes: &[usize]| Mlp::new(&MlpConfig { sizes: sizes.to_vec(), ..config() }, 1);
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
    assert_eq!(error.to_string(), "inf in row 2, column 0 of the data: expected a finite number");
    let error = fit(&MlpConfig { batch: 11, ..config() }, &data()).unwrap_err();
    assert_eq!(error.to_string(), "batch: expected at most the 10 rows of the data, found 11");
}

#[test]
fn validation_data_are_checked_before_training() {
    let mut mlp = Mlp::new(&config(), 1).unwrap();
    let mut bad = data();
    bad.labels[9] = 7;
    let before = mlp.layers().to_vec();
    let error =
        mlp.fit(Level::best(), &data(), Some((&bad).into()), "test", &mut Silent).unwrap_err();
    assert_eq!(error, TrainError::Label { row: 9, label: 7, classes: 2 });
    assert!(before == mlp.layers());
}

#[test]
fn evaluation_of_data_that_do_not_fit_is_an_error() {
    let mlp = Mlp::new(&config(), 1).unwrap();
    let mut bad = data();
    bad.labels.clear();
    bad.x.clear();
    assert_eq!(mlp.evaluate(Level::best(), &bad), Err(TrainError::Empty));
    assert!(mlp.predict(Level::best(), &[]).is_empty());
    assert_eq!(mlp.predict(Level::best(), &[f32::NAN; 4]), [0, 0]);
}

#[test]
fn layers_of_another_shape_are_errors() {
    let mut mlp = Mlp::new(&config(), 1).unwrap();
    assert!(mlp.set_layer(2, &[], &[]).is_err());
    assert!(mlp.set_layer(0, &[0.0; 5], &[0.0; 3]).is_err());
    assert!(mlp.set_layer(0, &[0.0; 6], &[0.0; 2]).is_err());
    assert!(mlp.set_layer(0, &[f32::NAN; 6], &[0.0; 3]).is_err());
    assert_eq!(mlp.set_layer(0, &[0.5; 6], &[0.25; 3]), Ok(()));
    assert_eq!(mlp.layers()[0].bias, [0.25; 3]);
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
            for optimiser in [
                Optimiser::Sgd { learning_rate, momentum: 0.9 },
                Optimiser::Adam { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            ] {
                let config = MlpConfig { head, optimiser, epochs: 50, ..config() };
                let (mut mlp, mut finite) = (Mlp::new(&config, 1).unwrap(), Finite(true));
                let error = mlp
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
    let mut mlp = Mlp::new(&MlpConfig { dropout: 0.0, ..config() }, 1).unwrap();
    mlp.set_layer(0, &[1e38; 6], &[0.0; 3]).unwrap();
    mlp.set_layer(1, &[1e38, -1e38, 1e38, -1e38, 1e38, -1e38], &[0.0; 2]).unwrap();
    let before = mlp.layers().to_vec();
    let error = mlp.fit(Level::best(), &data(), None, "huge", &mut Silent).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, step: 1, .. }), "{error}");
    assert!(before == mlp.layers());
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

/// The networks of Agarap's notebooks, and the counts that Keras printed there.
#[test]
fn parameters_are_counted() {
    let of = |sizes: &[usize]| {
        Mlp::new(&MlpConfig { sizes: sizes.to_vec(), ..config() }, 1).unwrap().parameters()
    };
    assert_eq!(of(&[256, 512, 512, 512, 10]), 662_026);
    assert_eq!(of(&[30, 128, 64, 32, 2]), 14_370);
}
