//! GELU in its tanh form: y = x/2 (1 + tanh(√(2/π) (x + .044715 x³))), within 4.73·10⁻⁴ of GELU.
//!
//! forward    y  = x σ(t), t = x (c₁ + c₂ x²), c₁ = 2 √(2/π), c₂ = .044715 c₁
//! backward   dx = σ (1 + x (c₁ + 3 c₂ x²) (1 − σ)) dy: e^−|t| H(|x|) below 0, with a root at x = −.75246, and 1 − e^−|t| H(|x|) above
//!
//! Hendrycks & Gimpel 2016, arXiv:1606.08415. t is carried in double-float into the exponential.
//!
//! Worst errors over all inputs: .78 ULP forward, at x = .33427837; .76 backward, at x = −.5236545.

use super::{Activation, Saved, swish, tail::Tail};
use crate::{
    math::{Double, ExpFactors, Piecewise, exp_factors_of, seldom_exp_f64},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

/// c₁; the first part has 20 bits, so that differences from it are exact.
const C1: [f32; 2] = [1.595_768, 1.146_752_2e-6];
/// c₂.
const C2: [f32; 2] = [0.071_354_814, 2.398_832_5e-9];
/// H next to its root, at the middle of the first row.
const ROOT_LO: f32 = -1.671_687e-8;

/// |x| beyond which y is 0 or x.
const LIMIT: f32 = 11.0;

/// t = a (c₁ + c₂ a²) in double-float.
#[inline(always)]
fn cubic<S: Simd>(a: F32<S>) -> Double<S> {
    let (square, c) = (Double::product(a, a), Double::constant(a, C2));
    let w = Double::fast_mul_add(square.hi, c.hi, a.constant(C1[0]));
    let lo = square.lo.mul_add(c.hi, w.lo + a.constant(C1[1]));
    Double { hi: w.hi, lo: square.hi.mul_add(c.lo, lo) }.times(a)
}

impl Activation for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.78;
    const MAX_ULP_BACKWARD: f64 = 0.76;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let a = x.constant(LIMIT).min(x.abs());
        swish::gate(x, a, cubic(a))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let a = x.constant(LIMIT).min(x.abs());
        let (zero, one, negative) = (x.constant(0.0), x.constant(1.0), x.lt(x.constant(0.0)));
        let e = exp_factors_of(-cubic(a));
        // As `swish::reflected`, but without a rounding before 1 − h, which would cost .05 ULP.
        let e = ExpFactors { t: negative.select(e.t, -e.t), ..e };
        let factor = SLOPE.at(a, a).with_root(ROOT_LO);
        let slope = e.times_plus(factor, negative.select(zero, one));
        let dx = slope * dy;
        let Some(tail) = Tail::of(x.lt(x.constant(-9.0)), x) else { return dx };
        let x = tail.x;
        let ([c1, c2], square) = (C.map(|c| x.constant(c)), x * x);
        let derivative = (c2 * x.constant(3.0)).mul_add(square, c1);
        let e = seldom_exp_f64(x * c2.mul_add(square, c1));
        tail.product(e * x.mul_add(derivative, x.constant(1.0)), dy, dx)
    }
    fn definition(self, x: f64) -> f64 {
        if x == f64::NEG_INFINITY { -0.0 } else { x * swish::sigmoid(x * (C[0] + C[1] * x * x)) }
    }
    /// Near its root x₀ the factor 1 + e + c, e = eᵗ, c = x (c₁ + 3 c₂ x²), is written as the sum of
    /// its terms' differences from those at x₀, which all have the sign of δ = x − x₀.
    fn derivative(self, x: f64) -> f64 {
        const ROOT: [f64; 2] = [-0.752_461_422_071_016_3, 3.635_560_509_207_687e-17];
        if x.abs() > 50.0 {
            return if x < 0.0 { -0.0 } else { 1.0 };
        }
        let [c1, c2] = C;
        let (t, c) = (x * (c1 + c2 * x * x), x * (c1 + 3.0 * c2 * x * x));
        if t >= 0.0 {
            let e = (-t).exp();
            return (1.0 + e + c * e) / ((1.0 + e) * (1.0 + e));
        }
        let (e, root, delta) = (t.exp(), ROOT[0], (x - ROOT[0]) - ROOT[1]);
        let squares = x * x + x * root + root * root;
        let e_root = (root * (c1 + c2 * root * root)).exp();
        let e_change = e_root * (delta * (c1 + c2 * squares)).exp_m1();
        e * (e_change + delta * (c1 + 3.0 * c2 * squares)) / ((1.0 + e) * (1.0 + e))
    }
}

