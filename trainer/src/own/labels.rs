//! The classes of rows, from a file (`.npy`, `.csv`, `.tsv` or IDX, gzipped or not) or from a column of the data.

use std::path::{Path, PathBuf};

use halfwave_datasets::{
    csv::{self, Column},
    idx, npy,
};

use super::{
    data::{self, Format, Problem},
    images,
};
use crate::{Error, npy::NpyError};

/// Where the classes of rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// In a file of their own, or in the names of the folders of a folder of images.
    File(PathBuf),
    /// In a column of the data, `.csv` or `.tsv`.
    Column(Column),
}

impl Labels {
    /// The column of the data that they are in, if it is one.
    pub(super) fn column(&self) -> Option<&Column> {
        match self {
            Self::Column(column) => Some(column),
            Self::File(_) => None,
        }
    }

    /// One for each of the `rows` of `data`, of which a column had these.
    pub(super) fn read(
        &self,
        of_column: Vec<String>,
        data: &Path,
        rows: usize,
    ) -> Result<Vec<String>, Error> {
        match self {
            Self::Column(_) => Ok(of_column),
            Self::File(path) => read(path, data, rows),
        }
    }

    /// The file that they are in, where it is not that of the data.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Column(_) => None,
        }
    }

    /// What is wrong with them, or with one of them.
    pub(super) fn error(&self, data: &Path, rows: usize, problem: Problem) -> Error {
        data::wrong(self.file().map_or(data, PathBuf::as_path), rows, problem)
    }
}

/// What the first line of a table of labels may be called, where labels are names; see [`without_title`] too.
const HEADERS: [&str; 6] = ["label", "labels", "class", "classes", "target", "y"];

/// Reads a label for each of the `rows` of `data`, as the file has them.
///
/// * `.npy`: i64, i32, bytes, or f32 that are whole numbers, one for each row.
/// * `.csv`, `.tsv`: a label a line. A first line that no other is like is a header where all others are whole numbers and it is
///   none, where it is one too many, and where it is `label`, `labels`, `class`, `classes`, `target` or `y`.
/// * `.idx`, `…ubyte`: bytes.
/// * a folder of a folder of images for each class: their names.
///
/// # Errors
/// [`Error::OwnData`], [`Error::Npy`] or [`Error::Data`]: what is wrong, and where; [`Error::Shape`] for another number of them.
pub fn read(path: &Path, data: &Path, rows: usize) -> Result<Vec<String>, Error> {
    let (labels, found) = if path.is_dir() {
        let labels = images::classes(path)?;
        let found = labels.len();
        (labels, found)
    } else {
        // Two lines of titles at most. A text takes forty times a byte's memory: no more are made than can be needed.
        of_file(path, rows + 2)?
    };
    let more = found - labels.len();
    let labels = without_title(labels, rows);
    if labels.len() + more == rows {
        return Ok(labels);
    }
    Err(Error::Shape {
        what: path.display().to_string(),
        expected: format!("a label for each of the {rows} rows of {}", data.display()),
        found: npy::shape_text(&[labels.len() + more]),
    })
}

/// The first `most` labels of a file, and how many there are.
fn of_file(path: &Path, most: usize) -> Result<(Vec<String>, usize), Error> {
    let at = |problem| Error::own_data(path, problem);
    let (format, bytes) = data::bytes(path)?;
    let (shape, labels) = match format {
        Format::Npy => {
            let array = npy_labels(&bytes, most);
            array.map_err(|problem| NpyError { path: path.into(), problem })?
        }
        Format::Csv(separator) => {
            let column = csv::column(&bytes, separator, most);
            let (fields, count) = column.map_err(|error| at(error.into()))?;
            let more = count - fields.len();
            let fields = without_header(fields);
            (vec![fields.len() + more], fields)
        }
        Format::Idx => {
            let array = idx::parse(&bytes).map_err(|error| at(error.into()))?;
            (array.dims.clone(), texts(array.data, most))
        }
    };
    if shape.iter().skip(1).any(|&size| size != 1) || shape.is_empty() || labels.is_empty() {
        return Err(at(Problem::Labels(npy::shape_text(&shape))));
    }
    let name = labels.iter().position(|label| whole(label).is_none());
    if let Some(row) = name.filter(|_| format == Format::Npy) {
        return Err(at(Problem::NotWhole { row, label: labels[row].clone() }));
    }
    Ok((labels, shape[0]))
}

