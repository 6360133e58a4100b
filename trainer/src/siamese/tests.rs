//! Gradients, invariance, learning, and settings and data that make no sense.

use super::*;
use crate::observe::Silent;

const FEATURES: usize = 5;
const UNITS: usize = 7;

fn config(activation: Kind) -> SiameseConfig {
    SiameseConfig {
        activation,
        hidden_units: UNITS,
        optimiser: Optimiser::sgd(0.05, 0.9),
        schedule: Schedule::Constant,
        batch: 4,
        epochs: 20,
    }
}

fn pair(first: u32, second: u32, same: bool) -> Pair {
    Pair { first, second, same }
}

/// Ten images, none of them flat.
fn images() -> Vec<f32> {
    (0..10 * FEATURES).map(|i| (i as f32 * 1.7).sin() + 0.3 * (i as f32 * 0.31).cos()).collect()
}

fn pairs() -> Vec<Pair> {
    (0..8).map(|i| pair(i, (3 * i + 1) % 10, i % 3 == 0)).collect()
}

/// The sum of the losses in f64, from the definition.
fn loss(activation: Kind, w: &[f64], [scale, shift]: [f64; 2], verdict: &Verdict) -> f64 {
    let x = images();
    let features = |row: u32| -> Vec<f64> {
        let x = &x[row as usize * FEATURES..][..FEATURES];
        let input = |j| x.iter().enumerate().map(|(i, &x)| f64::from(x) * w[i * UNITS + j]).sum();
        (0..UNITS).map(|j| activation.definition(input(j))).collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let [mean, deviation] = verdict.standardisation();
    pairs()
        .iter()
        .map(|pair| {
            let (a, b) = (features(pair.first), features(pair.second));
            let d = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let z = scale * (d - mean) / deviation + shift;
            (1.0 + (if pair.same { -z } else { z }).exp()).ln()
        })
        .sum()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for activation in [Kind::Relu, Kind::Sigmoid, Kind::Softplus] {
        let mut network = Siamese::new(&config(activation), FEATURES, 3).unwrap();
        let (level, x, pairs) = (Level::best(), images(), pairs());
        let mut verdict = Verdict::new(&network.cosines(level, &x, &pairs).unwrap());
        verdict.parameters = [1.3, -0.4];
        network.verdict = Some(verdict);
        network.config.batch = pairs.len();
        let w: Vec<f64> = network.weights().iter().map(|&w| f64::from(w)).collect();
        let parameters = verdict.parameters.map(f64::from);

        let mut fit = Fit::new(&mut network, level, &x, &pairs, None).unwrap();
        let of_network = fit.gradients(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let (batch, df) = (&fit.tape.x, &fit.df);
        let expected = loss(activation, &w, parameters, &verdict);
        assert!((of_network - expected).abs() < 1e-4, "{of_network} {expected}");

        const H: f64 = 1e-5;
        for i in 0..w.len() {
            let at = |h: f64| {
                let mut w = w.clone();
                w[i] += h;
                loss(activation, &w, parameters, &verdict)
            };
            let expected = (at(H) - at(-H)) / (2.0 * H);
            let (row, column) = (i / UNITS, i % UNITS);
            let products = batch.chunks(FEATURES).zip(df.chunks(UNITS));
            let found: f64 =
                products.map(|(x, df)| f64::from(x[row]) * f64::from(df[column])).sum();
            assert!(
                (found - expected).abs() < 2e-4 * expected.abs().max(1.0),
                "{i}: {found} {expected}"
            );
        }
        for i in 0..2 {
            let at = |h: f64| {
                let mut parameters = parameters;
                parameters[i] += h;
                loss(activation, &w, parameters, &verdict)
            };
            let (found, expected) = (f64::from(fit.gradient[i]), (at(H) - at(-H)) / (2.0 * H));
            assert!(
                (found - expected).abs() < 1e-4 * expected.abs().max(1.0),
                "{i}: {found} {expected}"
            );
        }
    }
}

/// Exactly so for powers of two, to rounding for others; sigmoids are not invariant.
#[test]
fn intensity_moves_no_cosine_of_rectifiers() {
    let (level, x, pairs) = (Level::best(), images(), pairs());
    let scaled = |factor: f32| -> Vec<f32> {
        let rows = x.chunks(FEATURES).enumerate();
        rows.flat_map(|(i, row)| row.iter().map(move |x| if i % 2 == 0 { x * factor } else { *x }))
            .collect()
    };
    let of = |activation, x: &[f32]| {
        let mut network = Siamese::new(&config(activation), FEATURES, 3).unwrap();
        network.verdict = Some(Verdict::new(&[0.1, 0.9]));
        network.probabilities(&network.cosines(level, x, &pairs).unwrap())
    };
    let largest =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let [plain, binary] = [Kind::Relu, Kind::Sigmoid].map(|kind| of(kind, &x));
    assert_eq!(of(Kind::Relu, &scaled(0.25)), plain);
    for factor in [0.3, 7.7] {
        assert!(largest(&of(Kind::Relu, &scaled(factor)), &plain) < 1e-5);
        assert!(largest(&of(Kind::Sigmoid, &scaled(factor)), &binary) > 1e-2);
    }
}

/// Images of two classes: a pattern times a contrast, and noise.
fn two_classes(images: u32) -> (Vec<f32>, Vec<Pair>) {
    let value = |i: u32, feature: u32| {
        let pattern = if (feature < 8) == i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let noise = ((i * 16 + feature) as f32 * 12.9898).sin();
        (1.0 + (i % 5) as f32) * (0.2 * pattern + noise)
    };
    let x = (0..images).flat_map(|i| (0..16).map(move |feature| value(i, feature))).collect();
    let pairs = (0..images).flat_map(|i| (1..4).map(move |step| (i, (i + step * 7) % images)));
    (x, pairs.map(|(a, b)| pair(a, b, a % 2 == b % 2)).collect())
}

#[test]
fn synthetic_pairs_are_learned() {
    let (x, pairs) = two_classes(200);
    for activation in [Kind::Relu, Kind::Sigmoid] {
        let config =
            SiameseConfig { hidden_units: 32, batch: 20, epochs: 60, ..config(activation) };
        let mut network = Siamese::new(&config, 16, 1).unwrap();
        network.fit(Level::best(), &x, &pairs, Some(&pairs), "pairs", &mut Silent).unwrap();
        let PairEvaluation { loss, accuracy } =
            network.evaluate(Level::best(), &x, &pairs).unwrap();
        assert!(accuracy > 0.95 && loss < 0.2, "{activation}: {accuracy} {loss}");
    }
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let good = || config(Kind::Relu);
    let sgd = |learning_rate, momentum| Optimiser::sgd(learning_rate, momentum);
    for (name, bad) in [
        ("hidden_units", SiameseConfig { hidden_units: 0, ..good() }),
        ("batch", SiameseConfig { batch: 0, ..good() }),
        ("learning_rate", SiameseConfig { optimiser: sgd(0.0, 0.0), ..good() }),
        ("momentum", SiameseConfig { optimiser: sgd(0.1, 1.0), ..good() }),
        ("schedule.epochs", SiameseConfig { schedule: Schedule::Linear { epochs: 0 }, ..good() }),
    ] {
        let error = Siamese::new(&bad, FEATURES, 1).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
    }
    let error = Siamese::new(&good(), 0, 1).unwrap_err();
    assert_eq!(error.to_string(), "features: expected at least 1, found 0");
    let huge = SiameseConfig { hidden_units: 1 << 40, ..good() };
    assert!(matches!(Siamese::new(&huge, FEATURES, 1), Err(TrainError::Memory { .. })));
}

#[test]
fn data_that_do_not_fit_are_errors() {
    let fit = |config: &SiameseConfig, x: &[f32], pairs: &[Pair]| {
        let mut network = Siamese::new(config, FEATURES, 1)?;
        network.fit(Level::best(), x, pairs, None, "test", &mut Silent)
    };
    let (config, x) = (config(Kind::Relu), images());
    assert_eq!(fit(&config, &x, &pairs()), Ok(()));
    assert_eq!(fit(&config, &x, &[]), Err(TrainError::Empty));
    assert_eq!(fit(&config, &[], &pairs()), Err(TrainError::Empty));
    assert_eq!(fit(&config, &x, &pairs()[..3]), Err(TrainError::Batch { batch: 4, rows: 3 }));
    assert!(matches!(fit(&config, &x[1..], &pairs()), Err(TrainError::Shape { .. })));
    let mut nan = x.clone();
    nan[7] = f32::NAN;
    assert!(matches!(fit(&config, &nan, &pairs()), Err(TrainError::NotFinite { row: 1, .. })));
    let mut bad = pairs();
    bad[2].second = 10;
    let error = fit(&config, &x, &bad).unwrap_err();
    assert_eq!(error.to_string(), "row 10 in pair 2: the data have 10 rows, from 0 on");

    let mut network = Siamese::new(&config, FEATURES, 1).unwrap();
    assert!(matches!(network.set_weights(&[0.0; 3]), Err(TrainError::Shape { .. })));
    let nan = [f32::NAN; FEATURES * UNITS];
    assert!(matches!(network.set_weights(&nan), Err(TrainError::NotFinite { .. })));
}

#[test]
fn divergence_is_an_error_that_says_what_to_lower() {
    let optimiser = Optimiser::sgd(1e30, 0.9);
    let config = SiameseConfig { optimiser, ..config(Kind::Relu) };
    let mut network = Siamese::new(&config, FEATURES, 1).unwrap();
    let error =
        network.fit(Level::best(), &images(), &pairs(), None, "wild", &mut Silent).unwrap_err();
    assert!(error.to_string().contains("lower the learning rate"), "{error}");
}

/// Images without any active unit have cosine 0, and the network that met them stays finite.
#[test]
fn images_without_active_units_do_no_harm() {
    let (config, mut x) = (config(Kind::Relu), images());
    x[..2 * FEATURES].fill(0.0);
    let mut network = Siamese::new(&config, FEATURES, 1).unwrap();
    network.fit(Level::best(), &x, &pairs(), None, "flat", &mut Silent).unwrap();
    assert_eq!(network.cosines(Level::best(), &x, &[pair(0, 1, true)]).unwrap(), [0.0]);
    assert!(network.weights().iter().all(|w| w.is_finite()));
}
