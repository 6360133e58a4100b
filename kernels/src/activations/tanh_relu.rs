//! The rectified hyperbolic tangent: y = max(0, tanh x).
//!
//! backward   dx = 0 where y ≤ 0, else (1 − y²) dy
//!
//! Glorot, Bordes & Bengio, AISTATS 2011, footnote 3: a rectifier that saturates.

use super::{Activation, Saved, tanh::Tanh};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(crate) struct TanhRelu;

impl Activation for TanhRelu {
    const NAME: &'static str = "tanh_relu";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = Tanh::MAX_ULP;
    const MAX_ULP_BACKWARD: f64 = Tanh::MAX_ULP_BACKWARD;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        x.le(zero).select(zero, Tanh.forward(x))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let zero = y.constant(0.0);
        y.le(zero).select(zero, Tanh.backward(y, dy))
    }
    fn definition(self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { x.tanh() }
    }
    fn derivative(self, y: f64) -> f64 {
        if y <= 0.0 { 0.0 } else { 1.0 - y * y }
    }
}
