//! Stores that go past the caches, for outputs larger than these: a plain store first reads the line that
//! it will overwrite, which is a third of the traffic of a copy.
//!
//! Non-temporal stores are weakly ordered. Rust's memory model knows nothing of that, so nobody else may
//! look at the output, and no other thread be told of it, before a fence: [`Stream`] holds the only door
//! to these stores, and its drop is the fence.

use super::{F32, LANES, Simd};

/// Bytes of a cache line: outputs that start one are written past the caches.
pub(crate) const LINE: usize = 64;

/// Permission to store past the caches; dropping it makes the stores visible like all others.
pub(crate) struct Stream<S: Simd> {
    simd: S,
    on: bool,
}

impl<S: Simd> Stream<S> {
    /// Stores go past the caches if `on`.
    #[inline(always)]
    pub(crate) fn new(simd: S, on: bool) -> Self {
        Self { simd, on }
    }

    /// `out[i]` becomes lane `i`: past the caches if this is on, `out` starts a cache line and the level has
    /// such stores, else like [`F32::store`].
    #[inline(always)]
    pub(crate) fn store(&self, x: F32<S>, out: &mut [f32; LANES]) {
        if self.on { x.store_streaming(out) } else { x.store(out) }
    }
}

impl<S: Simd> Drop for Stream<S> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.on {
            self.simd.fence();
        }
    }
}
