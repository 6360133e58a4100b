//! f'(x) dy where f'(x) alone is no normal `f32`: it is rounded after it has met dy, not before.
//!
//! A slope of 10⁻⁴² has ten bits, one of 10⁻⁵⁰ none, and their products with a large dy would have no more; one of 10⁴⁰ is
//! infinite.

use crate::{
    math::seldom,
    simd::{F32, F64, Mask, Simd},
};

/// The lanes of a vector where that is so.
pub(super) struct Tail<S: Simd> {
    lanes: Mask<S>,
    /// What the slope is to be computed from.
    pub(super) x: F64<S>,
}

impl<S: Simd> Tail<S> {
    /// A vector without such lanes takes a test and a branch.
    #[inline(always)]
    pub(super) fn of(lanes: Mask<S>, x: F32<S>) -> Option<Self> {
        // Lower than any x whose slope a finite dy can bring back; −∞ would make NaN of products.
        let x = if lanes.to_bits() == 0 {
            return None;
        } else {
            x.constant(*seldom(&-1e30)).max(x).widen()
        };
        Some(Self { lanes, x })
    }

    /// `dx`, but in these lanes the product of their slope with dy.
    #[inline(always)]
    pub(super) fn product(self, slope: F64<S>, dy: F32<S>, dx: F32<S>) -> F32<S> {
        self.lanes.select((slope * dy.widen()).narrow(), dx)
    }
}