/// The first numbers, at most so many.
fn texts<T: ToString>(numbers: &[T], most: usize) -> Vec<String> {
    numbers.iter().take(most).map(ToString::to_string).collect()
}

/// Names for so many rows: one more than that, of which the first is no other row's, begin with a title.
fn without_title(mut labels: Vec<String>, rows: usize) -> Vec<String> {
    if labels.len() == rows + 1 && whole(&labels[0]).is_none() && !labels[1..].contains(&labels[0])
    {
        labels.remove(0);
    }
    labels
}

/// The labels that there are, each once: numbers ascending, as decimal digits, where all are whole numbers, names in
/// alphabetical order else. A number among names is a name: `010` is not `10` then.
pub(super) fn classes(labels: &[String]) -> Vec<String> {
    let mut classes = labels.to_vec();
    if let Some(mut numbers) = numbers(labels) {
        numbers.sort_unstable();
        classes = numbers.iter().map(ToString::to_string).collect();
    } else {
        classes.sort();
    }
    classes.dedup();
    classes
}

/// The numbers that labels are, if they are numbers.
pub(super) fn numbers(labels: &[String]) -> Option<Vec<i64>> {
    labels.iter().map(|label| whole(label)).collect()
}

/// The class of each label: its place in `classes`. Numbers, however they are written, if all classes are.
pub(super) fn indices(labels: &[String], classes: &[String]) -> Result<Vec<u32>, Problem> {
    let places: std::collections::HashMap<&str, u32> =
        classes.iter().map(String::as_str).zip(0..).collect();
    let numbers = numbers(classes).is_some();
    let place = |(row, label): (usize, &String)| {
        let digits = whole(label).filter(|_| numbers).map(|number| number.to_string());
        let name = digits.as_ref().unwrap_or(label);
        places.get(name.as_str()).copied().ok_or_else(|| Problem::UnknownLabel {
            row,
            label: label.clone(),
            classes: shown(classes),
        })
    };
    labels.iter().enumerate().map(place).collect()
}

/// The first ten, for a message.
fn shown(classes: &[String]) -> String {
    let dots = if classes.len() > 10 { ", …" } else { "" };
    classes.iter().take(10).cloned().collect::<Vec<_>>().join(", ") + dots
}

/// A whole number, which may be written as a real one: NumPy's `savetxt` does so.
fn whole(text: &str) -> Option<i64> {
    /// Beyond it not every whole number is an f64.
    const MOST: f64 = (1_u64 << 53) as f64;
    let of_real = || {
        let x: f64 = text.parse().ok()?;
        (x.fract() == 0.0 && x.abs() <= MOST).then_some(x as i64)
    };
    text.parse().ok().or_else(of_real)
}

fn without_header(mut fields: Vec<String>) -> Vec<String> {
    let Some((first, rest)) = fields.split_first() else { return fields };
    let is_header = match numbers(rest) {
        Some(_) => !rest.is_empty() && whole(first).is_none(),
        None => HEADERS.contains(&first.to_lowercase().as_str()) && !rest.contains(first),
    };
    if is_header {
        fields.remove(0);
    }
    fields
}

