//! Rows of data for a model: in memory, or in a file that stays on disk.

use std::{path::Path, sync::Arc};

use halfwave_datasets::{csv::Column, npy::StoredRows, preprocess::Standardiser};

use super::{
    data::{self, Problem},
    gather::{Gather, MAX_BYTES, Matrix, Room},
    preprocessing::Preprocessing,
};
use crate::{
    Error, TrainError,
    samples::{Rows, Samples, Stored},
};

/// All rows of a file.
pub(super) enum Source {
    Memory(Matrix),
    Stored(Arc<StoredRows>),
}

/// Where the rows of a file are to be. On disk, those of a `.npy` file stay where they are, others are copied into a temporary
/// file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In memory, unless they are more than [`MAX_BYTES`] there.
    Any,
    /// The same, but where each is needed once only: rows of a `.npy` file stay there.
    AsItIs,
    /// On disk.
    Disk,
}

impl Source {
    /// The rows of a file, at least one of at least one number.
    pub(super) fn open(path: &Path, place: Place) -> Result<Self, Error> {
        Ok(Self::with_labels(path, place, None)?.0)
    }

    /// The same, and what stands in a column of labels, which is no data.
    pub(super) fn with_labels(
        path: &Path,
        place: Place,
        labels: Option<&Column>,
    ) -> Result<(Self, Vec<String>), Error> {
        let npy = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("npy"));
        let stored = npy.then(|| StoredRows::open(path));
        let room = if place == Place::Disk { Room::Disk } else { Room::Any };
        let (source, labels) = match stored.filter(|_| labels.is_none()) {
            Some(Err(error)) if place == Place::Disk => return Err(error.into()),
            Some(Ok(stored)) if place != Place::Any || is_large(&stored) => {
                (Self::Stored(Arc::new(stored)), Vec::new())
            }
            // What is wrong with a file is said by who reads all of it.
            _ => data::rows(path, Gather::new(room), labels)?,
        };
        if u32::try_from(source.rows()).is_err() {
            return Err(Error::Shape {
                what: path.display().to_string(),
                expected: format!("at most {} rows", u32::MAX),
                found: source.rows().to_string(),
            });
        }
        Ok((source, labels))
    }

    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Memory(Matrix { x, width }) => x.len() / width,
            Self::Stored(file) => file.rows(),
        }
    }

    pub(super) fn width(&self) -> usize {
        match self {
            Self::Memory(matrix) => matrix.width,
            Self::Stored(file) => file.width(),
        }
    }

    /// All rows.
    pub(super) fn all(self) -> Part {
        let width = self.width();
        match self {
            Self::Memory(Matrix { x, width }) => Part { values: Values::Memory(x), width },
            Self::Stored(file) => {
                let rows = (0..file.rows() as u32).collect();
                let values = Values::Stored { file, rows, standardiser: None };
                Part { values, width }
            }
        }
    }
}

fn is_large(stored: &StoredRows) -> bool {
    let bytes = stored.rows().checked_mul(stored.width()).and_then(|n| n.checked_mul(4));
    bytes.is_none_or(|bytes| bytes > MAX_BYTES)
}

/// Rows as a model takes them.
pub(super) struct Part {
    values: Values,
    width: usize,
}

enum Values {
    Memory(Vec<f32>),
    Stored { file: Arc<StoredRows>, rows: Vec<u32>, standardiser: Option<Standardiser> },
}

impl Part {
    pub(super) fn rows(&self) -> Rows<'_> {
        match &self.values {
            Values::Memory(x) => Rows::Values(x),
            Values::Stored { file, rows, standardiser } => {
                Rows::Stored(Stored { file, rows, standardiser: standardiser.as_ref() })
            }
        }
    }

    /// The same, of no class.
    pub(super) fn samples(&self) -> Samples<'_> {
        Samples { rows: self.rows(), width: self.width, labels: &[] }
    }

    /// That all numbers are finite; they are of this file.
    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        self.check_by(path, |rows| rows.check(self.width).map(drop))
    }

    /// That `f` finds nothing wrong with them.
    pub(super) fn check_by(
        &self,
        path: &Path,
        f: impl FnOnce(Rows<'_>) -> Result<(), TrainError>,
    ) -> Result<(), Error> {
        let wrong = |error| match error {
            // It names the file.
            TrainError::Unreadable(_) => Error::from(error),
            error => data::wrong(path, self.count(), Problem::Rows(error)),
        };
        f(self.rows()).map_err(wrong)
    }

    /// Number of rows.
    pub(super) fn count(&self) -> usize {
        self.rows().count(self.width)
    }

    /// Numbers of a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Some of the rows of a source, before anything is done to them.
    pub(super) fn subset(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            Values::Memory(x) => {
                let row = |&row: &usize| &x[row * self.width..][..self.width];
                Values::Memory(rows.iter().flat_map(row).copied().collect())
            }
            Values::Stored { file, rows: all, standardiser } => Values::Stored {
                file: Arc::clone(file),
                rows: rows.iter().map(|&row| all[row]).collect(),
                standardiser: standardiser.clone(),
            },
        };
        Self { values, width: self.width }
    }

    /// What is done to data is done to these.
    pub(super) fn prepare(&mut self, preprocessing: &Preprocessing) -> Result<(), Error> {
        match &mut self.values {
            Values::Memory(x) => *x = preprocessing.apply(std::mem::take(x))?,
            Values::Stored { .. } if preprocessing.pca.is_some() => {
                let text =
                    "principal components are computed in memory: take fewer rows of the file";
                return Err(Error::Usage(text.into()));
            }
            Values::Stored { standardiser, .. } => {
                standardiser.clone_from(&preprocessing.standardiser);
            }
        }
        self.width = preprocessing.outputs(self.width);
        Ok(())
    }

    /// All numbers, where they are in memory.
    pub(super) fn into_values(self) -> Option<Vec<f32>> {
        match self.values {
            Values::Memory(x) => Some(x),
            Values::Stored { .. } => None,
        }
    }
}
