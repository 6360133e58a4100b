//! ReLU, the rectifier: y = max(0, x).
//!
//! forward    y  = 0 where x ≤ 0, else x      (so that NaN stays, and −0 gives +0)
//! backward   dx = 0 where y ≤ 0, else dy     (a selection, not a product: dy = ∞ at x ≤ 0 gives 0)
//!
//! Nair & Hinton, ICML 2010; Glorot, Bordes & Bengio, AISTATS 2011.

use super::{Activation, Saved};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(super) struct Relu;

impl Activation for Relu {
    const NAME: &'static str = "relu";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.0;
    const MAX_ULP_BACKWARD: f64 = 0.0;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        x.le(zero).select(zero, x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let zero = y.constant(0.0);
        y.le(zero).select(zero, dy)
    }
    fn definition(self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { x }
    }
    fn derivative(self, y: f64) -> f64 {
        if y <= 0.0 { 0.0 } else { 1.0 }
    }
}
