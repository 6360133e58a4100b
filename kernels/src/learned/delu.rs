//! DELU, a SiLU below 0 and a line plus a saturating exponential above, with learned slope.
//!
//! forward    y  = x σ(x) for x ≤ 0, else (n + ½) x + 1 − e⁻ˣ
//! backward   dx = σ (1 + x (1 − σ)) dy, else (n + ½ + e⁻ˣ) dy
//!            dn = Σ x dy over x > 0
//!
//! Formulas from github.com/epishchik/TrainableActivation, with n = 0 at the start. HELU is n = 0 held
//! fixed. The slope jumps at 0, from ½ to n + 3/2: near 0, y is (n + 3/2) x − (e⁻ˣ − 1 + x), which does not
//! cancel where n is −3/2.

use super::{Domain, Learned, Parameter, finite, finite_f64, negative_part, positive_part, sigma};
use crate::{
    math::{exp_expm1_f64, exp_minus_line_f64, expm1_f64, sigmoid_f64},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Delu;

impl Learned<1> for Delu {
    const NAME: &'static str = "delu";
    const PARAMETERS: [Parameter; 1] = [Parameter::new("n", 0.0, Domain::Finite)];
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, [n]: [F32<S>; 1]) -> F32<S> {
        let (upper, lower) = (finite(positive_part(x)), finite(negative_part(x)));
        let (s, _) = sigmoid_f64(lower);
        let near = (n.widen() + s.constant(1.5)) * upper - exp_minus_line_f64(-upper);
        let far = (n.widen() + s.constant(0.5)).mul_add(upper, -expm1_f64(-upper));
        let upper = x.lt(x.constant(1.0)).select(near.narrow(), far.narrow());
        x.le(x.constant(0.0)).select((lower * s).narrow(), upper)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>, [n]: [F32<S>; 1]) -> (F32<S>, [F64<S>; 1]) {
        let zero = x.constant(0.0);
        let below = x.le(zero);
        let dy_upper = below.select(zero, dy).widen();
        let (upper, lower) = (finite(positive_part(x)), finite(negative_part(x)));
        let (s, rest) = sigmoid_f64(lower);
        let slope_lower = s * lower.mul_add(rest, s.constant(1.0));
        // As in forward: 1 + expm1(−x) would leave nothing of e⁻ˣ where n is −½.
        let (exp, expm1) = exp_expm1_f64(-upper);
        let near = n.widen() + s.constant(1.5) + expm1;
        let far = n.widen() + s.constant(0.5) + exp;
        let dy = dy.widen();
        let near_one = x.lt(x.constant(1.0));
        let dx_upper = near_one.select((near * dy).narrow(), (far * dy).narrow());
        let dx = below.select((slope_lower * dy).narrow(), dx_upper);
        (dx, [upper * dy_upper])
    }
    fn definition(self, x: f64, [n]: [f64; 1]) -> f64 {
        let x = finite_f64(x);
        if x <= 0.0 {
            x * sigma(x)
        } else if x < 1.0 {
            // e⁻ˣ − 1 + x by its series.
            let mut term = 0.5 * x * x;
            let mut rest = term;
            for k in 3..24 {
                term *= -x / f64::from(k);
                rest += term;
            }
            (n + 1.5) * x - rest
        } else {
            (n + 0.5) * x - (-x).exp_m1()
        }
    }
    fn derivative(self, x: f64, [n]: [f64; 1]) -> f64 {
        let x = finite_f64(x);
        if x <= 0.0 {
            sigma(x) * (1.0 + x * sigma(-x))
        } else if x < 1.0 {
            n + 1.5 + (-x).exp_m1()
        } else {
            n + 0.5 + (-x).exp()
        }
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 1]) -> [f64; 1] {
        [if x <= 0.0 { 0.0 } else { finite_f64(x) }]
    }
}
