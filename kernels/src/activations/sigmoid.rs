//! Sigmoid, the logistic function: y = σ(x) = 1 / (1 + e⁻ˣ).
//!
//! forward    y  = w below 0, else 1 − w, with w = e / (1 + e), e = e^−|x|
//! backward   dx = y (1 − y) dy
//!
//! The quotient is taken in double-float, and e is scaled down to its size at the end only: far below
//! 0 the result is as exact as eˣ, subnormal numbers included.

use super::{Activation, Saved};
use crate::{
    math::{Double, exp_parts, reciprocal_1_2},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Sigmoid;

/// σ(x).
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(x: F32<S>) -> F32<S> {
    let one = x.constant(1.0);
    // Below −110 the result is 0.
    let a = x.constant(110.0).min(x.abs());
    let e = exp_parts(-a);
    let n = e.mantissa;
    let whole = n.hi.scale(e.k);
    let sum = Double::fast_sum(one, whole);
    // The part of e below `whole` is left out of the sum, where it is < 2⁻²⁵.
    let w = n.div_rounded(sum, reciprocal_1_2(sum.hi)).scale(e.k);
    x.lt(x.constant(0.0)).select(w, one - w)
}

impl Activation for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.99;
    const MAX_ULP_BACKWARD: f64 = 1.5;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        sigmoid(x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        dy * (y * (y.constant(1.0) - y))
    }
    fn definition(self, x: f64) -> f64 {
        if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
    }
    fn derivative(self, y: f64) -> f64 {
        y * (1.0 - y)
    }
}
