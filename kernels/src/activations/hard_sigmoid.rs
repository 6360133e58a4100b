//! Hard sigmoid: the line through (0, ½) of slope 1/6, between 0 and 1.
//!
//! forward    y  = min(max(0, x + 3), 6) / 6
//! backward   dx = dy / 6 where 0 < y < 1, else 0 (a selection)
//!
//! Courbariaux, Bengio & David 2015, arXiv:1511.00363; with this slope Howard et al. 2019,
//! arXiv:1905.02244.

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
    let [hi, lo] = SIXTH.map(
        #[inline(always)]
        |part| a.hi.constant(part),
    );
    a.hi.mul_add_once(hi, a.hi.mul_add(lo, a.lo * hi))
}

impl Activation for HardSigmoid {
    const NAME: &'static str = "hard_sigmoid";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.99;
    const MAX_ULP_BACKWARD: f64 = 0.5;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let [zero, one, three] = [0.0, 1.0, 3.0].map(
            #[inline(always)]
            |c| x.constant(c),
        );
        let y = sixth(Double::fast_sum(three, x));
        let y = three.le(x).select(one, y);
        x.le(-three).select(zero, y)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let zero = y.constant(0.0);
        let slope = sixth(Double { hi: dy, lo: zero });
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
