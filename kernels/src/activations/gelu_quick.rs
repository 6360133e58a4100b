//! Quick GELU: y = x σ(1.702 x), which differs from GELU by .0203 at most.
//!
//! forward    y  = x σ(β x), β = 1.702
//! backward   dx = σ (1 + β x (1 − σ)) dy, with a root at β x = −1.2785
//!
//! Hendrycks & Gimpel 2016, arXiv:1606.08415.
//!
//! Worst errors over all inputs: .78 ULP forward, at x = −53.71543; .88 backward, at x = −.7511543.

use super::{Activation, Saved, swish};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(crate) struct GeluQuick;

const BETA: f64 = 1.702;

impl Activation for GeluQuick {
    const NAME: &'static str = "gelu_quick";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.78;
    const MAX_ULP_BACKWARD: f64 = 0.88;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        swish::swish(x, BETA)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        swish::swish_backward(x, dy, BETA)
    }
    fn definition(self, x: f64) -> f64 {
        swish::definition(x, BETA)
    }
    fn derivative(self, x: f64) -> f64 {
        swish::derivative(BETA * x)
    }
}
