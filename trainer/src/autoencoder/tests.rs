use halfwave_kernels::Kind;

use super::*;
use crate::{network::MlpConfig, observe::Silent};

const VISIBLE: usize = 5;
const ROWS: usize = 12;

const ALL: [Reconstruction; 6] = [
    Reconstruction::Softplus,
    Reconstruction::Scaled,
    Reconstruction::LinearBefore,
    Reconstruction::LinearAfter,
    Reconstruction::Rectifier,
    Reconstruction::CrossEntropy,
];

fn config(activation: Kind, reconstruction: Reconstruction) -> AutoEncoderConfig {
    AutoEncoderConfig {
        hidden_units: 7,
        activation,
        reconstruction,
        masking: 0.25,
        l1: 0.03,
        optimiser: Optimiser::sgd(0.05, 0.0),
        batch: ROWS,
        epochs: 1,
    }
}

/// In (0, 1).
fn data(rows: usize) -> Vec<f32> {
    (0..rows * VISIBLE).map(|i| (0.5 + 0.45 * (1.7 * i as f64).sin()) as f32).collect()
}

/// Cost and penalty in `f64`, by definition, of the parameters `[W, b, V, c]` on masked rows.
fn objective(
    config: &AutoEncoderConfig,
    parameters: &[Vec<f64>; 4],
    corrupted: &[f64],
    t: &[f32],
) -> f64 {
    let [w, b, v, c] = parameters;
    let layer = |x: &[f64], w: &[f64], b: &[f64], f: Kind| -> Vec<f64> {
        let z = |j: usize| x.iter().zip(w.chunks(b.len())).map(|(x, w)| x * w[j]).sum::<f64>();
        (0..b.len()).map(|j| f.definition(z(j) + b[j])).collect()
    };
    let row = |(x, t): (&[f64], &[f32])| {
        let h = layer(x, w, b, config.activation);
        let z = layer(&h, v, c, Kind::Identity);
        let of = |(z, &t): (&f64, &f32)| {
            let (z, t) = (*z, f64::from(t));
            match config.reconstruction {
                Reconstruction::Softplus => (z.exp().ln_1p() - t).powi(2),
                Reconstruction::LinearBefore | Reconstruction::LinearAfter => (z - t).powi(2),
                Reconstruction::Rectifier => (z.max(0.0) - t).powi(2),
                Reconstruction::Scaled | Reconstruction::CrossEntropy => {
                    let p = 1.0 / (1.0 + (-z).exp());
                    -t * p.ln() - (1.0 - t) * (1.0 - p).ln()
                }
            }
        };
        let penalty: f64 = h.iter().map(|h| h.abs()).sum();
        z.iter().zip(t).map(of).sum::<f64>() + f64::from(config.l1) * penalty
    };
    corrupted.chunks(VISIBLE).zip(t.chunks(VISIBLE)).map(row).sum()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Every reconstruction, with the noise of a step, against central differences.
#[test]
fn gradients_are_those_of_the_definition() {
    const STEP: f64 = 1e-6;
    let (x, targets) = (data(ROWS), data(2 * ROWS)[ROWS * VISIBLE..].to_vec());
    for (i, reconstruction) in ALL.into_iter().enumerate() {
        for activation in [Kind::Relu, Kind::Tanh, Kind::Softplus] {
            let config = config(activation, reconstruction);
            let model = AutoEncoder::new(&config, VISIBLE, 3 + i as u64).unwrap();
            let level = Level::best();
            let targets = (i % 2 == 0).then_some(&targets[..]);
            let found = model.gradients(level, &x, targets, Mode::Training).unwrap();
            let mut tape = Tape::new(&model.network.chain, ROWS, Mode::Training).unwrap();
            model.network.forward(level, &x, &mut tape, 0);
            let mask = tape.layers[0].mask();
            assert!(mask.contains(&0.0) && mask.contains(&1.0));
            let corrupted: Vec<f64> =
                x.iter().zip(mask).map(|(x, m)| f64::from(*x) * f64::from(*m)).collect();
            let [[w, b], [v, c]] = [model.encoder(), model.decoder()];
            let parameters = [w, b, v, c].map(wide);
            let t = targets.unwrap_or(&x);
            let at = |parameters: &[Vec<f64>; 4]| objective(&config, parameters, &corrupted, t);
            let without_penalty = AutoEncoderConfig { l1: 0.0, ..config };
            let loss = objective(&without_penalty, &parameters, &corrupted, t);
            assert!((found.loss - loss).abs() < 1e-4 * loss, "{} {loss}", found.loss);
            let gradients: Vec<&[f32]> =
                found.parameters.iter().flatten().map(Vec::as_slice).collect();
            for (p, gradient) in gradients.into_iter().enumerate() {
                assert_eq!(gradient.len(), parameters[p].len());
                for (k, &gradient) in gradient.iter().enumerate() {
                    let moved = |by: f64| {
                        let mut parameters = parameters.clone();
                        parameters[p][k] += by;
                        at(&parameters)
                    };
                    let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                    let error = (f64::from(gradient) - expected).abs();
                    assert!(
                        error < 1e-5 + 1e-3 * expected.abs(),
                        "{reconstruction:?} {activation}, {p} {k}: {gradient}, not {expected}"
                    );
                }
            }
        }
    }
}

/// Costs and gradients of PyTorch 2, in `f64`: ‖softplus(h V + c) − x‖², and `binary_cross_entropy_with_logits`, summed,
/// with .01 Σ|h|.
#[test]
fn gradients_are_those_of_torch() {
    let x = [0.1, 0.9, 0.4, 0.7, 0.2, 0.5];
    let wave = |f: fn(f64) -> f64, from: usize| -> Vec<f32> {
        (0..12).map(|i| f((from + i) as f64) as f32).collect()
    };
    let [b, c] = [vec![-0.15, -0.05, 0.05, 0.15], vec![0.2, 0.1, 0.0]];
    let relu: [&[f64]; 4] = [
        &[
            -0.35887099,
            0.37012375,
            -0.07519056,
            0.07083504,
            -0.10253457,
            0.10574964,
            -0.67671502,
            0.63751540,
            -0.25633642,
            0.26437411,
            -0.30076223,
            0.28334018,
        ],
        &[-0.51267285, 0.52874822, -0.75190558, 0.70835044],
        &[
            0.01720026, 0.19124452, 0.06187051, 0.00981292, 0.10910692, 0.03529775, 0.18797999,
            0.02361114, 0.17367972, 0.55209125, 0.06934517, 0.51009181,
        ],
        &[0.77395496, 0.51433642, 0.81650782],
    ];
    let tanh: [&[f64]; 4] = [
        &[
            -0.07072570,
            0.09645753,
            -0.09898776,
            0.07392956,
            -0.07807907,
            0.07054357,
            -0.04720033,
            0.02461309,
            -0.07233884,
            0.08510542,
            -0.07783860,
            0.05412287,
        ],
        &[-0.15795972, 0.18007609, -0.16001907, 0.10904680],
        &[
            -0.38007372,
            0.25765279,
            -0.17093139,
            -0.23623171,
            0.15843787,
            -0.10629986,
            0.15634072,
            -0.11249136,
            0.07008667,
            0.37569483,
            -0.25504734,
            0.16894952,
        ],
        &[0.31037253, -0.00012881, 0.14684755],
    ];
    for (activation, reconstruction, cost, gradients) in [
        (Kind::Relu, Reconstruction::Softplus, 0.9928859089505223, relu),
        (Kind::Tanh, Reconstruction::CrossEntropy, 4.090084482116078, tanh),
    ] {
        let settings = config(activation, reconstruction);
        let settings = AutoEncoderConfig { hidden_units: 4, l1: 0.01, ..settings };
        let mut model = AutoEncoder::new(&settings, 3, 1).unwrap();
        model.network.set_parameters(0, &wave(f64::sin, 1), &b).unwrap();
        model.network.set_parameters(1, &wave(f64::cos, 2), &c).unwrap();
        let found = model.gradients(Level::best(), &x, None, Mode::Noiseless).unwrap();
        assert!((found.loss - cost).abs() < 1e-6, "{}", found.loss);
        for (found, expected) in found.parameters.iter().flatten().zip(gradients) {
            assert!(
                found.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < 2e-6),
                "{found:?}, not {expected:?}"
            );
        }
        assert!((model.evaluate(Level::best(), &x, None).unwrap() - cost / 2.0).abs() < 1e-6);
    }
}

