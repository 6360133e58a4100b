//! Elementary functions on sixteen lanes: worst error and range in each doc, measured over all 2³²
//! inputs (`tests/tests/accuracy.rs` asserts the same figures).

mod double;
mod erf;
mod excess;
mod exp;
mod exp_f64;
mod log;
mod logistic;
pub(crate) mod normal;
mod piecewise;
mod reciprocal;
mod root;
mod root_sigmoid;
mod sin_cos;
#[cfg(test)]
mod tests_f32;
#[cfg(test)]
mod tests_f64;

pub(crate) use double::Double;
pub(crate) use erf::erf;
pub(crate) use excess::{mean_excess, mean_excess_f64, mean_excess_parts, rough_mean_excess};
pub(crate) use exp::{
    Exp, ExpFactors, ROUND as EXP_ROUND, exp, exp_factors_of, exp_parts, exp_parts_of, expm1_parts,
    table as exp_table,
};
pub(crate) use exp_f64::{
    exp_expm1_f64, exp_f64, exp_minus_line_f64, expm1_f64, line_minus_tanh_f64, polynomial_f64,
    seldom_exp_f64, sigmoid_f64, tanh_f64, tanh_parts_f64, tanh_sech2_f64,
};
pub(crate) use log::{ln, ln_of_sum, log1p, log1p_parts};
pub(crate) use logistic::LogisticTail;
pub(crate) use piecewise::{Piecewise, Row};
pub(crate) use reciprocal::reciprocal;
pub(crate) use root::{Root, zero_crossing};
pub(crate) use root_sigmoid::root_sigmoid;
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

/// The constants of a branch that is seldom taken, to be loaded there.
///
/// Compilers load what is known before the loop around the branch, and then those of the loop itself find no registers: a branch
/// that was never taken cost up to a sixth of the time.
#[inline(always)]
pub(crate) fn seldom<T>(constants: &T) -> &T {
    std::hint::black_box(constants)
}

/// A constant as the sum of two `f32`.
#[inline(always)]
pub(crate) fn split(x: f64) -> [f32; 2] {
    let hi = x as f32;
    [hi, (x - f64::from(hi)) as f32]
}
