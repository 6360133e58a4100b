//! Stochastic units: their moments and distribution functions in closed form, and the p-values of samples under
//! them.

use halfwave_kernels::{
    Level,
    rng::Stream,
    units::{self, Unit},
};

use crate::statistics::{
    anderson_darling, assert_finite, chi_square_of, kolmogorov_smirnov, normal_cdf, normal_density,
    normal_hazard, normal_mean_excess, p_of_rare, p_of_z, worst_p,
};

/// Samples of a pre-activation.
pub const N: usize = 1 << 19;

/// The p-value of five standard errors.
pub const FIVE: f64 = 5.7e-7;

/// σ(x).
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `n` samples of the unit for a pre-activation and a seed.
pub fn samples(unit: Unit, n: usize) -> impl Fn(f32, u64) -> Vec<f32> {
    move |x, seed| {
        let mut out = vec![x; n];
        units::sample_in_place(Level::best(), unit, Stream::new(seed).at(0), &mut out);
        out
    }
}

/// Samples in `f64`.
///
/// # Panics
/// If one is not finite: counts would pass over it.
#[track_caller]
fn finite(y: &[f32]) -> Vec<f64> {
    let y: Vec<f64> = y.iter().map(|&y| y.into()).collect();
    assert_finite(&y);
    y
}

/// 64 pre-activations in \[−8, 11\], each with its own seed.
pub fn places() -> impl Iterator<Item = (f32, u64)> {
    (0..64).map(|i| (-8.0 + 0.3 * i as f32, 5000 + i))
}

/// What is known of a distribution.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// P(0).
    pub zero: f64,
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
    /// E\[(y − mean)⁴\].
    pub fourth: f64,
}

impl Moments {
    /// From P(0) and E\[yᵏ\] for k = 1 … 4.
    #[must_use]
    pub fn raw(zero: f64, [m1, m2, m3, m4]: [f64; 4]) -> Self {
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
///
/// # Panics
/// If the unit is no sum of Bernoulli units.
#[must_use]
pub fn copies(unit: Unit, x: f64) -> Vec<f64> {
    match unit {
        Unit::Ssu { copies } => (1..=copies).map(|i| sigmoid(x - f64::from(i) + 0.5)).collect(),
        Unit::Binomial { trials } => vec![sigmoid(x); trials as usize],
        Unit::Bernoulli => vec![sigmoid(x)],
        other => panic!("{other} is no sum"),
    }
}

/// What is known of the unit at x.
#[must_use]
pub fn moments(unit: Unit, x: f64) -> Moments {
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
pub struct Side {
    /// Its probability.
    pub share: f64,
    /// Its input.
    pub x: f64,
    /// Its scale.
    pub scale: f64,
}

/// The positive and the negative one.
///
/// # Panics
/// If the unit is no dReLU.
#[must_use]
pub fn sides(unit: Unit, x: f64) -> [Side; 2] {
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

/// Of the truncated Gaussian.
#[must_use]
pub fn truncated_mean(x: f64) -> f64 {
    if x < 0.0 { normal_mean_excess(-x) } else { x + normal_density(x) / normal_cdf(x) }
}

/// p-values of P(0), mean and variance, the worst of all places.
pub fn worst(unit: Unit, sample: impl Fn(f32, u64) -> Vec<f32>) -> [f64; 3] {
    let mut worst = [1.0_f64; 3];
    for (x, seed) in places() {
        let (y, n) = (finite(&sample(x, seed)), N as f64);
        let exact = moments(unit, f64::from(x));
        let mean = y.iter().sum::<f64>() / n;
        // Around the exact mean.
        let square = |y: &f64| (y - exact.mean).powi(2);
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
            *worst = worst_p([*worst, p]);
        }
    }
    worst
}

/// P(Y > y) of a continuous unit, where 0 < y or the unit is a dReLU.
#[must_use]
pub fn survival(unit: Unit, x: f64, y: f64) -> f64 {
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
pub fn continuous_test(
    unit: Unit,
    places: impl Iterator<Item = (f32, u64)>,
    sample: impl Fn(f32, u64) -> Vec<f32>,
) -> [f64; 3] {
    let mut worst = [f64::INFINITY; 3];
    for (x, seed) in places {
        let y = finite(&sample(x, seed));
        let positive = y.iter().filter(|&&y| y > 0.0 || matches!(unit, Unit::Drelu { .. }));
        let mut u: Vec<f64> = positive.map(|&y| survival(unit, f64::from(x), y)).collect();
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
            *worst = worst_p([*worst, p * 64.0]);
        }
    }
    worst
}

/// What [`worst`] tests.
pub const FIGURES: [&str; 3] = ["P(0)", "mean", "variance"];

/// The tests of [`continuous_test`].
pub const TESTS: [&str; 3] = ["Kolmogorov–Smirnov", "Anderson–Darling", "χ²"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_no_pass() {
        for odd in [f32::NAN, f32::INFINITY] {
            let sample = |x, seed| {
                let mut y = samples(Unit::Nrelu, N)(x, seed);
                y[N / 2] = odd;
                y
            };
            assert!(std::panic::catch_unwind(|| worst(Unit::Nrelu, sample)).is_err());
            let test = || continuous_test(Unit::Nrelu, places(), sample);
            assert!(std::panic::catch_unwind(test).is_err());
        }
    }
}
