//! `halfwave train`, `features`, `score`, `sample`, `eval`: machines on one's own data.

mod data;
mod machine;
mod model;
mod score;

pub use data::{DataError, Matrix, Problem, read};
pub use machine::{
    Clamp, FeatureJob, ImageShape, SampleJob, TrainJob, Trained, defaults, evaluate, features,
    sample, train,
};
pub use score::{ScoreJob, Scored, score};
