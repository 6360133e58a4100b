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

/// erf(x) / x at a = |x| < 4, to be rounded or normalised; relative error < 2⁻²⁹.
#[inline(always)]
pub(crate) fn erf_quotient<S: Simd>(a: F32<S>) -> Double<S> {
    // Adding 1.5 · 2²² rounds to halves, which then stand in the low bits.
    let (round, from_quarter) = (a.constant(6_291_456.0), a - a.constant(0.25));
    let shifted = from_quarter + round;
    piecewise(shifted.to_bits(), from_quarter - (shifted - round), &QUOTIENT)
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

/// Minimises the relative error, coefficient after coefficient rounded: 2⁻³⁰·². Rows: a in \[i/2, (i+1)/2),
/// s from its middle.
#[rustfmt::skip]
static QUOTIENT: [[f32; 8]; 9] = [
    // high part of the coefficient of s^0
    [1.105_305_6, 0.948_207_5, 0.738_320_1, 0.563_812_4, 0.443_794_34, 0.363_599_78, 0.307_690_98, 0.266_666_65],
    // its low part
    [8.190_343e-9, 1.394_127_9e-8, -9.623_227e-9, 8.485_154e-9, 8.288_449e-9, -3.375_177_7e-9, 5.709_933e-9, -1.443_269_7e-8],
    // coefficient of s^1
    [-0.181_165_72, -0.407_035_26, -0.401_439_2, -0.292_021_36, -0.194_067_57, -0.132_004_9, -0.094_665_17, -0.071_110_87],
    // coefficient of s^2
    [-0.335_351_08, -0.100_217_56, 0.084_630_206, 0.114_094_414, 0.079_109_94, 0.047_415_5, 0.029_098_554, 0.018_962_016],
    // coefficient of s^3
    [0.104_721_65, 0.169_341_98, 0.066_325_07, -0.013_678_355, -0.025_504_714, -0.016_238_809, -0.008_892_95, -0.005_054_509_3],
    // coefficient of s^4
    [0.089_022_666, -0.024_856_843, -0.057_985_28, -0.019_676_352, 0.002_853_672_7, 0.004_720_815_5, 0.002_648_303_3, 0.001_344_164_3],
    // coefficient of s^5
    [-0.035_924_133, -0.037_835_315, 0.008_624_693, 0.015_026_933_5, 0.003_471_719_6, -0.000_698_348_16, -0.000_723_879_96, -0.000_350_898_42],
    // coefficient of s^6
    [-0.018_030_548, 0.014_162_736, 0.010_075_61, -0.003_312_651_5, -0.002_828_487_4, -0.000_363_173_52, 0.000_136_510_06, 8.916_919_6e-5],
    // coefficient of s^7
    [0.008_715_129, 0.005_146_595_6, -0.004_945_958, -0.001_507_374_5, 0.000_918_056_1, 0.000_230_258_94, 5.716_439_8e-5, -4.123_392e-5],
];
