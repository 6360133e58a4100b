//! SELU, the ELU that normalises itself.
//!
//! forward    y  = λ x above 0, else λ α (eˣ − 1)
//! backward   dx = λ dy above 0, else (y + λ α) dy; 0 for the `f32` nearest to −λ α, the limit at −∞
//!
//! Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515; λ and α to all digits, as two `f32`
//! each. The sign survives, so backward takes the output.
//!
//! Worst errors over all inputs: 1 ULP forward, at x = 8.299395·10⁻³⁹; .7 backward, at y =
//! −1.7881393·10⁻⁷.

use super::{Activation, Saved, elu};
use crate::{
    math::Double,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Selu;

/// λ; the second part is positive, so that an infinity times both is no NaN.
const LAMBDA: [f32; 2] = [1.050_700_9, 8.441_664e-8];
/// λ α.
const LAMBDA_ALPHA: [f32; 2] = [1.758_099_3, 2.329_671_7e-8];

/// a λ, rounded.
#[inline(always)]
fn times_lambda<S: Simd>(a: F32<S>) -> F32<S> {
    a.mul_add(a.constant(LAMBDA[0]), a * a.constant(LAMBDA[1]))
}

impl Activation for Selu {
    const NAME: &'static str = "selu";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 1.0;
    const MAX_ULP_BACKWARD: f64 = 0.7;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let zero = x.constant(0.0);
        let e = elu::expm1(Double::exact(x)).normalised();
        let y = e.mul(Double::constant(x, LAMBDA_ALPHA)).rounded();
        x.lt(zero).select(y, times_lambda(x))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        let (zero, near) = (y.constant(0.0), y + y.constant(LAMBDA_ALPHA[0]));
        // What −λ α rounds to stands for all x that are far below 0.
        let slope = near.eq(zero).select(zero, near + y.constant(LAMBDA_ALPHA[1]));
        y.le(zero).select(slope * dy, times_lambda(dy))
    }
    fn definition(self, x: f64) -> f64 {
        if x < 0.0 { L * A * x.exp_m1() } else { L * x }
    }
    fn derivative(self, y: f64) -> f64 {
        if y == -f64::from(LAMBDA_ALPHA[0]) {
            0.0
        } else if y <= 0.0 {
            y + L * A
        } else {
            L
        }
    }
}

/// λ and α in `f64`.
const L: f64 = 1.050_700_987_355_480_5;
const A: f64 = 1.673_263_242_354_377_2;
