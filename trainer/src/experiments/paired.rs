//! Differences of two models that share their seeds or folds.

use crate::{report::number, result::Row};

/// Quantile .975 of Student's t distribution with 1 … 30 degrees of freedom.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// Quantile .975 of Student's t distribution; `degrees` is at least 1.
pub(crate) fn t_quantile(degrees: usize) -> f64 {
    // The first term of the expansion in 1/degrees, beyond the table.
    T.get(degrees.saturating_sub(1)).copied().unwrap_or(1.960 + 2.372 / degrees as f64)
}

/// The mean of paired differences and the half width of its 95 % interval, t · s / √n with the deviation s of
/// the sample; none for fewer than two.
pub(crate) fn interval(differences: &[f64]) -> Option<(f64, f64)> {
    let n = differences.len();
    let degrees = n.checked_sub(1).filter(|&degrees| degrees > 0)?;
    let mean = differences.iter().sum::<f64>() / n as f64;
    let square = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / degrees as f64;
    Some((mean, t_quantile(degrees) * (square / n as f64).sqrt()))
}

/// A row of `values − reference`, and what its interval says.
pub(super) fn difference(
    setting: &str,
    model: &str,
    metric: &str,
    unit: &'static str,
    [values, reference]: [&[f64]; 2],
) -> (Row, Option<String>) {
    let differences: Vec<f64> = values.iter().zip(reference).map(|(a, b)| a - b).collect();
    let note = interval(&differences).map(|(mean, half)| {
        let verdict = if mean.abs() > half { "excludes 0" } else { "includes 0" };
        let [low, high] = [mean - half, mean + half].map(|end| number(end, None));
        let interval = format!("95 % interval [{low}, {high}] {unit}");
        format!("{setting}: {model}, {metric}: {} {verdict}.", interval.trim_end())
    });
    (Row::new(setting, model, metric, unit, &differences), note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // s² = 1, n = 3: 4.303 / √3.
        let (mean, half) = interval(&[1.0, 2.0, 3.0]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12 && (half - 2.484).abs() < 1e-3, "{half}");
        assert_eq!(interval(&[1.0]), None);
        assert_eq!(interval(&[]), None);
        // 40 degrees of freedom: 2.021.
        let many: Vec<f64> = (0..41).map(f64::from).collect();
        let (_, half) = interval(&many).unwrap();
        let expected = 2.021 * (143.5_f64 / 41.0).sqrt();
        assert!((half / expected - 1.0).abs() < 1e-3, "{half} {expected}");
    }

    #[test]
    fn a_row_says_what_its_interval_says() {
        let (row, note) = difference("s", "a − b", "accuracy", "%", [&[3.0, 3.1], &[1.0, 1.0]]);
        assert!((row.value - 2.05).abs() < 1e-12 && row.n == 2);
        assert!(note.unwrap().contains("excludes 0"));
        let (_, note) = difference("s", "a − b", "accuracy", "%", [&[3.0, 0.0], &[1.0, 1.0]]);
        assert!(note.unwrap().contains("includes 0"));
    }
}
