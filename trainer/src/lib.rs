//! Training of rectifier networks on the SIMD kernels, and the experiments of their papers.
//!
//! | module | what |
//! |---|---|
//! | [`network`] | networks of layers; heads: softmax, the ReLU head of Agarap, logistic, squared error |
//! | [`layers`] | dense, convolution, max-pooling, dropout, noise, normalisations, learned activations and others |
//! | [`rbm`] | restricted Boltzmann machines by contrastive divergence |
//! | [`autoencoder`] | denoising auto-encoders, one by one or stacked |
//! | [`mixture`] | mixture of Bernoullis, whose likelihood is exact |
//! | [`siamese`] | whether two images are of the same class: shared features and their cosine |
//! | [`rnn`] | recurrent networks that classify sequences |
//! | [`stack`] | RBMs layer by layer, unrolled into a perceptron |
//! | [`samples`] | what is trained on: numbers, or images of bytes |
//! | [`optim`] | stochastic gradient descent with momentum, Adam |
//! | [`metrics`] | confusion matrix, accuracy, precision, recall, F1 |
//! | [`observe`] | what watches a training run |
//! | [`checkpoint`] | training that can be stopped at any instant |
//! | [`experiments`], [`run`](mod@run) | the table of experiments, and how one is run |
//! | [`sweep`](mod@sweep) | an experiment over a grid of settings |
//! | [`config`] | TOML with all defaults, `--set a.b=c` |
//! | [`result`], [`report`] | rows beside published numbers; Markdown, terminal, plots, filters |
//! | [`comparison`] | the same rows of several runs beside each other |
//! | [`reproductions`] | the table of measured and published numbers, from `result.json` files |
//! | [`own`] | machines and networks on one's own data, in files |
//! | [`apply`](mod@apply), [`npy`], [`gallery`] | any kernel on a `.npy` file; plots of all |
//! | [`info`], [`machine`], [`data`] | what this machine and its data directories have |
//! | [`output`] | files that are there completely or not at all |
//! | [`kernels`], [`datasets`] | the crates whose types are arguments here |
//!
//! Threads are those of the current rayon pool. The same seed gives the same bits at any number of
//! threads, and on every level with fused multiply-add (AVX2, AVX-512, NEON, scalar).
//!
//! # Features
//! * `cli`: the program `halfwave`, and the crates that only it needs. On by default: a library that trains goes without
//!   (`default-features = false`).
//! * `fetch`: downloads of data sets ([`data::fetch`], [`observe::Downloads`]). With `cli`.
//! * `ndarray`: [`samples::Rows`] and [`samples::Samples`] from views of `ndarray` 0.17. Off unless asked for.

#![forbid(unsafe_code)]

/// The example of the README runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod buffers;
mod by_name;
mod losses;
mod provenance;
mod tensors;
mod train;

pub mod apply;
pub mod autoencoder;
pub mod checkpoint;
pub mod comparison;
pub mod config;
pub mod data;
pub mod error;
pub mod experiments;
pub mod failure;
pub mod gallery;
pub mod info;
pub mod layers;
pub mod machine;
pub mod metrics;
pub mod mixture;
pub mod names;
pub mod network;
pub mod observe;
pub mod optim;
pub mod output;
pub mod own;
pub mod rbm;
pub mod report;
pub mod reproductions;
pub mod result;
pub mod rnn;
pub mod run;
pub mod samples;
pub mod siamese;
pub mod stack;
pub mod sweep;

pub use error::TrainError;
pub use failure::Error;
pub use halfwave_datasets::{self as datasets, npy};
pub use halfwave_kernels as kernels;
