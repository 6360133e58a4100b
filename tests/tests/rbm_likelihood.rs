//! ln Z of tiny RBMs against sums over all their states from the definition, and integrals; the mixture of
//! Bernoullis against data that come from one.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_kernels::{Level, units::Unit};
use halfwave_tests::{boltzmann::Tiny, inputs};
use halfwave_trainer::{
    TrainError,
    mixture::{Mixture, MixtureConfig},
    rbm::{AisConfig, Average, Rbm, RbmConfig, Temperatures, Visible},
};

const DRELU: Unit = Unit::Drelu { gamma: 4.0, theta: 0.5 };

const HIDDEN: [Unit; 6] = [
    Unit::Bernoulli,
    Unit::Binomial { trials: 2 },
    Unit::Ssu { copies: 3 },
    Unit::Gaussian,
    Unit::TruncatedGaussian,
    DRELU,
];

/// Gaussian units with σ = 1 and with others.
const VISIBLE: [(Visible, bool); 4] = [
    (Visible::Bernoulli, false),
    (Visible::Potts { categories: 3 }, false),
    (Visible::Gaussian, false),
    (Visible::Gaussian, true),
];

fn is_continuous(hidden: Unit) -> bool {
    matches!(hidden, Unit::Gaussian | Unit::TruncatedGaussian | DRELU)
}

/// A machine of moderate weights with so many hidden units, one where an integral has to be done.
fn tiny((visible, sigma): (Visible, bool), hidden: Unit, units: usize) -> (Tiny, Rbm) {
    let v = if visible == Visible::Bernoulli { 5 } else { 6 };
    let integral = visible == Visible::Gaussian && is_continuous(hidden);
    let (h, bound) = if integral { (1, 0.35) } else { (units, 1.0) };
    let tiny = Tiny {
        visible,
        hidden,
        w: inputs::uniform(v * h, 1, -bound, bound),
        b: inputs::uniform(v, 2, -0.8, 0.8),
        c: inputs::uniform(h, 3, -0.8, 0.8),
        sigma: sigma.then(|| inputs::uniform(v, 4, 0.3, 3.0)),
    };
    let rbm = tiny.rbm(&RbmConfig::new(visible, hidden, h), 1).unwrap();
    (tiny, rbm)
}

/// With few hidden units their states are summed over, with many those of the visible units.
#[test]
fn exact_log_z_is_the_sum_over_all_states() {
    for visible in VISIBLE {
        for hidden in HIDDEN {
            for units in [2, 4] {
                let (tiny, rbm) = tiny(visible, hidden, units);
                if visible.0 == Visible::Gaussian && is_continuous(hidden) {
                    let limit = Rbm::MAX_STATES;
                    assert_eq!(rbm.log_z_exact(), Err(TrainError::TooManyStates { limit }));
                    continue;
                }
                let (found, expected) = (rbm.log_z_exact().unwrap(), tiny.log_z());
                let error = (found - expected).abs() / expected.abs();
                assert!(error < 1e-10, "{visible:?} {hidden} {units}: {found} {expected}");
            }
        }
    }
}

/// Every pair of units, those with an integral over both layers too.
#[test]
fn annealing_is_within_its_interval() {
    for visible in VISIBLE {
        for hidden in HIDDEN {
            let (tiny, rbm) = tiny(visible, hidden, 3);
            let temperatures = Temperatures::Linear { steps: 200 };
            let config = AisConfig { chains: 1000, temperatures, ..AisConfig::default() };
            let found = rbm.ais(Level::best(), &config).unwrap();
            let ((low, high), expected) = (found.interval, tiny.log_z());
            assert!(
                low <= expected && expected <= high,
                "{visible:?} {hidden}: {found:?} {expected}"
            );
            assert!(high - low < 0.3, "{visible:?} {hidden}: {low} to {high}");
        }
    }
}

