//! Functions next to a root, where the terms of their formula cancel.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

/// A simple root x₀ of a function, and the function next to it: δ P(δ) with δ = x − x₀.
pub(crate) struct Root<const N: usize> {
    /// x₀ in two parts.
    pub(crate) at: [f32; 2],
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
    let [hi, lo] = root.at;
    let delta = (x.hi - x.hi.constant(hi)) + (x.lo - x.hi.constant(lo));
    let y = delta.mul_add(x.hi.constant(root.slope), delta * polynomial(delta, &root.rest));
    delta.abs().lt(delta.constant(root.width)).select(y, f)
}
