//! How good a classifier is: confusion matrix, accuracy, precision, recall, F1.
//!
//! As scikit-learn defines them; a quotient of nothing by nothing is 0.

use serde::Serialize;

use crate::{TrainError, buffers::zeros};

/// How often a sample of one class was taken for another: `[true class, predicted class]`.
///
/// ```
/// use halfwave_trainer::metrics::Confusion;
/// let confusion = Confusion::new(2, &[0, 0, 1, 1], &[0, 1, 1, 1])?;
/// assert_eq!(confusion.counts(), [1, 1, 0, 2]);
/// assert_eq!(confusion.accuracy(), 0.75);
/// assert_eq!(confusion.class(1).precision, 2.0 / 3.0);
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

/// Scores of one class, or means over the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Of the samples that were predicted, the share that is right.
    pub precision: f64,
    /// Of the samples that there are, the share that was found.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Samples that there are.
    pub support: u64,
}

impl Confusion {
    /// Counts pairs of true and predicted class.
    ///
    /// # Errors
    /// [`TrainError::Shape`] if the lengths differ, [`TrainError::Label`] if a class is not below
    /// `classes`; [`TrainError::Memory`].
    pub fn new(classes: usize, labels: &[u32], predicted: &[u32]) -> Result<Self, TrainError> {
        if labels.len() != predicted.len() {
            let (expected, found) = (labels.len(), predicted.len());
            return Err(TrainError::Shape { name: "predictions", expected, found });
        }
        check_labels(labels, classes)?;
        check_labels(predicted, classes)?;
        let mut counts = zeros("the confusion matrix", &[classes, classes])?;
        for (&label, &predicted) in labels.iter().zip(predicted) {
            counts[label as usize * classes + predicted as usize] += 1;
        }
        Ok(Self { classes, counts })
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// `[true class, predicted class]`, row-major.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Number of samples.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Share of the samples that are right.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right = (0..self.classes).map(|k| self.counts[k * self.classes + k]).sum();
        share(right, self.total())
    }

    /// Scores of class `k`.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn class(&self, k: usize) -> Scores {
        let n = self.classes;
        let right = self.counts[k * n + k];
        let support = self.counts[k * n..][..n].iter().sum();
        let predicted: u64 = (0..n).map(|i| self.counts[i * n + k]).sum();
        Scores {
            precision: share(right, predicted),
            recall: share(right, support),
            f1: share(2 * right, predicted + support),
            support,
        }
    }

    /// Means over the classes, weighted by their support; `support` is the total.
    #[must_use]
    pub fn weighted(&self) -> Scores {
        let total = self.total();
        let mut mean = Scores { support: total, ..Scores::default() };
        for class in (0..self.classes).map(|k| self.class(k)) {
            let weight = share(class.support, total);
            mean.precision += weight * class.precision;
            mean.recall += weight * class.recall;
            mean.f1 += weight * class.f1;
        }
        mean
    }
}

/// Expected calibration error: Σ over `bins` equal intervals of the largest probability p of a row, of the share of
/// rows in it times |accuracy − mean p|. Guo et al., ICML 2017, arXiv:1706.04599, equation 3; 0 for no rows.
///
/// `probabilities [rows, classes]`, `labels [rows]`; the first of equal probabilities is the prediction.
///
/// ```
/// use halfwave_trainer::metrics::calibration_error;
/// // Sure of .9, right in one row of two.
/// assert!((calibration_error(&[0.9, 0.1, 0.1, 0.9], &[0, 0], 2, 10) - 0.4).abs() < 1e-7);
/// ```
///
/// # Panics
/// If the lengths do not fit, or `classes` or `bins` is 0.
#[must_use]
pub fn calibration_error(
    probabilities: &[f32],
    labels: &[u32],
    classes: usize,
    bins: usize,
) -> f64 {
    assert!(bins > 0 && probabilities.len() == labels.len() * classes, "a row for each label");
    // Of each bin: rows right minus Σ p.
    let mut gaps = vec![0.0; bins];
    for (row, &label) in probabilities.chunks_exact(classes).zip(labels) {
        let (mut class, mut largest) = (0, f32::NEG_INFINITY);
        for (k, &p) in (0..).zip(row) {
            if p > largest {
                (class, largest) = (k, p);
            }
        }
        // Intervals are open below and closed above, as in the paper.
        let bin = (f64::from(largest) * bins as f64).ceil() as usize;
        gaps[bin.clamp(1, bins) - 1] += f64::from(u8::from(class == label)) - f64::from(largest);
    }
    gaps.iter().map(|gap| gap.abs()).sum::<f64>() / labels.len().max(1) as f64
}

