//! `halfwave table`: what was measured beside what is published, from the `result.json` of runs.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

use crate::{
    Error,
    machine::Machine,
    output::{self, OutputError},
    report::{Sources, markdown::cell, number},
    result::{Report, Row},
};

/// The line above the table in a Markdown file begins so; the rest of it is a reader's, e.g. the command.
const BEGIN: &str = "<!-- table of reproductions";
/// The line below it.
const END: &str = "<!-- end of the table of reproductions -->";

/// Why there is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// No file has a row that could stand in it.
    #[error(
        "no row of these results has a published number beside it (with --headlines: that can be compared); --all takes the others too"
    )]
    NoRows,
    /// A file that says nowhere, or not clearly, where the table goes.
    #[error(
        "{0}: expected one line that begins with `{BEGIN}` and, below it, one line `{END}`: the table goes between \
         them"
    )]
    Markers(String),
    /// The table in the file is another one.
    #[error("{0}: the table is not that of these results; run the command without --check")]
    Stale(String),
}

/// Which rows of the results stand in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Of each model in each setting the first that has a published number beside it which it can be compared with; of the
    /// same row in several results that of the most runs.
    Headlines,
    /// All that have a published number beside them.
    Published,
    /// All.
    All,
}

impl Rows {
    /// Each with the number of its report.
    fn of(self, reports: &[Report]) -> Vec<(usize, &Row)> {
        let all = reports.iter().enumerate();
        let rows = all.flat_map(|(i, report)| report.rows.iter().map(move |row| (i, row)));
        match self {
            Self::All => rows.collect(),
            Self::Published => rows.filter(|(_, row)| row.published.is_some()).collect(),
            Self::Headlines => {
                let mut seen = HashSet::new();
                let comparable =
                    |row: &Row| row.published.as_ref().is_some_and(|p| p.differs.is_none());
                let first = rows.filter(|&(report, row)| {
                    comparable(row) && seen.insert((report, &row.setting, &row.model))
                });
                most_runs(reports, first.collect())
            }
        }
    }
}

/// Without the rows that another result has from more runs, or from as many and before.
fn most_runs<'a>(reports: &[Report], rows: Vec<(usize, &'a Row)>) -> Vec<(usize, &'a Row)> {
    let key = |&(report, row): &(usize, &'a Row)| {
        (reports[report].experiment.clone(), &row.setting, &row.model, &row.metric)
    };
    let mut best = HashMap::new();
    for row in &rows {
        let known = best.entry(key(row)).or_insert(*row);
        if row.1.n > known.1.n {
            *known = *row;
        }
    }
    rows.into_iter().filter(|row| best[&key(row)].0 == row.0).collect()
}

