//! Stochastic units against the exact formulas of their distributions.
//!
//! Each test is shown to fail on a unit that is wrong in a way that was published.

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
    units::{self, Unit},
};
use halfwave_tests::{
    compare::levels,
    distributions::{samples, sigmoid},
    statistics::{
        FAILS_BELOW, normal_cdf, normal_density, p_of_count, p_of_mean, p_of_rare, p_of_z, worst_p,
    },
};

const N: usize = 1 << 20;

/// Sixteen pre-activations in \[−6, 6\], each with its own seed.
fn places() -> impl Iterator<Item = (f32, u64)> {
    (0..16).map(|i| (-6.0 + 0.8 * i as f32, 1000 + i))
}

/// E[yᵏ] for k = 0 … 4 of y = max(0, x + s Z), where moment 0 is P(y > 0).
///
/// M₀ = Φ(x/s), M₁ = x Φ(x/s) + s φ(x/s), and by parts Mₖ = x Mₖ₋₁ + (k − 1) s² Mₖ₋₂.
fn nrelu_moments(x: f64) -> [f64; 5] {
    let s = sigmoid(x).sqrt();
    let (cdf, density) = (normal_cdf(x / s), normal_density(x / s));
    let mut m = [cdf, x * cdf + s * density, 0.0, 0.0, 0.0];
    for k in 2..5 {
        m[k] = x * m[k - 1] + (k - 1) as f64 * s * s * m[k - 2];
    }
    m
}

/// p-values of P(0), mean, second moment and variance, the worst over sixteen places; standard errors
/// are exact too.
fn nrelu_test(sample: impl Fn(f32, u64) -> Vec<f32>) -> [f64; 4] {
    let mut worst = [f64::INFINITY; 4];
    for (x, seed) in places() {
        let y = sample(x, seed);
        assert!(y.iter().all(|y| y.is_finite()), "a sample at {x} is not finite");
        let n = N as f64;
        let [positive, m1, m2, m3, m4] = nrelu_moments(f64::from(x));
        let count = y.iter().filter(|&&y| y > 0.0).count();
        let p = if n * positive < 50.0 {
            [p_of_rare(count, n * positive); 4]
        } else {
            let mean = |f: &dyn Fn(f64) -> f64| y.iter().map(|&y| f(f64::from(y))).sum::<f64>() / n;
            let p = |found: f64, exact: f64, square: f64| {
                p_of_z((found - exact) / ((square - exact * exact) / n).sqrt())
            };
            let fourth = m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1.powi(4);
            let zeros = y.iter().filter(|&&y| y == 0.0).count();
            [
                p_of_count(zeros, N, normal_cdf(-f64::from(x) / sigmoid(f64::from(x)).sqrt())),
                p(mean(&|y| y), m1, m2),
                p(mean(&|y| y * y), m2, m4),
                p(mean(&|y| (y - m1).powi(2)), m2 - m1 * m1, fourth),
            ]
        };
        for (worst, p) in worst.iter_mut().zip(p) {
            *worst = worst_p([*worst, p * 16.0]);
        }
    }
    worst
}

const NRELU_FIGURES: [&str; 4] = ["P(0)", "mean", "second moment", "variance"];

#[test]
fn the_closed_forms_are_those_of_the_literature() {
    let means = [(-1.0, 0.005_325), (0.0, 0.282_095), (1.0, 1.051_041), (2.0, 2.005_570)];
    for (x, mean) in means {
        let exact = nrelu_moments(x)[1];
        assert!((exact - mean).abs() < 6e-7, "E[NReLU] at {x}: {exact}, recorded {mean}");
    }
}

#[test]
fn nrelu_has_the_exact_distribution() {
    let p = nrelu_test(samples(Unit::Nrelu, N));
    for (figure, p) in NRELU_FIGURES.iter().zip(p) {
        assert!(p >= FAILS_BELOW, "{figure} of NReLU: p = {p:e}");
    }
}

/// max(0, x + N(0, V)) where somebody takes another V, or clips elsewhere.
fn broken_nrelu(x: f32, seed: u64, wrong: impl Fn(f64, f64) -> f64) -> Vec<f32> {
    let mut z = vec![0.0; N];
    rng::normal(Level::best(), Stream::new(seed).at(0), &mut z);
    z.iter().map(|&z| wrong(f64::from(x), f64::from(z)) as f32).collect()
}

