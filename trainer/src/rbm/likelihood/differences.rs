//! Γ(β' x) − Γ(β x), the weight that a hidden unit adds when the temperature changes, summed over units.
//!
//! ```text
//! ln(1 + e^(a + δ)) − ln(1 + eᵃ) = max(0, δ) + ln(1 + σ(∓a) (e^(−|δ|) − 1))    − for δ > 0, + for δ ≤ 0
//! ```
//!
//! with a = β x and δ = (β' − β) x. The difference is small where the logarithms are not, and 10⁵ of them are
//! added up: this form has the accuracy of `f32` relative to |δ|. Where |δ| is large, σ (e^(−|δ|) − 1) can come
//! near −1, and the logarithms themselves are taken.

use halfwave_kernels::{Kind, Level, forward_in_place, units::Unit};

use super::super::units::log_partition;

/// Largest |δ| of the form for small differences: 1 + σ (e^(−|δ|) − 1) is then at least .36.
const SMALL: f64 = 1.0;

/// Σ Γ(to · x) − Γ(from · x) over `x`, the inputs of one row; `a` and `b`, of the same length, are memory.
pub(super) fn log_partition_difference(
    level: Level,
    hidden: Unit,
    [from, to]: [f32; 2],
    x: &[f32],
    memory: [&mut [f32]; 2],
) -> f64 {
    let betas = [from, to];
    let [from, to] = betas.map(f64::from);
    match hidden {
        Unit::Bernoulli => softplus_difference(level, betas, 0.0, x, memory),
        Unit::Binomial { trials } => {
            f64::from(trials) * softplus_difference(level, betas, 0.0, x, memory)
        }
        Unit::Ssu { copies } => {
            let [a, b] = memory;
            (1..=copies)
                .map(|i| softplus_difference(level, betas, i as f32 - 0.5, x, [&mut *a, &mut *b]))
                .sum()
        }
        Unit::Gaussian => {
            let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            0.5 * (to - from) * (to + from) * squares
        }
        _ => {
            let gamma = |x: f64| log_partition(hidden, x).unwrap_or(f64::NAN);
            x.iter().map(|&x| gamma(to * f64::from(x)) - gamma(from * f64::from(x))).sum()
        }
    }
}

/// Σ ln(1 + e^(to · x − shift)) − ln(1 + e^(from · x − shift)).
fn softplus_difference(
    level: Level,
    [from, to]: [f32; 2],
    shift: f32,
    x: &[f32],
    [a, b]: [&mut [f32]; 2],
) -> f64 {
    // Both are exact in f64, and their difference has all digits.
    let step = f64::from(to) - f64::from(from);
    let largest = x.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if step.abs() * f64::from(largest) > SMALL {
        a.iter_mut().zip(x).for_each(|(a, x)| *a = from * x - shift);
        b.iter_mut().zip(x).for_each(|(b, x)| *b = to * x - shift);
        forward_in_place(level, Kind::Softplus, a);
        forward_in_place(level, Kind::Softplus, b);
        return a.iter().zip(&*b).map(|(&a, &b)| f64::from(b) - f64::from(a)).sum();
    }
    let step = step as f32;
    for ((a, b), &x) in a.iter_mut().zip(&mut *b).zip(x) {
        let (at, change) = (from * x - shift, step * x);
        *a = if change > 0.0 { -at } else { at };
        *b = -change.abs();
    }
    forward_in_place(level, Kind::Sigmoid, a);
    // e^b − 1, since b ≤ 0.
    forward_in_place(level, Kind::Elu, b);
    b.iter_mut().zip(&*a).for_each(|(b, a)| *b *= a);
    forward_in_place(level, Kind::Log1p, b);
    let rest: f64 = b.iter().map(|&b| f64::from(b)).sum();
    rest + x.iter().map(|x| f64::from((step * x).max(0.0))).sum::<f64>()
}
