//! `halfwave report`: the same rows of several runs beside each other, and whether they differ.

use crate::{
    experiments::paired,
    report::{markdown::cell, number},
    result::{Report, Row},
};

/// Why there is no comparison.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// One run has nothing beside it.
    #[error("expected two runs or more, found {0}")]
    Runs(usize),
    /// The runs measured other things.
    #[error("{0}: no row has the setting, model, metric and unit of a row of the first run")]
    NothingShared(String),
}

/// The rows that the first of these named runs shares with another one, in Markdown: mean ± standard deviation (n) of
/// each run, and the difference from the first with its 95 % interval: of paired differences where both have the same
/// seeds and as many values, else by Welch's t test of independent runs.
///
/// # Errors
/// [`ComparisonError`].
pub fn compare(runs: &[(String, Report)]) -> Result<String, ComparisonError> {
    let [(first, reference), others @ ..] = runs else {
        return Err(ComparisonError::Runs(0));
    };
    if others.is_empty() {
        return Err(ComparisonError::Runs(1));
    }
    for (name, report) in others {
        if !reference.rows.iter().any(|row| same(report, row).is_some()) {
            return Err(ComparisonError::NothingShared(name.clone()));
        }
    }
    let mut text = format!("| what | {} |", cell(first));
    for (name, _) in others {
        text.push_str(&format!(" {0} | minus {1} |", cell(name), cell(first)));
    }
    text.push_str(&format!("\n|---|---|{}\n", "---|---|".repeat(others.len())));
    for row in &reference.rows {
        let beside = others.iter().map(|(_, report)| {
            // Where runs that diverged were left out, nobody knows which.
            let complete = |row: &Row| row.values.len().is_multiple_of(report.seeds.len().max(1));
            let same_seeds = report.seeds == reference.seeds;
            same(report, row).map(|other| (other, same_seeds && complete(row) && complete(other)))
        });
        let beside: Vec<_> = beside.collect();
        if beside.iter().all(Option::is_none) {
            continue;
        }
        let Row { setting, model, metric, unit, .. } = row;
        let what = format!("{setting}: {model}, {metric} {unit}");
        text.push_str(&format!("| {} | {} |", cell(what.trim_end()), ours(row)));
        for other in beside {
            let cells = other.map(|(other, paired)| (ours(other), difference(other, row, paired)));
            let (value, difference) = cells.unwrap_or_default();
            text.push_str(&format!(" {value} | {difference} |"));
        }
        text.push('\n');
    }
    text.push_str(
        "\nMean ± population standard deviation (n runs: seeds, times folds where there are any); in brackets the 95 % interval of the \
         difference: ‖ of pairs of runs, where both have the same seeds; else as of independent runs (Welch). Folds share \
         training rows: over them intervals are rather too narrow. * the interval leaves 0 out.\n",
    );
    Ok(text)
}

/// The row of a report that measures what `row` does.
fn same<'a>(report: &'a Report, row: &Row) -> Option<&'a Row> {
    let key = |row: &Row| {
        [&row.setting, &row.model, &row.metric, &row.unit].map(String::as_str).map(str::to_owned)
    };
    report.rows.iter().find(|other| key(other) == key(row))
}

fn ours(row: &Row) -> String {
    format!("{} ({})", number(row.value, row.std), row.n)
}

/// a − b; `paired` if their values are of the same seeds, one by one.
fn difference(a: &Row, b: &Row, paired: bool) -> String {
    let difference = a.value - b.value;
    let pairs = (paired && a.values.len() == b.values.len())
        .then(|| a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect::<Vec<f64>>());
    let of_pairs = pairs.and_then(|differences| paired::interval(&differences));
    let sign = if of_pairs.is_some() { " ‖" } else { "" };
    let half = of_pairs.map(|(_, half)| half).or_else(|| half_width(a, b));
    let Some(half) = half else { return number(difference, None) };
    let [low, high] = [difference - half, difference + half].map(|end| number(end, None));
    let mark = if difference.abs() > half { " *" } else { "" };
    format!("{} [{low}, {high}]{sign}{mark}", number(difference, None))
}

/// Half of the 95 % interval of a difference of means, by Welch 1947; none where a run has one value.
fn half_width(a: &Row, b: &Row) -> Option<f64> {
    // The square of the standard error, and its degrees of freedom.
    let error = |row: &Row| {
        let degrees = row.n.checked_sub(1).filter(|&degrees| degrees > 0)? as f64;
        Some((row.std?.powi(2) / degrees, degrees))
    };
    let ((a, of_a), (b, of_b)) = (error(a)?, error(b)?);
    let sum = a + b;
    let degrees = sum.powi(2) / (a.powi(2) / of_a + b.powi(2) / of_b);
    // Without any scatter there is nothing to divide by, and the width is 0.
    let degrees = if degrees.is_finite() { degrees } else { of_a + of_b };
    Some(paired::t_quantile(degrees as usize) * sum.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(model: &str, values: &[f64]) -> Row {
        Row::new("split", model, "accuracy", "%", values)
    }

    /// Numbers of R 4: t.test(c(1, 2, 3, 4), c(2.5, 4.5, 6.5)), whose interval has 3.49 degrees of freedom; ours takes
    /// the 3 below.
    #[test]
    fn the_interval_is_welchs() {
        let (a, b) = (row("m", &[1.0, 2.0, 3.0, 4.0]), row("m", &[2.5, 4.5, 6.5]));
        let half = half_width(&a, &b).unwrap();
        let error = (1.666_667_f64 / 4.0 + 4.0 / 3.0).sqrt();
        assert!((half / (3.182 * error) - 1.0).abs() < 1e-5, "{half}");
        assert_eq!(half_width(&a, &row("m", &[1.0])), None);
        assert_eq!(half_width(&row("m", &[1.0, 1.0]), &row("m", &[2.0, 2.0])), Some(0.0));
        assert_eq!(difference(&a, &row("m", &[2.0]), true), "0.50");
        assert!(difference(&row("m", &[9.0, 9.1, 9.2]), &a, true).ends_with("] *"));
    }

    /// Of the differences 1, 2 and 3: 4.303 / √3 on each side of 2. As independent runs they cannot be told apart.
    #[test]
    fn runs_of_the_same_seeds_are_paired() {
        let (a, b) = (row("m", &[10.0, 20.0, 30.0]), row("m", &[9.0, 18.0, 27.0]));
        assert_eq!(difference(&a, &b, true), "2.00 [-0.48, 4.48] ‖");
        assert!(difference(&a, &b, false).contains("[-22.72, 26.72]"));
        let c = row("m", &[9.0, 19.1, 29.0]);
        assert!(difference(&a, &c, true).ends_with("‖ *"));
        // Files of the first versions have no values.
        let old = Row { values: Vec::new(), ..b };
        assert_eq!(
            difference(&a, &old, true),
            difference(&a, &row("m", &[9.0, 18.0, 27.0]), false)
        );
    }
}
