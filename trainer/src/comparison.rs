//! `halfwave report`: the same rows of several runs beside each other, and whether they differ.

use std::fmt::{self, Write as _};

use serde::Serialize;
use toml::Table;

use crate::{
    config,
    experiments::paired,
    report::{
        markdown::{self, cell},
        number,
        table::{aligned, table, wrap},
    },
    result::{Report, Row},
};

/// Why there is no comparison.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// There is no run.
    #[error("expected a run, found none")]
    None,
    /// The runs measured other things.
    #[error("{0}: no row has the setting, model, metric and unit of a row of the first run")]
    NothingShared(String),
}

/// Runs beside each other: the first, and what the others share with it.
#[derive(Debug, Serialize)]
pub struct Comparison<'a> {
    /// Names of the runs.
    runs: Vec<&'a str>,
    /// Keys in which not all are the same.
    differences: Vec<Key>,
    rows: Vec<Compared<'a>>,
    #[serde(skip)]
    first: &'a Report,
}

/// A key of the configuration with its value in each run, as TOML; none where a run does not have it.
#[derive(Debug, Serialize)]
struct Key {
    key: String,
    values: Vec<Option<String>>,
}

/// What was measured, in each run that did; the first did.
#[derive(Debug, Serialize)]
struct Compared<'a> {
    setting: &'a str,
    model: &'a str,
    metric: &'a str,
    unit: &'a str,
    runs: Vec<Option<Cell>>,
}

#[derive(Debug, Serialize)]
struct Cell {
    value: f64,
    std: Option<f64>,
    n: usize,
    /// From the first run; none of that.
    minus_first: Option<Difference>,
}

/// Of means, with its 95 % interval where there is one.
#[derive(Debug, Serialize)]
struct Difference {
    value: f64,
    interval: Option<[f64; 2]>,
    /// Whether it is that of pairs of runs.
    paired: bool,
}

const LEGEND: &str = "Mean ± population standard deviation (n runs: seeds, times folds where there are any); in brackets the 95 % \
    interval of the difference: ‖ of pairs of runs, where both have the same seeds; else as of independent runs (Welch). Folds \
    share training rows: over them intervals are rather too narrow. * the interval leaves 0 out.";

impl<'a> Comparison<'a> {
    /// The rows that the first of these named runs shares with another one; of a single run all.
    ///
    /// # Errors
    /// [`ComparisonError`].
    pub fn new(runs: &'a [(String, Report)]) -> Result<Self, ComparisonError> {
        let [(_, first), others @ ..] = runs else { return Err(ComparisonError::None) };
        for (name, report) in others {
            if !first.rows.iter().any(|row| same(report, row).is_some()) {
                return Err(ComparisonError::NothingShared(name.clone()));
            }
        }
        let rows = first.rows.iter().map(|row| Compared::new(first, row, others));
        let shared =
            |row: &Compared<'_>| others.is_empty() || row.runs.iter().skip(1).any(Option::is_some);
        Ok(Self {
            runs: runs.iter().map(|(name, _)| name.as_str()).collect(),
            differences: differences(runs),
            rows: rows.filter(shared).collect(),
            first,
        })
    }

    /// For a terminal: of one run its table, of several a block a setting.
    #[must_use]
    pub fn text(&self) -> String {
        if self.runs.len() == 1 {
            let Report { experiment, seeds, seconds, rows, .. } = self.first;
            let seeds: Vec<_> = seeds.iter().map(ToString::to_string).collect();
            let seeds = seeds.join(" ");
            return format!("{}\n{experiment}, seeds {seeds}, {seconds:.1} s\n", table(rows));
        }
        let mut text = String::new();
        for rows in self.rows.chunk_by(|a, b| a.setting == b.setting) {
            let head = ["model", "metric"].map(String::from).into_iter().chain(self.columns());
            let mut lines: Vec<Vec<String>> = vec![head.collect()];
            lines.extend(
                rows.iter().map(|row| [vec![row.model.into(), row.metric()], row.cells()].concat()),
            );
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}\n{}", rows[0].setting, aligned(&lines));
        }
        if !self.differences.is_empty() {
            let lines: Vec<_> = self.lines_of_keys().collect();
            let _ = writeln!(text, "settings that differ\n{}", aligned(&lines));
        }
        text + &wrap("", LEGEND)
    }

    /// In Markdown: of one run its report without figures.
    #[must_use]
    pub fn markdown(&self) -> String {
        if self.runs.len() == 1 {
            return markdown::markdown(self.first, &[]);
        }
        let head = [vec!["what".into()], self.columns().collect()].concat();
        let rows = self.rows.iter().map(|row| {
            let Compared { setting, model, .. } = row;
            [vec![format!("{setting}: {model}, {}", row.metric())], row.cells()].concat()
        });
        let mut text = lines(&head, rows);
        text.push_str(&format!("\n{LEGEND}\n"));
        if !self.differences.is_empty() {
            let mut keys = self.lines_of_keys();
            let head = keys.next().unwrap_or_default();
            text.push_str(&format!("\n## Settings that differ\n\n{}", lines(&head, keys)));
        }
        text
    }

    /// Names of the runs, each but the first with that of the difference.
    fn columns(&self) -> impl Iterator<Item = String> {
        let minus = format!("minus {}", self.runs[0]);
        self.runs.iter().enumerate().flat_map(move |(i, run)| {
            let minus = (i > 0).then(|| minus.clone());
            [(*run).into()].into_iter().chain(minus)
        })
    }

    fn lines_of_keys(&self) -> impl Iterator<Item = Vec<String>> {
        let head = ["key"].iter().chain(&self.runs).map(ToString::to_string).collect();
        let keys = self.differences.iter().map(|Key { key, values }| {
            let values = values.iter().map(|value| value.clone().unwrap_or_else(|| "–".into()));
            [key.clone()].into_iter().chain(values).collect()
        });
        [head].into_iter().chain(keys)
    }
}