/// 16 hidden units: the sum that the experiment takes, against annealing.
#[test]
fn sixteen_hidden_units_can_be_summed() {
    let (v, h) = (100, 16);
    let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, h);
    let (w, b) = (inputs::uniform(v * h, 1, -0.3, 0.3), inputs::uniform(v, 2, -2.0, 1.0));
    let rbm = Rbm::from_parameters(&config, &w, &b, &vec![-0.5; h], 1).unwrap();
    let temperatures = Temperatures::Linear { steps: 1000 };
    let ais = AisConfig { base: Some(b.clone()), temperatures, ..AisConfig::default() };
    let (found, exact) = (rbm.ais(Level::best(), &ais).unwrap(), rbm.log_z_exact().unwrap());
    assert!((found.interval.0..=found.interval.1).contains(&exact), "{found:?} {exact}");
}

/// Rows from two components that hardly overlap: their entropy is what no model can beat.
#[test]
fn a_mixture_learns_the_distribution_of_its_data() {
    let (width, rows) = (20, 4000);
    let u = inputs::uniform(width * rows, 5, 0.0, 1.0);
    let p = |row: usize, i: usize| if row.is_multiple_of(2) == (i < 10) { 0.9 } else { 0.2 };
    let x: Vec<f32> = (0..width * rows)
        .map(|at| f32::from(u8::from(u[at] < p(at / width, at % width))))
        .collect();
    let (train, test) = x.split_at(x.len() / 2);
    let log = |components: usize| {
        let config = MixtureConfig { components, epochs: 30, smoothing: 0.5 };
        let mixture = Mixture::fit(Level::best(), &config, train, width, 1).unwrap();
        Average::of(&mixture.log_likelihood(Level::best(), test).unwrap())
    };
    let entropy = |p: f64| -(p * p.ln() + (1.0 - p) * (1.0 - p).ln());
    let best = -(2.0_f64.ln() + 10.0 * entropy(0.9) + 10.0 * entropy(0.2));
    let (one, two) = (log(1), log(2));
    assert!((two.mean - best).abs() < 5.0 * two.standard_error, "{} {best}", two.mean);
    assert!(one.mean < best - 3.0, "{} {best}", one.mean);
}

#[test]
fn all_rows_of_a_mixture_add_up_to_one() {
    let x: Vec<f32> =
        (0..256).flat_map(|s| (0..8).map(move |i| f32::from((s >> i & 1) as u8))).collect();
    let config = MixtureConfig { components: 7, epochs: 3, smoothing: 0.1 };
    let mixture = Mixture::fit(Level::best(), &config, &x[..8 * 40], 8, 1).unwrap();
    let logs = mixture.log_likelihood(Level::best(), &x).unwrap();
    let total: f64 = logs.iter().map(|l| l.exp()).sum();
    assert!((total - 1.0).abs() < 1e-5, "{total}");
}

#[test]
fn a_mixture_of_what_makes_no_sense_is_an_error() {
    let fit = |components, smoothing, x: &[f32]| {
        let config = MixtureConfig { components, epochs: 1, smoothing };
        Mixture::fit(Level::best(), &config, x, 2, 1).unwrap_err()
    };
    let x = [0.0, 1.0, 1.0, 1.0];
    let name = |error| match error {
        TrainError::Setting { name, .. } => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(fit(0, 0.1, &x)), "components");
    assert_eq!(name(fit(3, 0.1, &x)), "components");
    assert_eq!(name(fit(1, 0.0, &x)), "smoothing");
    assert_eq!(name(fit(1, f32::NAN, &x)), "smoothing");
    assert_eq!(fit(1, 0.1, &[]), TrainError::Empty);
    let error = fit(1, 0.1, &[0.0, 0.5]);
    assert_eq!(error, TrainError::NotBinary { row: 0, column: 1, value: 0.5 });
    assert!(matches!(fit(1, 0.1, &[0.0; 3]), TrainError::Shape { .. }));
}