#[test]
fn masking_leaves_the_rest_as_it_is() {
    let settings = AutoEncoderConfig { batch: 4000, ..config(Kind::Relu, ALL[0]) };
    let model = AutoEncoder::new(&settings, VISIBLE, 9).unwrap();
    let (level, x) = (Level::best(), data(4000));
    let mut tape = Tape::new(&model.network.chain, 4000, Mode::Training).unwrap();
    model.network.forward(level, &x, &mut tape, 0);
    let corrupted = tape.layers[0].output.clone();
    assert!(corrupted.iter().zip(&x).all(|(c, x)| *c == 0.0 || c == x));
    // 20,000 draws: the share has a standard error of .003.
    let share = corrupted.iter().filter(|&&c| c == 0.0).count() as f64 / corrupted.len() as f64;
    assert!((share - 0.25).abs() < 0.015, "{share}");
    model.network.forward(level, &x, &mut tape, 1);
    assert!(tape.layers[0].output != corrupted);
}

#[test]
fn two_epochs_are_one_and_another() {
    let (level, x) = (Level::best(), data(60));
    let fitted = |epochs, calls| {
        let settings = AutoEncoderConfig { epochs, ..config(Kind::Relu, ALL[0]) };
        let mut model = AutoEncoder::new(&settings, VISIBLE, 4).unwrap();
        for _ in 0..calls {
            model.fit(level, &x, None, "test", &mut Silent).unwrap();
        }
        [model.encoder(), model.decoder()].concat().concat()
    };
    assert_eq!(fitted(2, 1), fitted(1, 2));
    assert!(fitted(2, 1) != fitted(1, 1));
}

