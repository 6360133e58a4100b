//! Where a trained model comes from: kept in its file beside the settings.

use std::fmt;

use halfwave_kernels::Level;
use serde::{Deserialize, Serialize};

use crate::result::Versions;

/// What a model was trained with, beside its settings: no machine and no time, so that the same training has the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provenance {
    pub(crate) versions: Versions,
    /// Instruction set of the kernels.
    pub(crate) level: String,
    /// Of weights, shuffles, noise and the split; that of an experiment is told by the name of the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    /// In the order of the options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<Input>,
    /// The column of the data that had the labels: its name in quotes, or its number from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label_column: Option<String>,
    /// Share of the rows, of a network of those of each class, that was not trained on.
    #[serde(default)]
    pub(crate) validation: Option<f64>,
    /// Epochs without a lower loss on those rows after which training ended.
    #[serde(default)]
    pub(crate) patience: Option<usize>,
    /// The experiment that it is of, and the name of its training there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) experiment: Option<[String; 2]>,
}

/// A file that was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What it was: `data`, `labels`.
    pub(crate) role: String,
    /// Without its folder, which is nobody else's business.
    pub(crate) name: String,
    /// SHA-256 of the file as it is, packed or not; none of a folder of images.
    pub(crate) sha256: Option<String>,
}

impl Provenance {
    /// By this program, at a level.
    pub(crate) fn here(level: Level) -> Self {
        Self {
            versions: Versions::current(),
            level: level.name().into(),
            seed: None,
            files: Vec::new(),
            label_column: None,
            validation: None,
            patience: None,
            experiment: None,
        }
    }
}

/// Lines for a terminal.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { versions: Versions { halfwave, target, profile }, level, .. } = self;
        writeln!(f, "trained by   halfwave {halfwave}, {target}, {profile} build; level {level}")?;
        if let Some([experiment, training]) = &self.experiment {
            writeln!(f, "experiment   {experiment}: {training}")?;
        }
        if let Some(seed) = self.seed {
            writeln!(f, "seed         {seed}")?;
        }
        for Input { role, name, sha256 } in &self.files {
            let sum = sha256.as_ref().map_or("a folder".into(), |sum| format!("sha256 {sum}"));
            writeln!(f, "{role:12} {name}, {sum}")?;
        }
        if let Some(column) = &self.label_column {
            writeln!(f, "labels       column {column} of the data")?;
        }
        if let Some(share) = self.validation {
            writeln!(f, "validation   {share} of the rows")?;
        }
        if let Some(patience) = self.patience {
            writeln!(f, "patience     {patience} epochs")?;
        }
        Ok(())
    }
}
