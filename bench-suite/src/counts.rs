//! Counts of instructions, kept in files and compared.
//!
//! A line is `name level count`; lines that start with `#` say where the counts are from.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// More instructions than this, in percent of those before, are a regression.
pub const LIMIT: f64 = 2.0;

/// Instructions by `name level`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<String, u64>);

/// What is wrong with a file of counts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountsError {
    /// A line is none.
    #[error("line {line}: expected `name level count`, found `{found}`")]
    Line {
        /// From 1.
        line: usize,
        /// What it is.
        found: String,
    },
    /// A name with a level is there twice.
    #[error("line {line}: `{row}` is counted above")]
    Twice {
        /// From 1.
        line: usize,
        /// Name and level.
        row: String,
    },
    /// Nothing was counted, which cannot be what was meant.
    #[error("no line with a count")]
    Empty,
}

impl FromStr for Counts {
    type Err = CountsError;

    fn from_str(text: &str) -> Result<Self, CountsError> {
        let mut counts = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.starts_with('#')) {
            let wrong = || CountsError::Line { line, found: text.into() };
            let (row, count) = text.rsplit_once(' ').ok_or_else(wrong)?;
            let count = count.parse().map_err(|_| wrong())?;
            if row.split(' ').filter(|word| !word.is_empty()).count() != 2 {
                return Err(wrong());
            }
            if counts.insert(row.to_owned(), count).is_some() {
                return Err(CountsError::Twice { line, row: row.into() });
            }
        }
        if counts.is_empty() { Err(CountsError::Empty) } else { Ok(Self(counts)) }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(row, count)| writeln!(f, "{row} {count}"))
    }
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// More than [`LIMIT`] up, by so many percent.
    Slower(f64),
    /// More than [`LIMIT`] down, by so many percent.
    Faster(f64),
    /// Counted before, and no more.
    Gone,
    /// Counted for the first time.
    New,
}

impl Change {
    /// Whether it lets the comparison fail: instructions that are not counted any more are not fewer.
    #[must_use]
    pub fn fails(&self) -> bool {
        matches!(self, Self::Slower(_) | Self::Gone)
    }
}

/// The rows that changed, by name, with their counts before and after.
#[must_use]
pub fn compare(before: &Counts, after: &Counts) -> Vec<(String, [Option<u64>; 2], Change)> {
    let mut rows: Vec<_> = before.0.keys().chain(after.0.keys()).collect();
    rows.sort();
    rows.dedup();
    let change = |row: &String| {
        let counts = [before, after].map(|counts| counts.0.get(row).copied());
        let change = match counts {
            [Some(before), Some(after)] => {
                let base = before.max(1) as f64;
                let percent = 100.0 * (after as f64 - before as f64) / base;
                match percent {
                    up if up > LIMIT => Change::Slower(up),
                    down if down < -LIMIT => Change::Faster(-down),
                    _ => return None,
                }
            }
            [_, None] => Change::Gone,
            [None, _] => Change::New,
        };
        Some((row.clone(), counts, change))
    };
    rows.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Counts {
        text.parse().unwrap()
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let read = counts("# rustc 1.95.0\nforward/relu avx2 2064\nforward/relu scalar 90112\n");
        assert_eq!(read.0["forward/relu avx2"], 2064);
        assert_eq!(counts(&read.to_string()), read);
    }

    #[test]
    fn what_is_no_count_is_named_with_its_line() {
        let error = |text: &str| text.parse::<Counts>().unwrap_err();
        let line = |line, found: &str| CountsError::Line { line, found: found.into() };
        assert_eq!(error("# a\nforward/relu avx2 -1"), line(2, "forward/relu avx2 -1"));
        assert_eq!(error("forward/relu 7"), line(1, "forward/relu 7"));
        assert_eq!(error("a b c 7"), line(1, "a b c 7"));
        assert_eq!(error("a b 7\n\n"), line(2, ""));
        assert_eq!(error("a b 7\na b 8"), CountsError::Twice { line: 2, row: "a b".into() });
        assert_eq!(error("# only\n"), CountsError::Empty);
    }

    #[test]
    fn more_than_the_limit_fails_and_the_limit_does_not() {
        let before = counts("equal x 1000\nlimit x 1000\nup x 1000\ndown x 1000\ngone x 5");
        let after = counts("equal x 1000\nlimit x 1020\nup x 1021\ndown x 979\nnew x 5");
        let changes = compare(&before, &after);
        let names: Vec<_> = changes.iter().map(|(row, ..)| row.as_str()).collect();
        assert_eq!(names, ["down x", "gone x", "new x", "up x"]);
        let fails: Vec<_> = changes.iter().map(|(.., change)| change.fails()).collect();
        assert_eq!(fails, [false, true, false, true]);
        assert!(compare(&before, &before).is_empty());
        // From nothing, anything is more.
        assert!(compare(&counts("a b 0"), &counts("a b 1"))[0].2.fails());
    }
}
