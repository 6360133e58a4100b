//! SIMD kernels for rectifier networks, on slices: activations forward and backward, stochastic units,
//! vector random numbers, matrix products with fused epilogues.
//!
//! The crate knows nothing of layers, files or data sets. Every function takes a [`Level`], the proof
//! that its instructions may run, and gives the same bits on every level ([`Level`] says which build of
//! `portable` differs):
//!
//! ```
//! use halfwave_kernels::{Kind, Level, forward};
//!
//! let x = [-2.0, -0.5, 0.0, 0.5, 2.0];
//! let (mut fast, mut reference) = ([0.0; 5], [0.0; 5]);
//! forward(Level::best(), Kind::Sigmoid, &x, &mut fast);
//! forward("scalar".parse()?, Kind::Sigmoid, &x, &mut reference);
//! assert_eq!(fast, reference);
//! # Ok::<(), halfwave_kernels::LevelError>(())
//! ```
//!
//! # Features
//! Operands of products are views of `faer` 0.24, always. None of these is on unless asked for:
//!
//! * `ndarray`: views of `ndarray` 0.17 as operands, [`gemm`]`::from_ndarray` and `from_ndarray_mut`. Where slices are taken,
//!   `to_slice` and `into_slice` of a view give one.

mod activations;
pub mod conv;
mod crelu;
mod dispatch;
mod elementwise;
pub mod gemm;
pub mod learned;
pub mod masks;
mod math;
mod parallel;
pub mod probe;
pub mod rng;
pub mod rows;
mod simd;
pub mod sparse;
pub mod units;
pub mod update;

pub mod levels {
    //! The tokens inside a [`Level`](crate::Level): each is the proof that its instructions may run.
    #[cfg(target_arch = "aarch64")]
    pub use crate::simd::Neon;
    #[cfg(target_arch = "x86_64")]
    pub use crate::simd::{Avx2, Avx512};
    pub use crate::simd::{Portable, Scalar};
}

/// The examples of the README run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use activations::{Kind, Saved, UnknownKind};
pub use crelu::{crelu, crelu_backward};
pub use dispatch::{Level, LevelError, flushes_subnormals};
pub use elementwise::{backward, backward_in_place, forward, forward_in_place};
pub use parallel::{par_backward, par_backward_in_place, par_forward, par_forward_in_place};
