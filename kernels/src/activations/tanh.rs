//! Hyperbolic tangent.
//!
//! forward    y from a table of sixteen polynomials in |x|; ±1 from 9 on
//! backward   dx = (1 − y²) dy
//!
//! Worst errors over all inputs: .83 ULP forward, at x = .25037408; .5 backward, at y = .7071533.

use super::{Activation, Saved};
use crate::{
    math::Piecewise,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Tanh;

impl Activation for Tanh {
    const NAME: &'static str = "tanh";
    const SAVED: Saved = Saved::Output;
    const MAX_ULP: f64 = 0.83;
    const MAX_ULP_BACKWARD: f64 = 0.5;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        // From 9 on the result is ±1 (and .51 units off where it should not be so yet).
        let a = x.constant(9.0).min(x.abs());
        let row = TANH.at(a, a);
        // In the first row `value` is 1, in the others the factor is a power of two: its products are exact.
        let quarter = x.constant(0.25);
        let factor = row.place.lt(x.constant(1.25)).select(a, quarter);
        (factor * row.s).mul_add_once(row.slope, factor * row.value).with_sign_of(x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, y: F32<S>, dy: F32<S>) -> F32<S> {
        (-y).mul_add_once(y, y.constant(1.0)) * dy
    }
    fn definition(self, x: f64) -> f64 {
        x.tanh()
    }
    fn derivative(self, y: f64) -> f64 {
        1.0 - y * y
    }
}

/// tanh(a) / a for a < ¼, 4 tanh(a) above; each row minimises the relative error, coefficient after
/// coefficient rounded: 2⁻²⁷.
#[rustfmt::skip]
static TANH: Piecewise<6> = Piecewise {
    shift: 1.0,
    middle: [1.319_809, 1.814_913_9, 2.212_503_4, 2.676_337_5, 3.622_810_8, 4.376_529_7, 5.620_945_5, 6.577_145, 8.115_123, 0.0, 0.0, 0.0, 0.0, 0.404_063_08, 0.607_266_55, 0.841_249_64],
    value: [3.466_945_6, 3.793_315_4, 3.905_340_4, 3.962_294_8, 3.994_297_7, 3.998_736_4, 3.999_895, 3.999_984_5, 3.999_999_3, 4.0, 4.0, 4.0, 1.0, 1.533_680_4, 2.168_800_4, 2.745_881_6],
    rest: [
        // coefficient of s^1
        [0.995_072_25, 0.402_689_64, 0.187_079_01, 0.075_054_936, 0.011_396_319, 0.002_526_832_7, 2.098_045_1e-4, 3.099_473_5e-5, 1.432_109_3e-6, 0.0, 0.0, 0.0, -3.793_637e-8, 3.411_956, 2.824_076_2, 2.115_033_6],
        // coefficient of s^2
        [-0.862_459_84, -0.381_879_87, -0.182_651_89, -0.074_347_354, -0.011_381_707, -0.002_525_789_2, -2.098_348_5e-4, -3.099_807_5e-5, -1.434_973_8e-6, 0.0, 0.0, 0.0, -0.333_330_48, -1.308_213_1, -1.531_213_2, -1.451_907_5],
        // coefficient of s^3
        [0.415_811_2, 0.227_910_92, 0.115_971_26, 0.048_629_36, 0.007_566_705, 0.001_682_968_1, 1.398_876_6e-4, 2.064_991_7e-5, 9.391_172_3e-7, 0.0, 0.0, 0.0, -7.063_165e-5, -0.635_723_2, -0.111_123_174, 0.291_677_95],
        // coefficient of s^4
        [-0.073_391_65, -0.089_033_22, -0.052_336_972, -0.023_397_846, -0.003_730_302, -8.452_703e-4, -6.927_855e-5, -1.026_499_1e-5, -4.538_386e-7, 0.0, 0.0, 0.0, 0.134_121_42, 0.679_982_84, 0.570_308_9, 0.283_610_58],
        // coefficient of s^5
        [-0.053_248_36, 0.017_244_218, 0.016_548_485, 0.008_614_026, 0.001_495_644_9, 3.396_001_4e-4, 2.816_240_3e-5, 4.258_729_4e-6, 2.205_108_1e-7, 0.0, 0.0, 0.0, -0.004_230_585_4, 0.027_693_296, -0.208_639_06, -0.244_390_56],
        // coefficient of s^6
        [0.060_711_335, 0.008_413_191, -0.002_849_474_8, -0.002_165_843_5, -6.279_205_6e-4, -9.030_686_5e-5, -1.226_955e-5, -1.645_601_9e-6, -8.884_248_4e-8, 0.0, 0.0, 0.0, -0.044_493_448, -0.276_813_24, -0.088_648_94, 0.050_180_69],
    ],
};
