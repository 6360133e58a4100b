//! Leaky ReLU: a rectifier whose lower half keeps a small slope a > 0.
//!
//! forward    y  = x above 0, else a x
//! backward   dx = dy above 0, else a dy
//!
//! Maas, Hannun & Ng, ICML 2013. The sign survives, so backward takes the output.
//!
//! Worst errors over all inputs: .5 ULP forward (one rounding), 0 backward for dy = 1.

use super::{Activation, Saved};
use crate::simd::{F32, Simd};

#[derive(Clone, Copy)]
pub(super) struct LeakyRelu {
    /// a.
    pub(super) slope: f32,
}

impl Activation for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.5;
    const MAX_ULP_BACKWARD: f64 = 0.0;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        x.le(x.constant(0.0)).select(x * x.constant(self.slope), x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        y.le(y.constant(0.0)).select(dy * y.constant(self.slope), dy)
    }
    fn definition(self, x: f64) -> f64 {
        if x <= 0.0 { f64::from(self.slope) * x } else { x }
    }
    fn derivative(self, y: f64) -> f64 {
        if y <= 0.0 { f64::from(self.slope) } else { 1.0 }
    }
}
