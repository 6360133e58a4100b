//! The firing rate of a leaky integrate-and-fire neuron, relative to its largest.
//!
//! forward    y  = 1 / (1 + τ ln(1 + 1/x)) above 0, else 0
//! backward   dx = y² τ / (x (1 + x)) dy above 0, else 0 (a selection)
//!
//! Glorot, Bordes & Bengio, AISTATS 2011: f(I) = 1 / (t_ref + τ_m ln((E + RI − V_r) /
//! (E + RI − V_th))) above the threshold. Here y = t_ref f, τ = τ_m / t_ref (10: 20 ms by 2 ms), and
//! x = (E + RI − V_th) / (V_th − V_r), which is 0 at the threshold. The slope is infinite there.
//!
//! Worst errors over all inputs: .514 ULP forward, at x = 31.475431; .525 backward, at x = 31.15116.

use super::{Activation, Saved, tail::Tail};
use crate::{
    math::{Double, log1p_parts},
    simd::{F32, Mask, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Lif {
    /// τ: time constant of the membrane, in refractory periods.
    pub(crate) tau: f32,
}

/// Below this, x is multiplied by 2⁶⁴, lest 1/x overflow.
const TINY: f32 = 7.888_609e-31;
const TWO_TO_64: f32 = 18_446_744_073_709_551_616.0;
/// Beyond this the slope is near the end of the range of `f32`.
const FAR: f32 = 1e15;
/// 64 ln 2.
const LN_TWO_TO_64: [f32; 2] = [44.361_42, -1.218_978_7e-7];

impl Lif {
    /// (x or 2⁶⁴ x; where it is that; 1 + τ ln(1 + 1/x)), for x > 0; beyond 2¹⁰⁰ as for 2¹⁰⁰.
    #[inline(always)]
    fn parts<S: Simd>(self, x: F32<S>) -> (F32<S>, Mask<S>, Double<S>) {
        let zero = x.constant(0.0);
        // Where nothing comes of it, a number that leaves no subnormal terms.
        let z = x.le(zero).select(x.constant(3.0), x.constant(1.0 / TINY).min(x));
        let tiny = z.lt(x.constant(TINY));
        let z = tiny.select(z * x.constant(TWO_TO_64), z);
        // Tiny numbers: 1 + 1/x is 1/x.
        let log = log1p_parts(Double::reciprocal_of(z));
        let shift = Double::constant(x, LN_TWO_TO_64);
        let shift = Double { hi: tiny.select(shift.hi, zero), lo: tiny.select(shift.lo, zero) };
        let log = log.add(shift).normalised();
        let period = log.times(x.constant(self.tau)).normalised().add_to(x.constant(1.0));
        (z, tiny, period)
    }
}

/// A normal x > 0 as mantissa in \[1, 2) and exponent.
#[inline(always)]
fn mantissa<S: Simd>(x: F32<S>) -> (F32<S>, F32<S>) {
    let (bits, one) = (x.to_bits(), x.constant(1.0).to_bits());
    let m = ((bits & bits.constant(0x007f_ffff)) | one).as_f32_bits();
    (m, (bits.shr(23) - bits.constant(127)).i32_to_f32())
}

impl Activation for Lif {
    const NAME: &'static str = "lif";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.52;
    const MAX_ULP_BACKWARD: f64 = 0.53;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let (zero, one) = (x.constant(0.0), x.constant(1.0));
        let (_, _, period) = self.parts(x);
        let rate = Double::exact(one).div_rounded(period);
        let rate = x.le(zero).select(zero, rate);
        // The integers in between know no NaN.
        x.eq(x).select(rate, x)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let (zero, one) = (x.constant(0.0), x.constant(1.0));
        let (z, tiny, period) = self.parts(x);
        // τ over the product of the mantissas of x and 1 + x, then the exponents.
        let ((m, k), u) = (mantissa(z), Double::sum(one, x.constant(1.0 / TINY).min(x)));
        let (u_m, u_k) = mantissa(u.hi);
        let u = Double { hi: u_m, lo: u.lo * (-u_k).exp2_of_integer() };
        let denominator = period.mul(period).mul(u.times(m));
        let tau = Double { hi: x.constant(self.tau), lo: zero };
        let slope = tau.div_rounded(denominator).scale(-(k + u_k));
        let dx = x.le(zero).select(zero, slope * dy);
        let dx = x.eq(x).select(dx, x);
        // The slope may be beyond `f32`.
        let dx = match Tail::of(tiny, x) {
            None => dx,
            Some(tail) => {
                let slope = tail.x.constant(TWO_TO_64.into()) * slope.widen();
                tail.product(slope, dy, dx)
            }
        };
        // There 1 + 1/x and its logarithm are 1 and 1/x: y = x / (x + τ).
        let Some(tail) = Tail::of(x.constant(FAR).lt(x), x) else { return dx };
        let x = tail.x.constant(1e60).min(tail.x);
        let tau = x.constant(self.tau.into());
        let root = x + tau;
        tail.product(tau / (root * root), dy, dx)
    }
    fn definition(self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { 1.0 / (1.0 + f64::from(self.tau) * (1.0 / x).ln_1p()) }
    }
    fn derivative(self, x: f64) -> f64 {
        let y = self.definition(x);
        if x <= 0.0 { 0.0 } else { y * y * f64::from(self.tau) / (x * (1.0 + x)) }
    }
}
