//! ShiLU, a rectifier with learned scale and shift.
//!
//! forward    y  = α max(0, x) + β
//! backward   dx = 0 where x ≤ 0, else α dy
//!            dα = Σ max(0, x) dy,   dβ = Σ dy
//!
//! Formulas from github.com/epishchik/TrainableActivation, which starts with α = β = 1.

use super::{Domain, Learned, Parameter, factor_finite, product_f64};
use crate::simd::{F32, F64, Simd};

#[derive(Clone, Copy)]
pub(super) struct ShiLu;

impl Learned<2> for ShiLu {
    const NAME: &'static str = "shilu";
    const PARAMETERS: [Parameter; 2] =
        [Parameter::new("alpha", 1.0, Domain::Finite), Parameter::new("beta", 1.0, Domain::Finite)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.5;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [alpha, beta]: [F32<S>; 2]) -> F32<S> {
        let zero = x.constant(0.0);
        alpha.mul_add(factor_finite(alpha, x.le(zero).select(zero, x)), beta)
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [alpha, _]: [F32<S>; 2],
    ) -> (F32<S>, [F64<S>; 2]) {
        let zero = x.constant(0.0);
        let below = x.le(zero);
        let (above, dy_above) = (below.select(zero, x).widen(), below.select(zero, dy).widen());
        (below.select(zero, alpha * dy), [above * dy_above, dy.widen()])
    }
    fn definition(self, x: f64, [alpha, beta]: [f64; 2]) -> f64 {
        if x <= 0.0 { beta } else { product_f64(alpha, x) + beta }
    }
    fn derivative(self, x: f64, [alpha, _]: [f64; 2]) -> f64 {
        if x <= 0.0 { 0.0 } else { alpha }
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 2]) -> [f64; 2] {
        [if x <= 0.0 { 0.0 } else { x }, 1.0]
    }
}