#[test]
fn wrong_nrelus_are_noticed() {
    type Wrong = fn(f64, f64) -> f64;
    let wrong: [(&str, Wrong); 4] = [
        ("σ(x) for the standard deviation", |x, z| (x + sigmoid(x) * z).max(0.0)),
        ("unit variance", |x, z| (x + z).max(0.0)),
        ("the rectifier before the noise", |x, z| x.max(0.0) + sigmoid(x).sqrt() * z),
        ("no noise", |x, _| x.max(0.0)),
    ];
    for (name, wrong) in wrong {
        let p = nrelu_test(|x, seed| broken_nrelu(x, seed, wrong));
        for (figure, p) in NRELU_FIGURES.iter().zip(p) {
            assert!(p < FAILS_BELOW, "{figure} does not notice an NReLU with {name}: p = {p:e}");
        }
    }
}

fn bernoulli_test(sample: impl Fn(f32, u64) -> Vec<f32>) -> f64 {
    let p_at = |(x, seed)| {
        let ones = sample(x, seed).iter().filter(|&&y| y == 1.0).count();
        p_of_count(ones, N, sigmoid(f64::from(x))) * 16.0
    };
    worst_p(places().map(p_at))
}

#[test]
fn bernoulli_fires_with_probability_sigmoid() {
    let p = bernoulli_test(|x, seed| {
        let y = samples(Unit::Bernoulli, N)(x, seed);
        assert!(y.iter().all(|&y| y == 0.0 || y == 1.0), "a sample at {x} is neither 0 nor 1");
        y
    });
    assert!(p >= FAILS_BELOW, "p = {p:e}");
    // A threshold of eight bits.
    let coarse = bernoulli_test(|x, seed| {
        let mut u = vec![0.0; N];
        rng::uniform(Level::best(), Stream::new(seed).at(0), &mut u);
        let p = sigmoid(f64::from(x)) as f32;
        u.iter().map(|&u| if (u * 256.0).floor() / 256.0 < p { 1.0 } else { 0.0 }).collect()
    });
    assert!(coarse < FAILS_BELOW, "eight bits are not noticed: p = {coarse:e}");
}

#[test]
fn bernoulli_never_fires_at_0_and_always_at_1() {
    for level in levels() {
        for (x, expected) in [
            (-200.0, 0.0),
            (f32::NEG_INFINITY, 0.0),
            (200.0, 1.0),
            (f32::INFINITY, 1.0),
            (17.5, 1.0),
        ] {
            let mut y = vec![x; N];
            units::sample_in_place(level, Unit::Bernoulli, Stream::new(5).at(0), &mut y);
            assert!(y.iter().all(|&y| y == expected), "Bernoulli at {x} on {level}");
        }
    }
}

/// Mean, variance, third and fourth moment of y − x.
fn gaussian_test(sample: impl Fn(f32, u64) -> Vec<f32>) -> f64 {
    worst_p(places().step_by(5).flat_map(|(x, seed)| {
        let y = sample(x, seed);
        [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)].map(|(k, moment)| {
            p_of_mean(y.iter().map(|&y| (f64::from(y) - f64::from(x)).powi(k)), moment) * 16.0
        })
    }))
}

#[test]
fn gaussian_has_unit_variance() {
    let p = gaussian_test(samples(Unit::Gaussian, N));
    assert!(p >= FAILS_BELOW, "p = {p:e}");
    let broken = gaussian_test(|x, seed| broken_nrelu(x, seed, |x, z| x + z * 1.005));
    assert!(broken < FAILS_BELOW, "a standard deviation of 1.005 is not noticed: p = {broken:e}");
}

/// Sampling is a function of the pre-activation and of the draw's address: any split gives the same.
#[test]
fn a_split_batch_has_the_same_noise() {
    let noise = Stream::new(9).at(77);
    for &unit in Unit::ALL {
        let x: Vec<f32> = (0..1000).map(|i| i as f32 * 0.01 - 5.0).collect();
        let mut whole = x.clone();
        units::sample_in_place(Level::best(), unit, noise, &mut whole);
        for at in [1, 16, 17, 500, 999] {
            let mut parts = x.clone();
            let (first, second) = parts.split_at_mut(at);
            units::sample_in_place(
                Level::best(),
                unit,
                noise.skip(at as u64 * u64::from(unit.draws())),
                second,
            );
            units::sample_in_place(Level::best(), unit, noise, first);
            assert_eq!(parts, whole, "{unit} split at {at}");
        }
    }
}
