//! The absolute value: two rectifiers that share their weight, y = max(0, x) + max(0, −x).
//!
//! backward   dx = dy above 0, −dy below, 0 at 0 (a selection, as for ReLU)
//!
//! Glorot, Bordes & Bengio, AISTATS 2011: pairs of rectifiers that share their weights.

use super::{Activation, Saved};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Abs;

impl Activation for Abs {
    const NAME: &'static str = "abs";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.0;
    const MAX_ULP_BACKWARD: f64 = 0.0;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        x.abs()
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        x.le(zero).select(x.lt(zero).select(-dy, zero), dy)
    }
    fn definition(self, x: f64) -> f64 {
        x.abs()
    }
    fn derivative(self, x: f64) -> f64 {
        if x < 0.0 {
            -1.0
        } else if x == 0.0 {
            0.0
        } else {
            1.0
        }
    }
}
