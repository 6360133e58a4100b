//! `halfwave train`, `features`, `sample`, `eval`: machines on one's own data.

mod data;
mod machine;

pub use data::{DataError, Matrix, Problem, read};
pub use machine::{
    Clamp, FeatureJob, ImageShape, SampleJob, TrainJob, Trained, defaults, evaluate, features,
    sample, train,
};
