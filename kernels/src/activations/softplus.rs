//! Softplus, the smooth rectifier: y = ln(1 + eˣ).
//!
//! forward    y  = max(0, x) + ln(1 + e^−|x|)
//! backward   dx = σ(x) dy
//!
//! Dugas et al., NIPS 2000; Glorot, Bordes & Bengio, AISTATS 2011.

use super::{Activation, Saved, sigmoid::sigmoid};
use crate::{
    math::{Double, exp_parts, log1p_of_exp},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Softplus;

impl Activation for Softplus {
    const NAME: &'static str = "softplus";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.99;
    const MAX_ULP_BACKWARD: f64 = 0.99;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        let a = x.constant(110.0).min(x.abs());
        let e = exp_parts(-a);
        let log = log1p_of_exp(e);
        let positive = zero.lt(x).select(x, zero);
        let y = Double::sum(positive, log.hi);
        let y = y.hi + (y.lo + log.lo);
        // Below −20, ln(1 + eˣ) = eˣ to the last bit, and scaled once at the end.
        let tail = (e.mantissa.hi + e.mantissa.lo).scale(e.k);
        x.lt(x.constant(-20.0)).select(tail, y)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        sigmoid(x) * dy
    }
    fn definition(self, x: f64) -> f64 {
        x.max(0.0) + (-x.abs()).exp().ln_1p()
    }
    fn derivative(self, x: f64) -> f64 {
        if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
    }
}
