//! Stochastic units: special values, names, and the accuracy of their means.

use halfwave_kernels::{
    Kind, Level, forward,
    rng::Stream,
    units::{self, Unit},
};
use halfwave_tests::{
    compare::levels,
    distributions::{copies, sigmoid, truncated_mean},
    inputs,
    statistics::{self, normal_density, normal_mean_excess},
    ulp::error_in_ulp,
};

#[test]
fn nan_is_nan_and_certain_units_are_certain() {
    for level in levels() {
        for &unit in Unit::ALL {
            let run = |x: f32| {
                let (mut mean, mut y) = ([0.0; 35], [0.0; 35]);
                let noise = Stream::new(3).at(0);
                units::sample_with_mean(level, unit, noise, &[x; 35], &mut mean, &mut y);
                (mean, y)
            };
            let (mean, y) = run(f32::NAN);
            assert!(mean.iter().chain(&y).all(|y| y.is_nan()), "{unit} on {level}");
            if matches!(unit, Unit::Gaussian | Unit::Drelu { .. }) {
                continue;
            }
            // The limit from below, where truncated Gaussians are 1/|x|.
            for x in [-200.0, -1e30, f32::NEG_INFINITY] {
                let (mean, y) = run(x);
                let most = if unit == Unit::TruncatedGaussian { 25.0 / -x } else { 0.0 };
                let most = most.max(f32::MIN_POSITIVE);
                assert!(mean.iter().chain(&y).all(|&y| (0.0..=most).contains(&y)), "{unit} at {x}");
            }
            let top = match unit {
                Unit::Bernoulli => Some(1.0),
                Unit::Ssu { copies } => Some(copies as f32),
                Unit::Binomial { trials } => Some(trials as f32),
                _ => None,
            };
            for x in [200.0, 1e30, f32::INFINITY] {
                let (mean, y) = run(x);
                let all = |expected| mean.iter().chain(&y).all(|&y| y == expected);
                match top {
                    Some(top) => assert!(all(top), "{unit} at {x} on {level}: {mean:?}, {y:?}"),
                    None if x > 1e20 => assert!(all(x), "{unit} at {x} on {level}"),
                    None => {}
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "ssu: expected copies from 1 to 65536, as in `ssu(8)`; found `0`")]
fn no_copies_are_refused() {
    let unit = Unit::Ssu { copies: 0 };
    units::sample_in_place(Level::best(), unit, Stream::new(1).at(0), &mut [0.0]);
}

#[test]
fn names_are_read_and_written() {
    for &unit in Unit::ALL {
        assert_eq!(unit.to_string().parse(), Ok(unit));
    }
    assert_eq!("binomial(65536)".parse(), Ok(Unit::Binomial { trials: 65_536 }));
    for wrong in ["ssu", "ssu()", "ssu(0)", "ssu(65537)", "ssu(-1)", "ssu(+1)", "ssu(8", "ssu(1.5)"]
    {
        let error = wrong.parse::<Unit>().unwrap_err().to_string();
        assert!(error.contains("ssu"), "{wrong}: {error}");
    }
    assert_eq!("drelu(1,-3)".parse(), Ok(Unit::Drelu { gamma: 1.0, theta: -3.0 }));
    for wrong in ["drelu", "drelu(4)", "drelu(0,1)", "drelu(4,x)", "drelu(4,NaN)", "drelu(4,inf)"] {
        let error = wrong.parse::<Unit>().unwrap_err().to_string();
        assert!(error.contains("as in `drelu(4,0.5)`"), "{wrong}: {error}");
    }
    for wrong in ["", "nrelu(1)", "nrelu()", "(3)", "ssu8", "SSU(8)", "ssu(8,1)", "drelu(4,0.5,1)"]
    {
        let error = wrong.parse::<Unit>().unwrap_err().to_string();
        assert!(error.starts_with("unknown unit"), "{wrong}: {error}");
    }
}

/// The mean by sums, and by functions that do not cancel.
fn exact_mean(unit: Unit, x: f64) -> f64 {
    match unit {
        Unit::Gaussian => x,
        Unit::Nrelu => {
            let s = sigmoid(x).sqrt();
            let a = (x / s).abs();
            let excess = normal_mean_excess(a);
            x.max(0.0) + s * normal_density(a) * excess / (a + excess)
        }
        Unit::TruncatedGaussian => truncated_mean(x),
        unit => copies(unit, x).iter().sum(),
    }
}

#[test]
fn means_are_as_accurate_as_their_documentation_says() {
    let x = inputs::uniform(200_000, 1, -110.0, 110.0)
        .into_iter()
        .chain(inputs::uniform(200_000, 2, -9.0, 9.0))
        .chain(inputs::uniform(50_000, 3, -0.01, 0.01))
        .collect::<Vec<_>>();
    let mut y = vec![0.0; x.len()];
    for (unit, documented) in [
        (Unit::Bernoulli, 0.78),
        (Unit::Gaussian, 0.0),
        (Unit::Nrelu, 0.51),
        (Unit::TruncatedGaussian, 0.51),
        (Unit::Ssu { copies: 1 }, 0.51),
        (Unit::Ssu { copies: 8 }, 0.51),
        (Unit::Ssu { copies: 100 }, 0.51),
        (Unit::Binomial { trials: 11 }, 1.0),
    ] {
        units::mean(Level::best(), unit, &x, &mut y);
        let worst = x
            .iter()
            .zip(&y)
            .map(|(&x, &y)| (error_in_ulp(y, exact_mean(unit, f64::from(x))), x, y))
            .fold((0.0, 0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        println!("mean of {unit}: {:.3} ULP at x = {:e} ({:e})", worst.0, worst.1, worst.2);
        assert!(worst.0 <= documented, "mean of {unit}: {} ULP at x = {}", worst.0, worst.1);
    }
    for copies in [1, 8, 100] {
        units::ssu_variance(Level::best(), copies, &x, &mut y);
        let exact = |x: f32| {
            let terms = (1..=copies).map(|i| f64::from(x) - f64::from(i) + 0.5);
            terms.map(|t| sigmoid(t) * sigmoid(-t)).sum()
        };
        let worst = x.iter().zip(&y).map(|(&x, &y)| error_in_ulp(y, exact(x))).fold(0.0, f64::max);
        println!("variance of SSU({copies}): {worst:.3} ULP");
        assert!(worst <= 0.51, "variance of SSU({copies}): {worst} ULP");
    }
}

/// The distances to the limits for N → ∞ that the documentation gives.
#[test]
fn many_copies_are_nearly_softplus_and_sigmoid() {
    let x: Vec<f32> = (-1000..=1000).map(|i| i as f32 * 0.02).collect();
    let (mut found, mut limit) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let largest = |a: &[f32], b: &[f32]| {
        let errors = a.iter().zip(b).map(|(a, b)| (f64::from((a - b).abs()), ()));
        statistics::largest(errors).0
    };
    units::mean(Level::best(), Unit::Ssu { copies: 100 }, &x, &mut found);
    forward(Level::best(), Kind::Softplus, &x, &mut limit);
    assert!((largest(&found, &limit) - 0.010_578).abs() < 1e-5);
    units::ssu_variance(Level::best(), 100, &x, &mut found);
    forward(Level::best(), Kind::Sigmoid, &x, &mut limit);
    assert!((largest(&found, &limit) - 0.004_13).abs() < 1e-5);
    // The literature's means.
    let (mut ssu, mut nrelu) = ([0.0; 4], [0.0; 4]);
    let x = [-1.0, 0.0, 1.0, 2.0];
    units::mean(Level::best(), Unit::Ssu { copies: 100 }, &x, &mut ssu);
    units::mean(Level::best(), Unit::Nrelu, &x, &mut nrelu);
    assert!(largest(&ssu, &[0.305_029, 0.682_569, 1.305_029, 2.122_603]) < 1e-6, "{ssu:?}");
    assert!(largest(&nrelu, &[0.005_325, 0.282_095, 1.051_041, 2.005_57]) < 1e-6, "{nrelu:?}");
}
