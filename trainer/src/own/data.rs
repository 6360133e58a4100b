//! Rows of numbers from a file: `.npy`, `.npz`, `.csv`, `.tsv` or IDX, gzipped or not.

use std::{
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use halfwave_datasets::{
    csv::{self, Column, CsvError, Layout, Separator},
    files,
    idx::{self, IdxError},
    npy::{self, NpyError, Part},
};

use super::{
    gather::{Gather, MAX_BYTES, Matrix, Room},
    images,
    npz::{self, NpzError},
    source::Source,
};
use crate::{Error, TrainError};

/// Why a file is no data.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}{problem}", path.display(), line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct DataError {
    /// The file.
    pub path: PathBuf,
    /// The line of the row that is to blame, from 1, where it is one of a table and known.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The name says no format.
    #[error(
        "expected a name that ends in .npy, .npz, .csv, .tsv, .idx or ubyte, and .gz after it if it is gzipped"
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
    #[error("label {label} in row {row} (from 0): expected a whole number")]
    NotWhole {
        /// Where.
        row: usize,
        /// The label.
        label: String,
    },
    /// A label that the model has never seen.
    #[error("label {label} in row {row} (from 0): the classes are {classes}")]
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
    /// Numbers that the model does not take.
    #[error(transparent)]
    Rows(TrainError),
    /// A network in TOML that is none.
    #[error("{0}")]
    Network(String),
    /// The file could not be read.
    #[error("cannot read it: {0}")]
    Read(#[from] io::Error),
    /// `.npy` that is none.
    #[error(transparent)]
    Npy(#[from] npy::Problem),
    /// Rows that do not fit where they are needed.
    #[error("expected at most {0} numbers, or as many as there is memory for, found more")]
    TooLarge(usize),
    /// Rows that are too many for memory, and no place for them elsewhere.
    #[error("no room for its rows in the temporary folder {}: {error}; TMPDIR names another one", folder.display())]
    NoRoom {
        /// Where they should be.
        folder: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// No row, or rows of nothing.
    #[error("expected at least one row of at least one number, found the shape {0}")]
    Empty(String),
}

/// Reads a file, gzipped or not; its name, without `.gz`, says the format.
///
/// * `.npy`: f32, or bytes, which are divided by 255; the first dimension is that of the rows.
/// * `.npz`: the same, the only array in it; `FILE.npz:NAME` is one of several.
/// * a folder: of images, or of a folder of images for each class; bytes divided by 255, channels last.
/// * `.csv`: a row a line, numbers with commas, semicolons or tabs between; a first line that holds no number is a header.
/// * `.tsv`: the same with tabs.
/// * `.idx`, `…ubyte`: bytes, divided by 255; the first dimension is that of the rows.
///
/// # Errors
/// [`Error::OwnData`], [`Error::Npy`] or [`Error::Data`]: what is wrong, and where.
pub fn read(path: &Path) -> Result<Matrix, Error> {
    if !path.is_dir() {
        let (file, _) = npz::split(path).unwrap_or_else(|| (path.into(), None));
        files::check_length(&file, MAX_BYTES)?;
    }
    match rows(path, Gather::new(Room::Memory), None)?.0 {
        Source::Memory(matrix) => Ok(matrix),
        Source::Stored(_) => unreachable!("there was room in memory only"),
    }
}

/// The same, in the room that `gather` has for them, and what stands in a column of labels, where there is one: in `.csv` and
/// `.tsv` only.
pub(super) fn rows(
    path: &Path,
    mut gather: Gather,
    labels: Option<&Column>,
) -> Result<(Source, Vec<String>), Error> {
    let (shape, labels) = match labels {
        Some(column) => labelled_parts(path, &mut gather, column)?,
        None if path.is_dir() => {
            (images::for_each(path, |bytes| gather.push(Part::Bytes(bytes)))?, Vec::new())
        }
        None => (parts(path, &mut gather)?, Vec::new()),
    };
    if gather.count() == 0 || shape.is_empty() {
        return Err(Error::own_data(path, Problem::Empty(npy::shape_text(&shape))));
    }
    let width = shape.iter().skip(1).product();
    let source = gather.finish(path, width);
    Ok((source.map_err(|problem| Error::own_data(path, problem))?, labels))
}

/// What the name of a file says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Npy,
    /// With this between fields, or what the first line has there.
    Csv(Option<Separator>),
    Idx,
}

/// Format and bytes of a file, gzipped or not, or of an array of an archive.
pub(super) fn bytes(path: &Path) -> Result<(Format, Vec<u8>), Error> {
    if let Some((file, array)) = npz::split(path) {
        let archive = files::read(&file, MAX_BYTES)?;
        let bytes = npz::member(&archive, &file, array.as_deref(), MAX_BYTES);
        let bytes = bytes.map_err(|error| Error::own_data(&file, error.into()))?;
        return Ok((Format::Npy, bytes));
    }
    Ok((format(path)?, files::read(path, MAX_BYTES)?))
}

/// Gathers the rows of a file, gzipped or not, or of an array of an archive, as they are read; returns their shape.
fn parts(path: &Path, gather: &mut Gather) -> Result<Vec<usize>, Error> {
    if let Some((file, array)) = npz::split(path) {
        let archive = BufReader::new(files::open(&file)?);
        let shape = npz::with_member(archive, &file, array.as_deref(), |_, member| {
            npy::for_each_part(member, |part| gather.push(part))
        });
        return shape
            .map_err(|error| Error::own_data(&file, error.into()))?
            .map_err(|problem| failed(path, problem));
    }
    let (format, file) = (format(path)?, files::stream(path)?);
    let shape = match format {
        Format::Npy => npy::for_each_part(file, |part| gather.push(part)),
        Format::Csv(separator) => {
            csv_parts(file, gather, &Layout { separator, labels: None }).map(|(shape, _)| shape)
        }
        Format::Idx => idx::for_each_part(file, |bytes| gather.push(Part::Bytes(bytes))),
    };
    shape.map_err(|problem| failed(path, problem))
}

/// The same of a table with a column of labels; returns them too.
fn labelled_parts(
    path: &Path,
    gather: &mut Gather,
    column: &Column,
) -> Result<(Vec<usize>, Vec<String>), Error> {
    if path.is_dir() || npz::split(path).is_some() {
        return Err(no_table(path));
    }
    let Format::Csv(separator) = format(path)? else { return Err(no_table(path)) };
    let layout = Layout { separator, labels: Some(column.clone()) };
    csv_parts(files::stream(path)?, gather, &layout).map_err(|problem| failed(path, problem))
}

fn no_table(path: &Path) -> Error {
    let text = "--label-column is for .csv and .tsv: say --labels FILE";
    Error::Usage(format!("{}: {text}", path.display()))
}

fn csv_parts(
    file: impl io::Read,
    gather: &mut Gather,
    layout: &Layout,
) -> Result<(Vec<usize>, Vec<String>), Problem> {
    let mut labels = Vec::new();
    let width = csv::for_each_part(file, layout, |rows| {
        labels.append(&mut rows.labels);
        gather.push(Part::Values(&rows.x))
    })?;
    Ok((vec![gather.count() / width.max(1), width], labels))
}

/// What the name says.
fn format(path: &Path) -> Result<Format, Error> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let ends = |with: &str| name.strip_suffix(".gz").unwrap_or(&name).ends_with(with);
    let formats = [
        (".npy", Format::Npy),
        (".csv", Format::Csv(None)),
        (".tsv", Format::Csv(Some(Separator::Tab))),
        (".idx", Format::Idx),
        ("ubyte", Format::Idx),
    ];
    let format = formats.into_iter().find(|(end, _)| ends(end)).map(|(_, format)| format);
    format.ok_or_else(|| Error::own_data(path, Problem::Name))
}

/// What is wrong with one of the `rows` of a file, or with all of them.
pub(super) fn wrong(path: &Path, rows: usize, problem: Problem) -> Error {
    let row = match &problem {
        Problem::Rows(error) => error.row(),
        Problem::UnknownLabel { row, .. } => Some(*row),
        _ => None,
    };
    let line = row.and_then(|row| line(path, [row, rows]));
    Error::OwnData(Box::new(DataError { path: path.into(), line, problem }))
}

/// The line of a row of a table, which is read once more to find it.
fn line(path: &Path, place: [usize; 2]) -> Option<usize> {
    /// Longest table that is read only to say a line.
    const MAX_BYTES: usize = 1 << 28;
    let Format::Csv(separator) = format(path).ok()? else { return None };
    csv::line_of_row(&files::read(path, MAX_BYTES).ok()?, separator, place)
}

fn failed(path: &Path, problem: Problem) -> Error {
    match problem {
        Problem::Read(error) | Problem::Npy(npy::Problem::Io { error, .. }) => {
            files::unreadable(path, error).into()
        }
        Problem::Npy(problem) => NpyError { path: path.into(), problem }.into(),
        problem => Error::own_data(path, problem),
    }
}
