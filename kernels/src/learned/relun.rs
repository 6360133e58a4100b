//! ReLUN, a rectifier that saturates at a learned n: ReLU6 for n = 6.
//!
//! forward    y  = 0 where x ≤ 0, n where x > n, else x
//! backward   dx = 0 where x ≤ 0 or x ≥ n, else dy
//!            dn = Σ dy over x > n
//!
//! Formulas from github.com/epishchik/TrainableActivation, with n = 1; n > 0.

use super::{Domain, Learned, Parameter};
use crate::simd::{F32, F64, Simd};

#[derive(Clone, Copy)]
pub(super) struct ReluN;

impl Learned<1> for ReluN {
    const NAME: &'static str = "relun";
    const PARAMETERS: [Parameter; 1] = [Parameter::new("n", 1.0, Domain::Positive)];
    const MAX_ULP: f64 = 0.0;
    const MAX_ULP_BACKWARD: f64 = 0.0;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [n]: [F32<S>; 1]) -> F32<S> {
        let zero = x.constant(0.0);
        x.le(zero).select(zero, n.lt(x).select(n, x))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>, [n]: [F32<S>; 1]) -> (F32<S>, [F64<S>; 1]) {
        let zero = x.constant(0.0);
        let dx = (x.le(zero) | n.le(x)).select(zero, dy);
        (dx, [n.lt(x).select(dy, zero).widen()])
    }
    fn definition(self, x: f64, [n]: [f64; 1]) -> f64 {
        if x <= 0.0 {
            0.0
        } else if x > n {
            n
        } else {
            x
        }
    }
    fn derivative(self, x: f64, [n]: [f64; 1]) -> f64 {
        if x <= 0.0 || x >= n { 0.0 } else { 1.0 }
    }
    fn parameter_derivatives(self, x: f64, [n]: [f64; 1]) -> [f64; 1] {
        [if x > n { 1.0 } else { 0.0 }]
    }
}
