//! Layers: forward and backward on mini-batches, in buffers that their owner keeps.

mod dense;
mod dropout;

pub use dense::{Dense, DenseGradient, DenseTape};
pub use dropout::Dropout;
