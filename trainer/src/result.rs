//! What an experiment found out: rows beside published numbers, notes, figures.

mod figure;

use std::{fmt, path::Path};

use halfwave_datasets::{
    Locator, files,
    registry::{self, Content, Entry},
};
use serde::{Deserialize, Serialize, Serializer};
use toml::{Table, Value};

use crate::{Error, machine::Machine};

pub use figure::{Figure, Line, Matrix, Series, Stroke};

/// What an experiment found out.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The measured numbers, in the order of the table.
    pub rows: Vec<Row>,
    /// What a reader has to know: the protocol, and where it differs from the published one.
    pub notes: Vec<String>,
    /// Pictures.
    pub figures: Vec<Figure>,
}

impl Outcome {
    /// Adds all of another outcome.
    pub fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.notes.extend(other.notes);
        self.figures.extend(other.figures);
    }

    /// Of other settings than the experiment's own, no published number is said to be of the same.
    pub(crate) fn beside_changes(mut self, changes: &[String]) -> Self {
        if !changes.is_empty() {
            let differs = format!("here {}", changes.join(", "));
            let is_said = |row: &Row| row.published.as_ref().is_some_and(|p| p.differs.is_some());
            let rows = self.rows.into_iter();
            self.rows = rows
                .map(|row| if is_said(&row) { row } else { row.not_comparable(&differs) })
                .collect();
        }
        self
    }

    /// A figure with nothing to draw is a note.
    pub(crate) fn without_empty_figures(mut self) -> Self {
        for figure in self.figures.extract_if(.., |figure| figure.is_empty()) {
            self.notes.push(format!("{}: nothing finite to draw.", figure.title()));
        }
        self
    }
}

/// A measured number beside a published one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// How it was measured, e.g. `WDBC, 10-fold cross-validation`: rows of one setting form a block.
    pub setting: String,
    /// The model.
    pub model: String,
    /// The metric, e.g. `accuracy`.
    pub metric: String,
    /// Unit of all values, e.g. `%`.
    pub unit: String,
    /// Mean over the `n` runs.
    pub value: f64,
    /// Population standard deviation (divided by n) over the runs; none for a single run.
    pub std: Option<f64>,
    /// Number of runs: folds times seeds.
    pub n: usize,
    /// The value of each run, in the order of the seeds, and of the folds of each (`nair-hinton-lfw`: the mean over the seeds
    /// in each fold); none in files of the first versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
    /// What others report.
    pub published: Option<Published>,
}

/// A published number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The value, in the row's unit.
    pub value: f64,
    /// Its standard deviation, if one is published.
    pub std: Option<f64>,
    /// Where it is published.
    pub source: String,
    /// What was so different there that the two are not to be compared, if something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
}

impl Row {
    /// A row from the values of all runs.
    ///
    /// ```
    /// let row = halfwave_trainer::result::Row::new("split", "mlp", "accuracy", "%", &[90.0, 92.0]);
    /// assert_eq!((row.value, row.std, row.n), (91.0, Some(1.0), 2));
    /// ```
    #[must_use]
    pub fn new(setting: &str, model: &str, metric: &str, unit: &str, values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64;
        Self {
            setting: setting.into(),
            model: model.into(),
            metric: metric.into(),
            unit: unit.into(),
            value: mean,
            std: (n > 1).then(|| variance.sqrt()),
            n,
            values: values.into(),
            published: None,
        }
    }

    /// A row in percent from fractions.
    #[must_use]
    pub fn percent(setting: &str, model: &str, metric: &str, fractions: &[f64]) -> Self {
        let percent: Vec<f64> = fractions.iter().map(|fraction| 100.0 * fraction).collect();
        Self::new(setting, model, metric, "%", &percent)
    }

    /// With the published number beside it.
    #[must_use]
    pub fn beside(mut self, value: f64, std: Option<f64>, source: &str) -> Self {
        self.published = Some(Published { value, std, source: source.into(), differs: None });
        self
    }

    /// The published number, if it has one, is of something else: what differs there. Such a row is no headline.
    #[must_use]
    pub fn not_comparable(mut self, differs: &str) -> Self {
        if let Some(published) = &mut self.published {
            published.differs = Some(differs.into());
        }
        self
    }
}

