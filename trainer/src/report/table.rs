//! The result as a table on the terminal.

use std::fmt::Write as _;

use super::{Sources, number};
use crate::result::Row;

/// Columns of a narrow terminal.
const WIDTH: usize = 80;

const HEAD: [&str; 5] = ["model", "metric", "ours", "n", "published"];

/// One block a setting, then the sources of the published numbers.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let sources = Sources::of(rows);
    let cells: Vec<[String; 5]> = rows.iter().map(|row| cells(row, &sources)).collect();
    let width = |column: usize| {
        let widths = cells.iter().map(|cells| cells[column].chars().count());
        widths.chain([HEAD[column].len()]).max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3, 4].map(width);

    let mut text = String::new();
    let mut setting = None;
    for (row, cells) in rows.iter().zip(&cells) {
        if setting != Some(&row.setting) {
            if setting.is_some() {
                text.push('\n');
            }
            text.push_str(&row.setting);
            text.push('\n');
            line(&mut text, &HEAD.map(Into::into), widths);
        }
        setting = Some(&row.setting);
        line(&mut text, cells, widths);
    }
    for (i, source) in sources.iter() {
        text.push_str(if i == 1 { "\n" } else { "" });
        text.push_str(&wrap(&format!("[{i}] "), &source));
    }
    text
}

fn cells(row: &Row, sources: &Sources<'_>) -> [String; 5] {
    [
        row.model.clone(),
        format!("{} {}", row.metric, row.unit).trim_end().into(),
        number(row.value, row.std),
        row.n.to_string(),
        row.published.as_ref().map_or("-".into(), |published| sources.mark(published)),
    ]
}

fn line(text: &mut String, cells: &[String; 5], w: [usize; 5]) {
    let [model, metric, ours, n, published] = cells;
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  {model:<0$}  {metric:<1$}  {ours:<2$}  {n:>3$}  {published}",
        w[0], w[1], w[2], w[3]
    );
}

/// The text after a prefix, in lines of 80 characters that begin below its first word.
#[must_use]
pub fn wrap(prefix: &str, text: &str) -> String {
    let indent = prefix.chars().count();
    let mut out = prefix.to_owned();
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
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
        let text = wrap("[1] ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.lines().skip(1).all(|line| line.starts_with("    word")));
        assert_eq!(text.matches("word").count(), 40);
    }
}
