//! `halfwave info`: versions, processor, levels, data.

use std::fmt::Write as _;

use halfwave_datasets::{Locator, registry};
use halfwave_kernels::{Kind, Level, flushes_subnormals, learned::LearnedKind, units::Unit};

use crate::{Error, apply, data::presence, experiments, machine::Machine, result::Versions};

/// [`text`] for programs.
///
/// # Errors
/// As [`text`].
pub fn json() -> Result<serde_json::Value, Error> {
    let Versions { halfwave, target, profile } = Versions::current();
    let names = |levels: &[Level]| levels.iter().map(Level::to_string).collect::<Vec<_>>();
    let (Machine { cpu, cores }, locator) = (Machine::current(), Locator::new(None));
    let data =
        registry::TABLE.iter().map(|set| (set.name.to_owned(), presence(set, &locator).into()));
    Ok(serde_json::json!({
        "halfwave": halfwave,
        "target": target,
        "profile": profile,
        "levels": names(&Level::available().into_iter().collect::<Vec<_>>()),
        "level": apply::level_from_env()?.to_string(),
        "cpu": cpu,
        "cores": cores,
        "flushes_subnormals": flushes_subnormals(),
        "data": data.collect::<serde_json::Map<_, _>>(),
        "activations": Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "learned_activations": LearnedKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
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
    let machine = Machine::current();
    let subnormals = if flushes_subnormals() {
        "flushed to zero, which somebody else has set: results are not those of other machines"
    } else {
        "kept"
    };
    let locator = Locator::new(None);
    let sets = registry::TABLE.iter().filter(|set| set.embedded || locator.find(set).is_ok());
    let data = sets.map(|set| set.name).collect();
    let slow = if profile == "debug" { " (slow: build with --release)" } else { "" };
    let names = |names: Vec<&str>| names.join(" ");
    let kinds = names(Kind::ALL.iter().map(|kind| kind.name()).collect());
    let learned = names(LearnedKind::ALL.iter().map(|kind| kind.name()).collect());
    let data = names(data);
    let units = Unit::ALL.iter().map(Unit::to_string).collect::<Vec<_>>().join(" ");
    let experiments = names(experiments::names());
    Ok(format!(
        "halfwave     {halfwave}, {target}, {profile} build{slow}\n\
         levels       {levels}(* is used; HALFWAVE_LEVEL forces another)\n\
         processor    {machine}; as many threads, where --threads does not say\n\
         subnormals   {subnormals}\n\
         data here    {data} (data list shows all)\n\
         activations  {kinds}\n\
         learned      {learned}\n\
         units        {units}\n\
         experiments  {experiments}\n"
    ))
}
