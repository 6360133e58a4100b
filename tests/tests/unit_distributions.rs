//! Stochastic units at 64 pre-activations: P(0), mean and variance within five standard errors of the
//! closed forms, all in `f64`; and whole distributions.
//!
//! Each test is shown to fail on a unit that is wrong.

use halfwave_kernels::{
    Kind, Level, forward,
    rng::{self, Stream},
    units::{self, Unit, potts},
};
use halfwave_tests::{
    compare::levels,
    inputs,
    statistics::{
        FAILS_BELOW, anderson_darling, chi_square_of, kolmogorov_smirnov, normal_cdf,
        normal_density, normal_hazard, normal_mean_excess, p_of_rare, p_of_z,
    },
    ulp::error_in_ulp,
};

const N: usize = 1 << 19;

/// The p-value of five standard errors.
const FIVE: f64 = 5.7e-7;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn sample(unit: Unit, x: f32, seed: u64) -> Vec<f32> {
    let mut out = vec![x; N];
    units::sample_in_place(Level::best(), unit, Stream::new(seed).at(0), &mut out);
    out
}

/// 64 pre-activations in \[−8, 11\], each with its own seed.
fn places() -> impl Iterator<Item = (f32, u64)> {
    (0..64).map(|i| (-8.0 + 0.3 * i as f32, 5000 + i))
}

/// What is known of a distribution.
#[derive(Clone, Copy, Debug)]
struct Moments {
    /// P(0).
    zero: f64,
    mean: f64,
    variance: f64,
    /// E\[(y − mean)⁴\].
    fourth: f64,
}

impl Moments {
    /// From P(0) and E\[yᵏ\] for k = 1 … 4.
    fn raw(zero: f64, [m1, m2, m3, m4]: [f64; 4]) -> Self {
        let fourth = m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1.powi(4);
        Self { zero, mean: m1, variance: m2 - m1 * m1, fourth }
    }

    /// Of a sum of independent Bernoulli variates.
    fn sum(p: &[f64]) -> Self {
        let (mut mean, mut variance, mut fourth) = (0.0, 0.0, 0.0);
        for p in p {
            let v = p * (1.0 - p);
            mean += p;
            variance += v;
            // The fourth cumulant.
            fourth += v * (1.0 - 6.0 * v);
        }
        let zero = p.iter().map(|p| 1.0 - p).product();
        Self { zero, mean, variance, fourth: fourth + 3.0 * variance * variance }
    }
}

/// pᵢ of the copies.
fn copies(unit: Unit, x: f64) -> Vec<f64> {
    match unit {
        Unit::Ssu { copies } => (1..=copies).map(|i| sigmoid(x - f64::from(i) + 0.5)).collect(),
        Unit::Binomial { trials } => vec![sigmoid(x); trials as usize],
        Unit::Bernoulli => vec![sigmoid(x)],
        other => panic!("{other} is no sum"),
    }
}

fn moments(unit: Unit, x: f64) -> Moments {
    match unit {
        // y = max(0, x + s Z): M₀ = Φ(x/s), M₁ = x M₀ + s φ(x/s), Mₖ = x Mₖ₋₁ + (k − 1) s² Mₖ₋₂.
        Unit::Nrelu => {
            let s = sigmoid(x).sqrt();
            let m0 = normal_cdf(x / s);
            let m1 = x * m0 + s * normal_density(x / s);
            let m2 = x * m1 + s * s * m0;
            let m3 = x * m2 + 2.0 * s * s * m1;
            Moments::raw(normal_cdf(-x / s), [m1, m2, m3, x * m3 + 3.0 * s * s * m2])
        }
        Unit::TruncatedGaussian => Moments::raw(0.0, truncated_moments(x)),
        Unit::Drelu { .. } => {
            let [positive, negative] = sides(unit, x);
            let (p, q) = (truncated_moments(positive.x), truncated_moments(negative.x));
            let raw = std::array::from_fn(|k| {
                let scale = (-negative.scale).powi(k as i32 + 1);
                positive.share * p[k] + negative.share * scale * q[k]
            });
            Moments::raw(0.0, raw)
        }
        Unit::Gaussian => Moments { zero: 0.0, mean: x, variance: 1.0, fourth: 3.0 },
        unit => Moments::sum(&copies(unit, x)),
    }
}

