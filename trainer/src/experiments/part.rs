//! What accuracies and errors are measured on.

use halfwave_datasets::{Dataset, split::stratified_split};
use serde::Deserialize;

use crate::{Error, result::Row};

/// What accuracies and errors are measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// Training rows that are not trained on: to choose settings.
    Validation,
    /// Test rows, which nothing was chosen by, after training on all others.
    Test,
}

/// Of training rows, what is held out where an experiment says nothing else.
const SHARE: f64 = 1.0 / 6.0;

impl Part {
    /// What it is called in results.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }

    /// What notes say of it.
    pub(super) fn note(self) -> &'static str {
        match self {
            Self::Test => "the test is read once, after the last epoch",
            Self::Validation => {
                "a sixth of the training rows, as many of each class, is not trained on but measured on; the test is \
                 not read"
            }
        }
    }

    /// The setting of results on so many images of a set.
    pub(super) fn images(self, set: &str, count: usize) -> String {
        format!("{set}, {count} {} images", self.name())
    }

    /// Rows to train on and to measure on: what is held out depends on `seed`.
    pub(super) fn divide(
        self,
        train: Dataset,
        test: Dataset,
        seed: u64,
    ) -> Result<[Dataset; 2], Error> {
        match self {
            Self::Test => Ok([train, test]),
            Self::Validation => {
                let split = stratified_split(&train.labels, SHARE, seed)?;
                Ok([train.subset(&split.train), train.subset(&split.test)])
            }
        }
    }

    /// The row beside what is published, which is of test rows.
    pub(super) fn beside(self, row: Row, value: f64, source: &str) -> Row {
        match self {
            Self::Test => row.beside(value, None, source),
            Self::Validation => row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Row;

    /// Ten rows of each of two classes; each row's number is its value.
    fn rows(from: usize) -> Dataset {
        let x = (from..from + 20).map(|i| i as f32).collect();
        let labels = (0..20).map(|i| i % 2).collect();
        Dataset::new(x, &[1], labels, &["even", "odd"]).unwrap()
    }

    #[test]
    fn what_is_held_out_is_not_trained_on_and_the_test_is_not_read() {
        let [train, measured] = Part::Test.divide(rows(0), rows(100), 1).unwrap();
        assert_eq!((train.x, measured.x), (rows(0).x, rows(100).x));
        let [train, measured] = Part::Validation.divide(rows(0), rows(100), 1).unwrap();
        let mut all = [&train.x[..], &measured.x].concat();
        all.sort_by(f32::total_cmp);
        assert_eq!(all, rows(0).x, "each once, none of the test");
        assert_eq!(measured.labels.iter().filter(|&&label| label == 0).count(), 2);
        assert_eq!(measured.rows(), 4);
        let [_, other] = Part::Validation.divide(rows(0), rows(100), 2).unwrap();
        assert_ne!(other.x, measured.x);
    }

    #[test]
    fn only_results_of_the_test_stand_beside_published_ones() {
        let row = || Row::new("set", "model", "accuracy", "%", &[98.0]);
        assert!(Part::Test.beside(row(), 98.4, "paper").published.is_some());
        assert!(Part::Validation.beside(row(), 98.4, "paper").published.is_none());
        assert_eq!(Part::Validation.images("MNIST", 10_000), "MNIST, 10000 validation images");
    }
}
