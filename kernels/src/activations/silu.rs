//! SiLU, the sigmoid-weighted linear unit: y = x σ(x); Swish at β = 1.
//!
//! forward    y  = x σ(x)
//! backward   dx = σ (1 + x (1 − σ)) dy, with a root at x = −1.2785
//!
//! Elfwing, Uchibe & Doya 2017, arXiv:1702.03118.
//!
//! Worst errors over all inputs: .78 ULP forward, at x = −91.8987; .79 backward, at x = .5004483.

use super::{Activation, Saved, swish};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Silu;

impl Activation for Silu {
    const NAME: &'static str = "silu";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.78;
    const MAX_ULP_BACKWARD: f64 = 0.79;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        swish::silu(x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        swish::silu_backward(x, dy)
    }
    fn definition(self, x: f64) -> f64 {
        swish::definition(x, 1.0)
    }
    fn derivative(self, x: f64) -> f64 {
        swish::derivative(x)
    }
}
