//! What the tests that cross crates share.
//!
//! No dependency that compiles C: `ci/arm.sh` builds this crate for another architecture.

pub mod boltzmann;
pub mod cases;
pub mod compare;
pub mod distributions;
pub mod guard_page;
pub mod inputs;
pub mod reference_network;
pub mod statistics;
pub mod ulp;
