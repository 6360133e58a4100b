//! Generators of data sets: pure functions of a seed, the same bits on every machine.
//!
//! Only + − × ÷ √ and comparisons of `f32` are used, and sines of the crate `libm`: nothing depends on the
//! system's library or on how many threads there are.

pub mod norb;

mod solid;
mod texture;
mod toys;
