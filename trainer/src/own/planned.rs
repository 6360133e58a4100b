//! What `train --dry-run` prints.

use halfwave_kernels::Level;
use rayon::ThreadPool;
use serde::Serialize;

use crate::{Error, config::ConfigError, run};

/// What would be trained, where, and what was measured of it, above its settings in TOML.
pub(super) fn told(
    what: &str,
    level: Level,
    pool: &ThreadPool,
    measured: &str,
    settings: &impl Serialize,
) -> Result<String, Error> {
    let threads = pool.current_num_threads();
    let toml = toml::to_string(settings).map_err(|error| ConfigError::Value(error.to_string()))?;
    Ok(run::above(&format!("{what}; level {level}, threads: {threads}\n{measured}"), &toml))
}
