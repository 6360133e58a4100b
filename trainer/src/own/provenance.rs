//! Where a trained model comes from: kept in its file beside the settings.

use std::{fmt, path::Path};

use halfwave_datasets::{csv::Column, files};
use halfwave_kernels::Level;
use serde::{Deserialize, Serialize};

use super::npz;
use crate::{Error, result::Versions};

/// What a model was trained with, beside its settings: no machine and no time, so that the same training has the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provenance {
    versions: Versions,
    /// Instruction set of the kernels.
    level: String,
    /// Of weights, shuffles, noise and the split.
    seed: u64,
    /// In the order of the options.
    files: Vec<Input>,
    /// The column of the data that had the labels: its name in quotes, or its number from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_column: Option<String>,
    /// Share of the rows of each class that was not trained on.
    validation: Option<f64>,
    /// Epochs without a lower loss on those rows after which training ended.
    patience: Option<usize>,
}

/// A file that was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// What it was: `data`, `labels`.
    role: String,
    /// Without its folder, which is nobody else's business.
    name: String,
    /// SHA-256 of the file as it is, packed or not; none of a folder of images.
    sha256: Option<String>,
}

impl Provenance {
    /// Of a training that begins with these files, each with what it is.
    pub(super) fn new(level: Level, seed: u64, inputs: &[(&str, &Path)]) -> Result<Self, Error> {
        let files = inputs.iter().map(|(role, path)| Input::new(role, path));
        Ok(Self {
            versions: Versions::current(),
            level: level.name().into(),
            seed,
            files: files.collect::<Result<_, _>>()?,
            label_column: None,
            validation: None,
            patience: None,
        })
    }

    /// The same of a training whose labels are a column of the data, if they are.
    pub(super) fn labelled(self, column: Option<&Column>) -> Self {
        Self { label_column: column.map(Column::to_string), ..self }
    }

    /// The same of a training that was watched on a share of the rows.
    pub(super) fn watched(self, validation: Option<f64>, patience: Option<usize>) -> Self {
        Self { validation, patience, ..self }
    }
}

impl Input {
    fn new(role: &str, path: &Path) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let file = npz::split(path).map_or_else(|| path.into(), |(file, _)| file);
        let sha256 = (!file.is_dir()).then(|| files::packed_digest(&file, usize::MAX));
        Ok(Self { role: role.into(), name, sha256: sha256.transpose()? })
    }
}

/// Lines for a terminal.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { versions: Versions { halfwave, target, profile }, level, seed, .. } = self;
        writeln!(f, "trained by   halfwave {halfwave}, {target}, {profile} build; level {level}")?;
        writeln!(f, "seed         {seed}")?;
        for Input { role, name, sha256 } in &self.files {
            let sum = sha256.as_ref().map_or("a folder".into(), |sum| format!("sha256 {sum}"));
            writeln!(f, "{role:12} {name}, {sum}")?;
        }
        if let Some(column) = &self.label_column {
            writeln!(f, "labels       column {column} of the data")?;
        }
        if let Some(share) = self.validation {
            writeln!(f, "validation   {share} of the rows of each class")?;
        }
        if let Some(patience) = self.patience {
            writeln!(f, "patience     {patience} epochs")?;
        }
        Ok(())
    }
}
