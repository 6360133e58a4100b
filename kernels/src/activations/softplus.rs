//! Softplus, the smooth rectifier: y = ln(1 + eˣ); with a scale β, y = ln(1 + e^(β x)) / β.
//!
//! forward    y  = max(0, x) + ln(1 + e^−|x|), the last as e^−|x| times a quotient that is 1 from 20 on
//! backward   dx = σ(x) dy
//!
//! Dugas et al., NIPS 2000; Glorot, Bordes & Bengio, AISTATS 2011.
//!
//! Worst errors over all inputs: .77 ULP forward, at x = −87.83477; .78 backward, at x = .1515701.

use super::{Activation, Saved, sigmoid, swish, tail::Tail};
use crate::{
    math::{Double, Piecewise, exp_factors_of, polynomial, seldom_exp_f64, split},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Softplus;

/// |β x| beyond which y is 0 or x.
const LIMIT: f32 = 125.0;

/// |β x| up to which [`near_zero`] is taken; above it, max(0, x) is 0 or the larger term.
const NEAR: f32 = 0.57;

/// ln(1 + e^(β x)) / β, for a constant β > 0: what is computed of it alone is folded.
#[inline(always)]
pub(super) fn softplus<S: Simd>(x: F32<S>, beta: f32) -> F32<S> {
    let bounded = x.constant(LIMIT / beta).min(x.abs());
    let unscaled = beta == 1.0;
    let a =
        if unscaled { Double::exact(bounded) } else { Double::product(bounded, x.constant(beta)) };
    let e = exp_factors_of(-a);
    // From 20 on the quotient is 1.
    let place = x.constant(20.0).min(a.hi);
    let mut quotient = QUOTIENT.at(place, place).sum();
    if !unscaled {
        quotient = quotient.mul(Double::constant(x, split(1.0 / f64::from(beta))));
    }
    let y = e.times_plus(quotient, x.constant(0.0).max(x));
    // An infinite x left NaN, which this order of the two makes infinite again.
    x.abs().lt(x.constant(NEAR / beta)).select(near_zero(x, beta), y.max(x))
}

/// The same for |β x| ≤ .57: ln 2 / β + x/2 + β x² P((β x)²), error < 2⁻³⁵ / β.
///
/// Here neighbouring x move the result by far less than its last bit, and the rounding errors of the
/// general form would make it fall. The errors of the quadratic term are smaller than the steps of x/2.
#[inline(always)]
fn near_zero<S: Simd>(x: F32<S>, beta: f32) -> F32<S> {
    let [log_2, log_2_rest] = split(std::f64::consts::LN_2 / f64::from(beta));
    let t = x * x.constant(beta);
    let even = polynomial(t * t, &EVEN.map(|c| beta * c));
    let line = Double::fast_mul_add(x, x.constant(0.5), x.constant(log_2));
    line.hi + (x * x).mul_add(even, line.lo + x.constant(log_2_rest))
}

/// (ln(1 + eᵗ) − ln 2 − t/2) / t² as a polynomial in t².
const EVEN: [f32; 4] = [0.125, -0.005_208_312, 3.469_098e-4, -2.491_867_4e-5];

/// σ(β x) dy, given σ(β x).
#[inline(always)]
pub(super) fn backward<S: Simd>(x: F32<S>, dy: F32<S>, beta: f32, sigmoid: F32<S>) -> F32<S> {
    let dx = sigmoid * dy;
    let Some(tail) = Tail::of(x.lt(x.constant(-70.0 / beta)), x) else { return dx };
    let x = tail.x;
    tail.product(seldom_exp_f64(x * x.constant(beta.into())), dy, dx)
}

impl Activation for Softplus {
    const NAME: &'static str = "softplus";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.77;
    const MAX_ULP_BACKWARD: f64 = 0.78;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        softplus(x, 1.0)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        backward(x, dy, 1.0, sigmoid::sigmoid(x))
    }
    fn definition(self, x: f64) -> f64 {
        definition(x, 1.0)
    }
    fn derivative(self, x: f64) -> f64 {
        swish::sigmoid(x)
    }
}

