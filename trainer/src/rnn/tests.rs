//! Gradients through time against differences of an `f64` forward pass, and what the settings do.

use super::*;
use crate::observe::{Epoch, Silent};

fn config() -> RnnConfig {
    RnnConfig {
        steps: 4,
        hidden_units: 5,
        activation: Kind::Tanh,
        recurrent: Recurrent::Normal { gain: 1.0 },
        clip: None,
        optimiser: Optimiser::adam_with_rate(0.01),
        batch: 6,
        epochs: 2,
    }
}

/// Sequences of 4 steps of 3 numbers: the class is the step in which the first number is high.
fn data(rows: usize) -> Dataset {
    let mut x: Vec<f32> = (0..rows * 12).map(|i| 0.3 * (1.7 * i as f32).sin()).collect();
    let labels: Vec<u32> = (0..rows as u32).map(|i| i * i % 7 % 4).collect();
    for (row, &label) in x.chunks_exact_mut(12).zip(&labels) {
        row[label as usize * 3] += 2.0;
    }
    Dataset::new(x, &[12], labels, &["class"; 4]).unwrap()
}

/// The sum of the losses, by the definition.
fn loss(config: &RnnConfig, parameters: &[Vec<f64>; 5], data: &Dataset) -> f64 {
    let [w, u, b, v, c] = parameters;
    let (hidden, classes) = (b.len(), c.len());
    let product = |x: &[f64], w: &[f64], columns: usize, j: usize| -> f64 {
        x.iter().enumerate().map(|(i, x)| x * w[i * columns + j]).sum()
    };
    let rows = data.x.chunks_exact(data.width).zip(&data.labels);
    let row = |(row, &label): (&[f32], &u32)| {
        let mut h = vec![0.0; hidden];
        for x in row.chunks_exact(data.width / config.steps) {
            let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            let z = |j| product(&x, w, hidden, j) + product(&h, u, hidden, j) + b[j];
            h = (0..hidden).map(|j| config.activation.definition(z(j))).collect();
        }
        let z: Vec<f64> = (0..classes).map(|j| product(&h, v, classes, j) + c[j]).collect();
        z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label as usize]
    };
    rows.map(row).sum()
}

#[test]
fn gradients_are_those_of_the_definition() {
    for activation in [Kind::Tanh, Kind::Relu, Kind::Sigmoid] {
        let config = RnnConfig { activation, ..config() };
        let (rnn, data) = (Rnn::new(&config, 12, 4, 3).unwrap(), data(9));
        let RnnGradients { loss: found, parameters: gradients, hidden_norms: norms } =
            rnn.gradients(Level::best(), &data).unwrap();
        let parameters =
            rnn.parameters().map(|p| p.iter().map(|&p| f64::from(p)).collect::<Vec<f64>>());
        let at = |parameters: &[Vec<f64>; 5]| loss(&config, parameters, &data);
        assert!((found - at(&parameters)).abs() < 1e-4);
        assert_eq!(norms.len(), 4);
        for (which, gradient) in gradients.iter().enumerate() {
            assert!(gradient.iter().any(|&g| g != 0.0), "{activation} {which}");
            for (i, &found) in gradient.iter().enumerate() {
                let by = |step: f64| {
                    let mut moved = parameters.clone();
                    moved[which][i] += step;
                    at(&moved)
                };
                let expected = (by(1e-6) - by(-1e-6)) / 2e-6;
                let error = (f64::from(found) - expected).abs();
                assert!(
                    error < 1e-4 + 1e-3 * expected.abs(),
                    "{activation} {which} {i}: {found} {expected}"
                );
            }
        }
    }
}

