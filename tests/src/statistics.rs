//! Statistical tests: each a function from a sample to a p-value, so that a test can show that it
//! passes on the generator and fails on a broken one.

use statrs::function::{
    erf::erfc,
    gamma::{gamma_lr, gamma_ur},
};

/// A p-value below this is a failure: 4.5 standard deviations. Seeds are fixed, so a test that passes
/// passes always.
pub const FAILS_BELOW: f64 = 6.8e-6;

/// P(Z < x) of a standard normal Z, with a small relative error in the lower tail.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The density of a standard normal variate.
#[must_use]
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// The smallest of some p-values; 0, which fails, where one is NaN: `f64::min` would pass over it.
#[must_use]
pub fn worst_p(p: impl IntoIterator<Item = f64>) -> f64 {
    p.into_iter().fold(f64::INFINITY, |worst, p| if p.is_nan() { 0.0 } else { worst.min(p) })
}

/// The largest of some errors, with what it comes with; NaN is the largest, for `f64::max` would pass over it.
///
/// # Panics
/// If there are none.
#[must_use]
pub fn largest<T>(errors: impl IntoIterator<Item = (f64, T)>) -> (f64, T) {
    let largest = errors.into_iter().max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    largest.expect("there are errors")
}

/// Panics where a sample is not finite: tests that sort or count would pass over it.
#[track_caller]
pub fn assert_finite(u: &[f64]) {
    assert!(u.iter().all(|u| u.is_finite()), "a sample is not finite");
}

