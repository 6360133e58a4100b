//! Hard swish: x times the hard sigmoid.
//!
//! forward    y  = −0 up to −3, x from 3 on, x (x + 3) / 6 between
//! backward   dx = 0 up to −3, dy from 3 on, (2 x + 3) / 6 dy between
//!
//! Howard et al. 2019, arXiv:1905.02244.
//!
//! Worst errors over all inputs: 5·10⁻⁸ above .5 ULP forward, at x = 1.8923888·10⁻⁶; 4·10⁻⁸ above .5
//! backward, at x = −4.4703487·10⁻⁸.

use super::{Activation, Saved, hard_sigmoid::sixth};
use crate::{
    math::Double,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct HardSwish;

/// ⅙.
const SIXTH: [f32; 2] = [0.166_666_67, -4.967_054e-9];

impl Activation for HardSwish {
    const NAME: &'static str = "hard_swish";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.500_000_1;
    const MAX_ULP_BACKWARD: f64 = 0.500_000_1;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let three = x.constant(3.0);
        // Near 0 the factor is ½ exactly, and a subnormal result rounded once.
        let factor = Double::fast_sum(three, x).mul(Double::constant(x, SIXTH)).normalised();
        let y = x.mul_add_once(factor.hi, x * factor.lo).with_sign_of(x);
        let y = three.le(x).select(x, y);
        x.le(-three).select(x.constant(-0.0), y)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let three = x.constant(3.0);
        let slope = sixth(Double::fast_mul_add(x.constant(2.0), x, three)) * dy;
        let slope = three.le(x).select(dy, slope);
        x.le(-three).select(x.constant(0.0), slope)
    }
    fn definition(self, x: f64) -> f64 {
        if x <= -3.0 {
            -0.0
        } else if x >= 3.0 {
            x
        } else {
            x * (x + 3.0) / 6.0
        }
    }
    fn derivative(self, x: f64) -> f64 {
        if x <= -3.0 {
            0.0
        } else if x >= 3.0 {
            1.0
        } else {
            (2.0 * x + 3.0) / 6.0
        }
    }
}
