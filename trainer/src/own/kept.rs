//! Checkpoints of training on one's own data: a folder beside the file of the model, until that is there.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use halfwave_datasets::registry::hex;
use halfwave_kernels::Level;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    Error,
    checkpoint::{Checkpoints, There},
    config::ConfigError,
    output,
    samples::Samples,
};

/// How training is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// How often a checkpoint is saved.
    pub every: Duration,
    /// Whether training goes on where the same job was stopped, if it was.
    pub resume: bool,
}

/// [`output::check_output`] of the file of a model, which is there when its training has finished.
pub(super) fn check_output<'a>(
    out: &Path,
    keeping: Keeping,
    force: bool,
    others: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Error> {
    if keeping.resume && !force && out.is_file() && !folder(out).exists() {
        let text = "is there, and no checkpoint: its training has finished, nothing is left to resume; \
                    --force trains anew";
        return Err(Error::Usage(format!("{}: {text}", out.display())));
    }
    Ok(output::check_output(out, force, others)?)
}

/// What its bits depend on.
#[derive(Serialize)]
pub(super) struct Description<C> {
    halfwave: &'static str,
    level: &'static str,
    /// As text: TOML has no numbers above 2⁶³.
    seed: String,
    /// Digest of what it is trained on.
    data: String,
    model: C,
}

impl<C: Serialize> Description<C> {
    /// Of a model that is trained on rows with labels, or without.
    pub(super) fn new(level: Level, seed: u64, data: &[Samples<'_>], model: C) -> Self {
        let mut digest = Sha256::new();
        for Samples { rows, width, labels } in data {
            digest.update((rows.count(*width) * width).to_le_bytes());
            rows.for_each(*width, |x| {
                x.chunks(1 << 10).for_each(|x| digest.update(bytes(x, |x| x.to_le_bytes())));
            });
            labels.chunks(1 << 10).for_each(|y| digest.update(bytes(y, |y| y.to_le_bytes())));
        }
        let data = hex(&digest.finalize());
        let (halfwave, level) = (env!("CARGO_PKG_VERSION"), level.name());
        Self { halfwave, level, seed: seed.to_string(), data, model }
    }

    /// Opens the checkpoints of a model in the file `out`; `force` throws away those that are there.
    pub(super) fn open(
        &self,
        out: &Path,
        keeping: Keeping,
        force: bool,
    ) -> Result<Checkpoints, Error> {
        let Keeping { every, resume } = keeping;
        let there = match (resume, force) {
            (true, _) => There::Resume,
            (false, true) => There::Replace,
            (false, false) => There::Refuse,
        };
        let text = toml::to_string(self);
        let text = text.map_err(|error| ConfigError::Value(error.to_string()))?;
        Ok(Checkpoints::open(&folder(out), &text, every, there)?)
    }
}

fn bytes<T: Copy>(numbers: &[T], four: impl Fn(T) -> [u8; 4]) -> Vec<u8> {
    numbers.iter().flat_map(|&x| four(x)).collect()
}

/// `m.safetensors.checkpoint` beside `m.safetensors`.
fn folder(out: &Path) -> PathBuf {
    let mut name: OsString = out.as_os_str().into();
    name.push(".");
    name.push(output::CHECKPOINT);
    name.into()
}

/// What to say when training stopped.
pub(super) const HOW: &str = "the same command with --resume goes on";
