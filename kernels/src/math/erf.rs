//! The error function, by a table of eight polynomials: one permutation a coefficient.

use super::Double;
use crate::simd::{F32, Simd};

/// erf(x) for |x| < 4.
///
/// As x G(|x|) below 1; from there on as a constant and a small correction, whose rounding errors are
/// below the steps of the function: it stays monotone up to 1.
#[inline(always)]
pub(crate) fn erf<S: Simd>(x: F32<S>) -> F32<S> {
    let (a, one) = (x.abs(), x.constant(1.0));
    // Adding 1.5 · 2²² rounds to halves, which then stand in the low bits.
    let (round, from_quarter) = (a.constant(6_291_456.0), a - a.constant(0.25));
    let shifted = from_quarter + round;
    let (row, s) = (shifted.to_bits(), from_quarter - (shifted - round));
    let [value, value_lo, rest @ .., last] = &ERF;
    let mut p = row.lookup8(last);
    for coefficients in rest.iter().rev() {
        p = p.mul_add(s, row.lookup8(coefficients));
    }
    let y = Double { hi: row.lookup8(value), lo: p.mul_add(s, row.lookup8(value_lo)) };
    // Next to 0 times 2²⁴, lest the small product underflow.
    let tiny = a.lt(a.constant(1e-20));
    let factor = a.lt(one).select(a * tiny.select(a.constant(16_777_216.0), one), one);
    let scale = tiny.select(a.constant(1.0 / 16_777_216.0), one);
    (factor.mul_add_once(y.hi, factor * y.lo) * scale).with_sign_of(x)
}

/// Minimises the error, coefficient after coefficient rounded: 2⁻³⁰·³. Rows: a in \[i/2, (i+1)/2), s from
/// its middle; erf(a) / a in the first two (relative error), erf(a) in the others.
#[rustfmt::skip]
static ERF: [[f32; 8]; 9] = [
    // high part of the coefficient of s^0
    [1.105_305_6, 0.948_207_5, 0.922_900_14, 0.986_671_7, 0.998_537_3, 0.999_899_4, 0.999_995_7, 0.999_999_9],
    // its low part
    [7.831_306e-9, 1.437_644_05e-8, -1.136_303_5e-8, -1.503_301_8e-8, -1.872_281_4e-8, -9.272_048e-9, -1.123_527_05e-8, 5.483_403_5e-9],
    // coefficient of s^1
    [-0.181_165_72, -0.407_035_26, 0.236_521_12, 0.052_774_996, 0.007_142_319_3, 5.862_773e-4, 2.918_901_2e-5, 8.814_288_3e-7],
    // coefficient of s^2
    [-0.335_351_05, -0.100_217_62, -0.295_651_73, -0.092_356_205, -0.016_070_157, -0.001_612_267_5, -9.486_933_4e-5, -3.306_071e-6],
    // coefficient of s^3
    [0.104_721_65, 0.169_342, 0.167_535_62, 0.090_157_375, 0.021_724_5, 0.002_760_380_7, 1.958_126_1e-4, 7.970_329_5e-6],
    // coefficient of s^4
    [0.089_021_93, -0.024_854_882, -0.006_132_519_3, -0.048_105_38, -0.019_088_238, -0.003_257_708_9, -2.861_693_8e-4, -1.378_540_7e-5],
    // coefficient of s^5
    [-0.035_924_137, -0.037_835_993, -0.047_179_084, 0.006_618_825_7, 0.010_660_414, 0.002_756_279_7, 3.136_294_8e-4, 1.833_001_3e-5],
    // coefficient of s^6
    [-0.018_024_884, 0.014_144_527, 0.020_602_902, 0.009_047_976, -0.002_779_757, -0.001_667_867_1, -2.737_59e-4, -2.069_244_7e-5],
    // coefficient of s^7
    [0.008_715_194, 0.005_153_807_3, 0.003_683_138_2, -0.005_936_120_6, -7.244_934_7e-4, 6.359_058_3e-4, 1.735_909_6e-4, 1.714_510_8e-5],
];
