//! Sums over all states of the visible units, each unit by itself.

use super::{
    super::{Visible, special::softplus},
    log_sum_exp,
};

/// ln Z_v(x), the logarithm of the sum, or the integral, of e^(x v) over the visible states, with the
/// quadratic terms of Gaussian units, whose energy also has their bias b:
///
/// ```text
/// Bernoulli    Σ ln(1 + eˣ)
/// Potts        Σ over groups of ln Σ eˣ
/// Gaussian     Σ (x² − b²)/2 + ln √(2π)
/// ```
pub(super) fn visible_partition(visible: Visible, bias: &[f64], x: &[f64]) -> f64 {
    match visible {
        Visible::Bernoulli => softplus_sum(x),
        Visible::Potts { categories } => x.chunks_exact(categories as usize).map(log_sum_exp).sum(),
        Visible::Gaussian => {
            let squares = x.iter().zip(bias).map(|(x, b)| 0.5 * (x - b) * (x + b));
            squares.sum::<f64>() + x.len() as f64 * 0.5 * std::f64::consts::TAU.ln()
        }
    }
}

/// Σ ln(1 + eˣ): of the factors 1 + e^(−|x|), each at most 2, products of up to 512 take one logarithm.
pub(super) fn softplus_sum(x: &[f64]) -> f64 {
    if let [x] = x {
        return softplus(*x);
    }
    let part = |x: &[f64]| {
        let positive: f64 = x.iter().map(|x| x.max(0.0)).sum();
        positive + x.iter().map(|x| 1.0 + (-x.abs()).exp()).product::<f64>().ln()
    };
    x.chunks(512).map(part).sum()
}

pub(super) fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| x.into()).collect()
}