/// The rows of all reports in Markdown, then the machines and the sources.
///
/// # Errors
/// [`TableError::NoRows`].
pub fn table(reports: &[Report], which: Rows) -> Result<String, TableError> {
    let rows = which.of(reports);
    if rows.is_empty() {
        return Err(TableError::NoRows);
    }
    let sources = Sources::of(rows.iter().map(|(_, row)| *row));
    let mut machines: Vec<&Machine> = Vec::new();
    let mut text = String::from(
        "| experiment | what | published | ours | n | seeds | date | machine |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (report, row) in rows {
        let report = &reports[report];
        let machine = report.machine.as_ref().map(|machine| {
            let known = machines.iter().position(|known| *known == machine);
            letter(known.unwrap_or_else(|| {
                machines.push(machine);
                machines.len() - 1
            }))
        });
        let cells = [
            cell(&report.experiment),
            cell(&what(row)),
            row.published.as_ref().map_or_else(none, |published| sources.mark(published)),
            number(row.value, row.std),
            row.n.to_string(),
            seeds(&report.seeds),
            report.date.as_deref().map_or_else(none, cell),
            machine.unwrap_or_else(none),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push_str("\nOurs: mean ± population standard deviation over n runs (seeds, times folds where there are any).\n");
    for (i, machine) in machines.iter().enumerate() {
        text.push_str(&format!("Machine {}: {machine}.\n", letter(i)));
    }
    for (i, source) in sources.iter() {
        text.push_str(&format!("\\[{i}\\] {source}.\n"));
    }
    Ok(text)
}

fn what(row: &Row) -> String {
    let Row { setting, model, metric, unit, .. } = row;
    format!("{setting}: {model}, {metric} {unit}").trim_end().to_owned()
}

fn none() -> String {
    "–".into()
}

/// A, B, …, Z, then numbers.
fn letter(i: usize) -> String {
    match u8::try_from(i) {
        Ok(i @ 0..26) => char::from(b'A' + i).to_string(),
        _ => format!("M{}", i + 1),
    }
}

/// `1–3`, or all of them where they do not follow each other.
fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [first, .., last] if seeds.is_sorted_by(|a, b| a.checked_add(1) == Some(*b)) => {
            format!("{first}–{last}")
        }
        _ => seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// `text` with the table between its two lines, and nothing else changed.
fn insert(text: &str, table: &str) -> Option<String> {
    let lines = || {
        text.split_inclusive('\n').scan(0, |at, line| {
            *at += line.len();
            Some((*at - line.len(), *at, line))
        })
    };
    let mut begins = lines().filter(|(_, _, line)| line.starts_with(BEGIN));
    let mut ends = lines().filter(|(_, _, line)| line.trim_end() == END);
    let ((_, from, line), (to, _, _)) = (begins.next()?, ends.next()?);
    let sound =
        from <= to && line.ends_with('\n') && begins.next().is_none() && ends.next().is_none();
    sound.then(|| format!("{}{table}{}", &text[..from], &text[to..]))
}

/// Puts the table between its two lines in a Markdown file.
///
/// # Errors
/// [`TableError::Markers`] for a file without these lines, or with more of them; with `check`, which writes nothing,
/// [`TableError::Stale`] where another table stands there; a file that cannot be read or written.
pub fn write_into(path: &Path, table: &str, check: bool) -> Result<(), Error> {
    let io = |error| OutputError::Io { path: path.into(), action: "read it", error };
    // Of a pipe or a device there is no end.
    output::check_file(path, true)?;
    let text = fs::read_to_string(path).map_err(io)?;
    let name = || path.display().to_string();
    let new = insert(&text, table).ok_or_else(|| TableError::Markers(name()))?;
    if new == text {
        return Ok(());
    }
    if check {
        return Err(TableError::Stale(name()).into());
    }
    Ok(output::write_file(path, true, |out| out.write_all(new.as_bytes()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_lines_changes() {
        let with = |table: &str| format!("# A\n\n{BEGIN}: how -->\n{table}{END}\n\nend");
        let text = with("old\n");
        assert_eq!(insert(&text, "new\n| a |\n"), Some(with("new\n| a |\n")));
        assert_eq!(insert(&with(""), "new\n"), Some(with("new\n")));
        assert_eq!(insert(&text, "old\n"), Some(text.clone()));
    }

    #[test]
    fn lines_that_are_missing_doubled_or_turned_round_are_refused() {
        for text in [
            "",
            "text\n",
            BEGIN,
            END,
            &format!("{BEGIN} -->\n"),
            &format!("{END}\n{BEGIN} -->\n"),
            &format!("{BEGIN} -->\n{BEGIN} -->\n{END}\n"),
            &format!("{BEGIN} -->\n{END}\n{END}\n"),
            &format!("x {BEGIN} -->\n{END}\n"),
        ] {
            assert_eq!(insert(text, "new\n"), None, "{text}");
        }
    }

    /// What cannot be compared is none, and of two results of the same that of more runs is.
    #[test]
    fn headlines_are_comparable_and_of_most_runs() {
        let report = |rows: Vec<Row>| -> Report {
            let json = r#"{"experiment": "e", "configuration": {}, "seeds": [1], "versions": {"halfwave": "0.1.0",
                "target": "t", "profile": "release"}, "level": "avx2", "threads": 2, "seconds": 1.5, "rows": [],
                "notes": [], "confusions": [], "figures": []}"#;
            Report { rows, ..serde_json::from_str(json).unwrap() }
        };
        let row = |model: &str, metric: &str, values: &[f64]| {
            Row::new("split", model, metric, "%", values).beside(90.0, None, "paper")
        };
        let reports = [
            report(vec![
                row("a", "accuracy", &[1.0]),
                row("a", "F1", &[1.0]),
                row("b", "accuracy", &[2.0]),
            ]),
            report(vec![
                row("a", "accuracy", &[3.0, 4.0]),
                row("b", "accuracy", &[5.0]),
                row("c", "accuracy", &[6.0; 3]).not_comparable("other data"),
            ]),
        ];
        let found: Vec<_> =
            Rows::Headlines.of(&reports).iter().map(|(i, row)| (*i, row.value)).collect();
        assert_eq!(found, [(0, 2.0), (1, 3.5)]);
        assert_eq!(Rows::Published.of(&reports).len(), 6);
        let table = table(&reports, Rows::Published).unwrap();
        assert!(table.contains("\\[2\\] paper; not comparable: other data."), "{table}");
    }

    #[test]
    fn seeds_and_machines_are_short() {
        assert_eq!(seeds(&[1, 2, 3]), "1–3");
        assert_eq!(seeds(&[7]), "7");
        assert_eq!(seeds(&[1, 3]), "1, 3");
        assert_eq!(seeds(&[u64::MAX, 0]), format!("{}, 0", u64::MAX));
        assert_eq!([letter(0), letter(25), letter(26)], ["A", "Z", "M27"]);
    }
}
