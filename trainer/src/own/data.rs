//! Rows of numbers from a file: `.npy`, `.npz`, `.csv` or IDX, gzipped or not.

use std::path::{Path, PathBuf};

use halfwave_datasets::{
    csv::{self, CsvError},
    files,
    idx::{self, IdxError},
    npy::{self, NpyError},
};

use super::{
    images,
    npz::{self, NpzError},
};
use crate::Error;

/// Largest file, unpacked.
pub(super) const MAX_BYTES: usize = 1 << 32;

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
    #[error(
        "expected a name that ends in .npy, .npz, .csv, .idx or ubyte, and .gz after it if it is gzipped"
    )]
    Name,
    /// An archive, or an array of it.
    #[error(transparent)]
    Npz(#[from] NpzError),
    /// An image of a folder.
    #[error("{0}")]
    Image(String),
    /// A folder that is none of images.
    #[error("{0}")]
    Folder(String),
    /// IDX that is none.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// CSV that is no table of numbers.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// Labels that are not one for each row.
    #[error("expected one label for each row, found the shape {0}")]
    Labels(String),
    /// A label that names no class.
    #[error("label {label} in row {row}: expected a whole number")]
    NotWhole {
        /// Where.
        row: usize,
        /// The label.
        label: String,
    },
    /// A label that the model has never seen.
    #[error("label {label} in row {row}: the classes are {classes}")]
    UnknownLabel {
        /// Where.
        row: usize,
        /// The label.
        label: String,
        /// The known ones.
        classes: String,
    },
    /// Labels that are all the same.
    #[error("all labels are {0}: expected at least two classes")]
    OneClass(String),
    /// A network in TOML that is none.
    #[error("{0}")]
    Network(String),
    /// No row, or rows of nothing.
    #[error("expected at least one row of at least one number, found the shape {0}")]
    Empty(String),
}

/// Reads a file, gzipped or not; its name, without `.gz`, says the format.
///
/// * `.npy`: f32, or bytes, which are divided by 255; the first dimension is that of the rows.
/// * `.npz`: the same, the only array in it; `FILE.npz:NAME` is one of several.
/// * a folder: of images, or of a folder of images for each class; bytes divided by 255, channels last.
/// * `.csv`: a row a line, numbers with commas between; a first line that holds no number is a header.
/// * `.idx`, `…ubyte`: bytes, divided by 255; the first dimension is that of the rows.
///
/// # Errors
/// [`Error::OwnData`], [`Error::Npy`] or [`Error::Data`]: what is wrong, and where.
pub fn read(path: &Path) -> Result<Matrix, Error> {
    let at = |problem| Error::own_data(path, problem);
    if path.is_dir() {
        let (shape, x) = images::read(path, MAX_BYTES / size_of::<f32>())?;
        return Ok(Matrix { x, width: shape.iter().skip(1).product() });
    }
    let (format, bytes) = format(path)?;
    let (shape, x) = match format {
        Format::Npy => {
            npy_numbers(&bytes).map_err(|problem| NpyError { path: path.into(), problem })?
        }
        Format::Csv => {
            let (x, width) = csv::numbers(&bytes).map_err(|error| at(error.into()))?;
            (vec![x.len() / width.max(1), width], x)
        }
        Format::Idx => {
            let array = idx::parse(&bytes).map_err(|error| at(error.into()))?;
            let x = array.data.iter().map(|&byte| npy::unit(byte)).collect();
            (array.dims, x)
        }
    };
    let width: usize = shape.iter().skip(1).product();
    if x.is_empty() || shape.is_empty() {
        return Err(at(Problem::Empty(npy::shape_text(&shape))));
    }
    Ok(Matrix { x, width })
}

/// What the name of a file says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Npy,
    Csv,
    Idx,
}

/// Format and bytes of a file, gzipped or not.
pub(super) fn format(path: &Path) -> Result<(Format, Vec<u8>), Error> {
    if let Some((file, array)) = npz::split(path) {
        let archive = files::read(&file, MAX_BYTES)?;
        let bytes = npz::member(&archive, &file, array.as_deref(), MAX_BYTES);
        let bytes = bytes.map_err(|error| Error::own_data(&file, error.into()))?;
        return Ok((Format::Npy, bytes));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let ends = |with: &str| name.strip_suffix(".gz").unwrap_or(&name).ends_with(with);
    let formats = [
        (".npy", Format::Npy),
        (".csv", Format::Csv),
        (".idx", Format::Idx),
        ("ubyte", Format::Idx),
    ];
    let format = formats.into_iter().find(|(end, _)| ends(end)).map(|(_, format)| format);
    let format = format.ok_or_else(|| Error::own_data(path, Problem::Name))?;
    Ok((format, files::read(path, MAX_BYTES)?))
}

fn npy_numbers(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f32>), npy::Problem> {
    match npy::parse::<f32>(bytes) {
        Ok(array) => Ok((array.shape, array.data)),
        // Another type: bytes, or an error that names f32.
        Err(problem @ npy::Problem::Type { .. }) => {
            let bytes = npy::parse::<u8>(bytes).map_err(|_| problem)?;
            Ok((bytes.shape, bytes.data.into_iter().map(npy::unit).collect()))
        }
        Err(problem) => Err(problem),
    }
}
