//! GELU, the Gaussian error linear unit: y = x Φ(x), Φ the normal distribution function.
//!
//! forward    y  = max(0, x) − |x| q, with q = Φ(−|x|) = e^(−x²/2) R(|x|)
//! backward   dx = (Φ(x) + x φ(x)) dy, φ(x) = e^(−x²/2) / √(2π): e^(−x²/2) G(|x|) below 0, with a root at x = −.75179, and
//!            1 − e^(−x²/2) G(|x|) above
//!
//! Hendrycks & Gimpel 2016, arXiv:1606.08415. x²/2 is carried in double-float into the exponential, and
//! 2ᵏ is kept out until the end: the left tail is as exact as the rest.
//!
//! Worst errors over all inputs: .93 ULP forward, at x = .25207308; .77 backward, at x = .2504768.

use super::{Activation, Saved, reference, swish, tail::Tail};
use crate::{
    math::{
        Double, EXP_ROUND, ExpFactors, Piecewise, exp_table, polynomial, polynomial_f64, seldom,
        seldom_exp_f64,
    },
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Gelu;

/// |x| beyond which y is 0 or x.
const LIMIT: f32 = 14.5;
/// |x| beyond which dy/dx is 0 or 1.
const LIMIT_BACKWARD: f32 = 14.6;

/// G next to its root, at the middle of the first row.
const ROOT_LO: f32 = -6.934_385_5e-9;

/// 2 ln 2 in two parts, the first with 12 bits: its products with sixteenths below 2⁷ are exact.
const TWO_LN_2: [f32; 2] = [1.386_230_5, 6.389_237e-5];
/// (eʳ − 1) / r for −.0314 ≤ r ≤ .0122 as a polynomial in −2r, times −2; error of eʳ − 1 < 2⁻²⁹.
const EXPM1: [f32; 3] = [-0.500_000_1, 0.124_999_695, -0.020_640_45];

/// e^(−a²/2) for 0 ≤ a ≤ 14.7; k = 0 and t = 1 for a < ¼.
#[inline(always)]
fn gaussian<S: Simd>(a: F32<S>) -> ExpFactors<S> {
    // A little is subtracted, so that rounding leaves k = 0 up to a = ¼.
    let square = a.mul_add(a, a.constant(-0.0195));
    let half_log2_e = a.constant(-0.5 * std::f32::consts::LOG2_E);
    let [k, t, t_lo] = exp_table(square.mul_add(half_log2_e, a.constant(EXP_ROUND)));
    let two_ln_2 = Double::constant(a, TWO_LN_2);
    let minus_two_r = k.mul_add(two_ln_2.lo, a.mul_add_once(a, k * two_ln_2.hi));
    let p = minus_two_r.mul_add(polynomial(minus_two_r, &EXPM1), t_lo);
    ExpFactors { k, t, p }
}

/// Φ(x) + x φ(x) for x ≤ −12: φ(x) times x and four terms of Mills' ratio, which leave 2·10⁻⁹.
#[inline(always)]
fn tail_slope<S: Simd>(x: F64<S>) -> F64<S> {
    let &[minus_half, density_at_0, minus_1] = seldom(&[-0.5, FRAC_1_SQRT_TAU, -1.0]);
    let r = x.constant(minus_1) / x;
    let s = r * r;
    let ratio = r * polynomial_f64(s, seldom(&[1.0, -1.0, 3.0, -15.0]));
    let density = seldom_exp_f64(x * x * x.constant(minus_half)) * x.constant(density_at_0);
    density * (x + ratio)
}

/// 1 / √(2π).
const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

impl Activation for Gelu {
    const NAME: &'static str = "gelu";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.93;
    const MAX_ULP_BACKWARD: f64 = 0.77;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let a = x.constant(LIMIT).min(x.abs());
        let e = gaussian(a);
        let row = TAIL.at(a, a);
        // In the first row t = 1, and in the others the factor is a power of two: the product is exact.
        let factor = row.place.lt(x.constant(1.25)).select(a, x.constant(0.25)) * e.t;
        let r = row.sum();
        let rest = r.hi.mul_add(e.p, r.lo);
        x.constant(-0.0).max(x) - factor.mul_add_once(r.hi, factor * rest).scale(e.k)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let a = x.constant(LIMIT_BACKWARD).min(x.abs());
        let slope = swish::reflected(x, gaussian(a), SLOPE.at(a, a).with_root(ROOT_LO));
        let dx = slope * dy;
        let Some(tail) = Tail::of(x.lt(x.constant(-12.0)), x) else { return dx };
        let slope = tail_slope(tail.x);
        tail.product(slope, dy, dx)
    }
    fn definition(self, x: f64) -> f64 {
        if x < -50.0 { -0.0 } else { x * reference::normal_cdf(x) }
    }
    /// Near its root: the integral from there of GELU'' = φ (2 − x²).
    fn derivative(self, x: f64) -> f64 {
        const ROOT: [f64; 2] = [-0.751_791_524_693_564_5, 1.495_675_917_700_988_3e-17];
        let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let delta = (x - ROOT[0]) - ROOT[1];
        if delta.abs() < 0.1 {
            reference::integral(|t| density(ROOT[0] + t) * (2.0 - (ROOT[0] + t).powi(2)), delta)
        } else if x.abs() > 50.0 {
            if x < 0.0 { -0.0 } else { 1.0 }
        } else {
            reference::normal_cdf(x) + x * density(x)
        }
    }
}

