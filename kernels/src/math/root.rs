//! Functions next to a root, where the terms of their formula cancel.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

/// A simple root x₀ of a function, and the function next to it: δ P(δ) with δ = x − x₀.
pub(crate) struct Root<const N: usize> {
    /// x₀ in three parts.
    pub(crate) at: [f32; 3],
    /// |δ| below which δ P(δ) is taken.
    pub(crate) width: f32,
    /// P(0), rounded.
    pub(crate) slope: f32,
    /// What P(0) lacks, then the other coefficients of P, which minimises the relative error over a
    /// little more than `width`: below 2⁻²⁸ for all functions here.
    pub(crate) rest: [f32; N],
}

/// f(x), given `f` computed from its formula, which is replaced next to the root.
#[inline(always)]
pub(crate) fn zero_crossing<S: Simd, const N: usize>(
    x: Double<S>,
    root: &Root<N>,
    f: F32<S>,
) -> F32<S> {
    let [hi, lo, rest] = root.at;
    // Both differences are exact, or far from 0.
    let from_hi = Double::sum(x.hi - x.hi.constant(hi), x.lo);
    let from_lo = Double::sum(from_hi.hi, x.hi.constant(-lo));
    let delta = from_lo.hi;
    let delta_lo = from_lo.lo + (from_hi.lo - x.hi.constant(rest));
    let small = delta_lo.mul_add(x.hi.constant(root.slope), delta * polynomial(delta, &root.rest));
    let y = delta.mul_add(x.hi.constant(root.slope), small);
    delta.abs().lt(delta.constant(root.width)).select(y, f)
}
