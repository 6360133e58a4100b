//! Functions next to a root, where the terms of their formula cancel.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

/// f(x), given `f` computed from its formula, which is replaced within .05 of the root x₀ by δ P(δ),
/// δ = x − x₀.
///
/// P = c₀ + c₁ δ + … + c₄ δ⁴ minimises the relative error over |δ| ≤ .06 (below 2⁻²⁸ for all functions
/// here); `near` is c₀ in two parts, then the others.
#[inline(always)]
pub(crate) fn zero_crossing<S: Simd>(
    x: Double<S>,
    root: [f32; 2],
    near: &[f32; 6],
    f: F32<S>,
) -> F32<S> {
    let delta = (x.hi - x.hi.constant(root[0])) + (x.lo - x.hi.constant(root[1]));
    let [c0, rest @ ..] = near;
    let y = delta.mul_add(x.hi.constant(*c0), delta * polynomial(delta, rest));
    delta.abs().lt(delta.constant(0.05)).select(y, f)
}