/// A table in Markdown.
fn lines(head: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| -> String {
        let cells: String = cells.iter().map(|text| format!(" {} |", cell(text))).collect();
        format!("|{cells}\n")
    };
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    line(head) + &rule + &rows.map(|row| line(&row)).collect::<String>()
}

/// The experiment, the seeds and all keys of the configurations that are not the same in all runs.
fn differences(runs: &[(String, Report)]) -> Vec<Key> {
    let all: Vec<Table> = runs.iter().map(|(_, report)| settings(report)).collect();
    let mut keys: Vec<String> = Vec::new();
    for key in all.iter().flat_map(config::keys) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let key = |key: String| {
        let value = |table| config::get(table, &key).map(ToString::to_string);
        Key { values: all.iter().map(value).collect(), key }
    };
    let differs = |key: &Key| key.values.iter().any(|value| *value != key.values[0]);
    keys.into_iter().map(key).filter(differs).collect()
}

/// What a run was told, as one table.
fn settings(report: &Report) -> Table {
    let Report { experiment, seeds, configuration, .. } = report;
    let seeds: Vec<_> = seeds.iter().map(ToString::to_string).collect();
    let told = [("experiment", experiment.clone()), ("seeds", seeds.join(" "))];
    let told = told.map(|(key, value)| (key.to_owned(), value.into()));
    told.into_iter().chain(configuration.clone()).collect()
}

impl<'a> Compared<'a> {
    fn new(reference: &Report, row: &'a Row, others: &[(String, Report)]) -> Self {
        let cell = |row: &Row, minus_first| {
            let Row { value, std, n, .. } = *row;
            Cell { value, std, n, minus_first }
        };
        let beside = others.iter().map(|(_, report)| {
            // Where runs that diverged were left out, nobody knows which.
            let complete = |row: &Row| row.values.len().is_multiple_of(report.seeds.len().max(1));
            let other = same(report, row)?;
            let paired = report.seeds == reference.seeds && complete(row) && complete(other);
            Some(cell(other, Some(Difference::new(other, row, paired))))
        });
        let runs = [Some(cell(row, None))].into_iter().chain(beside).collect();
        let Row { setting, model, metric, unit, .. } = row;
        Self { setting, model, metric, unit, runs }
    }

    fn metric(&self) -> String {
        format!("{} {}", self.metric, self.unit).trim_end().into()
    }

    /// As [`Comparison::columns`] has them.
    fn cells(&self) -> Vec<String> {
        let cells = self.runs.iter().enumerate().flat_map(|(i, cell)| {
            let value = |cell: &Cell| format!("{} ({})", number(cell.value, cell.std), cell.n);
            let minus = |cell: &Cell| cell.minus_first.as_ref().map(ToString::to_string);
            let text = cell.as_ref().map(value).unwrap_or_default();
            let minus = (i > 0).then(|| cell.as_ref().and_then(minus).unwrap_or_default());
            [text].into_iter().chain(minus)
        });
        cells.collect()
    }
}

/// The row of a report that measures what `row` does.
fn same<'a>(report: &'a Report, row: &Row) -> Option<&'a Row> {
    let key = |row: &Row| {
        [&row.setting, &row.model, &row.metric, &row.unit].map(String::as_str).map(str::to_owned)
    };
    report.rows.iter().find(|other| key(other) == key(row))
}

impl Difference {
    /// a − b; `paired` if their values are of the same seeds, one by one.
    fn new(a: &Row, b: &Row, paired: bool) -> Self {
        let value = a.value - b.value;
        let pairs = (paired && a.values.len() == b.values.len())
            .then(|| a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect::<Vec<f64>>());
        let of_pairs = pairs.and_then(|differences| paired::interval(&differences));
        let half = of_pairs.map(|(_, half)| half).or_else(|| half_width(a, b));
        let interval = half.map(|half| [value - half, value + half]);
        Self { value, interval, paired: of_pairs.is_some() }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, interval, paired } = *self;
        f.write_str(&number(value, None))?;
        let Some([low, high]) = interval else { return Ok(()) };
        let sign = if paired { " ‖" } else { "" };
        let mark = if low > 0.0 || high < 0.0 { " *" } else { "" };
        write!(f, " [{}, {}]{sign}{mark}", number(low, None), number(high, None))
    }
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

    fn difference(a: &Row, b: &Row, paired: bool) -> String {
        Difference::new(a, b, paired).to_string()
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
