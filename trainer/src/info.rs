//! `halfwave info`: versions, levels, cores.

use std::{fmt::Write as _, thread};

use halfwave_kernels::{Kind, Level, units::Unit};

use crate::{Error, apply, experiments, result::Versions};

/// [`text`] for programs.
///
/// # Errors
/// As [`text`].
pub fn json() -> Result<serde_json::Value, Error> {
    let Versions { halfwave, target, profile } = Versions::current();
    let names = |levels: &[Level]| levels.iter().map(Level::to_string).collect::<Vec<_>>();
    Ok(serde_json::json!({
        "halfwave": halfwave,
        "target": target,
        "profile": profile,
        "levels": names(&Level::available().into_iter().collect::<Vec<_>>()),
        "level": apply::level_from_env()?.to_string(),
        "cores": thread::available_parallelism().ok().map(std::num::NonZero::get),
        "activations": Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "units": Unit::ALL.iter().map(Unit::to_string).collect::<Vec<_>>(),
        "experiments": experiments::names(),
    }))
}

/// What runs here, for people and for bug reports.
///
/// # Errors
/// If `HALFWAVE_LEVEL` names no level of this machine.
pub fn text() -> Result<String, Error> {
    let Versions { halfwave, target, profile } = Versions::current();
    let used = apply::level_from_env()?;
    let mut levels = String::new();
    for level in Level::available() {
        let mark = if level == used { "*" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(levels, "{level}{mark} ");
    }
    let cores = thread::available_parallelism().map_or("unknown".into(), |n| n.to_string());
    let slow = if profile == "debug" { " (slow: build with --release)" } else { "" };
    let names = |names: Vec<&str>| names.join(" ");
    let kinds = names(Kind::ALL.iter().map(|kind| kind.name()).collect());
    let units = Unit::ALL.iter().map(Unit::to_string).collect::<Vec<_>>().join(" ");
    let experiments = names(experiments::names());
    Ok(format!(
        "halfwave     {halfwave}, {target}, {profile} build{slow}\n\
         levels       {levels}(* is used; HALFWAVE_LEVEL forces another)\n\
         cores        {cores}\n\
         activations  {kinds}\n\
         units        {units}\n\
         experiments  {experiments}\n"
    ))
}
