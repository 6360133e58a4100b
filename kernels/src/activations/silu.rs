//! SiLU, the sigmoid-weighted linear unit; also called Swish, which has a slope β besides: y = x σ(β x).
//!
//! forward    y  = x σ(β x)
//! backward   dx = σ (1 + β x (1 − σ)) dy, with a root at β x = −1.2785
//!
//! Elfwing, Uchibe & Doya 2017, arXiv:1702.03118 (β = 1); Ramachandran, Zoph & Le 2017, arXiv:1710.05941.

use super::{Activation, Saved, swish};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Silu {
    /// β.
    pub(crate) beta: f32,
}

impl Activation for Silu {
    const NAME: &'static str = "silu";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.99;
    const MAX_ULP_BACKWARD: f64 = 1.99;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        swish::swish(x, self.beta)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        swish::swish_derivative(x, self.beta) * dy
    }
    fn definition(self, x: f64) -> f64 {
        swish::definition(x, self.beta.into())
    }
    fn derivative(self, x: f64) -> f64 {
        swish::derivative(f64::from(self.beta) * x)
    }
}
