//! One file of a checkpoint: safetensors, with what it is about, and its digest, as JSON in the metadata.
//!
//! A tensor for each place of the model; `epochs.metrics` and `epochs.seconds` of the epochs that have ended.

use std::{collections::BTreeSet, fs, io, path::Path, sync::Mutex};

use halfwave_datasets::registry::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Position,
    place::{Content, Place},
};
use crate::{
    TrainError,
    tensors::{self, ModelError, Numbers, Tensor, Tensors},
    train::{Learner, Loop, Metrics, Progress},
};

/// Counted up when an older program's files cannot be gone on from.
const VERSION: u32 = 1;

const METRICS: &str = "epochs.metrics";
const SECONDS: &str = "epochs.seconds";

/// Which loop a file is of: one of another is not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    version: u32,
    /// Digest of what is run.
    of: String,
    fit: u64,
    run: String,
    seed: u64,
    rows: usize,
    batch: usize,
    epochs: usize,
    start: Progress,
}

impl About {
    pub(super) fn new(of: String, fit: u64, schedule: &Loop<'_>, start: Progress) -> Self {
        let Loop { run, seed, rows, batch, epochs } = *schedule;
        Self { version: VERSION, of, fit, run: run.into(), seed, rows, batch, epochs, start }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Of the header without it, and of all tensors.
    sha256: String,
    about: About,
    progress: Progress,
    /// Of the epoch that has begun.
    steps: usize,
    /// Names of the metrics of each epoch.
    names: Vec<Vec<String>>,
    done: bool,
}

impl Header {
    fn digest(&self, tensors: &[Tensor<'_>]) -> Result<String, ModelError> {
        let plain = Self { sha256: String::new(), ..self.clone() };
        let plain = serde_json::to_vec(&plain);
        let mut digest = Sha256::new();
        digest.update(plain.map_err(|error| ModelError::Format(error.to_string()))?);
        for (name, shape, numbers) in tensors {
            // A name is one of ours, and has no line in it.
            digest.update(format!("\n{name} {shape:?}\n"));
            digest.update(numbers.bytes().1);
        }
        Ok(hex(&digest.finalize()))
    }
}

/// The bytes of a file.
pub(super) fn bytes(
    about: &About,
    learner: &mut dyn Learner,
    at: &Position,
) -> Result<Vec<u8>, TrainError> {
    let metrics = at.epochs.iter().flat_map(|(metrics, _)| metrics.iter().map(|(_, x)| *x));
    let seconds = at.epochs.iter().map(|(_, seconds)| *seconds).chain([at.seconds]);
    let places = learner.places();
    let contents = places.into_iter().map(|(name, place)| (name, place.content()));
    let mut all: Vec<(String, Content)> = contents.collect();
    all.push((METRICS.into(), Content::Double(metrics.collect())));
    all.push((SECONDS.into(), Content::Double(seconds.collect())));
    // The order in which they are read.
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let written: Vec<Tensor<'_>> = all.iter().map(tensor).collect();
    let names = at.epochs.iter().map(|(metrics, _)| metrics.iter().map(|(n, _)| (*n).into()));
    let mut header = Header {
        sha256: String::new(),
        about: about.clone(),
        progress: at.progress,
        steps: at.steps,
        names: names.map(Iterator::collect).collect(),
        done: at.done,
    };
    let failed = |error: ModelError| TrainError::Checkpoint { reason: error.to_string() };
    header.sha256 = header.digest(&written).map_err(failed)?;
    tensors::write(tensors::CHECKPOINT, &header, &written).map_err(failed)
}

/// Sets model and position by a file; if it is not sound, or cannot be read, both stay as they are.
pub(super) fn read(
    path: &Path,
    about: &About,
    learner: &mut dyn Learner,
    at: &mut Position,
) -> io::Result<Result<(), ModelError>> {
    let places = learner.places();
    let known = places.iter().map(|(_, place)| 8 * place.length(None).1.unwrap_or(0));
    let most = known.sum::<usize>() + MORE;
    let found = fs::metadata(path)?.len();
    if found > most as u64 {
        let text = format!("expected at most {most} bytes, found {found}");
        return Ok(Err(ModelError::Format(text)));
    }
    drop(places);
    Ok(parse(&fs::read(path)?, about, learner, at))
}

/// Sets model and position by the bytes of a file; if they are not sound both stay as they are.
pub(super) fn parse(
    bytes: &[u8],
    about: &About,
    learner: &mut dyn Learner,
    at: &mut Position,
) -> Result<(), ModelError> {
    let mut places = learner.places();
    let tensors = Tensors::read(bytes)?;
    let header: Header = tensors.settings(tensors::CHECKPOINT)?;
    if header.about != *about {
        return Err(ModelError::Settings("a checkpoint of another training loop".into()));
    }
    let mut all: Vec<(String, Content)> = Vec::new();
    for (name, place) in &places {
        let found = tensors.shape(name).ok().and_then(|shape| shape.first().copied());
        let (single, length) = place.length(found);
        let content = if single {
            let numbers = tensors.f32(name, &[length])?;
            if let Some(x) = numbers.iter().find(|x| !x.is_finite()) {
                return Err(ModelError::wrong(name, "finite numbers", x));
            }
            Content::Single(numbers)
        } else {
            Content::Double(tensors.raw_f64(name, &[length])?)
        };
        all.push((name.clone(), content));
    }
    let count: usize = header.names.iter().map(Vec::len).sum();
    let metrics = tensors.raw_f64(METRICS, &[Some(count)])?;
    let seconds = tensors.raw_f64(SECONDS, &[Some(header.names.len() + 1)])?;
    if tensors.names().len() != all.len() + 2 {
        return Err(ModelError::Format("there are more tensors than the model has".into()));
    }
    let mut written: Vec<Tensor<'_>> = vec![
        (METRICS.into(), vec![metrics.len()], Numbers::F64(&metrics)),
        (SECONDS.into(), vec![seconds.len()], Numbers::F64(&seconds)),
    ];
    written.extend(all.iter().map(tensor));
    written.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    if header.digest(&written)? != header.sha256 {
        return Err(ModelError::Format("the SHA-256 of its content is another one".into()));
    }
    drop(written);
    // The only place that can refuse comes first.
    let (memories, others): (Vec<_>, Vec<_>) =
        places.iter_mut().zip(all).partition(|((_, place), _)| matches!(place, Place::Memory(_)));
    for ((name, place), (_, content)) in memories.into_iter().chain(others) {
        if !place.set(content) {
            return Err(ModelError::Settings(format!("`{name}` is of another program")));
        }
    }
    let (mut metrics, mut epochs) = (metrics.into_iter(), Vec::new());
    for (names, seconds) in header.names.iter().zip(&seconds) {
        let of_epoch: Metrics = names.iter().map(|name| interned(name)).zip(&mut metrics).collect();
        epochs.push((of_epoch, *seconds));
    }
    let (progress, steps, done) = (header.progress, header.steps, header.done);
    let seconds = seconds[header.names.len()];
    *at = Position { progress, steps, seconds, epochs, done };
    Ok(())
}

/// The file as one about another loop, with the digest of its content. Its metrics get names that all loops have.
pub(super) fn sealed(bytes: &[u8], about: About) -> Result<Vec<u8>, ModelError> {
    let tensors = Tensors::read(bytes)?;
    let header: Header = tensors.settings(tensors::CHECKPOINT)?;
    // Names are kept for ever, and a fuzzer has many.
    let names = header.names.iter().map(|names| vec!["loss".into(); names.len()]).collect();
    let all = contents(&tensors)?;
    let written: Vec<Tensor<'_>> = all.iter().map(tensor).collect();
    let mut header = Header { about, names, ..header };
    header.sha256 = header.digest(&written)?;
    tensors::write(tensors::CHECKPOINT, &header, &written)
}

/// Whether the bytes are a sound file of another run than that of the digest `of`.
pub(super) fn is_of_another(bytes: &[u8], of: &str) -> bool {
    let other = || {
        let tensors = Tensors::read(bytes)?;
        let header: Header = tensors.settings(tensors::CHECKPOINT)?;
        let all = contents(&tensors)?;
        let written: Vec<Tensor<'_>> = all.iter().map(tensor).collect();
        Ok::<bool, ModelError>(header.about.of != of && header.digest(&written)? == header.sha256)
    };
    other().unwrap_or(false)
}

/// All tensors of a file, in the order of their names.
fn contents(tensors: &Tensors<'_>) -> Result<Vec<(String, Content)>, ModelError> {
    let mut all: Vec<(String, Content)> = Vec::new();
    for name in tensors.names() {
        let single = tensors.f32(name, &[None]).map(Content::Single);
        let content = single.or_else(|_| tensors.raw_f64(name, &[None]).map(Content::Double))?;
        all.push((name.into(), content));
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(all)
}

fn tensor((name, content): &(String, Content)) -> Tensor<'_> {
    let numbers = match content {
        Content::Single(x) => Numbers::F32(x),
        Content::Double(x) => Numbers::F64(x),
    };
    (name.clone(), vec![numbers.len()], numbers)
}

/// Bytes of names and of what has no known length, at most, beyond that of all places that have one.
const MORE: usize = 64 << 20;

/// The name of a metric; there are few, and they are the same for all epochs.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let new: &'static str = name.to_owned().leak();
    names.insert(new);
    new
}
