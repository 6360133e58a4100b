//! Random numbers that are a pure function of where they are used.
//!
//! A seed has one PCG32 stream (O'Neill 2014; `rand_pcg`'s `Pcg32`). Sixteen lanes draw sixteen
//! consecutive outputs of that stream, so vectors and scalars see the same numbers, bit for bit. A
//! [`NoisePlan`] lays the draws of a whole training run end to end; element, step and purpose then say
//! where in the stream a draw stands, and thread count, batch split and instruction set change nothing.

mod pcg;
mod plan;
#[cfg(test)]
mod tests;
mod variates;

pub(crate) use pcg::{Jump, Lanes, Spacing};
pub use pcg::{Noise, Stream};
/// `rand_pcg`'s generator, as [`Stream::pcg32`] gives it.
pub use rand_pcg::Pcg32;

pub use plan::{Block, NoisePlan, NoisePlanBuilder, PlanError};
pub use variates::{bits, normal, normal_of_bits, uniform};
