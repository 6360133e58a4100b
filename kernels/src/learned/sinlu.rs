//! SinLU, a SiLU with a sine.
//!
//! forward    y  = (x + a sin bx) σ(x)
//! backward   dx = σ ((1 + ab cos bx) + (x + a sin bx)(1 − σ)) dy        σ = σ(x)
//!            da = Σ sin(bx) σ dy,   db = Σ a x cos(bx) σ dy
//!
//! Formulas from github.com/epishchik/TrainableActivation, with a = b = 1. At +∞ the function is infinite
//! and its derivatives have no limit, so they are NaN there (unless a or b is 0); at −∞ all are 0.

use super::{Domain, Learned, Parameter, finite, finite_f64, no_limit, sigma};
use crate::{
    math::{sigmoid_f64, sin_cos},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct SinLu;

impl Learned<2> for SinLu {
    const NAME: &'static str = "sinlu";
    const PARAMETERS: [Parameter; 2] =
        [Parameter::new("a", 1.0, Domain::Finite), Parameter::new("b", 1.0, Domain::Finite)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [a, b]: [F32<S>; 2]) -> F32<S> {
        let x = finite(x);
        let (sin, _) = sin_cos(b.widen() * x);
        let (s, _) = sigmoid_f64(x);
        (a.widen().mul_add(sin, x) * s).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [a, b]: [F32<S>; 2],
    ) -> (F32<S>, [F64<S>; 2]) {
        let zero = x.constant(0.0);
        let no_sin_limit = no_limit(x, b.eq(zero)).widen();
        // With b = 0 the parameter derivative a x cos(0) σ does have a limit, which is infinite.
        let no_limit = no_limit(x, a.eq(zero) | b.eq(zero)).widen();
        let (x, dy) = (finite(x), dy.widen());
        let (a, b) = (a.widen(), b.widen());
        let (sin, cos) = sin_cos(b * x);
        let (s, rest) = sigmoid_f64(x);
        let inner = (a * b).mul_add(cos, x.constant(1.0));
        let slope = s * a.mul_add(sin, x).mul_add(rest, inner);
        let da = (sin * s + no_sin_limit) * dy;
        let db = (a * x * cos * s + no_limit) * dy;
        (((slope + no_limit) * dy).narrow(), [da, db])
    }
    fn definition(self, x: f64, [a, b]: [f64; 2]) -> f64 {
        let x = finite_f64(x);
        (x + a * (b * x).sin()) * sigma(x)
    }
    fn derivative(self, x: f64, [a, b]: [f64; 2]) -> f64 {
        if x == f64::INFINITY && a * b != 0.0 {
            return f64::NAN;
        }
        let x = finite_f64(x);
        let (sin, cos) = (b * x).sin_cos();
        sigma(x) * ((1.0 + a * b * cos) + (x + a * sin) * sigma(-x))
    }
    fn parameter_derivatives(self, x: f64, [a, b]: [f64; 2]) -> [f64; 2] {
        let limit = |exists: bool| if x == f64::INFINITY && !exists { f64::NAN } else { 0.0 };
        let (sin_limit, limit) = (limit(b == 0.0), limit(a * b == 0.0));
        let x = finite_f64(x);
        let (sin, cos) = (b * x).sin_cos();
        [sin * sigma(x) + sin_limit, a * x * cos * sigma(x) + limit]
    }
}
