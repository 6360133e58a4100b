//! Training of rectifier networks, and the experiments of their papers.
//!
//! | module | what |
//! |---|---|
//! | [`experiments`] | the table of experiments, and how one is run |
//! | [`config`] | TOML with all defaults, `--set a.b=c` |
//! | [`observe`] | what watches training |
//! | [`result`], [`report`] | rows beside published numbers; Markdown, terminal, plots, filters |
//! | [`apply`], [`npy`] | any kernel on a `.npy` file |
//! | [`info`], [`data`] | what this machine and its data directories have |
//! | [`output`] | files that are there completely or not at all |

#![forbid(unsafe_code)]

pub mod apply;
pub mod config;
pub mod data;
pub mod error;
pub mod experiments;
pub mod info;
pub mod names;
pub mod npy;
pub mod observe;
pub mod output;
pub mod report;
pub mod result;
pub mod run;

pub use error::Error;
