//! The experiments of Glorot, Bordes & Bengio, Deep sparse rectifier neural networks, AISTATS 2011, section 4.1: images.

pub(super) mod images;
mod pairs;
mod parts;
pub(super) mod semisupervised;
pub(super) mod softplus_scale;
pub(super) mod sparsity;
mod training;

/// Where published numbers stand.
const SOURCE: &str = "Glorot, Bordes & Bengio, AISTATS 2011";
