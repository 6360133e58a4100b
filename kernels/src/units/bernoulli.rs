//! Bernoulli: 1 with probability p = σ(x), else 0.
//!
//! The 31 upper bits, with the last one set, give v in \[1, 2³¹\]; the unit fires where v ≤ 2³¹ p: never
//! for p = 0, always for p = 1, and for p between within 2⁻³¹ of the right probability but for the
//! rounding of v to `f32`, which is symmetric.

use super::StochasticUnit;
use crate::{
    activations::{Kind, sigmoid},
    simd::{F32, Simd, U32},
};

#[derive(Clone, Copy)]
pub(super) struct Bernoulli;

impl StochasticUnit for Bernoulli {
    const NAME: &'static str = "bernoulli";
    const ACTIVATION: Kind = Kind::Sigmoid;

    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, bits: U32<S>) -> F32<S> {
        let v = (bits.shr(1) | bits.constant(1)).i32_to_f32();
        let threshold = sigmoid(x) * x.constant(2_147_483_648.0);
        v.le(threshold).select(x.constant(1.0), x.constant(0.0))
    }
}
