//! DyT, dynamic tanh: a layer without reduction that takes the place of normalisation.
//!
//! forward    y  = γ tanh(αx) + β
//! backward   dx = αγ (1 − tanh²) dy
//!            dα = Σ γ x (1 − tanh²) dy,   dγ = Σ tanh dy,   dβ = Σ dy
//!
//! Zhu et al. 2025, arXiv:2503.10622; values from github.com/jiachenzhu/DyT: α = ½, one for the layer;
//! γ = 1 and β = 0, one a channel.

use super::{Domain, Learned, Parameter, finite, finite_f64, sigma};
use crate::{
    math::{tanh_f64, tanh_sech2_f64},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Dyt;

impl Learned<3> for Dyt {
    const NAME: &'static str = "dyt";
    const PARAMETERS: [Parameter; 3] = [
        Parameter::new("alpha", 0.5, Domain::Finite),
        Parameter::new("gamma", 1.0, Domain::Finite),
        Parameter::new("beta", 0.0, Domain::Finite),
    ];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [alpha, gamma, beta]: [F32<S>; 3]) -> F32<S> {
        let tanh = tanh_f64(alpha.widen() * finite(x));
        gamma.widen().mul_add(tanh, beta.widen()).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        x: F32<S>,
        dy: F32<S>,
        [alpha, gamma, _]: [F32<S>; 3],
    ) -> (F32<S>, [F64<S>; 3]) {
        let (x, dy) = (finite(x), dy.widen());
        let alpha = alpha.widen();
        let (tanh, sech2) = tanh_sech2_f64(alpha * x);
        let q = gamma.widen() * sech2 * dy;
        ((q * alpha).narrow(), [q * x, tanh * dy, dy])
    }
    fn definition(self, x: f64, [alpha, gamma, beta]: [f64; 3]) -> f64 {
        gamma * (alpha * finite_f64(x)).tanh() + beta
    }
    fn derivative(self, x: f64, [alpha, gamma, _]: [f64; 3]) -> f64 {
        let t = 2.0 * alpha * finite_f64(x);
        gamma * alpha * 4.0 * sigma(t) * sigma(-t)
    }
    fn parameter_derivatives(self, x: f64, [alpha, gamma, _]: [f64; 3]) -> [f64; 3] {
        let x = finite_f64(x);
        let t = 2.0 * alpha * x;
        [gamma * x * (4.0 * sigma(t) * sigma(-t)), (alpha * x).tanh(), 1.0]
    }
}
