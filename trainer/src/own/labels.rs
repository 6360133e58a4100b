//! The classes of rows, from a file: `.npy`, `.csv` or IDX, gzipped or not.

use std::path::Path;

use halfwave_datasets::{csv, idx, npy};

use super::{
    data::{self, Format, Problem},
    images,
};
use crate::{Error, npy::NpyError};

/// What the first line of a table of labels may be called, where labels are names; see [`without_title`] too.
const HEADERS: [&str; 6] = ["label", "labels", "class", "classes", "target", "y"];

/// Reads a label for each row: whole numbers as their decimal digits, or names.
///
/// * `.npy`: i64, i32, bytes, or f32 that are whole numbers, one for each row.
/// * `.csv`: a label a line. Where all others are whole numbers, a first line that is none is a header; where they
///   are names, one of `label`, `labels`, `class`, `classes`, `target`, `y`.
/// * `.idx`, `…ubyte`: bytes.
/// * a folder of a folder of images for each class: their names.
///
/// # Errors
/// [`Error::OwnData`], [`Error::Npy`] or [`Error::Data`]: what is wrong, and where.
pub fn read(path: &Path) -> Result<Vec<String>, Error> {
    let at = |problem| Error::own_data(path, problem);
    if path.is_dir() {
        return images::classes(path);
    }
    let (format, bytes) = data::bytes(path)?;
    let (shape, labels) = match format {
        Format::Npy => {
            let array = npy_labels(&bytes);
            array.map_err(|problem| NpyError { path: path.into(), problem })?
        }
        Format::Csv => {
            let fields = csv::column(&bytes).map_err(|error| at(error.into()))?;
            let fields = without_header(fields);
            (vec![fields.len()], fields)
        }
        Format::Idx => {
            let array = idx::parse(&bytes).map_err(|error| at(error.into()))?;
            (array.dims.clone(), array.data.iter().map(ToString::to_string).collect())
        }
    };
    if shape.iter().skip(1).any(|&size| size != 1) || shape.is_empty() || labels.is_empty() {
        return Err(at(Problem::Labels(npy::shape_text(&shape))));
    }
    // A name among numbers is none: all are names then.
    let whole: Option<Vec<i64>> = labels.iter().map(|label| whole(label)).collect();
    Ok(match whole {
        Some(numbers) => numbers.iter().map(ToString::to_string).collect(),
        None if format == Format::Npy => {
            let row = labels.iter().position(|label| self::whole(label).is_none());
            let row = row.unwrap_or_default();
            return Err(at(Problem::NotWhole { row, label: labels[row].clone() }));
        }
        None => labels,
    })
}

/// Names for so many rows: one more than that, of which the first is no other row's, begin with a title.
pub(super) fn without_title(mut labels: Vec<String>, rows: usize) -> Vec<String> {
    if labels.len() == rows + 1 && whole(&labels[0]).is_none() && !labels[1..].contains(&labels[0])
    {
        labels.remove(0);
    }
    labels
}

/// The labels that there are, each once: numbers ascending, names in alphabetical order.
pub(super) fn classes(labels: &[String]) -> Vec<String> {
    let mut classes = labels.to_vec();
    match numbers(labels) {
        Some(_) => classes.sort_by_key(|label| whole(label)),
        None => classes.sort(),
    }
    classes.dedup();
    classes
}

/// The numbers that labels are, if they are numbers.
pub(super) fn numbers(labels: &[String]) -> Option<Vec<i64>> {
    labels.iter().map(|label| whole(label)).collect()
}

/// The class of each label: its place in `classes`.
pub(super) fn indices(labels: &[String], classes: &[String]) -> Result<Vec<u32>, Problem> {
    let places: std::collections::HashMap<&str, u32> =
        classes.iter().map(String::as_str).zip(0..).collect();
    let place = |(row, label): (usize, &String)| {
        places.get(label.as_str()).copied().ok_or_else(|| Problem::UnknownLabel {
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
        None => HEADERS.contains(&first.to_lowercase().as_str()),
    };
    if is_header {
        fields.remove(0);
    }
    fields
}

fn npy_labels(bytes: &[u8]) -> Result<(Vec<usize>, Vec<String>), npy::Problem> {
    fn read<T: npy::Element + ToString>(
        bytes: &[u8],
    ) -> Result<(Vec<usize>, Vec<String>), npy::Problem> {
        let array = npy::parse::<T>(bytes)?;
        Ok((array.shape, array.data.iter().map(ToString::to_string).collect()))
    }
    let readers = [read::<i32>, read::<u8>, read::<f32>];
    let first = read::<i64>(bytes);
    if !matches!(first, Err(npy::Problem::Type { .. })) {
        return first;
    }
    // An error names i64, which all labels can be.
    let mut others = readers.iter().map(|read| read(bytes));
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

        let known = |labels: &[&str], rows| without_title(text(labels), rows).len();
        assert_eq!(known(&["diagnosis", "B", "M", "B"], 3), 3);
        assert_eq!(known(&["diagnosis", "B", "M", "B"], 4), 4);
        assert_eq!(known(&["B", "B", "M", "B"], 3), 4);
        assert_eq!(known(&["7", "1", "2"], 2), 3);
    }
}
