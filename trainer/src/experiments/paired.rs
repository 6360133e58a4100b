//! Differences of two models over the same folds.

use crate::result::Row;

/// 97.5 % quantiles of Student's t for 1 to 9 degrees of freedom.
const STUDENT: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// Mean of the differences, and half the width of its 95 % interval by Student's t with n − 1 degrees of
/// freedom: t s / √n, where s² is divided by n − 1. None for one difference, or more than ten.
///
/// Training parts of folds overlap, so differences are not independent and the interval is rather too narrow.
fn interval(differences: &[f64]) -> (f64, Option<f64>) {
    let n = differences.len();
    let mean = differences.iter().sum::<f64>() / n as f64;
    let square = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>();
    let quantile = n.checked_sub(2).and_then(|i| STUDENT.get(i));
    (mean, quantile.map(|t| t * (square / (n - 1) as f64 / n as f64).sqrt()))
}

/// The rows of `first` − `second`, accuracies of the same folds as fractions, in points of percent.
pub(super) fn rows(setting: &str, model: &str, first: &[f64], second: &[f64]) -> Vec<Row> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| 100.0 * (a - b)).collect();
    let row = |metric, values: &[f64]| Row::new(setting, model, metric, "points", values);
    let mut rows = vec![row("difference", &differences)];
    if let (mean, Some(half)) = interval(&differences) {
        rows.push(row("95 % interval, from", &[mean - half]));
        rows.push(row("95 % interval, to", &[mean + half]));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The deviation is 1.14018, and 2.776 · 1.14018 / √5 = 1.41549.
    #[test]
    fn intervals_are_those_of_students_t() {
        let (mean, half) = interval(&[1.0, 2.0, 4.0, 3.0, 2.0]);
        assert!((mean - 2.4).abs() < 1e-12 && (half.unwrap() - 1.41549).abs() < 1e-5, "{half:?}");
        assert_eq!(interval(&[1.0]), (1.0, None));
        assert_eq!(interval(&[2.0; 10]), (2.0, Some(0.0)));
        assert_eq!(interval(&[2.0; 11]).1, None);
    }

    #[test]
    fn a_difference_has_three_rows() {
        let rows = rows("folds", "a - b", &[0.9, 0.8], &[0.7, 0.7]);
        assert_eq!(rows.len(), 3);
        assert!((rows[0].value - 15.0).abs() < 1e-9 && rows[1].value < 0.0 && rows[2].value > 30.0);
    }
}
