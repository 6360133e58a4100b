//! CosLU, a SiLU with a cosine.
//!
//! forward    y  = (x + α cos βx) σ(x)
//! backward   dx = σ ((1 − αβ sin βx) + (x + α cos βx)(1 − σ)) dy        σ = σ(x)
//!            dα = Σ cos(βx) σ dy,   dβ = −Σ α x sin(βx) σ dy
//!
//! Formulas from github.com/epishchik/TrainableActivation, with α = β = 1. At +∞ the function is infinite
//! and its derivatives have no limit, so they are NaN there (unless α or β is 0); at −∞ all are 0.

use super::{Domain, Learned, Parameter, finite, finite_f64, no_limit, sigma};
use crate::{
    math::{sigmoid_f64, sin_cos},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct CosLu;

impl Learned<2> for CosLu {
    const NAME: &'static str = "coslu";
    const PARAMETERS: [Parameter; 2] =
        [Parameter::new("alpha", 1.0, Domain::Finite), Parameter::new("beta", 1.0, Domain::Finite)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [alpha, beta]: [F32<S>; 2]) -> F32<S> {
        let x = finite(x);
        let (_, cos) = sin_cos(beta.widen() * x);
        let (s, _) = sigmoid_f64(x);
        (alpha.widen().mul_add(cos, x) * s).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [alpha, beta]: [F32<S>; 2],
    ) -> (F32<S>, [F64<S>; 2]) {
        let zero = x.constant(0.0);
        let no_cos_limit = no_limit(x, beta.eq(zero)).widen();
        let no_limit = no_limit(x, beta.eq(zero) | alpha.eq(zero)).widen();
        let (x, dy) = (finite(x), dy.widen());
        let (alpha, beta) = (alpha.widen(), beta.widen());
        let (sin, cos) = sin_cos(beta * x);
        let (s, rest) = sigmoid_f64(x);
        let inner = (-(alpha * beta)).mul_add(sin, x.constant(1.0));
        let slope = s * alpha.mul_add(cos, x).mul_add(rest, inner);
        let d_alpha = (cos * s + no_cos_limit) * dy;
        let d_beta = (no_limit - alpha * x * sin * s) * dy;
        (((slope + no_limit) * dy).narrow(), [d_alpha, d_beta])
    }
    fn definition(self, x: f64, [alpha, beta]: [f64; 2]) -> f64 {
        let x = finite_f64(x);
        (x + alpha * (beta * x).cos()) * sigma(x)
    }
    fn derivative(self, x: f64, [alpha, beta]: [f64; 2]) -> f64 {
        if x == f64::INFINITY && alpha * beta != 0.0 {
            return f64::NAN;
        }
        let x = finite_f64(x);
        let (sin, cos) = (beta * x).sin_cos();
        sigma(x) * ((1.0 - alpha * beta * sin) + (x + alpha * cos) * sigma(-x))
    }
    fn parameter_derivatives(self, x: f64, [alpha, beta]: [f64; 2]) -> [f64; 2] {
        let limit = |exists: bool| if x == f64::INFINITY && !exists { f64::NAN } else { 0.0 };
        let (cos_limit, limit) = (limit(beta == 0.0), limit(alpha * beta == 0.0));
        let x = finite_f64(x);
        let (sin, cos) = (beta * x).sin_cos();
        [cos * sigma(x) + cos_limit, limit - alpha * x * sin * sigma(x)]
    }
}
