//! ELU with a learned α.
//!
//! forward    y  = x above 0, else α (eˣ − 1)
//! backward   dx = dy above 0, else α eˣ dy
//!            dα = Σ (eˣ − 1) dy over x ≤ 0
//!
//! Clevert et al. 2016, arXiv:1511.07289, with α = 1; α > 0 there.

use super::{Domain, Learned, Parameter, not_above_zero};
use crate::{
    math::{exp_f64, expm1_f64},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Elu;

impl Learned<1> for Elu {
    const NAME: &'static str = "trainable_elu";
    const PARAMETERS: [Parameter; 1] = [Parameter::new("alpha", 1.0, Domain::Positive)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [alpha]: [F32<S>; 1]) -> F32<S> {
        let lower = (alpha.widen() * expm1_f64(x.widen())).narrow();
        x.le(x.constant(0.0)).select(lower, x)
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [alpha]: [F32<S>; 1],
    ) -> (F32<S>, [F64<S>; 1]) {
        let zero = x.constant(0.0);
        let below = not_above_zero(x);
        let (x_below, dy_below) = (below.select(x, zero).widen(), below.select(dy, zero).widen());
        let dx = (alpha.widen() * exp_f64(x_below) * dy_below).narrow();
        (below.select(dx, dy), [expm1_f64(x_below) * dy_below])
    }
    fn definition(self, x: f64, [alpha]: [f64; 1]) -> f64 {
        if x <= 0.0 { alpha * x.exp_m1() } else { x }
    }
    fn derivative(self, x: f64, [alpha]: [f64; 1]) -> f64 {
        if x <= 0.0 { alpha * x.exp() } else { 1.0 }
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 1]) -> [f64; 1] {
        [if x <= 0.0 { x.exp_m1() } else { 0.0 }]
    }
}
