//! APALU, a quick GELU above 0 and an ELU below, both with a learned scale.
//!
//! forward    y  = a (x + x σ(1.702 x)) for x ≥ 0, else b (eˣ − 1)
//! backward   dx = a (1 + σ + 1.702 x σ (1 − σ)) dy, else b eˣ dy
//!            da = Σ (x + x σ) dy over x ≥ 0,   db = Σ (eˣ − 1) dy over x < 0
//!
//! arXiv:2402.08244. Smooth at 0 only for b = 1.5 a. The paper's initial values could not be found in a
//! source: a = .55 and b = .065 are from memory.

use super::{Domain, Learned, Parameter, finite, finite_f64, negative_part, sigma};
use crate::{
    math::{exp_f64, expm1_f64, sigmoid_f64},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Apalu;

/// The slope with which σ(1.702 x) is nearest the normal distribution function.
const SLOPE: f64 = 1.702;

impl Learned<2> for Apalu {
    const NAME: &'static str = "apalu";
    const PARAMETERS: [Parameter; 2] =
        [Parameter::new("a", 0.55, Domain::Positive), Parameter::new("b", 0.065, Domain::Positive)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [a, b]: [F32<S>; 2]) -> F32<S> {
        let zero = x.constant(0.0);
        let upper = finite(x.lt(zero).select(zero, x));
        let (s, _) = sigmoid_f64(upper * upper.constant(SLOPE));
        let lower = b.widen() * expm1_f64(negative_part(x).widen());
        // One of the two is 0.
        (a.widen() * upper.mul_add(s, upper) + lower).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [a, b]: [F32<S>; 2],
    ) -> (F32<S>, [F64<S>; 2]) {
        let zero = x.constant(0.0);
        let below = x.lt(zero);
        let (dy_upper, dy_lower) = (below.select(zero, dy).widen(), below.select(dy, zero).widen());
        let upper = finite(below.select(zero, x));
        let lower = below.select(x, zero).widen();
        let t = upper * upper.constant(SLOPE);
        let (s, rest) = sigmoid_f64(t);
        let slope = (t * s).mul_add(rest, s + t.constant(1.0));
        let dx_upper = (a.widen() * slope * dy_upper).narrow();
        let dx_lower = (b.widen() * exp_f64(lower) * dy_lower).narrow();
        let da = upper.mul_add(s, upper) * dy_upper;
        (below.select(dx_lower, dx_upper), [da, expm1_f64(lower) * dy_lower])
    }
    fn definition(self, x: f64, [a, b]: [f64; 2]) -> f64 {
        let x = finite_f64(x);
        if x < 0.0 { b * x.exp_m1() } else { a * (x + x * sigma(SLOPE * x)) }
    }
    fn derivative(self, x: f64, [a, b]: [f64; 2]) -> f64 {
        let x = finite_f64(x);
        let t = SLOPE * x;
        if x < 0.0 { b * x.exp() } else { a * (1.0 + sigma(t) + t * sigma(t) * sigma(-t)) }
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 2]) -> [f64; 2] {
        let x = finite_f64(x);
        if x < 0.0 { [0.0, x.exp_m1()] } else { [x + x * sigma(SLOPE * x), 0.0] }
    }
}
