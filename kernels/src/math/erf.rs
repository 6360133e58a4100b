//! The error function and its complement, by tables of eight polynomials: one permutation a coefficient.

use super::Double;
use crate::simd::{F32, Simd, U32};

/// c₀ + s (c₁ + s (c₂ + …)) in double-float, the coefficients from row `index mod 8`; `table` is high
/// and low part of c₀, then the others.
#[inline(always)]
fn piecewise<S: Simd, const N: usize>(
    index: U32<S>,
    s: F32<S>,
    table: &[[f32; 8]; N],
) -> Double<S> {
    let mut p = index.lookup8(&table[N - 1]);
    for row in table[2..N - 1].iter().rev() {
        p = p.mul_add(s, index.lookup8(row));
    }
    Double { hi: index.lookup8(&table[0]), lo: p.mul_add(s, index.lookup8(&table[1])) }
}

/// e^(a²/2) (1 − Φ(a)) = ½ erfcx(a / √2) for 0 ≤ a ≤ 14.45, Φ the normal distribution function;
/// relative error < 2⁻²⁷.
///
/// The row is the half octave of a + 1¼, and s the distance to its middle.
#[inline(always)]
pub(crate) fn scaled_normal_tail<S: Simd>(a: F32<S>) -> Double<S> {
    let shift = a.constant(1.25);
    let bits = (a + shift).to_bits();
    let middle = (bits & bits.constant(0xffc0_0000)) | bits.constant(0x0020_0000);
    let s = a - (middle.as_f32_bits() - shift);
    piecewise(bits.shr(22), s, &TAIL).normalised()
}

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
    let y = piecewise(shifted.to_bits(), from_quarter - (shifted - round), &ERF);
    // Next to 0 times 2²⁴, lest the small product underflow.
    let tiny = a.lt(a.constant(1e-20));
    let factor = a.lt(one).select(a * tiny.select(a.constant(16_777_216.0), one), one);
    let scale = tiny.select(a.constant(1.0 / 16_777_216.0), one);
    (factor.mul_add_once(y.hi, factor * y.lo) * scale).with_sign_of(x)
}

/// Minimises the relative error, coefficient after coefficient rounded: 2⁻²⁷·⁸. Rows: half octaves of
/// a + 1¼ by two bits of the exponent and the first of the mantissa, so from \[2, 3) to \[12, 16), then
/// \[1, 1½) and \[1½, 2).
#[rustfmt::skip]
static TAIL: [[f32; 8]; 10] = [
    // high part of the coefficient of s^0
    [0.230_760_32, 0.153_651_94, 0.100_039_21, 0.067_449_234, 0.045_019_83, 0.031_100_56, 0.5, 0.349_618_82],
    // its low part
    [2.845_517_4e-10, -4.185_274_3e-10, 3.190_236e-9, -3.074_562_8e-9, 1.492_853_5e-9, 6.118_861e-10, 0.0, 1.238_420_1e-8],
    // coefficient of s^1
    [-0.110_491_88, -0.053_225_42, -0.023_795_241, -0.011_109_2, -0.005_018_741, -0.002_410_133, -0.398_942_3, -0.224_132_87],
    // coefficient of s^2
    [0.046_322_74, 0.016_947_37, 0.005_403_522, 0.001_785_665_4, 0.000_552_921_85, 0.000_185_683_3, 0.250_000_9, 0.118_776_2],
    // coefficient of s^3
    [-0.017_529_527, -0.005_031_303_5, -0.001_177_379_9, -0.000_280_541_22, -6.022_779_4e-5, -1.422_344_8e-5, -0.133_006_68, -0.054_914_672],
    // coefficient of s^4
    [0.006_102_637, 0.001_406_746_8, 0.000_247_121_06, 4.313_734e-5, 6.487_878_6e-6, 1.083_445_5e-6, 0.062_873_18, 0.022_829_587],
    // coefficient of s^5
    [-0.001_979_215_8, -0.000_372_987_56, -5.001_264e-5, -6.497_826_2e-6, -6.891_242_5e-7, -8.207_548e-8, -0.029_555_16, -0.008_706_553],
    // coefficient of s^6
    [0.000_604_942_56, 9.448_453e-5, 9.840_758e-6, 9.611_937e-7, 7.276_003e-8, 6.143_165e-9, 0.023_564_775, 0.003_083_208],
    // coefficient of s^7
    [-0.000_181_465_05, -2.384_477_6e-5, -2.033_213e-6, -1.443_438_3e-7, -8.382_478e-9, -4.718_779e-10, -0.034_473_874, -0.000_976_652_5],
    // coefficient of s^8
    [4.862_832_8e-5, 5.494_884_6e-6, 3.731_703e-7, 2.015_364_8e-8, 8.566_878e-10, 4.264_688_3e-11, 0.030_438_267, 0.000_292_922_75],
];

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
