//! GELU in its tanh form: y = x/2 (1 + tanh(√(2/π) (x + .044715 x³))), within 4.73·10⁻⁴ of GELU.
//!
//! forward    y  = x σ(t), t = x (c₁ + c₂ x²), c₁ = 2 √(2/π), c₂ = .044715 c₁
//! backward   dx = σ (1 + x (c₁ + 3 c₂ x²) (1 − σ)) dy, with a root at x = −.75246
//!
//! Hendrycks & Gimpel 2016, arXiv:1606.08415. t is carried in double-float into the exponential.
//!
//! Worst errors over all inputs: .78 ULP forward, at x = .33427837; .77 backward, at x = −10.235659.

use super::{Activation, Saved, swish};
use crate::{
    math::{Double, Root, zero_crossing},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

/// c₁; the first part has 20 bits, so that differences from it are exact.
const C1: [f32; 2] = [1.595_768, 1.146_752_2e-6];
/// c₂.
const C2: [f32; 2] = [0.071_354_814, 2.398_832_5e-9];
/// 3 c₂.
const C3: [f32; 2] = [0.214_064_45, -2.540_834_2e-10];

const ROOT: Root<5> = Root {
    at: [-0.752_461_43, 1.133_962_8e-8, 0.0],
    width: 0.05,
    slope: 0.430_400_1,
    rest: [-1.234_205_6e-8, 0.387_518_38, -0.015_782_794, -0.113_855_96, -0.016_618_075],
};

/// |x| beyond which y is 0 or x.
const LIMIT: f32 = 11.0;

/// x (c₁ + c x²) in double-float, given x².
#[inline(always)]
fn cubic<S: Simd>(x: F32<S>, square: Double<S>, c: [f32; 2]) -> Double<S> {
    let c = Double::constant(x, c);
    let w = Double::fast_mul_add(square.hi, c.hi, x.constant(C1[0]));
    let lo = square.lo.mul_add(c.hi, w.lo + x.constant(C1[1]));
    Double { hi: w.hi, lo: square.hi.mul_add(c.lo, lo) }.times(x)
}

impl Activation for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.78;
    const MAX_ULP_BACKWARD: f64 = 0.77;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let bounded = x.constant(LIMIT).min(x.abs());
        swish::gate(x, bounded, cubic(bounded, Double::product(bounded, bounded), C2))
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let x = swish::clamp(x, LIMIT);
        let square = Double::product(x, x);
        let derivative = swish::gate_derivative(cubic(x, square, C2), cubic(x, square, C3));
        let x = Double::exact(x);
        zero_crossing(x, &ROOT, derivative) * dy
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
