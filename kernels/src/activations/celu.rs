//! CELU, an ELU whose derivative is continuous for every α.
//!
//! forward    y  = x above 0, else α (e^(x/α) − 1)
//! backward   dx = dy above 0, else (1 + y/α) dy
//!
//! Barron 2017, arXiv:1704.07483. α > 0, so the sign survives and backward takes the output.
//!
//! Worst errors over all inputs: .53 ULP forward, at x = −.015701378; .5 backward, at y =
//! −8.940697·10⁻⁸.

use super::{Activation, Saved, elu};
use crate::{
    math::{Double, split},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Celu {
    /// α.
    pub(crate) alpha: f32,
}

impl Activation for Celu {
    const NAME: &'static str = "celu";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.53;
    const MAX_ULP_BACKWARD: f64 = 0.5;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        let y = if self.alpha == 1.0 {
            elu::expm1(Double::exact(x)).rounded()
        } else {
            // The limit keeps infinities out of the low part.
            let bounded = x.constant(-30.0 * self.alpha).max(x);
            let t = Double::constant(x, split(1.0 / f64::from(self.alpha))).times(bounded);
            elu::expm1(t).normalised().times(x.constant(self.alpha)).rounded()
        };
        x.lt(zero).select(y, x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let inverse = Double::constant(y, split(1.0 / f64::from(self.alpha)));
        // 1 + y/α, rounded twice: the first product is exact next to y = −α.
        let slope = y.mul_add(inverse.hi, y.constant(1.0));
        let slope = y.mul_add(inverse.lo, slope);
        y.le(y.constant(0.0)).select(slope * dy, dy)
    }
    fn definition(self, x: f64) -> f64 {
        let alpha = f64::from(self.alpha);
        if x < 0.0 { alpha * (x / alpha).exp_m1() } else { x }
    }
    fn derivative(self, y: f64) -> f64 {
        let alpha = f64::from(self.alpha);
        if y <= 0.0 { (y + alpha) / alpha } else { 1.0 }
    }
}
