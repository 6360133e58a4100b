//! dReLU units: two truncated Gaussians, each in its tail or not, against closed forms and integrals.

use halfwave_kernels::{
    Level,
    rng::Stream,
    units::{self, Unit},
};
use halfwave_tests::{
    compare::levels,
    distributions::{
        FIGURES, FIVE, Moments, N, TESTS, continuous_test, moments, places, samples, sides,
        truncated_mean, worst,
    },
    inputs,
    statistics::{FAILS_BELOW, largest},
    ulp::error_in_ulp,
};

/// Sparse and leaky; two modes, and the negative side soft; Gaussian; nearly a truncated Gaussian.
const DRELUS: [Unit; 4] = [
    Unit::Drelu { gamma: 4.0, theta: 0.5 },
    Unit::Drelu { gamma: 0.25, theta: -2.0 },
    Unit::Drelu { gamma: 1.0, theta: 0.0 },
    Unit::Drelu { gamma: 1024.0, theta: 0.0 },
];

/// The ends of the parameters' ranges.
const EXTREMES: [Unit; 4] = [
    Unit::Drelu { gamma: 1.0 / 1024.0, theta: 100.0 },
    Unit::Drelu { gamma: 1.0 / 1024.0, theta: -100.0 },
    Unit::Drelu { gamma: 1024.0, theta: 100.0 },
    Unit::Drelu { gamma: 1024.0, theta: -100.0 },
];

#[test]
fn mean_and_variance_are_those_of_the_closed_forms() {
    for unit in DRELUS {
        let worst = worst(unit, samples(unit, N));
        println!("{unit}: worst p-values {worst:?}");
        for (figure, p) in FIGURES.iter().zip(worst) {
            assert!(p >= FIVE, "{figure} of {unit}: p = {p:e}");
        }
    }
}

#[test]
fn the_distribution_is_that_of_the_closed_form() {
    // Both sides far in their tails, or both far from 0.
    let (sparse, split) =
        (Unit::Drelu { gamma: 3.0, theta: 50.0 }, Unit::Drelu { gamma: 2.0, theta: -50.0 });
    // Where x₊ = x₋, and both modes have a share.
    let even = -50.0 * (1.0 - 0.5_f32.sqrt()) / (1.0 + 0.5_f32.sqrt());
    let everywhere: Vec<f32> = places().map(|(x, _)| x).collect();
    for (unit, places) in [
        (DRELUS[0], &everywhere[..]),
        (DRELUS[1], &everywhere),
        (DRELUS[0], &[-60.0, -14.5, 14.5, 60.0]),
        (sparse, &[-100.0, -20.0, 0.0, 1.0, 30.0, 100.0]),
        (split, &[-60.0, even, even + 0.01, 0.0, 60.0]),
        // As far as an f32 has 10⁴ values in a deviation.
        (EXTREMES[0], &[-120.0, -100.0, 0.0, 100.0, 300.0]),
        (EXTREMES[1], &[90.0, 99.0, 100.0, 110.0, 300.0]),
        (EXTREMES[2], &[-300.0, -100.0, 0.0, 100.0, 300.0]),
        (EXTREMES[3], &[-300.0, -100.0, 0.0, 100.0, 300.0]),
    ] {
        let places = places.iter().copied().zip(9000..);
        let p = continuous_test(unit, places, samples(unit, N));
        println!("{unit}: worst p-values {p:?}");
        for (test, p) in TESTS.iter().zip(p) {
            assert!(p >= FAILS_BELOW, "{test} of {unit}: p = {p:e}");
        }
    }
}

/// Samples of a unit that is wrong, for a pre-activation and a seed.
type Sampler<'a> = &'a dyn Fn(f32, u64) -> Vec<f32>;