/// E\[yᵏ\] for k = 1 … 4: those of NReLU with s = 1 and M₀ = 1; the mean is x + φ(x)/Φ(x).
fn truncated_moments(x: f64) -> [f64; 4] {
    let m1 = truncated_mean(x);
    let m2 = x * m1 + 1.0;
    let m3 = x * m2 + 2.0 * m1;
    [m1, m2, m3, x * m3 + 3.0 * m2]
}

/// One of the two truncated Gaussians of a dReLU: y = ± scale · N(x, 1) where that is ≥ 0.
#[derive(Clone, Copy, Debug)]
struct Side {
    share: f64,
    x: f64,
    scale: f64,
}

/// The positive and the negative one.
fn sides(unit: Unit, x: f64) -> [Side; 2] {
    let Unit::Drelu { gamma, theta } = unit else { panic!("{unit} has one side") };
    let (scale, theta) = (1.0 / f64::from(gamma).sqrt(), f64::from(theta));
    // ln ∫ exp(y t − t²/2) dt over t ≥ 0.
    let ln_integral = |y: f64| match y {
        ..0.0 => -normal_hazard(-y).ln(),
        _ => 0.5 * y * y + (normal_cdf(y) / normal_density(0.0)).ln(),
    };
    let (positive, negative) = (x - theta, -scale * (x + theta));
    let odds = ln_integral(positive) - ln_integral(negative) - scale.ln();
    [
        Side { share: sigmoid(odds), x: positive, scale: 1.0 },
        Side { share: sigmoid(-odds), x: negative, scale },
    ]
}

fn truncated_mean(x: f64) -> f64 {
    if x < 0.0 { normal_mean_excess(-x) } else { x + normal_density(x) / normal_cdf(x) }
}

/// p-values of P(0), mean and variance, the worst of all places.
fn worst(unit: Unit, sample: impl Fn(f32, u64) -> Vec<f32>) -> [f64; 3] {
    let mut worst = [1.0_f64; 3];
    for (x, seed) in places() {
        let (y, n) = (sample(x, seed), N as f64);
        let exact = moments(unit, f64::from(x));
        let mean = y.iter().map(|&y| f64::from(y)).sum::<f64>() / n;
        // Around the exact mean.
        let square = |&y: &f32| (f64::from(y) - exact.mean).powi(2);
        let variance = y.iter().map(square).sum::<f64>() / n;
        let zeros = y.iter().filter(|&&y| y == 0.0).count();
        let rare = n * (1.0 - exact.zero);
        let p = if rare < 50.0 {
            [p_of_rare(N - zeros, rare); 3]
        } else {
            let p_zero = if n * exact.zero < 50.0 {
                p_of_rare(zeros, n * exact.zero)
            } else {
                p_of_z(
                    (zeros as f64 / n - exact.zero) / (exact.zero * (1.0 - exact.zero) / n).sqrt(),
                )
            };
            [
                p_zero,
                p_of_z((mean - exact.mean) / (exact.variance / n).sqrt()),
                p_of_z(
                    (variance - exact.variance)
                        / ((exact.fourth - exact.variance.powi(2)) / n).sqrt(),
                ),
            ]
        };
        for (worst, p) in worst.iter_mut().zip(p) {
            *worst = worst.min(p);
        }
    }
    worst
}

const FIGURES: [&str; 3] = ["P(0)", "mean", "variance"];

