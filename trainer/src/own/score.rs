//! `halfwave score`: the log-likelihood of each row.

use std::path::PathBuf;

use halfwave_kernels::Level;

use super::{OF_USE, check_npy, model::Model};
use crate::{
    Error, TrainError,
    npy::{self, Array},
    output,
    rbm::{AisConfig, Average, Rbm, Temperatures},
    run,
};

/// What `halfwave score` does.
#[derive(Clone, Debug)]
pub struct ScoreJob {
    /// The machine.
    pub model: PathBuf,
    /// The data.
    pub data: PathBuf,
    /// A `.npy` file, `[rows]`.
    pub out: PathBuf,
    /// Steps of annealed importance sampling, where ln Z cannot be summed.
    pub temperatures: usize,
    /// Of the noise of the sampling.
    pub seed: u64,
    /// Threads; by default all cores.
    pub threads: Option<usize>,
    /// Instruction set.
    pub level: Level,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// What the scores rest on.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Rows of the data.
    pub rows: usize,
    /// ln Z.
    pub log_z: f64,
    /// Its interval, if it is an estimate.
    pub interval: Option<(f64, f64)>,
    /// ln p of a row.
    pub average: Average,
}

/// Writes ln p(v) of each row, in nats. ln Z is the exact one where a layer has few enough states, else that of
/// annealed importance sampling from the machine without its weights: no score depends on the other rows. Of Gaussian
/// units it is a density, in the units of the data also where these were standardised.
///
/// # Errors
/// Files that cannot be read or do not fit; [`TrainError::NoEnergy`] and [`TrainError::NoDensity`] for machines
/// without a likelihood; output that cannot be written.
pub fn score(job: &ScoreJob) -> Result<Scored, Error> {
    output::check_output(&job.out, job.force, [&job.model, &job.data])?;
    check_npy(&job.out)?;
    let model = Model::<Rbm>::load(&job.model)?;
    let x = model.data(&job.data)?;
    let (log_z, interval) = run::pool(job.threads)?.install(|| log_z(&model.of, job))?;
    let mut logs = model.of.log_likelihood(&x, log_z)?;
    logs.iter_mut().for_each(|log| *log += model.log_density_shift());
    let array = Array { shape: vec![logs.len()], data: logs.iter().map(|&l| l as f32).collect() };
    output::write_file(&job.out, job.force, |out| npy::write(&array, out))?;
    Ok(Scored { rows: logs.len(), log_z, interval, average: Average::of(&logs) })
}

fn log_z(rbm: &Rbm, job: &ScoreJob) -> Result<(f64, Option<(f64, f64)>), Error> {
    match rbm.log_z_exact() {
        Err(TrainError::TooManyStates { .. }) => {
            let config = AisConfig {
                temperatures: Temperatures::Linear { steps: job.temperatures },
                base: Some(rbm.visible_bias().to_vec()),
                seed: job.seed ^ OF_USE,
                ..AisConfig::default()
            };
            let found = rbm.ais(job.level, &config)?;
            Ok((found.log_z, Some(found.interval)))
        }
        exact => Ok((exact?, None)),
    }
}