/// ln(1 + e^(β x)) / β in `f64`.
pub(super) fn definition(x: f64, beta: f64) -> f64 {
    x.max(0.0) + (-(beta * x).abs()).exp().ln_1p() / beta
}

/// eᵃ ln(1 + e⁻ᵃ) from ½ on; each row minimises the relative error, coefficient after coefficient rounded: 2⁻²⁶·⁷ from 7 to 9, elsewhere
/// 2⁻²⁸·⁴.
#[rustfmt::skip]
static QUOTIENT: Piecewise<5> = Piecewise {
    shift: 1.0,
    middle: [1.249_904_8, 1.749_960_2, 2.249_962_6, 2.750_009, 3.49982, 4.500_550_7, 5.500_475_4, 6.500_646_6, 7.998_733_5, 9.999_556, 11.991_137_5, 13.996_474, 15.942_385, 19.552_858, 0.624_927_3, 0.875_022_9],
    value: [0.879_309_2, 0.922_023_53, 0.950_731_64, 0.969_336_45, 0.985_195_93, 0.994_489_3, 0.997_963_13, 0.999_249_5, 0.999_832_1, 0.999_977_3, 0.999_996_9, 0.999_999_6, 0.999_999_94, 1.0, 0.800_907_43, 0.835_878_1],
    rest: [
        // coefficient of s^1
        [0.102_025_81, 0.070_075_76, 0.046_084_33, 0.029_422_589, 0.014_513_283, 0.005_470_272_6, 0.002_031_342_1, 7.497_316e-4, 1.678_732_2e-4, 2.270_933_3e-5, 3.099_484_7e-6, 4.172_427_5e-7, 5.958_373_7e-8, 1.611_652_9e-9, 0.149_569_08, 0.130_088_3],
        // coefficient of s^2
        [-0.035_544_13, -0.028_028_645, -0.020_088_216, -0.013_526_646, -0.006_972_281_3, -0.002_694_936, -0.001_010_096_4, -3.740_891_4e-4, -8.379_513e-5, -1.133_971_4e-5, -1.547_798_4e-6, -2.083_599_9e-7, -3.013_988_7e-8, -4.297_117_7e-8, -0.038_763_806, -0.038_781_114],
        // coefficient of s^3
        [0.004_152_335, 0.005_454_445_7, 0.004_939_006_6, 0.003_772_650_4, 0.002_140_918_3, 8.719_408e-4, 3.330_437e-4, 1.241_966_8e-4, 2.790_665_5e-5, 3.779_232_2e-6, 5.161_039_7e-7, 6.94594e-8, 1.011_867_75e-8, -5.392_664_6e-10, -0.001_464_569_8, 0.001_315_59],
        // coefficient of s^4
        [0.001_320_828, 9.327_583e-5, -4.938_035e-4, -6.103_478e-4, -4.480_561e-4, -2.065_581_8e-4, -8.227_082_4e-5, -3.114_458e-5, -7.298_957_4e-6, -9.905_185e-7, -1.352_434_5e-7, -1.820_721_7e-8, -2.175_277_7e-9, 1.382_178_7e-7, 0.003_061_801_4, 0.002_454_096_5],
        // coefficient of s^5
        [-5.941_145e-4, -3.621_335e-4, -1.213_549e-4, 1.001_539_5e-5, 5.634_319_7e-5, 3.608_573e-5, 1.570_600_2e-5, 6.127_573e-6, 1.451_275_9e-6, 1.978_058_2e-7, 2.679_527_5e-8, 3.626_769_3e-9, 2.146_359_5e-10, 5.240_276_7e-9, -3.982_047_2e-4, -4.959_749e-4],
    ],
};