/// Root mean square of Σ v P(v) − t, the value that is expected of a row minus its true one: of stars, Glorot, Bordes &
/// Bengio's score (AISTATS 2011, section 4.2).
///
/// `probabilities [rows, classes]`, `values [classes]`, `truth [rows]`; the probabilities of a row are divided by their sum.
///
/// ```
/// use halfwave_trainer::metrics::expected_value_rmse;
/// // 4.5 and 1 expected, 5 and 2 seen: √((.25 + 1) / 2).
/// let p = [0.0, 0.0, 0.0, 0.5, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0];
/// let error = expected_value_rmse(&p, &[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 2.0]);
/// assert!((error - 0.625_f64.sqrt()).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the lengths do not fit, or there are no classes.
#[must_use]
pub fn expected_value_rmse(probabilities: &[f32], values: &[f64], truth: &[f64]) -> f64 {
    assert!(probabilities.len() == truth.len() * values.len(), "a row for each true value");
    let expected = probabilities.chunks_exact(values.len()).map(|p| {
        let terms = values.iter().zip(p).map(|(v, &p)| v * f64::from(p));
        terms.sum::<f64>() / p.iter().copied().map(f64::from).sum::<f64>()
    });
    let squares: f64 = expected.zip(truth).map(|(found, truth)| (found - truth).powi(2)).sum();
    (squares / truth.len().max(1) as f64).sqrt()
}

/// Share of `labels` that `predicted` names; 0 for none.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn accuracy(labels: &[u32], predicted: &[u32]) -> f64 {
    assert!(labels.len() == predicted.len(), "a prediction for each label");
    share(labels.iter().zip(predicted).filter(|(a, b)| a == b).count() as u64, labels.len() as u64)
}

/// That each label is below `classes`.
pub(crate) fn check_labels(labels: &[u32], classes: usize) -> Result<(), TrainError> {
    match labels.iter().position(|&label| label as usize >= classes) {
        Some(row) => Err(TrainError::Label { row, label: labels[row], classes }),
        None => Ok(()),
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agarap's MNIST FFNN-ReLU (notebook of 22 March 2018): printed as accuracy 97.77 %, weighted
    /// precision .9778, recall .9777, F1 .9777.
    #[test]
    fn scores_of_a_published_confusion_matrix() {
        let counts = [
            [972, 0, 1, 1, 0, 0, 2, 2, 2, 0],
            [1, 1127, 2, 0, 0, 1, 1, 1, 2, 0],
            [5, 2, 1009, 1, 1, 1, 1, 8, 4, 0],
            [0, 0, 2, 993, 0, 5, 1, 3, 4, 2],
            [4, 1, 6, 0, 958, 0, 2, 4, 2, 5],
            [2, 0, 0, 6, 0, 871, 5, 1, 6, 1],
            [6, 3, 3, 1, 4, 3, 934, 1, 3, 0],
            [3, 4, 8, 2, 0, 0, 0, 1002, 2, 7],
            [6, 2, 2, 4, 2, 4, 0, 4, 946, 4],
            [16, 2, 1, 4, 9, 0, 1, 8, 3, 965],
        ];
        let confusion = Confusion { classes: 10, counts: counts.concat() };
        let Scores { precision, recall, f1, support } = confusion.weighted();
        assert_eq!((confusion.accuracy(), support), (0.9777, 10_000));
        for (score, printed) in [(precision, 0.9778), (recall, 0.9777), (f1, 0.9777)] {
            assert!((score - printed).abs() < 5e-5, "{score} is not {printed}");
        }
    }

    #[test]
    fn classes_without_samples_score_zero() {
        let confusion = Confusion::new(3, &[0, 0], &[0, 1]).unwrap();
        assert_eq!(confusion.class(2), Scores::default());
        assert_eq!(confusion.class(1), Scores::default());
        assert_eq!(confusion.weighted().recall, 0.5);
        assert_eq!(Confusion::new(0, &[], &[]).unwrap().accuracy(), 0.0);
    }

    /// By hand: bins (0.5, 0.75] and (0.75, 1] with gaps of |1 − 1.35| and |2 − 1.8|.
    #[test]
    fn calibration_error_of_a_small_table() {
        let p = [0.7, 0.3, 0.35, 0.65, 0.9, 0.1, 0.1, 0.9];
        assert!((calibration_error(&p, &[0, 0, 0, 1], 2, 4) - 0.55 / 4.0).abs() < 1e-7);
        // The edge of a bin belongs to the lower one; 1 to the last.
        assert!((calibration_error(&[0.5, 0.5, 1.0, 0.0], &[0, 0], 2, 2) - 0.25).abs() < 1e-7);
        assert_eq!(calibration_error(&[], &[], 3, 15), 0.0);
    }

    #[test]
    fn labels_that_name_no_class_are_errors() {
        let error = Confusion::new(2, &[0, 2], &[0, 0]).unwrap_err();
        assert_eq!(error, TrainError::Label { row: 1, label: 2, classes: 2 });
        assert_eq!(error.to_string(), "label 2 in row 1 (from 0): there are 2 classes, from 0 on");
        assert!(Confusion::new(2, &[0], &[0, 0]).is_err());
    }
}
