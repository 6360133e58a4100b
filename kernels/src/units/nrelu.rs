//! NReLU, the noisy rectified linear unit: max(0, x + N(0, V)) with the *variance* V = σ(x).
//!
//! The standard deviation is √σ(x); taking σ(x) for it is the common mistake. The sum of infinitely many
//! Bernoulli copies with biases −½, −3/2, … has mean ≈ ln(1 + eˣ) and variance σ(x), and this is its fast
//! approximation (Nair & Hinton, ICML 2010, section 2).

use super::StochasticUnit;
use crate::{
    activations::{Kind, sigmoid},
    math::normal::normal_from_bits,
    simd::{F32, Simd, U32},
};

#[derive(Clone, Copy)]
pub(super) struct Nrelu;

impl StochasticUnit for Nrelu {
    const NAME: &'static str = "nrelu";
    const ACTIVATION: Kind = Kind::Relu;

    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, bits: U32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        let y = sigmoid(x).sqrt().mul_add(normal_from_bits(bits), x);
        y.le(zero).select(zero, y)
    }
}
