//! Swish with a learned β: SiLU for β = 1, nearly ReLU for large β, x / 2 for β = 0.
//!
//! forward    y  = x σ(βx)
//! backward   dx = σ (1 + βx (1 − σ)) dy          σ = σ(βx)
//!            dβ = Σ x² σ (1 − σ) dy
//!
//! Ramachandran, Zoph & Le 2017, arXiv:1710.05941.

use super::{Domain, Learned, Parameter, finite, finite_f64, sigma};
use crate::{
    math::sigmoid_f64,
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Swish;

impl Learned<1> for Swish {
    const NAME: &'static str = "swish";
    const PARAMETERS: [Parameter; 1] = [Parameter::new("beta", 1.0, Domain::Finite)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [beta]: [F32<S>; 1]) -> F32<S> {
        let x = finite(x);
        let (s, _) = sigmoid_f64(beta.widen() * x);
        (x * s).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [beta]: [F32<S>; 1],
    ) -> (F32<S>, [F64<S>; 1]) {
        let (x, dy) = (finite(x), dy.widen());
        let t = beta.widen() * x;
        let (s, rest) = sigmoid_f64(t);
        let slope = s * t.mul_add(rest, t.constant(1.0));
        ((slope * dy).narrow(), [(x * s) * (x * rest) * dy])
    }
    fn definition(self, x: f64, [beta]: [f64; 1]) -> f64 {
        let x = finite_f64(x);
        x * sigma(beta * x)
    }
    fn derivative(self, x: f64, [beta]: [f64; 1]) -> f64 {
        let t = beta * finite_f64(x);
        sigma(t) * (1.0 + t * sigma(-t))
    }
    fn parameter_derivatives(self, x: f64, [beta]: [f64; 1]) -> [f64; 1] {
        let x = finite_f64(x);
        [(x * sigma(beta * x)) * (x * sigma(-beta * x))]
    }
}
