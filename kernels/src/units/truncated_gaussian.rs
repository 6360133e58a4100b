//! Truncated Gaussian, a rectified unit with a density: N(x, 1) on the condition that it is ≥ 0, the
//! hidden unit of energy h²/2 − x h on h ≥ 0; one draw an element.
//!
//! mean    x + φ(x)/Φ(x), which far below 0 is the mean excess m(−x) ≈ −1/x
//!
//! sample  y with P(Y > y) = Φ(x − y)/Φ(x) = u, by the smaller of the two tails, in two forms:
//!
//! x ≥ 0   y = x + Φ⁻¹(1 − u Φ(x)), the table of the normal variates. Absolute error < 2·10⁻⁶; y ≤ x + 6.33.
//!
//! x < 0   With a = −x, and the hazard rate h(z) = z + m(z) of the normal distribution, y solves
//!         a y + y²/2 + ln(h(a + y)/h(a)) = −ln u. The root of h(a) y + k y²/2 = −ln u, with k = h' at the
//!         centre of the triangle that the slopes between a and a + y are weighted by, is improved by one
//!         step of Householder's method of order 3. P(Y > y) is right to 6·10⁻⁶ of itself, and so is y
//!         next to 0.

use super::{StochasticUnit, nrelu::density};
use crate::{
    activations::Kind,
    math::{
        Double, exp, ln, ln_of_sum, mean_excess, mean_excess_f64,
        normal::{tail_from_bits, upper_quantile},
        reciprocal, rough_mean_excess,
    },
    rng::Lanes,
    simd::{F32, Mask, Simd, U32},
};

#[derive(Clone, Copy)]
pub(super) struct TruncatedGaussian;

/// 2³².
const SCALE: f32 = 4_294_967_296.0;

/// −ln u below which the starting value is more accurate than the residual.
const SMALL: f32 = 1.0 / 64.0;

/// The smaller of u and 1 − u, and whether that is u.
struct Tail<S: Simd> {
    /// In \[2⁻³³, ½\].
    t: F32<S>,
    is_u: Mask<S>,
}

impl<S: Simd> Tail<S> {
    #[inline(always)]
    fn new(bits: U32<S>) -> Self {
        let t = tail_from_bits(bits) * bits.as_f32_bits().constant(1.0 / SCALE);
        // The sign bit as a number, lest a NaN's comparison say nothing.
        let sign = bits.shr(31).i32_to_f32();
        Self { t, is_u: sign.lt(sign.constant(0.5)) }
    }

    /// y for x ≥ 0, given Φ(−x).
    #[inline(always)]
    fn above(&self, x: F32<S>, below_0: F32<S>) -> F32<S> {
        let (zero, one) = (x.constant(0.0), x.constant(1.0));
        let part = (-below_0).mul_add(self.t, self.t);
        let below = part + below_0;
        // Where u is small, P(Y > y); else P(Y < y) or its complement.
        let upper = self.is_u.select(part, one - below);
        let from_below = self.is_u.select(one, below);
        let is_upper = upper.lt(from_below);
        let tail = is_upper.select(upper, from_below) * x.constant(SCALE);
        let z = upper_quantile(x.constant(0.5).max(tail));
        let y = x + is_upper.select(z, -z);
        y.le(zero).select(zero, y)
    }

    /// y for x = −a ≤ 0, given m(a).
    #[inline(always)]
    fn below(&self, a: F32<S>, m: F32<S>) -> F32<S> {
        let (one, half) = (a.constant(1.0), a.constant(0.5));
        let rest = Double::fast_sum(one, -self.t);
        let e = -ln_of_sum(Double {
            hi: self.is_u.select(self.t, rest.hi),
            lo: self.is_u.select(a.constant(-0.0), rest.lo),
        });
        let h = a + m;
        let ratio = e / h;
        // A hundredth would be enough for k and for what it is taken from.
        let (double, divisor) = root(ratio, m);
        let centre = (double * reciprocal(divisor)).mul_add(a.constant(1.0 / 3.0), a);
        let excess = rough_mean_excess(within_bound(centre));
        let bounded = a.constant(1e30).min(h);
        let (double, divisor) = root(ratio, (centre + excess) * excess * reciprocal(bounded));
        let start = double / divisor;
        let z = a + start;
        let excess = mean_excess(within_bound(z));
        let hazard = z + excess;
        let residual = start.mul_add(start.mul_add(half, a), ln(hazard / h) - e);
        // The residual's derivatives are h, h m and h m (m + h) − h.
        let newton = residual * reciprocal(a.constant(1e30).min(hazard));
        let bend = newton * excess;
        let third = excess.mul_add(excess + hazard, -one) * a.constant(1.0 / 6.0);
        let divisor = (newton * newton).mul_add(third, one - bend) * hazard;
        let y = start - residual * bend.mul_add(-half, one) / divisor;
        let y = e.lt(e.constant(SMALL)).select(start, y);
        let zero = a.constant(0.0);
        y.le(zero).select(zero, y)
    }
}

/// 2e / (h + √(h² + 2 k e)), the root of h y + k y²/2 = e, from e / h and k / h: dividend and divisor.
#[inline(always)]
fn root<S: Simd>(ratio: F32<S>, k_by_h: F32<S>) -> (F32<S>, F32<S>) {
    let (double, one) = (ratio + ratio, ratio.constant(1.0));
    (double, double.mul_add(k_by_h, one).sqrt() + one)
}

/// a, up to 2²⁰: beyond, m(a) is too small to matter.
#[inline(always)]
fn within_bound<S: Simd>(a: F32<S>) -> F32<S> {
    a.constant(1_048_576.0).min(a)
}

impl StochasticUnit for TruncatedGaussian {
    const NAME: &'static str = "truncated_gaussian";
    const ACTIVATION: Option<Kind> = Some(Kind::Relu);

    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        let a = x.abs();
        let wide = a.constant(f32::MAX).min(a).widen();
        let m = mean_excess_f64(wide);
        let (hazard, density) = (wide + m, density(wide * wide));
        let above = (x.widen() + density * hazard / (hazard - density)).narrow();
        x.lt(x.constant(0.0)).select(m.narrow(), above)
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        let tail = Tail::new(lanes.next());
        let a = x.abs();
        let a = a.constant(f32::MAX).min(a);
        let m = mean_excess(within_bound(a));
        let density = exp(a * a * a.constant(-0.5)) * a.constant(super::nrelu::DENSITY_AT_0 as f32);
        let above = tail.above(x, density / (a + m));
        x.lt(x.constant(0.0)).select(tail.below(a, m), above)
    }
}
