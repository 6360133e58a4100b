//! `metrics.jsonl` and `timings.jsonl`.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde::{Serialize, Serializer};

use super::{Epoch, Observer};

/// Writes one JSON object an epoch into `metrics.jsonl`.
///
/// That file is the same for the same seed and level: it holds no time. Seconds go to
/// `timings.jsonl`.
#[derive(Debug)]
pub struct MetricsFile {
    metrics: BufWriter<File>,
    /// None where nobody wants it.
    timings: Option<BufWriter<File>>,
    failure: Option<io::Error>,
}

#[derive(Serialize)]
struct MetricsLine<'a> {
    run: &'a str,
    epoch: usize,
    epochs: usize,
    #[serde(serialize_with = "as_map")]
    metrics: &'a [(&'static str, f64)],
}

#[derive(Serialize)]
struct TimingsLine<'a> {
    run: &'a str,
    epoch: usize,
    seconds: f64,
    flop: u64,
}

fn as_map<S: Serializer>(pairs: &&[(&'static str, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}

impl MetricsFile {
    /// Their names.
    pub(crate) const NAMES: [&str; 2] = ["metrics.jsonl", "timings.jsonl"];

    /// Creates both files in the directory. Each has a whole line for every epoch that has ended.
    ///
    /// # Errors
    /// If they cannot be created.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let create = |name| File::create(directory.join(name)).map(BufWriter::new);
        let [metrics, timings] = Self::NAMES;
        Ok(Self { metrics: create(metrics)?, timings: Some(create(timings)?), failure: None })
    }

    /// Creates a file of metrics alone, of any name.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn at(path: &Path) -> io::Result<Self> {
        let metrics = BufWriter::new(File::create(path)?);
        Ok(Self { metrics, timings: None, failure: None })
    }

    /// Completes both files.
    ///
    /// # Errors
    /// The first that occurred since [`MetricsFile::create`].
    pub fn finish(self) -> io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    fn write(&mut self, epoch: &Epoch<'_>) -> io::Result<()> {
        let Epoch { run, epoch, epochs, metrics, seconds, flop } = *epoch;
        line(&mut self.metrics, &MetricsLine { run, epoch, epochs, metrics })?;
        self.metrics.flush()?;
        let Some(timings) = &mut self.timings else { return Ok(()) };
        line(timings, &TimingsLine { run, epoch, seconds, flop })?;
        timings.flush()
    }
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

impl Observer for MetricsFile {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        if self.failure.is_none() {
            self.failure = self.write(epoch).err();
        }
    }
}