/// The p-value of a statistic that is standard normal, both tails.
#[must_use]
pub fn p_of_z(z: f64) -> f64 {
    erfc(z.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// The p-value of a mean of `values` that should be `expected`, the variance estimated.
#[must_use]
pub fn p_of_mean(values: impl Iterator<Item = f64> + Clone, expected: f64) -> f64 {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    if mean == expected { 1.0 } else { p_of_z((mean - expected) / (variance / n).sqrt()) }
}

/// The p-value of `count` successes in `n` trials with probability `p`.
#[must_use]
pub fn p_of_count(count: usize, n: usize, p: f64) -> f64 {
    let n = n as f64;
    p_of_z((count as f64 - n * p) / (n * p * (1.0 - p)).sqrt())
}

/// The p-value of `count` or more rare events where `expected` are.
#[must_use]
pub fn p_of_rare(count: usize, expected: f64) -> f64 {
    if count == 0 { 1.0 } else { gamma_lr(count as f64, expected.max(1e-300)) }
}

/// Pearson's χ² of `counts` that should be equal; too equal fails as well.
#[must_use]
pub fn chi_square(counts: &[u64]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let chi_square: f64 = counts.iter().map(|&n| (n as f64 - expected).powi(2) / expected).sum();
    if chi_square == 0.0 {
        return 0.0;
    }
    let upper = gamma_ur((counts.len() - 1) as f64 / 2.0, chi_square / 2.0);
    2.0 * upper.min(1.0 - upper)
}

/// Pearson's χ² of `counts` of cells with these `probabilities`, in order; neighbours of which fewer than
/// ten are expected count as one cell.
#[must_use]
pub fn chi_square_of(counts: &[u64], probabilities: &[f64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let mut cells: Vec<[f64; 2]> = Vec::new();
    let mut open = [0.0; 2];
    for (&count, p) in counts.iter().zip(probabilities) {
        open = [open[0] + count as f64, open[1] + p * n];
        if open[1] >= 10.0 {
            cells.push(std::mem::take(&mut open));
        }
    }
    match cells.last_mut() {
        Some(last) => *last = [last[0] + open[0], last[1] + open[1]],
        None => cells.push(open),
    }
    if cells.len() < 2 {
        return 1.0;
    }
    let chi_square: f64 = cells.iter().map(|[found, np]| (found - np).powi(2) / np).sum();
    let upper = gamma_ur((cells.len() - 1) as f64 / 2.0, chi_square / 2.0);
    // Cells may have few expected counts each, but to be too equal fails as well.
    2.0 * upper.min(1.0 - upper)
}

/// φ(a)/Φ(−a), the hazard rate of the normal distribution, for a ≥ 0.
#[must_use]
pub fn normal_hazard(a: f64) -> f64 {
    a + normal_mean_excess(a)
}

/// φ(a)/Φ(−a) − a, the mean of a normal variate beyond a ≥ 0, less a.
#[must_use]
pub fn normal_mean_excess(a: f64) -> f64 {
    if a < 2.0 {
        return normal_density(a) / normal_cdf(-a) - a;
    }
    // Laplace's continued fraction, from the inside.
    let terms = 20 + (2000.0 / (a * a)) as u32;
    (1..=terms).rev().fold(0.0, |rest, k| f64::from(k) / (a + rest))
}

/// χ² of the Hamming distances between `a` and `b`: how many bits random numbers share.
#[must_use]
pub fn hamming(pairs: impl Iterator<Item = (u32, u32)>) -> f64 {
    let mut counts = [0; 33];
    pairs.for_each(|(a, b)| counts[(a ^ b).count_ones() as usize] += 1);
    let mut binomial = [0.5_f64.powi(32); 33];
    for k in 1..=32 {
        binomial[k] = binomial[k - 1] * (33 - k) as f64 / k as f64;
    }
    chi_square_of(&counts, &binomial)
}

/// Kolmogorov and Smirnov's test that `u` is uniform on \[0, 1\]; sorts it.
#[must_use]
pub fn kolmogorov_smirnov(u: &mut [f64]) -> f64 {
    assert_finite(u);
    u.sort_by(f64::total_cmp);
    let n = u.len() as f64;
    let distance = u
        .iter()
        .enumerate()
        .map(|(i, &u)| (u - i as f64 / n).max((i as f64 + 1.0) / n - u))
        .fold(0.0, f64::max);
    // Stephens' correction of the asymptotic distribution.
    let lambda = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    let term = |j: i32| {
        let sign = if j % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(j * j) * lambda * lambda).exp()
    };
    if lambda < 0.2 { 1.0 } else { (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0) }
}

/// Anderson and Darling's test that `u` is uniform on (0, 1): KS with more weight on the tails;
/// sorts it.
#[must_use]
pub fn anderson_darling(u: &mut [f64]) -> f64 {
    assert_finite(u);
    u.sort_by(f64::total_cmp);
    let n = u.len() as f64;
    let term = |i: usize| {
        let (low, high) = (u[i].max(1e-300), (1.0 - u[u.len() - 1 - i]).max(1e-300));
        (2.0 * i as f64 + 1.0) * (low.ln() + high.ln())
    };
    let z = -n - (0..u.len()).map(term).sum::<f64>() / n;
    // The limit distribution (Marsaglia & Marsaglia 2004, adinf), by its complement for large z.
    if z < 2.0 {
        let p = 2.000_12
            + (0.247_105
                - (0.064_982_1 - (0.034_796_2 - (0.011_672 - 0.001_686_91 * z) * z) * z) * z)
                * z;
        1.0 - (-1.233_714_1 / z).exp() / z.sqrt() * p
    } else {
        let p = 1.077_6
            - (2.306_95 - (0.434_24 - (0.082_433 - (0.008_056 - 0.000_314_6 * z) * z) * z) * z) * z;
        // Beyond 6 the fit is not made for: there the tail falls like e^−z.
        let at = |p: f64| -(-p.exp()).exp_m1();
        if z < 6.0 { at(p) } else { 0.3 * (-z).exp() }
    }
}

/// Correlation of `u` with itself `lag` further on, as a p-value; `u` uniform on \[0, 1\).
#[must_use]
pub fn lag_correlation(u: &[f32], lag: usize) -> f64 {
    let n = u.len() - lag;
    let sum: f64 =
        u.iter().zip(&u[lag..]).map(|(&a, &b)| (f64::from(a) - 0.5) * (f64::from(b) - 0.5)).sum();
    p_of_z(sum * 12.0 / (n as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_no_pass() {
        assert_eq!(worst_p([0.5, f64::NAN, 0.7]), 0.0);
        assert_eq!(worst_p([0.7, 0.5, 2.0]), 0.5);
        for nan in [f64::NAN, -f64::NAN] {
            assert!(largest([(1.0, 'a'), (nan, 'b'), (2.0, 'c')]).0.is_nan());
        }
        assert_eq!(largest([(1.0, 'a'), (2.0, 'b'), (0.5, 'c')]), (2.0, 'b'));
        for test in [kolmogorov_smirnov as fn(&mut [f64]) -> f64, anderson_darling] {
            assert!(std::panic::catch_unwind(|| test(&mut [f64::NAN; 1000])).is_err());
        }
    }

    /// Critical values of the literature.
    #[test]
    fn p_values_are_those_of_tables() {
        assert!((p_of_z(1.959_963_985) - 0.05).abs() < 1e-9);
        assert!((normal_cdf(-6.0) / 9.865_876_450_377e-10 - 1.0).abs() < 1e-9);
        // χ² of 18.307 with 10 degrees of freedom: 5 %.
        let upper = gamma_ur(5.0, 18.307_038 / 2.0);
        assert!((upper - 0.05).abs() < 1e-6, "{upper}");
        // Kolmogorov's 1.3581 √n: 5 %; a shifted uniform grid has that distance.
        let n = 10_000;
        let shift = 1.3581 / (n as f64).sqrt();
        let mut u: Vec<f64> =
            (0..n).map(|i| (i as f64 + 0.5) / n as f64 * (1.0 - shift) + shift).collect();
        let p = kolmogorov_smirnov(&mut u);
        assert!((p - 0.05).abs() < 0.003, "{p}");
    }
}
