//! Rows of numbers from a file: `.npy`, `.csv` or IDX.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use halfwave_datasets::{
    idx::{self, IdxError},
    npy,
};

use crate::Error;

/// Largest file of text or bytes.
const MAX_BYTES: u64 = 1 << 32;

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// `[rows, width]`, row-major.
    pub x: Vec<f32>,
    /// Numbers of a row.
    pub width: usize,
}

/// Why a file is no data.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct DataError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The name says no format.
    #[error("expected a name that ends in .npy, .csv, .idx or ubyte")]
    Name,
    /// The system refused.
    #[error("cannot read it: {0}")]
    Io(#[from] io::Error),
    /// More than fits.
    #[error("expected at most {MAX_BYTES} bytes, found {0}")]
    Long(u64),
    /// IDX that is none.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// A field of a `.csv` file.
    #[error("line {line}, column {column}: expected a finite number, found `{found}`")]
    Number {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The field.
        found: String,
    },
    /// A line of another length.
    #[error("line {line}: expected {expected} numbers as in the lines before, found {found}")]
    Ragged {
        /// From 1.
        line: usize,
        /// Fields of the first line.
        expected: usize,
        /// Fields of this line.
        found: usize,
    },
    /// No row, or rows of nothing.
    #[error("expected at least one row of at least one number, found the shape {0}")]
    Empty(String),
}

/// Reads a file; its name says the format.
///
/// * `.npy`: f32, or bytes, which are divided by 255; the first dimension is that of the rows.
/// * `.csv`: a row a line, numbers with commas between; a first line that holds no number is a header.
/// * `.idx`, `…ubyte`: bytes, divided by 255; the first dimension is that of the rows.
///
/// # Errors
/// [`Error::OwnData`] or [`Error::Npy`]: what is wrong, and where.
pub fn read(path: &Path) -> Result<Matrix, Error> {
    let at = |problem| Error::OwnData(DataError { path: path.into(), problem });
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let ends = |with: &str| name.ends_with(with);
    let (shape, x) = if ends(".npy") {
        read_npy(path)?
    } else if ends(".csv") {
        let bytes = read_bytes(path).map_err(at)?;
        csv(&String::from_utf8_lossy(&bytes)).map_err(at)?
    } else if ends(".idx") || ends("ubyte") {
        let bytes = read_bytes(path).map_err(at)?;
        let array = idx::parse(&bytes).map_err(|error| at(error.into()))?;
        let x = array.data.iter().map(|&byte| unit(byte)).collect();
        (array.dims, x)
    } else {
        return Err(at(Problem::Name));
    };
    let width: usize = shape.iter().skip(1).product();
    if x.is_empty() || shape.is_empty() {
        return Err(at(Problem::Empty(npy::shape_text(&shape))));
    }
    Ok(Matrix { x, width })
}

fn unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

fn read_npy(path: &Path) -> Result<(Vec<usize>, Vec<f32>), Error> {
    match npy::read::<f32>(path) {
        Ok(array) => Ok((array.shape, array.data)),
        // Another type: bytes, or an error that names f32.
        Err(error) if matches!(error.problem, npy::Problem::Type { .. }) => {
            let bytes = npy::read::<u8>(path).map_err(|_| error)?;
            Ok((bytes.shape, bytes.data.into_iter().map(unit).collect()))
        }
        Err(error) => Err(error.into()),
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("expected a file, found a directory, device or pipe").into());
    }
    if metadata.len() > MAX_BYTES {
        return Err(Problem::Long(metadata.len()));
    }
    Ok(fs::read(path)?)
}

fn csv(text: &str) -> Result<(Vec<usize>, Vec<f32>), Problem> {
    let number = |field: &str| field.trim().parse::<f32>().ok().filter(|x| x.is_finite());
    let mut x = Vec::new();
    let (mut width, mut rows) = (0, 0);
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (i, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        if width == 0 && fields.iter().all(|field| number(field).is_none()) {
            width = fields.len();
            continue;
        }
        width = if width == 0 { fields.len() } else { width };
        if fields.len() != width {
            return Err(Problem::Ragged { line: i + 1, expected: width, found: fields.len() });
        }
        for (column, field) in fields.iter().enumerate() {
            x.push(number(field).ok_or_else(|| Problem::Number {
                line: i + 1,
                column: column + 1,
                found: (*field).into(),
            })?);
        }
        rows += 1;
    }
    Ok((vec![rows, width], x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let expected = (vec![2, 2], vec![1.0, -2.5, 3e2, 0.0]);
        assert_eq!(csv("1,-2.5\n3e2,0\n").unwrap(), expected);
        assert_eq!(csv("\u{feff}a,b\r\n1, -2.5\r\n\r\n3e2,0").unwrap(), expected);
    }

    #[test]
    fn broken_tables_say_where() {
        for (text, said) in [
            ("1,2\n3\n", "line 2: expected 2 numbers"),
            ("a,b\n1,2\n3,x\n", "line 3, column 2: expected a finite number, found `x`"),
            ("1,nan\n", "line 1, column 2"),
            ("1,2\n1,inf\n", "line 2, column 2"),
        ] {
            let error = csv(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(csv("").unwrap().1.is_empty());
    }
}
