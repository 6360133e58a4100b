//! ReLU6: a rectifier that saturates at 6.
//!
//! forward    y  = min(max(0, x), 6)
//! backward   dx = dy where 0 < y < 6, else 0 (a selection, as for ReLU)
//!
//! Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".

use super::{Activation, Saved};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Relu6;

impl Activation for Relu6 {
    const NAME: &'static str = "relu6";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.0;
    const MAX_ULP_BACKWARD: f64 = 0.0;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        x.le(zero).select(zero, x.constant(6.0).min(x))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let zero = y.constant(0.0);
        (y.le(zero) | y.constant(6.0).le(y)).select(zero, dy)
    }
    fn definition(self, x: f64) -> f64 {
        x.clamp(0.0, 6.0)
    }
    fn derivative(self, y: f64) -> f64 {
        if y <= 0.0 || y >= 6.0 { 0.0 } else { 1.0 }
    }
}