/// Sparse and leaky; two modes, and the negative side soft; Gaussian; nearly a truncated Gaussian.
const DRELUS: [Unit; 4] = [
    Unit::Drelu { gamma: 4.0, theta: 0.5 },
    Unit::Drelu { gamma: 0.25, theta: -2.0 },
    Unit::Drelu { gamma: 1.0, theta: 0.0 },
    Unit::Drelu { gamma: 1024.0, theta: 0.0 },
];

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
    for unit in UNITS.into_iter().chain(DRELUS) {
        let worst = worst(unit, |x, seed| sample(unit, x, seed));
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
    assert!(mean(ssu, &|x, seed| sample(binomial, x - 0.5, seed)) < FIVE);
    assert!(mean(ssu, &|x, seed| sample(Unit::Ssu { copies: 7 }, x, seed)) < FIVE);
    assert!(mean(ssu, &|x, seed| sample(ssu, x - 0.5, seed)) < FIVE);
    let shared = |x, seed| sample(Unit::Bernoulli, x, seed).iter().map(|y| y * 8.0).collect();
    assert!(worst(binomial, shared)[2] < FIVE);
    // A rectifier of a Gaussian is none that is truncated.
    let rectified =
        |x, seed| sample(Unit::Gaussian, x, seed).iter().map(|y| y.max(0.0)).collect::<Vec<_>>();
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
    places()
        .map(|(x, seed)| {
            let p = copies(unit, f64::from(x));
            let mut counts = vec![0_u64; p.len() + 1];
            for y in sample(x, seed) {
                assert!(y >= 0.0 && y <= p.len() as f32 && y.fract() == 0.0, "{unit}: {y}");
                counts[y as usize] += 1;
            }
            chi_square_of(&counts, &probabilities(&p)) * 64.0
        })
        .fold(f64::INFINITY, f64::min)
}

#[test]
fn sums_have_all_their_probabilities() {
    for unit in UNITS.into_iter().filter(|unit| unit.name() == "ssu" || unit.name() == "binomial") {
        let p = counts_test(unit, |x, seed| sample(unit, x, seed));
        assert!(p >= FAILS_BELOW, "χ² of {unit}: p = {p:e}");
    }
    // Rounding NReLU to whole numbers is no SSU.
    let rounded =
        |x, seed| sample(Unit::Nrelu, x, seed).iter().map(|y| y.round().min(8.0)).collect();
    let p = counts_test(Unit::Ssu { copies: 8 }, rounded);
    assert!(p < FAILS_BELOW, "a rounded NReLU is not noticed: p = {p:e}");
}

/// P(Y > y) of a continuous unit, where 0 < y or the unit is a dReLU.
fn survival(unit: Unit, x: f64, y: f64) -> f64 {
    let truncated = Unit::TruncatedGaussian;
    match unit {
        Unit::Drelu { .. } => {
            let [positive, negative] = sides(unit, x);
            if y >= 0.0 {
                positive.share * survival(truncated, positive.x, y)
            } else {
                1.0 - negative.share * survival(truncated, negative.x, -y / negative.scale)
            }
        }
        Unit::Nrelu => {
            let s = sigmoid(x).sqrt();
            normal_cdf((x - y) / s) / normal_cdf(x / s)
        }
        // Here Φ would underflow.
        _ if x < -20.0 => {
            let a = -x;
            (-(a * y + 0.5 * y * y)).exp() * normal_hazard(a) / normal_hazard(a + y)
        }
        _ => normal_cdf(x - y) / normal_cdf(x),
    }
}

/// p-values of Kolmogorov–Smirnov, Anderson–Darling and χ² on 512 cells for the positive samples, all of them for a
/// dReLU, the worst of the places.
fn continuous_test(
    unit: Unit,
    places: impl Iterator<Item = (f32, u64)>,
    sample: impl Fn(f32, u64) -> Vec<f32>,
) -> [f64; 3] {
    let mut worst = [f64::INFINITY; 3];
    for (x, seed) in places {
        let y = sample(x, seed);
        let positive = y.iter().filter(|&&y| y > 0.0 || matches!(unit, Unit::Drelu { .. }));
        let mut u: Vec<f64> =
            positive.map(|&y| survival(unit, f64::from(x), f64::from(y))).collect();
        if u.len() < 10_000 {
            continue;
        }
        let mut counts = vec![0; 512];
        u.iter().for_each(|u| counts[(u * 512.0).min(511.0) as usize] += 1);
        let p = [
            kolmogorov_smirnov(&mut u),
            anderson_darling(&mut u),
            chi_square_of(&counts, &[1.0 / 512.0; 512]),
        ];
        for (worst, p) in worst.iter_mut().zip(p) {
            *worst = worst.min(p * 64.0);
        }
    }
    worst
}

