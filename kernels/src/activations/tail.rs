//! f'(x) dy where f'(x) alone is no normal `f32`: it is rounded after it has met dy, not before.
//!
//! A slope of 10⁻⁴² has ten bits, one of 10⁻⁵⁰ none, and their products with a large dy would have no more; one of 10⁴⁰ is
//! infinite.

use crate::simd::{F32, F64, Mask, Simd};

/// `dx`, but f'(x) dy, from the slope in `f64`, in the lanes of `tail`; a vector without such lanes takes a test and a branch.
#[inline(always)]
pub(super) fn in_tail<S: Simd>(
    tail: Mask<S>,
    [x, dy, dx]: [F32<S>; 3],
    slope: impl FnOnce(F64<S>) -> F64<S>,
) -> F32<S> {
    if tail.to_bits() == 0 {
        return dx;
    }
    // Lower than any x whose slope a finite dy can bring back; −∞ would make NaN of products.
    let bounded = x.constant(-1e30).max(x).widen();
    tail.select((slope(bounded) * dy.widen()).narrow(), dx)
}