/// A network with the weights of the stack has the features that the stack was trained on, whatever these were divided
/// by.
#[test]
fn stacks_are_unrolled() {
    let (level, x) = (Level::best(), data(60));
    for (activation, reconstruction) in [
        (Kind::Relu, Reconstruction::Softplus),
        (Kind::Relu, Reconstruction::Scaled),
        (Kind::Relu, Reconstruction::LinearBefore),
        (Kind::Tanh, Reconstruction::CrossEntropy),
    ] {
        let settings = config(activation, reconstruction);
        let configs = [settings, AutoEncoderConfig { hidden_units: 4, ..settings }];
        let trained = stack(level, &x, VISIBLE, &configs, 5, "test", &mut Silent).unwrap();
        let mut first = AutoEncoder::new(&configs[0], VISIBLE, 5).unwrap();
        first.fit(level, &x, None, "test", &mut Silent).unwrap();
        assert_eq!(trained.filters(), first.encoder()[0]);

        let mut network = Network::mlp(
            &MlpConfig {
                sizes: vec![VISIBLE, 7, 4, 2],
                activation,
                dropout: 0.0,
                head: Head::Softmax,
                optimiser: Optimiser::adam(),
                batch: 1,
                epochs: 1,
            },
            1,
        )
        .unwrap();
        trained.unroll(&mut network).unwrap();
        let mut below = first.encode(level, &x);
        let mut maxima = [1.0; 7];
        if reconstruction == Reconstruction::Scaled {
            for (j, maximum) in maxima.iter_mut().enumerate() {
                let most = below.iter().skip(j).step_by(7).fold(0.0_f32, |m, &h| m.max(h));
                *maximum = if most == 0.0 { 1.0 } else { most };
            }
            below.iter_mut().enumerate().for_each(|(i, h)| *h /= maxima[i % 7]);
        }
        let targets: Option<Vec<f32>> = match reconstruction {
            Reconstruction::LinearBefore => {
                let [w, b] = first.encoder();
                let z = |row: &[f32], j: usize| {
                    row.iter().zip(w.chunks(7)).map(|(x, w)| x * w[j]).sum::<f32>() + b[j]
                };
                Some(x.chunks(VISIBLE).flat_map(|row| (0..7).map(move |j| z(row, j))).collect())
            }
            Reconstruction::CrossEntropy => Some(below.iter().map(|h| (1.0 + h) / 2.0).collect()),
            _ => None,
        };
        let mut second = AutoEncoder::new(&configs[1], 7, crate::stack::seed_of(1, 5)).unwrap();
        second.fit(level, &below, targets.as_ref().map(Rows::from), "test", &mut Silent).unwrap();
        let [w, b] = network.parameters()[1];
        assert!(b.iter().zip(second.encoder()[1]).all(|(a, b)| (a - b).abs() < 1e-5));
        for (k, (&w, &of_scaled)) in w.iter().zip(second.encoder()[0]).enumerate() {
            assert!((w - of_scaled / maxima[k / 4]).abs() < 1e-5, "{reconstruction:?} {k}");
        }
    }
}

