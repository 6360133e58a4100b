//! Identity: y = x. A layer without activation.
//!
//! backward   dx = dy

use super::{Activation, Saved};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(super) struct Identity;

impl Activation for Identity {
    const NAME: &'static str = "identity";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.0;
    const MAX_ULP_BACKWARD: f64 = 0.0;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        x
    }
    #[inline(always)]
    fn backward<S: Simd>(self, _: F32<S>, dy: F32<S>) -> F32<S> {
        dy
    }
    fn definition(self, x: f64) -> f64 {
        x
    }
    fn derivative(self, _: f64) -> f64 {
        1.0
    }
}