/// R(a) = e^(a²/2) Φ(−a) for a < ¼, 4 a R(a) above; each row minimises the relative error, coefficient after
/// coefficient rounded: 2⁻²⁸·⁹.
#[rustfmt::skip]
static TAIL: Piecewise<6> = Piecewise {
    shift: 1.0,
    middle: [1.157_793_9, 1.694_202_2, 2.331_166_7, 2.778_164_1, 3.561_559_2, 4.305_847, 5.440_545, 6.316_183_6, 7.854_992, 9.739_868, 12.112_008, 13.842_146, 0.0, 0.421_064_47, 0.644_974_6, 0.898_236_1],
    value: [1.117_763_8, 1.284_143_1, 1.393_485_9, 1.440_449_6, 1.491_912_7, 1.520_845_8, 1.546_567_6, 1.558_454_4, 1.571_071_9, 1.579_453_5, 1.585_106_6, 1.587_567_8, 0.5, 0.619_939_74, 0.824_184_36, 0.992_470_5],
    rest: [
        // coefficient of s^1
        [0.411_993_8, 0.230_005_8, 0.126_207_38, 0.086_986_6, 0.049_002_446, 0.030_596_27, 0.016_583_707, 0.011_053_216, 0.006_012_593_4, 0.003_251_429_6, 0.001_726_257_6, 0.001_167_069_1, -0.398_942_26, 1.061_428_4, 0.780_203, 0.563_005_9],
        // coefficient of s^2
        [-0.239_503_07, -0.116_787_72, -0.055_178_04, -0.034_488_01, -0.016_593_996, -0.009_051_89, -0.004_089_359, -0.002_407_656, -0.001_082_826_3, -4.814_014e-4, -2.082_885e-4, -1.239_458_5e-4, 0.249_998_97, -0.752_364_5, -0.519_979_3, -0.350_442_5],
        // coefficient of s^3
        [0.113_569_856, 0.049_048_81, 0.020_227_393, 0.011_555_145, 0.004_800_577_6, 0.002_306_306_7, 8.756_858_3e-4, 4.575_464_4e-4, 1.710_319_6e-4, 6.277_877e-5, 2.219_994_5e-5, 1.164_367e-5, -0.132_959_8, 0.425_120_12, 0.278_309_58, 0.176_573_26],
        // coefficient of s^4
        [-0.047_000_103, -0.018_165_996, -0.006_600_665, -0.003_469_877, -0.001_254_292, -5.355_169e-4, -1.720_794_8e-4, -8.012_178e-5, -2.506_253e-5, -7.620_079_5e-6, -2.202_685_2e-6, -1.019_613_7e-6, 0.062_291_205, -0.206_004_93, -0.128_430_71, -0.077_165_29],
        // coefficient of s^5
        [0.017_424_684, 0.006_131_896_7, 0.001_977_213, 9.694_226_3e-4, 3.109_579_8e-4, 1.147_119_84e-4, 3.214_262_7e-5, 1.318_772_6e-5, 3.550_531_8e-6, 8.810_835e-7, 2.113_513_9e-7, 8.627_000_6e-8, -0.025_491_493, 0.088_541_545, 0.053_139_567, 0.030_513_518],
        // coefficient of s^6
        [-0.004_969_544, -0.001_712_525_1, -6.337_969e-4, -2.538_684_3e-4, -7.817_791_6e-5, -1.859_022_8e-5, -5.363_124_7e-6, -1.768_548_9e-6, -4.239_514_6e-7, -8.198_531e-8, -2.111_584_2e-8, -7.757_372_5e-9, 0.007_366_874, -0.039_883_49, -0.021_135_995, -0.010_546_249],
    ],
};

