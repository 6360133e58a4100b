//! Softplus, the smooth rectifier: y = ln(1 + eˣ); with a scale β, y = ln(1 + e^(β x)) / β.
//!
//! forward    y  = max(0, x) + ln(1 + e^−|x|)
//! backward   dx = σ(x) dy
//!
//! Dugas et al., NIPS 2000; Glorot, Bordes & Bengio, AISTATS 2011.
//!
//! Worst errors over all inputs: .78 ULP forward, at x = −87.40735; .78 backward, at x = −87.36715.

use super::{Activation, Saved, sigmoid, swish};
use crate::{
    math::{Double, exp_parts_of, log1p_of_exp, polynomial, split},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Softplus;

/// |β x| beyond which y is 0 or x.
const LIMIT: f32 = 125.0;

/// ln(1 + e^(β x)) / β, for a constant β > 0: what is computed of it alone is folded.
#[inline(always)]
pub(super) fn softplus<S: Simd>(x: F32<S>, beta: f32) -> F32<S> {
    let zero = x.constant(0.0);
    let t = Double::product(swish::clamp(x, LIMIT / beta), x.constant(beta)).minus_abs();
    let e = exp_parts_of(t);
    let (mut log, mut tail) = (log1p_of_exp(e), e.mantissa);
    if beta != 1.0 {
        let inverse = Double::constant(x, split(1.0 / f64::from(beta)));
        (log, tail) = (log.mul(inverse), tail.mul(inverse));
    }
    let y = Double::sum(zero.lt(x).select(x, zero), log.hi);
    let y = y.hi + (y.lo + log.lo);
    // Below −20, ln(1 + eᵗ) = eᵗ to the last bit, and scaled once at the end.
    let y = x.lt(x.constant(-20.0 / beta)).select(tail.rounded().scale(e.k), y);
    let y = x.abs().lt(x.constant(0.25 / beta)).select(near_zero(x, beta), y);
    // The infinity has no low part.
    x.constant(LIMIT / beta).lt(x).select(x, y)
}

/// The same for |β x| ≤ ¼: ln 2 / β + x/2 + β x² (1/8 − (βx)²/192 + (βx)⁴/2880), truncation error < 2⁻³⁰.
///
/// Here neighbouring x move the result by far less than its last bit, and the rounding errors of the
/// general form would make it fall. The errors of the quadratic term are smaller than the steps of x/2.
#[inline(always)]
fn near_zero<S: Simd>(x: F32<S>, beta: f32) -> F32<S> {
    let [log_2, log_2_rest] = split(std::f64::consts::LN_2 / f64::from(beta));
    let t = x * x.constant(beta);
    let even = polynomial(t * t, &[beta / 8.0, -beta / 192.0, beta / 2880.0]);
    let rest = (x * x).mul_add(even, x.constant(log_2_rest));
    x.mul_add(x.constant(0.5), rest) + x.constant(log_2)
}

impl Activation for Softplus {
    const NAME: &'static str = "softplus";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.78;
    const MAX_ULP_BACKWARD: f64 = 0.78;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        softplus(x, 1.0)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        sigmoid::sigmoid(x) * dy
    }
    fn definition(self, x: f64) -> f64 {
        definition(x, 1.0)
    }
    fn derivative(self, x: f64) -> f64 {
        swish::sigmoid(x)
    }
}

/// ln(1 + e^(β x)) / β in `f64`.
pub(super) fn definition(x: f64, beta: f64) -> f64 {
    x.max(0.0) + (-(beta * x).abs()).exp().ln_1p() / beta
}