/// `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the experiment.
    pub experiment: String,
    /// What it is, in a sentence; none in files of the first versions.
    #[serde(default)]
    pub summary: String,
    /// All keys, with the values that were used; in JSON, infinite numbers are strings.
    #[serde(serialize_with = "in_json")]
    pub configuration: Table,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The day on which it ended, in UTC: `2026-11-21`. None in files of the first versions.
    #[serde(default)]
    pub date: Option<String>,
    /// What it ran on; none in files of the first versions.
    #[serde(default)]
    pub machine: Option<Machine>,
    /// What ran.
    pub versions: Versions,
    /// Instruction set of the kernels.
    pub level: String,
    /// Threads of the pool.
    pub threads: usize,
    /// Wall-clock seconds of the experiment.
    pub seconds: f64,
    /// The most memory that the process has had, in bytes, where the system says it (Linux).
    #[serde(default)]
    pub peak_memory: Option<u64>,
    /// What the hidden layers of its models do; none where that is not measured, nor in files of the first versions.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// Files of the models, where they were to be kept.
    #[serde(default)]
    pub models: Vec<String>,
    /// The trainings; none in files of the first versions.
    #[serde(default)]
    pub timings: Vec<Timing>,
    /// Floating-point operations a second that these threads reach at this level where they do nothing but multiply and
    /// add: the more of what was measured right before the run and right after it.
    #[serde(default)]
    pub peak_flops: Option<f64>,
    /// The data sets that it read; none in files of the first versions.
    #[serde(default)]
    pub data: Vec<DataSet>,
    /// The results.
    pub rows: Vec<Row>,
    /// The protocol, and where it differs from the published one.
    pub notes: Vec<String>,
    /// Confusion matrices, summed over folds and seeds.
    pub confusions: Vec<Matrix>,
    /// Files of the figures.
    pub figures: Vec<String>,
}

/// What a hidden layer does at the end of training, on rows of it (at most 1000; in the laboratory on validation images):
/// means over the trainings of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// The model.
    pub model: String,
    /// Number among the hidden layers that have outputs of their own, from 1.
    pub layer: usize,
    /// What it is, e.g. `dense`.
    pub name: String,
    /// Share of the units that are active on no row.
    pub dead: f64,
    /// Share of the outputs that are active: not 0, or, of an RBM, of hidden units whose input is above 0.
    pub active: f64,
    /// Mean output.
    pub mean: f64,
    /// Number of trainings.
    pub n: usize,
}

/// The trainings of one model, over all seeds and folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Its name.
    pub model: String,
    /// Epochs of all of them.
    pub epochs: usize,
    /// Seconds of these epochs, with what is validated after each.
    pub seconds: f64,
    /// Floating-point operations of the matrix products of training, as they were for dense operands.
    pub flop: u64,
}

impl Timing {
    /// Floating-point operations a second.
    #[must_use]
    pub fn flops(&self) -> f64 {
        self.flop as f64 / self.seconds
    }
}

/// A data set, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSet {
    /// Its name.
    pub name: String,
    /// Its files.
    pub files: Vec<DataFile>,
}

/// A file of a data set, or a folder that stands in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its name when unpacked.
    pub name: String,
    /// Bytes when unpacked; none of a folder.
    pub bytes: Option<u64>,
    /// SHA-256 when unpacked; none of a folder.
    pub sha256: Option<String>,
    /// Whether it is what was published; none where nobody has published a checksum.
    pub published: Option<bool>,
}

impl DataSet {
    /// All that were read through the locator. A set that cannot be read any more has no files: that is no reason to lose
    /// what came of it.
    #[must_use]
    pub fn used(locator: &Locator) -> Vec<Self> {
        let set = |entry: &'static Entry| {
            let file = |Content { name, sum, published }| {
                let (bytes, sha256) = sum.unzip();
                DataFile { name: String::from(name), bytes, sha256, published }
            };
            let files = registry::contents(entry, locator).unwrap_or_default();
            Self { name: entry.name.into(), files: files.into_iter().map(file).collect() }
        };
        locator.used().into_iter().map(set).collect()
    }
}

impl fmt::Display for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |wanted| self.files.iter().all(|file| file.published == wanted);
        let any = |wanted| self.files.iter().any(|file| file.published == wanted);
        let said = if self.files.is_empty() {
            "not there any more"
        } else if any(Some(false)) {
            "not as published"
        } else if all(Some(true)) {
            "as published"
        } else {
            "nobody has published all checksums"
        };
        write!(f, "{} ({said})", self.name)
    }
}

