//! What the benchmarks share: inputs, checks of results, shapes of products, interleaved timing.

pub mod check;
pub mod contest;
pub mod conv;
pub mod counts;
pub mod effort;
pub mod elementwise;
pub mod inputs;
pub mod interleaved;
pub mod moved;
pub mod product;
pub mod roofline;
pub mod shapes;
pub mod steps;
pub mod table;
pub mod threads;

use halfwave_kernels::Level;

/// Element counts of the element-wise benches: two arrays of `f32` fill L1, L2 and L3 of a usual core.
pub const SIZES: [usize; 3] = [1 << 12, 1 << 16, 1 << 20];

/// The largest of them.
pub const LARGEST: usize = SIZES[SIZES.len() - 1];

/// Element counts of the benches with several threads: around L3, and far beyond all caches.
pub const SIZES_OF_THREADS: [usize; 2] = [1 << 20, 1 << 26];

/// The levels to run, best first.
///
/// # Panics
/// If `HALFWAVE_REQUIRE` names a level that this machine lacks: a skip never passes silently.
#[must_use]
pub fn levels() -> Vec<Level> {
    let mut levels = Level::available_or_required().unwrap_or_else(|error| panic!("{error}"));
    levels.reverse();
    levels
}

/// The reference that every level is compared with.
///
/// # Panics
/// Never: every machine has this level.
#[must_use]
pub fn scalar() -> Level {
    "scalar".parse().unwrap_or_else(|error| panic!("{error}"))
}
