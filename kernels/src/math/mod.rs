//! Elementary functions on sixteen lanes: worst error and range in each doc, measured over all 2³²
//! inputs (`tests/tests/accuracy.rs` asserts the same figures).

mod double;
mod exp;
mod exp_f64;
mod log;
pub(crate) mod normal;
mod reciprocal;
mod sin_cos;
#[cfg(test)]
mod tests_f64;

pub(crate) use double::Double;
pub(crate) use exp::{exp, exp_parts, expm1_parts};
pub(crate) use exp_f64::{exp_f64, expm1_f64, sigmoid_f64, tanh_f64, tanh_sech2_f64};
pub(crate) use log::{ln, log1p, log1p_of_exp};
pub(crate) use reciprocal::reciprocal_1_2;
pub(crate) use sin_cos::sin_cos;

use crate::simd::{F32, Simd};

/// c₀ + x (c₁ + x (c₂ + …)).
#[inline(always)]
pub(crate) fn polynomial<S: Simd, const N: usize>(x: F32<S>, coefficients: &[f32; N]) -> F32<S> {
    let mut y = x.constant(coefficients[N - 1]);
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        y = y.mul_add(x, x.constant(coefficients[i]));
    }
    y
}