/// G(a) = e^(a²/2) (Φ(−a) − a φ(a)), relative error 2⁻²⁶·⁷ next to its root, which is the middle of the first row, and 2⁻²⁹·⁹
/// elsewhere; found as those of `TAIL`.
#[rustfmt::skip]
static SLOPE: Piecewise<6> = Piecewise {
    shift: 1.5,
    middle: [0.751_791_54, 1.249_944_7, 1.749_958_6, 2.250_008_8, 2.999_973_8, 4.000_119, 5.000_192_6, 6.000_396_7, 7.500_315_7, 9.501_269, 11.499_229, 13.500_179, 14.599_549, 0.0, 0.0, 0.374_964_24],
    value: [0.0, -0.267_889_35, -0.512_897_73, -0.743_972_2, -1.075_301_5, -1.501_408_6, -1.917_871_7, -2.329_036_7, -2.939_902, -3.748_920_2, -4.553_092_5, -5.356_401, -5.797_178_3, 0.0, 0.5, 0.230_024_52],
    rest: [
        // coefficient of s^1
        [-0.572_406_2, -0.509_439_3, -0.473_731_4, -0.452_167_4, -0.433_343_2, -0.420_240_9, -0.413_287_04, -0.409_207_4, -0.405_685_78, -0.403_222_2, -0.401_893_3, -0.401_096_14, -0.400_788_22, 0.0, -0.797_884_6, -0.655_543],
        // coefficient of s^2
        [0.084_756_374, 0.046_325_643, 0.027_178_448, 0.016_947_245, 0.009_156_517, 0.004_605_543_3, 0.002_594_997_4, 0.001_590_191_6, 8.56253e-4, 4.365_384e-4, 2.510_887e-4, 1.570_113_4e-4, 1.247_706_4e-4, 0.0, 0.250_001, 0.141_698_73],
        // coefficient of s^3
        [-0.036_580_686, -0.017_530_235, -0.009_075_707, -0.005_031_871_6, -0.002_310_270_2, -9.583_992_7e-4, -4.562_866_5e-4, -2.412_727_5e-4, -1.071_411_2e-4, -4.411_948_2e-5, -2.115_968e-5, -1.135_523_6e-5, -6.641_321e-6, 0.0, -0.132_994_1, -0.067_824_244],
        // coefficient of s^4
        [0.014_312_832, 0.006_102_929_4, 0.002_824_085_5, 0.001_406_215_1, 5.560_071e-4, 1.92781e-4, 7.823_534e-5, 3.577_728e-5, 1.320_314_3e-5, 4.407_396e-6, 1.786_086e-6, 8.235_234e-7, -1.196_092_9e-5, 0.0, 0.062_548_816, 0.029_071_137],
        // coefficient of s^5
        [-0.005_211_987_5, -0.001_999_326_5, -8.345_082e-4, -3.665_921e-4, -1.309_104_4e-4, -3.862_227e-5, -1.359_341_15e-5, -4.786_608e-6, -1.613_091_2e-6, -4.169_485_5e-7, -1.946_391_6e-7, -8.464_774_5e-8, -1.416_861_6e-4, 0.0, -0.026_383_18, -0.011_341_549],
        // coefficient of s^6
        [0.001_761_739, 6.141_555_5e-4, 2.288_152_8e-4, 1.012_828_4e-4, 2.951_851e-5, 7.015_777_6e-6, 2.059_793_1e-6, 9.045_947_4e-7, 2.021_322_7e-7, 4.605_803_4e-8, 8.160_166e-9, 2.600_022e-9, 7.377_448e-4, 0.0, 0.008_527_105, 0.003_919_598_6],
    ],
};
