//! What the tests that cross crates share.

pub mod bits;
pub mod ulp;