/// `tests/golden/rnn_torch.py`, PyTorch 2.15.0 in float64.
#[test]
fn ten_steps_agree_with_pytorch() {
    #[derive(Default)]
    struct Losses(Vec<f64>);
    impl Observer for Losses {
        fn epoch(&mut self, epoch: &Epoch<'_>) {
            let losses = epoch.metrics.iter().filter(|(name, _)| *name == "loss");
            self.0.extend(losses.map(|(_, loss)| loss));
        }
    }
    let sines = |count: usize, phase: f64, step: f64, factor: f64| -> Vec<f32> {
        (0..count).map(|i| (factor * (phase + step * i as f64).sin()) as f32).collect()
    };
    let labels = (0..12).map(|i| i * i % 4).collect();
    let data = Dataset::new(sines(12 * 12, 0.3, 1.7, 1.0), &[12], labels, &["class"; 4]).unwrap();
    for (activation, clip, golden) in [
        (
            Kind::Tanh,
            None,
            [
                1.61159576, 1.46641379, 1.28092737, 1.12282575, 0.99843812, 0.90426004, 0.8408892,
                0.80496575, 0.78627969, 0.770342,
            ],
        ),
        (
            Kind::Relu,
            None,
            [
                1.51953171, 1.36146246, 1.18626472, 1.03789823, 0.89114412, 0.74499204, 0.61856957,
                0.52614875, 0.45529383, 0.39610732,
            ],
        ),
        (
            Kind::Relu,
            Some(0.1),
            [
                1.51953171, 1.50065848, 1.46677031, 1.42161795, 1.36814292, 1.31114435, 1.25552474,
                1.20264797, 1.1513225, 1.09982736,
            ],
        ),
    ] {
        let optimiser = Optimiser::sgd(0.2, 0.9);
        let config = RnnConfig { activation, clip, optimiser, batch: 12, epochs: 10, ..config() };
        let mut rnn = Rnn::new(&config, 12, 4, 1).unwrap();
        for (which, phase) in [(W, 1.0), (U, 2.0), (B, 3.0), (V, 4.0), (C, 5.0)] {
            rnn.parameters[which] = sines(rnn.parameters[which].len(), phase, 2.3, 0.6);
        }
        let mut losses = Losses::default();
        rnn.fit(Level::best(), &data, None, "golden", &mut losses).unwrap();
        assert_eq!(losses.0.len(), 10);
        for (step, (found, golden)) in losses.0.iter().zip(golden).enumerate() {
            let error = (found - golden).abs();
            assert!(error < 5e-6, "{activation} {clip:?} step {step}: {found} is not {golden}");
        }
    }
}

#[test]
fn it_learns_where_in_a_sequence_something_was() {
    let (train, test) = (data(400), data(100));
    let config = RnnConfig {
        activation: Kind::Relu,
        recurrent: Recurrent::Identity,
        hidden_units: 24,
        batch: 20,
        epochs: 15,
        ..config()
    };
    let mut rnn = Rnn::new(&config, 12, 4, 1).unwrap();
    rnn.fit(Level::best(), &train, None, "order", &mut Silent).unwrap();
    let predicted = rnn.predict(Level::best(), &test).unwrap();
    let accuracy = crate::metrics::accuracy(&test.labels, &predicted);
    assert!(accuracy > 0.9, "{accuracy}");
}

/// Remembers the longest gradient.
#[derive(Default)]
struct Longest(f64);

impl Observer for Longest {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let norms = epoch.metrics.iter().filter(|(name, _)| *name == "gradient_norm");
        self.0 = norms.fold(self.0, |longest, &(_, norm)| longest.max(norm));
    }
}

/// With a plain step of rate 1, parameters move by at most the bound a step.
#[test]
fn a_clipped_step_is_no_longer_than_the_bound() {
    let data = data(6);
    let sgd = RnnConfig { optimiser: Optimiser::sgd(1.0, 0.0), epochs: 1, ..config() };
    let moved = |clip| {
        let mut rnn = Rnn::new(&RnnConfig { clip, ..sgd }, 12, 4, 1).unwrap();
        let before = rnn.parameters().concat();
        let mut longest = Longest::default();
        rnn.fit(Level::best(), &data, None, "clip", &mut longest).unwrap();
        let squares = rnn.parameters().concat();
        let squares = squares.iter().zip(&before).map(|(a, b)| f64::from(a - b).powi(2));
        (squares.sum::<f64>().sqrt(), longest.0)
    };
    let (free, norm) = moved(None);
    assert!(norm > 0.1 && (free / norm - 1.0).abs() < 1e-4, "{free} {norm}");
    let (bound, before) = moved(Some(0.05));
    assert!((bound / 0.05 - 1.0).abs() < 1e-4 && before == norm, "{bound}");
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    for (name, bad) in [
        ("steps", RnnConfig { steps: 5, ..config() }),
        ("steps", RnnConfig { steps: 0, ..config() }),
        ("hidden_units", RnnConfig { hidden_units: 0, ..config() }),
        ("activation", RnnConfig { activation: Kind::Gelu, ..config() }),
        ("clip", RnnConfig { clip: Some(0.0), ..config() }),
        ("gain", RnnConfig { recurrent: Recurrent::Normal { gain: -1.0 }, ..config() }),
        ("batch", RnnConfig { batch: 0, ..config() }),
    ] {
        let error = Rnn::new(&bad, 12, 4, 1).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
    }
    let mut rnn = Rnn::new(&config(), 12, 2, 1).unwrap();
    let error = rnn.fit(Level::best(), &data(9), None, "labels", &mut Silent).unwrap_err();
    assert!(matches!(error, TrainError::Label { .. }), "{error}");
    let wild = RnnConfig {
        recurrent: Recurrent::Normal { gain: 1e30 },
        activation: Kind::Relu,
        ..config()
    };
    let mut rnn = Rnn::new(&wild, 12, 4, 1).unwrap();
    let error = rnn.fit(Level::best(), &data(9), None, "wild", &mut Silent).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
}
