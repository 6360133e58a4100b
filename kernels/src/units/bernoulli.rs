//! Bernoulli: 1 with probability p = σ(x), else 0; one draw an element.
//!
//! The 31 upper bits, with the last one set, give v in \[1, 2³¹\]; the unit fires where v ≤ 2³¹ p: never
//! for p = 0, always for p = 1, and for p between within 2⁻³¹ of the right probability but for the
//! rounding of v to `f32`, which is symmetric.

use super::StochasticUnit;
use crate::{
    activations::{Kind, sigmoid},
    rng::Lanes,
    simd::{F32, Simd, U32},
};

/// 2³¹.
pub(super) const SCALE: f32 = 2_147_483_648.0;

#[derive(Clone, Copy)]
pub(super) struct Bernoulli;

/// v: 2³¹ times a uniform variate that is neither 0 nor above 1.
#[inline(always)]
pub(super) fn uniform_v<S: Simd>(bits: U32<S>) -> F32<S> {
    (bits.shr(1) | bits.constant(1)).i32_to_f32()
}

/// 0, where x is no NaN.
#[inline(always)]
pub(super) fn zero_or_nan<S: Simd>(x: F32<S>) -> F32<S> {
    x.eq(x).select(x.constant(0.0), x)
}

impl StochasticUnit for Bernoulli {
    const NAME: &'static str = "bernoulli";
    const ACTIVATION: Option<Kind> = Some(Kind::Sigmoid);

    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        sigmoid(x)
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        self.sample_with_mean(x, lanes).1
    }
    #[inline(always)]
    fn sample_with_mean<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> (F32<S>, F32<S>) {
        let p = sigmoid(x);
        let fires = uniform_v(lanes.next()).le(p * p.constant(SCALE));
        (p, fires.select(x.constant(1.0), zero_or_nan(x)))
    }
}
