//! Gaussian with unit variance: x + N(0, 1); one draw an element.

use super::StochasticUnit;
use crate::{
    activations::Kind,
    math::normal::normal_from_bits,
    rng::Lanes,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Gaussian;

impl StochasticUnit for Gaussian {
    const NAME: &'static str = "gaussian";
    const ACTIVATION: Option<Kind> = Some(Kind::Identity);

    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        x
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        x + normal_from_bits(lanes.next())
    }
}
