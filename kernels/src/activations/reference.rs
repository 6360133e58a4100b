//! What the `f64` definitions need and `std` lacks. Nothing here is fast.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// erf(x), relative error below 10⁻¹⁴.
pub(super) fn erf(x: f64) -> f64 {
    if x.abs() < 2.5 { erf_series(x) } else { (1.0 - erfc_fraction(x.abs())).copysign(x) }
}

/// Φ(x) = ½ erfc(−x / √2), relative error below 10⁻¹²; 0 below −39.
pub(super) fn normal_cdf(x: f64) -> f64 {
    let z = -x * FRAC_1_SQRT_2;
    if z.abs() < 2.5 {
        0.5 - 0.5 * erf_series(z)
    } else if z > 0.0 {
        0.5 * erfc_fraction(z)
    } else {
        1.0 - 0.5 * erfc_fraction(-z)
    }
}

/// Abramowitz & Stegun 7.1.6: 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), all terms of one sign.
fn erf_series(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-18 * sum.abs() {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// Abramowitz & Stegun 7.1.14: e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + …)))), for x ≥ 2.5.
fn erfc_fraction(x: f64) -> f64 {
    if x > 30.0 {
        return 0.0;
    }
    let tail = (1..=60).rev().fold(x, |tail, n| x + 0.5 * f64::from(n) / tail);
    (-x * x).exp() / (PI.sqrt() * tail)
}

/// ∫ f(t) dt from 0 to a, by Gauss's rule of five points.
pub(super) fn integral(f: impl Fn(f64) -> f64, a: f64) -> f64 {
    const RULE: [(f64, f64); 5] = [
        (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
        (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.906_179_845_938_664, 0.236_926_885_056_189_1),
    ];
    let half = 0.5 * a;
    RULE.iter().map(|(node, weight)| weight * f(half + half * node)).sum::<f64>() * half
}
