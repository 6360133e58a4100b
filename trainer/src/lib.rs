//! Training of rectifier networks: MLPs and RBMs on the SIMD kernels.
//!
//! | module | what |
//! |---|---|
//! | [`mlp`] | dense layers, dropout, softmax head or the ReLU head of Agarap |
//! | [`rbm`] | restricted Boltzmann machines by contrastive divergence |
//! | [`optim`] | stochastic gradient descent with momentum, Adam |
//! | [`metrics`] | confusion matrix, accuracy, precision, recall, F1 |
//! | [`observe`] | what watches a training run |
//!
//! Threads are those of the current rayon pool. The same seed gives the same bits at any number of
//! threads, on one machine, build and level.

#![forbid(unsafe_code)]

mod buffers;
mod by_name;
mod losses;
mod train;

pub mod error;
pub mod layers;
pub mod metrics;
pub mod mlp;
pub mod observe;
pub mod optim;
pub mod rbm;

pub use error::TrainError;
