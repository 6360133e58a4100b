//! NReLU, the noisy rectified linear unit: max(0, x + N(0, V)) with the *variance* V = σ(x); one draw an
//! element.
//!
//! The standard deviation is √σ(x); taking σ(x) for it is the common mistake. The sum of infinitely many
//! Bernoulli copies with biases −½, −3/2, … has mean ≈ ln(1 + eˣ) and variance ≈ σ(x), and this is its
//! fast approximation (Nair & Hinton, ICML 2010, section 2).
//!
//! mean    x Φ(x/s) + s φ(x/s) = max(0, x) + s φ(a) m(a) / (a + m(a)), with s = √σ(x), a = |x| / s and the
//! mean excess m: nothing cancels

use super::StochasticUnit;
use crate::{
    activations::Kind,
    math::{exp_f64, mean_excess_parts, normal::normal_from_bits, root_sigmoid},
    rng::Lanes,
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Nrelu;

/// 1 / √(2π).
pub(super) const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

/// φ(a), given a²; not below e⁻⁷⁰⁰.
#[inline(always)]
pub(super) fn density<S: Simd>(a_square: F64<S>) -> F64<S> {
    exp_f64(a_square * a_square.constant(-0.5)) * a_square.constant(DENSITY_AT_0)
}

impl StochasticUnit for Nrelu {
    const NAME: &'static str = "nrelu";
    const ACTIVATION: Option<Kind> = Some(Kind::Relu);

    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        let wide = x.widen();
        let one = wide.constant(1.0);
        let inverse = exp_f64(-wide) + one;
        let variance = one / inverse;
        // 1/s to 24 bits, and s = V/s, improved by Newton's step. Far below, where the result is 0 whatever s
        // is, it must be finite only.
        let guess = inverse.constant(1e30).min(inverse).narrow().sqrt().widen();
        let error = (guess * variance).mul_add(guess, -one);
        let s = guess * variance * error.mul_add(wide.constant(-0.5), one);
        let a = (wide * inverse * s).abs();
        // Beyond, φ(a) is 0.
        let bounded = a.constant(1e6).min(a);
        let (m, denominator) = mean_excess_parts(bounded);
        let hazard = bounded.mul_add(denominator, m);
        let beyond = s * density(wide * wide * inverse) * m / hazard;
        let zero = x.constant(0.0);
        (x.le(zero).select(zero, x).widen() + beyond).narrow()
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        let zero = x.constant(0.0);
        let y = root_sigmoid(x).mul_add(normal_from_bits(lanes.next()), x);
        y.le(zero).select(zero, y)
    }
}
