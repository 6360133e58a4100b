//! The experiments of Glorot, Bordes & Bengio, Deep sparse rectifier neural networks, AISTATS 2011, section 4.1: images.

pub(super) mod images;
mod parts;
mod training;

/// Where published numbers stand.
const SOURCE: &str = "Glorot, Bordes & Bengio, AISTATS 2011";
