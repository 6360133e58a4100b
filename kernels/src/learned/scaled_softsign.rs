//! Scaled softsign: limits ±α, slope α/β at 0.
//!
//! forward    y  = α x / (β + |x|)
//! backward   dx = αβ / (β + |x|)² dy
//!            dα = Σ x / (β + |x|) dy,   dβ = −Σ α x / (β + |x|)² dy
//!
//! Formulas from github.com/epishchik/TrainableActivation, with α = β = 1; β > 0, so that its 10⁻⁸ in the
//! denominator is not needed.

use super::{Domain, Learned, Parameter, finite, finite_f64};
use crate::simd::{F32, F64, Simd};

#[derive(Clone, Copy)]
pub(super) struct ScaledSoftsign;

impl Learned<2> for ScaledSoftsign {
    const NAME: &'static str = "scaled_softsign";
    const PARAMETERS: [Parameter; 2] = [
        Parameter::new("alpha", 1.0, Domain::Finite),
        Parameter::new("beta", 1.0, Domain::Positive),
    ];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [alpha, beta]: [F32<S>; 2]) -> F32<S> {
        let x = finite(x);
        (alpha.widen() * x / (beta.widen() + x.abs())).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [alpha, beta]: [F32<S>; 2],
    ) -> (F32<S>, [F64<S>; 2]) {
        let (x, dy) = (finite(x), dy.widen());
        let (alpha, beta) = (alpha.widen(), beta.widen());
        let r = x.constant(1.0) / (beta + x.abs());
        let q = alpha * r * r * dy;
        ((q * beta).narrow(), [x * r * dy, -(q * x)])
    }
    fn definition(self, x: f64, [alpha, beta]: [f64; 2]) -> f64 {
        let x = finite_f64(x);
        alpha * x / (beta + x.abs())
    }
    fn derivative(self, x: f64, [alpha, beta]: [f64; 2]) -> f64 {
        let d = beta + finite_f64(x).abs();
        alpha * beta / (d * d)
    }
    fn parameter_derivatives(self, x: f64, [alpha, beta]: [f64; 2]) -> [f64; 2] {
        let x = finite_f64(x);
        let d = beta + x.abs();
        [x / d, -alpha * x / (d * d)]
    }
}
