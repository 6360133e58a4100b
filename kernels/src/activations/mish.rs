//! Mish: y = x tanh(softplus(x)).
//!
//! forward    y  = x n / (n + 2), n = eˣ (eˣ + 2)
//! backward   dx = eˣ (4 (x + 1) + (4 x + 6) eˣ + 4 e²ˣ + e³ˣ) / (n + 2)² dy, with a root at x = −1.1924
//!
//! Misra 2019, arXiv:1908.08681. With e = e^−|x| both quotients stay finite: above 0 numerator and
//! denominator are multiplied by powers of e.
//!
//! Worst errors over all inputs: .78 ULP forward, at x = −91.90686; .66 backward, at x = −1.1396372.

use super::{Activation, Saved, swish, tail::Tail};
use crate::{
    math::{Double, Exp, Root, exp_parts, seldom_exp_f64, zero_crossing},
    simd::{F32, Mask, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Mish;

/// Below −LIMIT the result is 0.
const LIMIT: f32 = 110.0;

const ROOT: Root<5> = Root {
    at: [-1.192_431_2, -3.043_937_5e-9, 0.0],
    width: 0.05,
    slope: 0.266_947_93,
    rest: [-1.103_057_2e-8, 0.204_731_27, 0.041_907_79, -0.020_286_923, -0.015_809_609],
};

/// y / x = factor · numerator / denominator · 2^⌊k⌋.
struct Parts<S: Simd> {
    negative: Mask<S>,
    e: Exp<S>,
    /// The mantissa of e below 0, else 1.
    factor: Double<S>,
    /// 2 + e below 0, else 1 + 2e.
    numerator: Double<S>,
    /// 2 + 2e + e² below 0, else 1 + 2e + 2e².
    denominator: Double<S>,
    k: F32<S>,
}

#[inline(always)]
fn select<S: Simd>(mask: Mask<S>, a: Double<S>, b: Double<S>) -> Double<S> {
    Double { hi: mask.select(a.hi, b.hi), lo: mask.select(a.lo, b.lo) }
}

/// For |x| ≤ 174.
#[inline(always)]
fn parts<S: Simd>(x: F32<S>) -> Parts<S> {
    let (zero, one, two) = (x.constant(0.0), x.constant(1.0), x.constant(2.0));
    let e = exp_parts(-x.abs());
    let negative = x.lt(zero);
    let value = e.value();
    let twice = Double { hi: value.hi + value.hi, lo: value.lo + value.lo };
    let numerator = select(negative, value, twice).add_to(negative.select(two, one));
    let square = value.mul(select(negative, numerator, twice)).normalised();
    Parts {
        negative,
        e,
        factor: select(negative, e.mantissa, Double::exact(one)),
        numerator,
        denominator: square.add(select(negative, Double::exact(two), numerator)),
        k: negative.select(e.k, zero),
    }
}

/// The constant c.
#[inline(always)]
fn exact<S: Simd>(like: F32<S>, c: f32) -> Double<S> {
    Double::constant(like, [c, 0.0])
}

/// sum · e + c.
#[inline(always)]
fn step<S: Simd>(sum: Double<S>, e: Double<S>, c: Double<S>) -> Double<S> {
    sum.mul(e).normalised().add(c)
}

impl Activation for Mish {
    const NAME: &'static str = "mish";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.78;
    const MAX_ULP_BACKWARD: f64 = 0.66;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let bounded = swish::clamp(x, LIMIT);
        let p = parts(bounded);
        let numerator = p.factor.mul(p.numerator).times(bounded);
        let y = numerator.div_rounded(p.denominator).scale(p.k).with_sign_of(x);
        x.constant(20.0).lt(x).select(x, y)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, saved: F32<S>, dy: F32<S>) -> F32<S> {
        let x = swish::clamp(saved, LIMIT);
        let p = parts(x);
        let four = x.constant(4.0);
        // 4 (x + 1) and 4 x + 6.
        let (c0, c1) = (Double::sum(four * x, four), Double::sum(four * x, x.constant(6.0)));
        // Horner's scheme in e; above 0 the coefficients run the other way.
        let e = p.e.value();
        let sum = select(p.negative, exact(x, 1.0), c0);
        let sum = step(sum, e, select(p.negative, exact(x, 4.0), c1));
        let sum = step(sum, e, select(p.negative, c1, exact(x, 4.0)));
        let sum = step(sum, e, select(p.negative, c0, exact(x, 1.0)));
        let numerator = sum.normalised().mul(p.factor);
        let slope = numerator.div_rounded(p.denominator.mul(p.denominator)).scale(p.k);
        let slope = zero_crossing(Double::exact(x), &ROOT, slope);
        let dx = slope * dy;
        let Some(tail) = Tail::of(x.lt(x.constant(-70.0)), saved) else { return dx };
        let x = tail.x;
        tail.product(seldom_exp_f64(x) * (x + x.constant(1.0)), dy, dx)
    }
    fn definition(self, x: f64) -> f64 {
        if x < -800.0 {
            return -0.0;
        }
        let e = (-x.abs()).exp();
        let (n, d) = if x < 0.0 { (e * (e + 2.0), 2.0) } else { (1.0 + 2.0 * e, 2.0 * e * e) };
        x * (n / (n + d))
    }
    /// The last factor of the numerator is written as the sum of its terms' differences from those at
    /// the root x₀, which all have the sign of δ = x − x₀.
    fn derivative(self, x: f64) -> f64 {
        const ROOT: [f64; 2] = [-1.192_431_214_515_495_2, -4.848_482_984_803_104_4e-17];
        if x.abs() > 400.0 {
            return if x < 0.0 { -0.0 } else { 1.0 };
        }
        let e = (-x.abs()).exp();
        if x >= 0.0 {
            let d = 1.0 + 2.0 * e + 2.0 * e * e;
            let n = 1.0 + e * (4.0 + e * (4.0 * x + 6.0 + e * 4.0 * (x + 1.0)));
            return n / (d * d);
        }
        let (root, delta, d) = (ROOT[0], (x - ROOT[0]) - ROOT[1], 2.0 + e * (2.0 + e));
        let linear = root.exp() * ((4.0 * root + 6.0) * delta.exp_m1() + 4.0 * delta * delta.exp());
        let n = 4.0 * delta
            + linear
            + 4.0 * (2.0 * root).exp() * (2.0 * delta).exp_m1()
            + (3.0 * root).exp() * (3.0 * delta).exp_m1();
        e * n / (d * d)
    }
}
