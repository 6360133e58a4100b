//! Stochastic units at 64 pre-activations: P(0), mean and variance within five standard errors of the
//! closed forms, all in `f64`; and whole distributions.
//!
//! Each test is shown to fail on a unit that is wrong.

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
    units::{self, Unit},
};
use halfwave_tests::{
    compare::levels,
    distributions::{
        FIGURES, FIVE, N, TESTS, continuous_test, copies, places, samples, sigmoid, survival, worst,
    },
    statistics::{FAILS_BELOW, chi_square_of, normal_cdf, normal_density, worst_p},
};

const UNITS: [Unit; 9] = [
    Unit::Bernoulli,
    Unit::Gaussian,
    Unit::Nrelu,
    Unit::TruncatedGaussian,
    Unit::Ssu { copies: 1 },
    Unit::Ssu { copies: 8 },
    Unit::Ssu { copies: 35 },
    Unit::Binomial { trials: 1 },
    Unit::Binomial { trials: 8 },
];

#[test]
fn p_0_mean_and_variance_are_those_of_the_closed_forms() {
    for unit in UNITS {
        let worst = worst(unit, samples(unit, N));
        println!("{unit}: worst p-values {worst:?}");
        for (figure, p) in FIGURES.iter().zip(worst) {
            assert!(p >= FIVE, "{figure} of {unit}: p = {p:e}");
        }
    }
}

/// One of the three broken generators: max(0, x + σ(x) Z).
fn variance_for_deviation(x: f32, seed: u64) -> Vec<f32> {
    let mut z = vec![0.0; N];
    rng::normal(Level::best(), Stream::new(seed).at(0), &mut z);
    let s = sigmoid(f64::from(x)) as f32;
    z.iter().map(|z| (x + s * z).max(0.0)).collect()
}

#[test]
fn an_nrelu_with_the_variance_for_the_deviation_is_noticed() {
    for (figure, p) in FIGURES.iter().zip(worst(Unit::Nrelu, variance_for_deviation)) {
        assert!(p < FIVE, "{figure} does not notice: p = {p:e}");
    }
}

#[test]
fn sums_of_other_copies_are_noticed() {
    // All biases the same; one copy too few; biases −1, −2, … without the half; trials that share a draw.
    let mean = |unit, wrong: &dyn Fn(f32, u64) -> Vec<f32>| worst(unit, wrong)[1];
    let (ssu, binomial) = (Unit::Ssu { copies: 8 }, Unit::Binomial { trials: 8 });
    assert!(mean(ssu, &|x, seed| samples(binomial, N)(x - 0.5, seed)) < FIVE);
    assert!(mean(ssu, &samples(Unit::Ssu { copies: 7 }, N)) < FIVE);
    assert!(mean(ssu, &|x, seed| samples(ssu, N)(x - 0.5, seed)) < FIVE);
    let shared = |x, seed| samples(Unit::Bernoulli, N)(x, seed).iter().map(|y| y * 8.0).collect();
    assert!(worst(binomial, shared)[2] < FIVE);
    // A rectifier of a Gaussian is none that is truncated.
    let rectified = |x, seed| {
        samples(Unit::Gaussian, N)(x, seed).iter().map(|y| y.max(0.0)).collect::<Vec<_>>()
    };
    for (figure, p) in FIGURES.iter().zip(worst(Unit::TruncatedGaussian, rectified)) {
        assert!(p < FIVE, "{figure} does not notice: p = {p:e}");
    }
}

/// P(y = k) of a sum of Bernoulli variates.
fn probabilities(p: &[f64]) -> Vec<f64> {
    let mut mass = vec![0.0; p.len() + 1];
    mass[0] = 1.0;
    for (n, p) in p.iter().enumerate() {
        for k in (0..=n + 1).rev() {
            let below = if k > 0 { mass[k - 1] } else { 0.0 };
            mass[k] = mass[k] * (1.0 - p) + below * p;
        }
    }
    mass
}

/// χ² of the counts of 0 … N, the worst of all places.
fn counts_test(unit: Unit, sample: impl Fn(f32, u64) -> Vec<f32>) -> f64 {
    worst_p(places().map(|(x, seed)| {
        let p = copies(unit, f64::from(x));
        let mut counts = vec![0_u64; p.len() + 1];
        for y in sample(x, seed) {
            assert!(y >= 0.0 && y <= p.len() as f32 && y.fract() == 0.0, "{unit}: {y}");
            counts[y as usize] += 1;
        }
        chi_square_of(&counts, &probabilities(&p)) * 64.0
    }))
}

