//! The result as a table on the terminal.

use std::env;

use console::Term;

use super::{Sources, number};
use crate::result::Row;

/// Columns as `COLUMNS` says, else of the terminal that is written to, else of a common one.
fn width() -> usize {
    const DEFAULT: usize = 80;
    /// Below this no word would fit.
    const LEAST: usize = 30;
    let said = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    said.or_else(terminal).map_or(DEFAULT, |columns| columns.clamp(LEAST, DEFAULT))
}

const HEAD: [&str; 5] = ["model", "metric", "ours", "n", "published"];

/// One block a setting, then the sources of the published numbers.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let sources = Sources::of(rows);
    let lines: Vec<_> = rows.iter().map(|row| cells(row, &sources)).collect();
    let widths = widths(lines.iter().chain([&HEAD.map(Into::into).to_vec()]));
    let mut text = String::new();
    for (i, (row, cells)) in rows.iter().zip(&lines).enumerate() {
        if i == 0 || rows[i - 1].setting != row.setting {
            text.push_str(if i > 0 { "\n" } else { "" });
            text.push_str(&format!("{}\n", row.setting));
            text.push_str(&line(&HEAD.map(Into::into), &widths));
        }
        text.push_str(&line(cells, &widths));
    }
    for (i, source) in sources.iter() {
        text.push_str(if i == 1 { "\n" } else { "" });
        text.push_str(&wrap(&format!("[{i}] "), &source));
    }
    text
}

/// Lines of cells whose columns stand below each other.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let widths = widths(lines);
    lines.iter().map(|cells| line(cells, &widths)).collect()
}

/// Of the widest cell of each column.
fn widths<'a>(lines: impl IntoIterator<Item = &'a Vec<String>>) -> Vec<usize> {
    let mut widths = Vec::new();
    for cells in lines {
        widths.resize(widths.len().max(cells.len()), 0);
        let cells = cells.iter().map(|cell| cell.chars().count());
        widths.iter_mut().zip(cells).for_each(|(width, cell)| *width = cell.max(*width));
    }
    widths
}

fn cells(row: &Row, sources: &Sources<'_>) -> Vec<String> {
    vec![
        row.model.clone(),
        format!("{} {}", row.metric, row.unit).trim_end().into(),
        number(row.value, row.std),
        row.n.to_string(),
        row.published.as_ref().map_or("-".into(), |published| sources.mark(published)),
    ]
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("  {cell:<width$}"));
    format!("{}\n", cells.collect::<String>().trim_end())
}

/// The text after a prefix, in lines as wide as the terminal, 80 characters at most, that begin below its first word.
#[must_use]
pub fn wrap(prefix: &str, text: &str) -> String {
    wrap_to(width(), prefix, text)
}

fn wrap_to(width: usize, prefix: &str, text: &str) -> String {
    let indent = prefix.chars().count();
    let mut out = prefix.to_owned();
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_sources_are_named_once() {
        let rows = [
            Row::percent("ten folds", "softmax head", "accuracy", &[0.97, 0.95]).beside(
                91.21,
                Some(4.22),
                "Agarap 2018",
            ),
            Row::percent("ten folds", "ReLU head", "F1", &[0.9]).beside(90.0, None, "Agarap 2018"),
            Row::new("split", "ReLU head", "loss", "", &[0.25]),
        ];
        let expected = "\
ten folds
  model         metric      ours          n  published
  softmax head  accuracy %  96.00 ± 1.00  2  91.21 ± 4.22 [1]
  ReLU head     F1 %        90.00         1  90.00 [1]

split
  model         metric      ours          n  published
  ReLU head     loss        0.25          1  -

[1] Agarap 2018
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn long_lines_are_wrapped() {
        for width in [80, 40] {
            let text = wrap_to(width, "[1] ", &"word ".repeat(40));
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest > Some(width - 5) && longest <= Some(width), "{text}");
            assert!(text.lines().skip(1).all(|line| line.starts_with("    word")));
            assert_eq!(text.matches("word").count(), 40);
        }
    }
}