#[test]
fn other_double_rectifiers_are_noticed() {
    let unit @ Unit::Drelu { gamma, theta } = DRELUS[0] else { unreachable!() };
    // A Gaussian through the rectifier that the modes follow.
    let bent = |x: f32, seed| {
        let bend = |z: f32| (z - theta).max(0.0) + (z + theta).min(0.0) / gamma;
        samples(Unit::Gaussian, N)(x, seed).into_iter().map(bend).collect()
    };
    // Both sides of the same stiffness, one then scaled: the odds lack 1/√γ.
    let odds = |x: f32, seed| {
        let equal = Unit::Drelu { gamma: 1.0, theta };
        let scale = |h: f32| if h < 0.0 { h / gamma.sqrt() } else { h };
        samples(equal, N)(x, seed).into_iter().map(scale).collect()
    };
    // θ₋ with the sign that min(h, 0) has in the paper's text: both thresholds move one way.
    let moved = |x: f32, seed| samples(Unit::Drelu { gamma, theta: 0.0 }, N)(x - theta, seed);
    let wrong: [(&str, Sampler<'_>); 3] =
        [("a bent Gaussian", &bent), ("equal odds", &odds), ("a moved input", &moved)];
    for (what, wrong) in wrong {
        for (test, p) in TESTS.iter().zip(continuous_test(unit, places().step_by(7), wrong)) {
            assert!(p < FAILS_BELOW, "{test} does not notice {what}: {p:e}");
        }
        for (figure, p) in FIGURES.iter().zip(worst(unit, wrong)).skip(1) {
            assert!(p < FIVE, "{figure} does not notice {what}: {p:e}");
        }
    }
}

/// The closed forms that the tests take for the truth, against Simpson's rule.
#[test]
fn moments_of_double_rectifiers_are_their_integrals() {
    for unit in DRELUS {
        let Unit::Drelu { gamma, theta } = unit else { unreachable!() };
        let (gamma, theta) = (f64::from(gamma), f64::from(theta));
        for x in [-8.0, -2.3, -0.1, 0.0, 0.7, 3.0, 11.0] {
            let mut integrals = [0.0; 5];
            for sign in [1.0, -1.0] {
                let stiffness = if sign < 0.0 { gamma } else { 1.0 };
                // To 12 deviations beyond the mode.
                let end = (((sign * x - theta) / stiffness).max(0.0)) + 12.0 / stiffness.sqrt();
                let step = end / 20_000.0;
                for i in 0..=20_000 {
                    let weight = if i % 20_000 == 0 { 1.0 } else { f64::from(2 + i % 2 * 2) };
                    let t = f64::from(i) * step;
                    let density = ((sign * x - theta) * t - 0.5 * stiffness * t * t).exp();
                    for (k, integral) in integrals.iter_mut().enumerate() {
                        *integral += weight * step * density * (sign * t).powi(k as i32);
                    }
                }
            }
            let raw = std::array::from_fn(|k| integrals[k + 1] / integrals[0]);
            let (found, expected) = (moments(unit, x), Moments::raw(0.0, raw));
            for (found, expected) in [
                (found.mean, expected.mean),
                (found.variance, expected.variance),
                (found.fourth, expected.fourth),
            ] {
                let error = (found - expected).abs();
                assert!(error < 1e-8 * (1.0 + expected.abs()), "{unit} at {x}: {found} {expected}");
            }
        }
    }
}

#[test]
fn means_are_as_accurate_as_their_documentation_says() {
    let x = inputs::uniform(200_000, 1, -110.0, 110.0)
        .into_iter()
        .chain(inputs::uniform(200_000, 2, -9.0, 9.0))
        .collect::<Vec<_>>();
    let mut y = vec![0.0; x.len()];
    for unit in DRELUS.into_iter().chain(EXTREMES) {
        units::mean(Level::best(), unit, &x, &mut y);
        let errors = x.iter().zip(&y).map(|(&x, &y)| {
            assert!(y.is_finite(), "mean of {unit} at {x}: {y}");
            let exact = moments(unit, f64::from(x)).mean;
            let error = (f64::from(y) - exact).abs();
            let terms = sides(unit, f64::from(x)).map(|s| s.share * s.scale * truncated_mean(s.x));
            // In units in the last place, less what cancels.
            let beyond = (1.0 - 3e-9 * terms[0].max(terms[1]) / error).max(0.0);
            (beyond * error_in_ulp(y, exact), (x, y))
        });
        let (worst, (x, y)) = largest(errors);
        println!("mean of {unit}: {worst:.3} ULP at x = {x:e} ({y:e})");
        assert!(worst <= 0.51, "mean of {unit}: {worst} ULP at x = {x:e} ({y:e})");
    }
}

/// A line on each side, and infinities.
#[test]
fn far_away_units_are_linear() {
    for (level, unit) in levels().into_iter().flat_map(|level| DRELUS.map(|unit| (level, unit))) {
        let Unit::Drelu { gamma, theta } = unit else { unreachable!() };
        let run = |x: f32| {
            let (mut mean, mut y) = ([0.0; 35], [0.0; 35]);
            let noise = Stream::new(3).at(0);
            units::sample_with_mean(level, unit, noise, &[x; 35], &mut mean, &mut y);
            [mean, y].concat()
        };
        for (x, stiffness) in [(1e4_f32, 1.0), (1e30, 1.0), (-1e4, gamma), (-1e30, gamma)] {
            let expected = (x - theta * x.signum()) / stiffness;
            // Samples are to 6.4 deviations.
            let most = 6.4 / stiffness.sqrt() + 1e-6 * expected.abs();
            let found = run(x);
            let near = |y: &f32| (y - expected).abs() <= most;
            assert!(found.iter().all(near), "{unit} at {x} on {level}: {found:?}");
        }
        for x in [f32::INFINITY, f32::NEG_INFINITY] {
            let found = run(x);
            assert!(found.iter().all(|&y| y == x), "{unit} at {x} on {level}: {found:?}");
        }
    }
}
