//! Gaussian with unit variance: x + N(0, 1).

use super::StochasticUnit;
use crate::{
    activations::Kind,
    math::normal::normal_from_bits,
    simd::{F32, Simd, U32},
};

#[derive(Clone, Copy)]
pub(super) struct Gaussian;

impl StochasticUnit for Gaussian {
    const NAME: &'static str = "gaussian";
    const ACTIVATION: Kind = Kind::Identity;

    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, bits: U32<S>) -> F32<S> {
        x + normal_from_bits(bits)
    }
}
