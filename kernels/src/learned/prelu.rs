//! PReLU, the rectifier whose lower half has a learned slope.
//!
//! forward    y  = x above 0, else a x
//! backward   dx = dy above 0, else a dy
//!            da = Σ x dy over x ≤ 0
//!
//! He et al. 2015, arXiv:1502.01852: a = ¼ at the start, and no weight decay on it.

use super::{Domain, Learned, Parameter, not_above_zero, product, product_f64};
use crate::simd::{F32, F64, Simd};

#[derive(Clone, Copy)]
pub(super) struct Prelu;

impl Learned<1> for Prelu {
    const NAME: &'static str = "prelu";
    const PARAMETERS: [Parameter; 1] = [Parameter::new("slope", 0.25, Domain::Finite)];
    const MAX_ULP: f64 = 0.5;
    const MAX_ULP_BACKWARD: f64 = 0.5;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [a]: [F32<S>; 1]) -> F32<S> {
        x.le(x.constant(0.0)).select(product(a, x), x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>, [a]: [F32<S>; 1]) -> (F32<S>, [F64<S>; 1]) {
        let zero = x.constant(0.0);
        let below = not_above_zero(x);
        let (x_below, dy_below) = (below.select(x, zero), below.select(dy, zero));
        (below.select(a * dy, dy), [x_below.widen() * dy_below.widen()])
    }
    fn definition(self, x: f64, [a]: [f64; 1]) -> f64 {
        if x <= 0.0 { product_f64(a, x) } else { x }
    }
    fn derivative(self, x: f64, [a]: [f64; 1]) -> f64 {
        if x <= 0.0 { a } else { 1.0 }
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 1]) -> [f64; 1] {
        [if x <= 0.0 { x } else { 0.0 }]
    }
}
