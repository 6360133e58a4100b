//! LeLeLU, a leaky rectifier with a learned scale.
//!
//! forward    y  = α x above 0, else α x / 10
//! backward   dx = α dy above 0, else α dy / 10
//!            dα = Σ x dy above 0, + Σ x dy / 10 below
//!
//! Maniatopoulos & Mitianoudis 2021, Information 12:513, with α = 1 at the start (from memory: the paper
//! was not at hand).

use super::{Domain, Learned, Parameter, product, product_f64};
use crate::simd::{F32, F64, Simd};

#[derive(Clone, Copy)]
pub(super) struct LeLeLu;

/// α above 0, α / 10 below.
#[inline(always)]
fn slope<S: Simd>(x: F32<S>, alpha: F32<S>) -> F32<S> {
    x.le(x.constant(0.0)).select(alpha / x.constant(10.0), alpha)
}

impl Learned<1> for LeLeLu {
    const NAME: &'static str = "lelelu";
    const PARAMETERS: [Parameter; 1] = [Parameter::new("alpha", 1.0, Domain::Finite)];
    const MAX_ULP: f64 = 1.01;
    const MAX_ULP_BACKWARD: f64 = 1.01;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [alpha]: [F32<S>; 1]) -> F32<S> {
        product(slope(x, alpha), x)
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [alpha]: [F32<S>; 1],
    ) -> (F32<S>, [F64<S>; 1]) {
        let dx = slope(x, alpha) * dy;
        let below = x.le(x.constant(0.0)).select(x.constant(1.0), x.constant(0.0)).widen();
        let factor = below.mul_add(below.constant(-0.9), below.constant(1.0));
        (dx, [x.widen() * factor * dy.widen()])
    }
    fn definition(self, x: f64, [alpha]: [f64; 1]) -> f64 {
        product_f64(if x <= 0.0 { alpha / 10.0 } else { alpha }, x)
    }
    fn derivative(self, x: f64, [alpha]: [f64; 1]) -> f64 {
        if x <= 0.0 { alpha / 10.0 } else { alpha }
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 1]) -> [f64; 1] {
        [if x <= 0.0 { x / 10.0 } else { x }]
    }
}
