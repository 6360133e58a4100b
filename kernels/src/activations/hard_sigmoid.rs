//! Hard sigmoid: the line through (0, ½) of slope 1/6, between 0 and 1.
//!
//! forward    y  = min(max(0, x + 3), 6) / 6
//! backward   dx = dy / 6 where 0 < y < 1, else 0 (a selection)
//!
//! Courbariaux, Bengio & David 2015, arXiv:1511.00363; with this slope Howard et al. 2019,
//! arXiv:1905.02244.
//!
//! Worst errors over all inputs: 4·10⁻⁸ above .5 ULP forward, at x = −8.9406974·10⁻⁸; .34 backward, at y =
//! 1·10⁻⁴⁵.

use super::{Activation, Saved};
use crate::{
    math::Double,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct HardSigmoid;

/// ⅙; the second part is positive, so that an infinity times both is no NaN.
pub(super) const SIXTH: [f32; 2] = [0.166_666_66, 9.934_108e-9];

/// a / 6, rounded.
#[inline(always)]
pub(super) fn sixth<S: Simd>(a: Double<S>) -> F32<S> {
    let sixth = Double::constant(a.hi, SIXTH);
    a.hi.mul_add_once(sixth.hi, a.hi.mul_add(sixth.lo, a.lo * sixth.hi))
}

impl Activation for HardSigmoid {
    const NAME: &'static str = "hard_sigmoid";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.500_000_1;
    const MAX_ULP_BACKWARD: f64 = 0.34;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let (zero, one, three) = (x.constant(0.0), x.constant(1.0), x.constant(3.0));
        let y = sixth(Double::fast_sum(three, x));
        let y = three.le(x).select(one, y);
        x.le(-three).select(zero, y)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let zero = y.constant(0.0);
        let slope = sixth(Double::exact(dy));
        (y.le(zero) | y.constant(1.0).le(y)).select(zero, slope)
    }
    fn definition(self, x: f64) -> f64 {
        if x <= -3.0 {
            0.0
        } else if x >= 3.0 {
            1.0
        } else {
            (x + 3.0) / 6.0
        }
    }
    fn derivative(self, y: f64) -> f64 {
        if y <= 0.0 || y >= 1.0 { 0.0 } else { 1.0 / 6.0 }
    }
}
