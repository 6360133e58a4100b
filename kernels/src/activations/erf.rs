//! The error function: y = 2/√π ∫ e^(−t²) dt from 0 to x.
//!
//! forward    y from a table of eight polynomials in |x|; ±1 from |x| = 4 on
//! backward   dx = 2/√π e^(−x²) dy
//!
//! Worst errors over all inputs: .77 ULP forward, at x = 9.965829·10⁻³⁹; .58 backward, at x = 2.2382143.

use super::{Activation, Saved, reference, swish, tail::Tail};
use crate::{
    math::{Double, erf, exp_parts_of, seldom_exp_f64},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Erf;

/// 2 / √π.
const SLOPE: [f32; 2] = [std::f32::consts::FRAC_2_SQRT_PI, -5.863_538_3e-8];

impl Activation for Erf {
    const NAME: &'static str = "erf";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.77;
    const MAX_ULP_BACKWARD: f64 = 0.58;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        // The largest number below 4, where the result is already 1.
        erf(swish::clamp(x, 3.999_999_8))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, saved: F32<S>, dy: F32<S>) -> F32<S> {
        let x = swish::clamp(saved, 10.5);
        let e = exp_parts_of(Double::product(-x, x));
        let slope = e.mantissa.mul(Double::constant(x, SLOPE)).rounded().scale(e.k);
        let dx = slope * dy;
        let Some(tail) = Tail::of(x.constant(8.0).lt(x.abs()), saved) else { return dx };
        let x = tail.x;
        let slope = seldom_exp_f64(-(x * x)) * x.constant(std::f64::consts::FRAC_2_SQRT_PI);
        tail.product(slope, dy, dx)
    }
    fn definition(self, x: f64) -> f64 {
        reference::erf(x)
    }
    fn derivative(self, x: f64) -> f64 {
        (-x * x).exp() * std::f64::consts::FRAC_2_SQRT_PI
    }
}