#[test]
fn sums_have_all_their_probabilities() {
    for unit in UNITS.into_iter().filter(|unit| unit.name() == "ssu" || unit.name() == "binomial") {
        let p = counts_test(unit, samples(unit, N));
        assert!(p >= FAILS_BELOW, "χ² of {unit}: p = {p:e}");
    }
    // Rounding NReLU to whole numbers is no SSU.
    let rounded =
        |x, seed| samples(Unit::Nrelu, N)(x, seed).iter().map(|y| y.round().min(8.0)).collect();
    let p = counts_test(Unit::Ssu { copies: 8 }, rounded);
    assert!(p < FAILS_BELOW, "a rounded NReLU is not noticed: p = {p:e}");
}

#[test]
fn continuous_units_have_their_distributions() {
    for unit in [Unit::Nrelu, Unit::TruncatedGaussian] {
        let p = continuous_test(unit, places(), samples(unit, N));
        println!("{unit}: worst p-values {p:?}");
        for (test, p) in TESTS.iter().zip(p) {
            assert!(p >= FAILS_BELOW, "{test} of {unit}: p = {p:e}");
        }
    }
    // Far below, where all of the mass is in 1/|x|, and far above.
    let far = [-1e4, -1e3, -300.0, -100.0, -30.0, -14.5, -12.0, 20.0, 100.0];
    let far = far.into_iter().zip(9000..);
    let unit = Unit::TruncatedGaussian;
    let p = continuous_test(unit, far, samples(unit, N));
    println!("{unit}, far: worst p-values {p:?}");
    for (test, p) in TESTS.iter().zip(p) {
        assert!(p >= FAILS_BELOW, "{test} of {unit} far away: p = {p:e}");
    }
}

#[test]
fn other_continuous_distributions_are_noticed() {
    let p = continuous_test(Unit::Nrelu, places(), variance_for_deviation);
    for (test, p) in TESTS.iter().zip(p) {
        assert!(p < FAILS_BELOW, "{test} does not notice the variance for the deviation: {p:e}");
    }
    // The exponential distribution, which is the limit far below.
    let exponential = |x: f32, seed| {
        let mut u = vec![0.0; N];
        rng::uniform(Level::best(), Stream::new(seed).at(0), &mut u);
        u.iter().map(|u| -(1.0 - u).ln() / -x).collect()
    };
    let places = [(-5.0, 1), (-8.0, 2)].into_iter();
    for (test, p) in TESTS.iter().zip(continuous_test(Unit::TruncatedGaussian, places, exponential))
    {
        assert!(p < FAILS_BELOW, "{test} does not notice an exponential distribution: {p:e}");
    }
}

/// The accuracy that the unit's file documents: of P(Y > y) below 0, and of y from there on.
#[test]
fn truncated_gaussians_are_the_quantiles_of_the_bits() {
    let (unit, n) = (Unit::TruncatedGaussian, 1 << 16);
    let (mut below, mut above) = (0.0_f64, 0.0_f64);
    let places =
        [-1e4, -1e3, -100.0, -20.0, -8.0, -3.0, -1.0, -0.3, -1e-3, 0.0, 1e-3, 0.3, 1.0, 3.0, 8.0];
    for (x, seed) in places.into_iter().zip(7000..) {
        let noise = Stream::new(seed).at(0);
        let (mut bits, mut y) = (vec![0; n], vec![x; n]);
        rng::bits(Level::best(), noise, &mut bits);
        units::sample_in_place(Level::best(), unit, noise, &mut y);
        for (y, bits) in y.into_iter().zip(bits) {
            let tail = (f64::from(bits & 0x7fff_ffff) + 0.5) / 4_294_967_296.0;
            let u = if bits >> 31 == 0 { tail } else { 1.0 - tail };
            let (x, y) = (f64::from(x), f64::from(y));
            let found = survival(unit, x, y);
            if x < 0.0 {
                below = below.max((found / u - 1.0).abs());
            } else {
                let density = normal_density(y - x) / normal_cdf(x);
                above = above.max((found - u).abs() / density);
            }
        }
    }
    println!("error of P(Y > y) below 0 {below:e}, of y above {above:e}");
    assert!(below < 6e-6 && above < 2e-6, "{below:e}, {above:e}");
}

#[test]
fn truncated_gaussians_are_finite_and_not_negative() {
    let magnitudes = (-60..=53).map(|k| 2.0_f32.powf(k as f32 / 4.0)).chain([0.0, 1e4]);
    for x in magnitudes.flat_map(|x| [x, -x]) {
        for level in levels() {
            let mut y = vec![x; 4099];
            let noise = Stream::new(u64::from(x.to_bits())).at(0);
            units::sample_in_place(level, Unit::TruncatedGaussian, noise, &mut y);
            for y in y {
                assert!(y.is_finite() && y >= 0.0 && y.is_sign_positive(), "{y} at {x} on {level}");
                assert!(y <= x.max(0.0) + 7.0, "{y} at {x} on {level}");
            }
        }
    }
}