/// c₁ and c₂ in `f64`.
const C: [f64; 2] = [1.595_769_121_605_730_8, 0.071_354_816_272_600_25];

/// H(a) = σ (1 − a (c₁ + 3 c₂ a²) σ), σ = σ(t(a)); each row minimises the relative error, coefficient after coefficient rounded: 2⁻²⁸·⁵.
#[rustfmt::skip]
static SLOPE: Piecewise<7> = Piecewise {
    shift: 1.5,
    middle: [0.752_461_43, 1.211_942_2, 1.750_130_2, 2.249_859_3, 3.000_137, 3.999_606_6, 4.999_989_5, 6.000_652_3, 7.50027, 9.498_599, 10.800_014, 0.0, 0.0, 0.0, 0.0, 0.374_998_72],
    value: [0.0, -0.934_568_2, -2.670_697_5, -4.895_294, -9.543_672, -19.077_843, -33.736_713, -54.82866, -101.28689, -197.6099, -285.8949, 0.0, 0.0, 0.0, 0.5, 0.391_595_1],
    rest: [
        // coefficient of s^1
        [-1.474_199, -2.592_512_1, -3.851_711_8, -5.079_213_6, -7.443_916, -11.871_882, -17.650_555, -24.719_757, -37.721_745, -59.536_625, -76.50139, 0.0, 0.0, 0.0, 1.862_959_4e-10, -0.625_123_1],
        // coefficient of s^2
        [-1.203_836_9, -1.200_396_3, -1.163_556_5, -1.329_022_6, -1.849_994, -2.562_435_6, -3.210_898_2, -3.853_579, -4.816_623, -6.099_937, -6.935_695_6, 0.0, 0.0, 0.0, -std::f32::consts::FRAC_2_PI, -1.009_632_6],
        // coefficient of s^3
        [-0.077_388_51, 0.049_908_545, -0.036_024_354, -0.178_805_93, -0.253_399_22, -0.221_229_51, -0.214_209_6, -0.214_056_75, -0.214_065_75, -0.214_072_64, -0.214_092_6, 0.0, 0.0, 0.0, -0.374_308_88, -0.265_156_42],
        // coefficient of s^4
        [0.116_258_51, 0.013_210_658, -0.073_964_47, -0.057_591_777, 0.001_697_749_4, 0.005_279_947, 1.466_362_9e-4, 2.509_678_8e-6, -7.630_153_5e-7, -9.213_912_3e-7, -4.161_152_5e-5, 0.0, 0.0, 0.0, 0.021_210_179, 0.114_300_27],
        // coefficient of s^5
        [-0.026_802_65, -0.050_105_873, -0.009_412_74, 0.017_330_563, 0.008_791_884, -0.002_223_580_6, 5.965_645_7e-5, -5.896_197e-5, 2.189_125_8e-6, 1.531_422e-5, 5.704_155e-4, 0.0, 0.0, 0.0, 0.061_350_18, 0.029_101_86],
        // coefficient of s^6
        [-0.021_148_367, 0.004_992_290_4, 0.014_051_333, 0.003_354_343_4, -0.003_956_991, 2.634_091e-4, 1.435_737_6e-4, -7.348_690_4e-6, 5.922_754e-7, 9.338_735_4e-7, 3.438_634_7e-4, 0.0, 0.0, 0.0, -0.002_497_498_6, -0.022_960_855],
        // coefficient of s^7
        [0.005_797_265, 0.005_334_440_6, -0.004_487_856_8, -0.003_638_758_3, 9.838_315e-5, 1.332_099_2e-4, -5.038_130_3e-4, 1.240_375_1e-4, -1.069_873_5e-6, -8.175_708e-6, -0.003_339_960_7, 0.0, 0.0, 0.0, -0.009_160_652, 0.017_793_262],
    ],
};
