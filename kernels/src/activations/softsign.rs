//! Softsign: y = x / (1 + |x|).
//!
//! backward   dx = (1 − |y|)² dy
//!
//! Bergstra, Desjardins, Lamblin & Bengio 2009, "Quadratic polynomials learn better image features".
//!
//! Worst errors over all inputs: .76 ULP forward, at x = 1.0019233; 3·10⁻⁸ above .5 backward, at y =
//! 2.6971138·10⁻⁶.

use super::{Activation, Saved};
use crate::{
    math::Double,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Softsign;

impl Activation for Softsign {
    const NAME: &'static str = "softsign";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.76;
    const MAX_ULP_BACKWARD: f64 = 0.500_000_1;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        // Beyond 2²⁶ the result is ±1. Above 1 it is 1 − 1 / (1 + |x|), whose errors are below the steps of
        // the function: it stays monotone.
        let (a, one) = (x.constant(67_108_864.0).min(x.abs()), x.constant(1.0));
        let small = a.le(one);
        let q = Double::exact(small.select(a, one)).div_rounded(Double::sum(one, a));
        small.select(q, one - q).with_sign_of(x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let rest = Double::fast_sum(y.constant(1.0), -y.abs());
        rest.hi.mul_add(rest.hi, (rest.hi + rest.hi) * rest.lo) * dy
    }
    fn definition(self, x: f64) -> f64 {
        if x.is_infinite() { x.signum() } else { x / (1.0 + x.abs()) }
    }
    fn derivative(self, y: f64) -> f64 {
        (1.0 - y.abs()) * (1.0 - y.abs())
    }
}