#[test]
fn data_and_settings_that_do_not_fit_are_errors() {
    let (level, x) = (Level::best(), data(ROWS));
    let model =
        |reconstruction| AutoEncoder::new(&config(Kind::Relu, reconstruction), VISIBLE, 1).unwrap();
    let fit = |reconstruction, x: &[f32], t: Option<&[f32]>| {
        model(reconstruction).fit(level, x, t.map(Rows::from), "test", &mut Silent)
    };
    assert_eq!(fit(ALL[1], &x, Some(&x)), Ok(()));
    assert_eq!(fit(ALL[0], &[], None), Err(TrainError::Empty));
    assert!(matches!(fit(ALL[0], &x[1..], None), Err(TrainError::Shape { .. })));
    let few = &x[VISIBLE..];
    let (expected, found) = (ROWS, ROWS - 1);
    let error = TrainError::Shape { name: "targets", expected, found };
    assert_eq!(fit(ALL[0], &x, Some(few)), Err(error));
    assert_eq!(fit(ALL[0], few, None), Err(TrainError::Batch { batch: ROWS, rows: ROWS - 1 }));
    let mut bad = x.clone();
    bad[VISIBLE + 2] = 1.5;
    assert_eq!(fit(Reconstruction::Softplus, &bad, None), Ok(()));
    let error = fit(Reconstruction::Scaled, &bad, None).unwrap_err();
    assert_eq!(error, TrainError::Target { row: 1, column: 2, value: 1.5 });
    bad[0] = f32::NAN;
    assert!(matches!(fit(ALL[0], &bad, None), Err(TrainError::NotFinite { .. })));

    let settings = |change: fn(&mut AutoEncoderConfig)| {
        let mut config = config(Kind::Relu, ALL[0]);
        change(&mut config);
        AutoEncoder::new(&config, VISIBLE, 1).unwrap_err().to_string()
    };
    assert!(settings(|c| c.masking = 1.0).contains("0 to below 1"));
    assert!(settings(|c| c.l1 = -1.0).contains("weight"));
    assert!(settings(|c| c.hidden_units = 0).contains("units"));
    assert!(settings(|c| c.batch = 0).contains("batch"));
    assert!(stack(level, &x, VISIBLE, &[], 1, "test", &mut Silent).is_err());
    let wild = Optimiser::sgd(1e9, 0.0);
    let config = AutoEncoderConfig { optimiser: wild, epochs: 9, ..config(Kind::Relu, ALL[0]) };
    let error = stack(level, &x, VISIBLE, &[config], 1, "wild", &mut Silent).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
}

#[test]
fn settings_are_read_and_written() {
    let config = config(Kind::Relu, Reconstruction::LinearBefore);
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("reconstruction = \"linear_before\""), "{text}");
    assert_eq!(toml::from_str::<AutoEncoderConfig>(&text).unwrap(), config);
}