/// What ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Version of this program.
    pub halfwave: String,
    /// What it was built for, e.g. `x86_64-linux`.
    pub target: String,
    /// `release` or `debug`.
    pub profile: String,
}

impl Versions {
    /// Of this program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            halfwave: env!("CARGO_PKG_VERSION").into(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
        }
    }
}

impl Report {
    /// The report in a `result.json`, or in the directory of a run.
    ///
    /// # Errors
    /// [`Error::Report`] for a file that cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        /// Largest file: the longest there is has some 100 KB.
        const MAX_BYTES: usize = 1 << 26;
        let in_directory = path.join("result.json");
        let path = if path.is_dir() { &in_directory } else { path };
        let bytes = files::read(path, MAX_BYTES)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::Report { path: path.into(), reason: error.to_string() })
    }

    /// That it is the result of this experiment with these values and seeds.
    ///
    /// Values are compared as JSON has them.
    #[must_use]
    pub fn is_of(&self, experiment: &str, configuration: &Table, seeds: &[u64]) -> bool {
        // Decimal numbers are read to the last bit but one: both have to be read.
        let same = || {
            let mut text = Vec::new();
            in_json(configuration, &mut serde_json::Serializer::new(&mut text)).ok()?;
            Some(serde_json::from_slice::<Table>(&text).ok()? == self.configuration)
        };
        self.experiment == experiment && self.seeds == seeds && same().unwrap_or(false)
    }
}

/// Numbers that JSON does not have stand in strings, as TOML writes them.
fn in_json<S: Serializer>(configuration: &Table, to: S) -> Result<S::Ok, S::Error> {
    fn finite(value: &Value) -> Value {
        match value {
            Value::Float(x) if !x.is_finite() => Value::String(value.to_string()),
            Value::Array(values) => Value::Array(values.iter().map(finite).collect()),
            Value::Table(table) => Value::Table(of(table)),
            other => other.clone(),
        }
    }
    fn of(table: &Table) -> Table {
        table.iter().map(|(key, value)| (key.clone(), finite(value))).collect()
    }
    of(configuration).serialize(to)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use halfwave_datasets::load;
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn data_are_named_with_what_they_are() {
        let home = tempdir().unwrap();
        let folder = home.path().join("rt-polarity");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("rt-polarity.neg"), "bad\n").unwrap();
        fs::write(folder.join("rt-polarity.pos"), "good\n").unwrap();
        let locator = Locator::with(Some(home.path().into()), None, None);
        assert!(DataSet::used(&locator).is_empty(), "nothing was read");
        load("wdbc", &locator.clone()).unwrap();
        locator.find(registry::find("rt-polarity").unwrap()).unwrap();

        let said = |sets: Vec<DataSet>| sets.iter().map(ToString::to_string).collect::<Vec<_>>();
        let used = DataSet::used(&locator);
        let file = &used[0].files[0];
        assert_eq!((file.bytes, file.published), (Some(4), Some(false)));
        assert_eq!(said(used), ["rt-polarity (not as published)", "wdbc (as published)"]);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(said(DataSet::used(&locator))[0], "rt-polarity (not there any more)");
    }

    /// JSON has `null` for infinite numbers, of which no configuration can be made.
    #[test]
    fn infinite_settings_are_read_again() {
        let settings = |x: f64| -> Table {
            let text = format!("rate = 0.1\n[deep]\nalphas = [1.0, [{}]]", Value::Float(x));
            text.parse().unwrap()
        };
        let json = r#"{"experiment": "e", "configuration": {}, "seeds": [1], "versions": {"halfwave": "0.1.0",
            "target": "t", "profile": "release"}, "level": "avx2", "threads": 2, "seconds": 1.5, "rows": [],
            "notes": [], "confusions": [], "figures": []}"#;
        let written: Report = serde_json::from_str(json).unwrap();
        let written = Report { configuration: settings(f64::INFINITY), ..written };
        let text = serde_json::to_string(&written).unwrap();
        let read: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(read.configuration["deep"]["alphas"][1][0].as_str(), Some("inf"));
        assert!(read.is_of("e", &settings(f64::INFINITY), &[1]));
        assert!(!read.is_of("e", &settings(f64::NEG_INFINITY), &[1]));
        assert!(!read.is_of("e", &settings(2.0), &[1]));
    }
}