const TESTS: [&str; 3] = ["Kolmogorov–Smirnov", "Anderson–Darling", "χ²"];

#[test]
fn continuous_units_have_their_distributions() {
    for unit in [Unit::Nrelu, Unit::TruncatedGaussian, DRELUS[0], DRELUS[1]] {
        let p = continuous_test(unit, places(), |x, seed| sample(unit, x, seed));
        println!("{unit}: worst p-values {p:?}");
        for (test, p) in TESTS.iter().zip(p) {
            assert!(p >= FAILS_BELOW, "{test} of {unit}: p = {p:e}");
        }
    }
    // Far below, where all of the mass is in 1/|x|, and far above.
    let far = [-1e4, -1e3, -300.0, -100.0, -30.0, -14.5, -12.0, 20.0, 100.0];
    // Both sides far in their tails, or both far from 0.
    let (sparse, split) =
        (Unit::Drelu { gamma: 3.0, theta: 50.0 }, Unit::Drelu { gamma: 2.0, theta: -50.0 });
    // Where each has a share: x₊² = x₋² for two modes.
    let even = -50.0 * (1.0 - 0.5_f64.sqrt()) / (1.0 + 0.5_f64.sqrt());
    for (unit, places) in [
        (Unit::TruncatedGaussian, &far[..]),
        (DRELUS[0], &[-60.0, -14.5, 14.5, 60.0]),
        (sparse, &[-100.0, -20.0, 0.0, 1.0, 30.0, 100.0]),
        (split, &[-60.0, even as f32, even as f32 + 0.01, 0.0, 60.0]),
    ] {
        let places = places.iter().copied().zip(9000..);
        let p = continuous_test(unit, places, |x, seed| sample(unit, x, seed));
        println!("{unit}, far: worst p-values {p:?}");
        for (test, p) in TESTS.iter().zip(p) {
            assert!(p >= FAILS_BELOW, "{test} of {unit} far away: p = {p:e}");
        }
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

/// Samples of a unit that is wrong, for a pre-activation and a seed.
type Sampler<'a> = &'a dyn Fn(f32, u64) -> Vec<f32>;

#[test]
fn other_double_rectifiers_are_noticed() {
    let unit @ Unit::Drelu { gamma, theta } = DRELUS[0] else { unreachable!() };
    // A Gaussian through the rectifier that the modes follow.
    let bent = |x: f32, seed| {
        let bend = |z: f32| (z - theta).max(0.0) + (z + theta).min(0.0) / gamma;
        sample(Unit::Gaussian, x, seed).into_iter().map(bend).collect()
    };
    // Both sides of the same stiffness, one then scaled: the odds lack 1/√γ.
    let odds = |x: f32, seed| {
        let equal = Unit::Drelu { gamma: 1.0, theta };
        let scale = |h: f32| if h < 0.0 { h / gamma.sqrt() } else { h };
        sample(equal, x, seed).into_iter().map(scale).collect()
    };
    // θ₋ with the sign that min(h, 0) has in the paper's text: both thresholds move one way.
    let moved = |x: f32, seed| sample(Unit::Drelu { gamma, theta: 0.0 }, x - theta, seed);
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
            if matches!(unit, Unit::Gaussian) {
                continue;
            }
            if let Unit::Drelu { gamma, theta } = unit {
                for (x, stiffness) in [(1e4, 1.0), (1e30, 1.0), (-1e4, gamma), (-1e30, gamma)] {
                    let (mean, y) = run(x);
                    let expected = (x - theta.copysign(x)) / stiffness;
                    let most = 5.0 + 1e-6 * expected.abs();
                    let near = |y: &f32| (y - expected).abs() <= most;
                    assert!(mean.iter().chain(&y).all(near), "{unit} at {x} on {level}");
                }
                for x in [f32::INFINITY, f32::NEG_INFINITY] {
                    let (mean, y) = run(x);
                    assert!(
                        mean.iter().chain(&y).all(|&y| y == x),
                        "{unit} at {x}: {mean:?} {y:?}"
                    );
                }
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
        Unit::Drelu { .. } => moments(unit, x).mean,
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
    for unit in DRELUS {
        units::mean(Level::best(), unit, &x, &mut y);
        let scale = sides(unit, 0.0)[1].scale;
        let worst = x.iter().zip(&y).map(|(&x, &y)| {
            let exact = exact_mean(unit, f64::from(x));
            let error = (f64::from(y) - exact).abs();
            // In units in the last place, less what cancels.
            let beyond = (1.0 - 1e-9 * (1.0 + scale) / error).max(0.0);
            (beyond * error_in_ulp(y, exact), x, y)
        });
        let worst = worst.fold((0.0, 0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        println!(
            "mean of {unit}: {:.3} of the bound at x = {:e} ({:e})",
            worst.0, worst.1, worst.2
        );
        assert!(worst.0 <= 1.0, "mean of {unit}: {worst:?}");
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
    let largest =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
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

/// χ² of the states of Potts units, the worst of some sizes of groups.
fn potts_test(sample: impl Fn(&[f32], usize, u64) -> Vec<f32>) -> f64 {
    [2, 3, 10, 16, 17, 100]
        .into_iter()
        .map(|states| {
            let x = inputs::uniform(states, states as u64, -4.0, 3.0);
            let n = (1 << 22) / states;
            let h = sample(&x.repeat(n), states, states as u64);
            let mut counts = vec![0; states];
            for group in h.chunks_exact(states) {
                let on = group.iter().position(|&h| h == 1.0).expect("one state is on");
                assert_eq!(group.iter().sum::<f32>(), 1.0, "the others are off");
                counts[on] += 1;
            }
            let weights: Vec<f64> = x.iter().map(|&x| f64::from(x).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let p: Vec<f64> = weights.iter().map(|w| w / sum).collect();
            chi_square_of(&counts, &p) * 6.0
        })
        .fold(f64::INFINITY, f64::min)
}

#[test]
fn potts_units_have_the_probabilities_of_softmax() {
    let sample = |x: &[f32], states, seed| {
        let mut h = vec![0.0; x.len()];
        potts::sample(Level::best(), Stream::new(seed).at(0), x, states, &mut h);
        h
    };
    let p = potts_test(sample);
    assert!(p >= FAILS_BELOW, "χ²: p = {p:e}");
    let tempered = potts_test(|x, states, seed| {
        sample(&x.iter().map(|x| x * 0.99).collect::<Vec<_>>(), states, seed)
    });
    assert!(tempered < FAILS_BELOW, "a temperature of 1.01 is not noticed: p = {tempered:e}");
}

#[test]
fn potts_units_are_certain_where_softmax_is_and_split_anywhere() {
    let noise = Stream::new(8).at(5);
    for level in levels() {
        // Whatever the noise: p is 0 or 1.
        let x = [-200.0, 0.0, f32::NEG_INFINITY].repeat(5000);
        let mut h = vec![0.0; x.len()];
        potts::sample(level, noise, &x, 3, &mut h);
        assert!(h.chunks_exact(3).all(|h| h == [0.0, 1.0, 0.0]), "{level}");
        let mut h = [0.0; 6];
        potts::sample(level, noise, &[0.0, f32::NAN, 0.0, 0.0, 200.0, 0.0], 3, &mut h);
        assert!(h[..3].iter().all(|h| h.is_nan()) && h[3..] == [0.0, 1.0, 0.0], "{h:?}");
        potts::sample(level, noise, &[], 3, &mut []);
        potts::sample(level, noise, &[], 0, &mut []);
    }
    let x = inputs::uniform(100 * 7, 4, -2.0, 2.0);
    let mut whole = vec![0.0; x.len()];
    potts::sample(Level::best(), noise, &x, 7, &mut whole);
    for at in [1, 15, 16, 17, 50] {
        let mut parts = x.clone();
        let (first, second) = parts.split_at_mut(at * 7);
        potts::sample_in_place(Level::best(), noise, first, 7);
        potts::sample_in_place(Level::best(), noise.skip(at as u64), second, 7);
        assert_eq!(parts, whole, "split at group {at}");
    }
}