/// Shape of all, and the first labels.
fn npy_labels(bytes: &[u8], most: usize) -> Result<(Vec<usize>, Vec<String>), npy::Problem> {
    fn read<T: npy::Element + ToString>(
        bytes: &[u8],
        most: usize,
    ) -> Result<(Vec<usize>, Vec<String>), npy::Problem> {
        let array = npy::parse::<T>(bytes)?;
        Ok((array.shape, texts(&array.data, most)))
    }
    let readers = [read::<i32>, read::<u8>, read::<f32>];
    let first = read::<i64>(bytes, most);
    if !matches!(first, Err(npy::Problem::Type { .. })) {
        return first;
    }
    // An error names i64, which all labels can be.
    let mut others = readers.iter().map(|read| read(bytes, most));
    others.find(|read| !matches!(read, Err(npy::Problem::Type { .. }))).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(labels: &[&str]) -> Vec<String> {
        labels.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_and_names_are_put_in_their_order() {
        let labels = text(&["10", "9", "-1", "9"]);
        assert_eq!(classes(&labels), ["-1", "9", "10"]);
        assert_eq!(indices(&labels, &classes(&labels)).unwrap(), [2, 1, 0, 1]);
        assert_eq!(classes(&text(&["b", "10", "9", "b"])), ["10", "9", "b"]);
        assert!(matches!(
            indices(&labels, &text(&["9", "10"])),
            Err(Problem::UnknownLabel { row: 2, .. })
        ));
        // However numbers are written; but names are names in each file, whatever else stands in it.
        let padded = text(&["010", "1.0e1", "9"]);
        assert_eq!(classes(&padded), ["9", "10"]);
        assert_eq!(indices(&padded, &text(&["9", "10"])).unwrap(), [1, 1, 0]);
        let codes = classes(&text(&["010", "10", "A1"]));
        assert_eq!(codes, ["010", "10", "A1"]);
        assert_eq!(indices(&text(&["10", "010"]), &codes).unwrap(), [1, 0]);
        assert!(indices(&text(&["0010"]), &codes).is_err());
        assert_eq!(
            [whole("3.0e+00"), whole("-2"), whole("1.5"), whole("nan")],
            [Some(3), Some(-2), None, None]
        );
    }

    #[test]
    fn headers_are_known() {
        assert_eq!(without_header(text(&["kind", "1", "2"])), ["1", "2"]);
        assert_eq!(without_header(text(&["3", "1", "2"])), ["3", "1", "2"]);
        assert_eq!(without_header(text(&["Label", "cat", "dog"])), ["cat", "dog"]);
        assert_eq!(without_header(text(&["cat", "dog"])), ["cat", "dog"]);
        assert_eq!(without_header(text(&["cat"])), ["cat"]);
        assert_eq!(without_header(text(&["y", "n", "y"])), ["y", "n", "y"]);

        let known = |labels: &[&str], rows| without_title(text(labels), rows).len();
        assert_eq!(known(&["diagnosis", "B", "M", "B"], 3), 3);
        assert_eq!(known(&["diagnosis", "B", "M", "B"], 4), 4);
        assert_eq!(known(&["B", "B", "M", "B"], 3), 4);
        assert_eq!(known(&["7", "1", "2"], 2), 3);
    }

    /// All are counted, and no more kept than rows can have.
    #[test]
    fn what_is_too_much_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let csv = file("y.csv", ["label\n", &"1\n".repeat(1000)].concat().as_bytes());
        let sizes = [&[0, 0, 8, 1][..], &1000_u32.to_be_bytes(), &[1; 1000]].concat();
        let idx = file("y.idx", &sizes);
        let mut array = Vec::new();
        npy::write(&npy::Array { shape: vec![1000], data: vec![1_i64; 1000] }, &mut array).unwrap();
        for path in [csv, idx, file("y.npy", &array)] {
            let (labels, found) = of_file(&path, 5).unwrap();
            assert!(labels.len() <= 5 && found == 1000, "{}: {found}", path.display());
            let read = |rows| read(&path, Path::new("x.npy"), rows);
            assert_eq!(read(1000).unwrap(), vec!["1"; 1000]);
            for rows in [3, 997, 998, 999, 1001] {
                let message = read(rows).unwrap_err().to_string();
                assert!(message.contains("(1000,)"), "{rows}: {message}");
            }
        }
        let titles = file("t.csv", b"label\nkind\ncat\ndog\n");
        assert_eq!(read(&titles, Path::new("x.npy"), 2).unwrap(), ["cat", "dog"]);
        assert_eq!(of_file(&titles, 4).unwrap().1, 3);
    }
}
