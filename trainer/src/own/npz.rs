//! NumPy's `.npz`: a ZIP archive of `.npy` files. One array of it is data; all tensors of a model become one.

use std::{
    io::{self, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

use halfwave_datasets::npy::{self, Array};
use zip::{ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::tensors::{ModelError, Tensors};

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpzError {
    /// Not an archive, or broken.
    #[error("not a .npz file: {0}")]
    Format(String),
    /// Several arrays, of which none was named.
    #[error("holds the arrays {names}: say which, for example {file}:{first}")]
    Several {
        /// All of them.
        names: String,
        /// The name of the file.
        file: String,
        /// One of them.
        first: String,
    },
    /// No array of this name.
    #[error("holds no array `{name}`, but {names}")]
    Missing {
        /// The name.
        name: String,
        /// Those that there are.
        names: String,
    },
    /// An array that the model does not have.
    #[error("holds an array `{name}`, expected {expected}")]
    Unknown {
        /// The name.
        name: String,
        /// Those of the model.
        expected: String,
    },
    /// An array of another type, or broken.
    #[error("array `{name}`: {problem}")]
    Array {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: npy::Problem,
    },
    /// An array that is longer than any data may be.
    #[error("array `{name}`: expected at most {most} bytes")]
    TooLarge {
        /// Its name.
        name: String,
        /// The limit.
        most: usize,
    },
}

/// The file and the array that `FILE.npz:ARRAY` names; the array may be left out.
pub(super) fn split(path: &Path) -> Option<(PathBuf, Option<String>)> {
    let name = path.file_name()?.to_str()?;
    match name.rsplit_once(':') {
        Some((file, array)) if file.ends_with(".npz") => {
            Some((path.with_file_name(file), Some(array.into())))
        }
        _ if name.ends_with(".npz") => Some((path.into(), None)),
        _ => None,
    }
}

/// Names of all arrays in an archive.
pub(super) fn names(archive: &[u8]) -> Result<Vec<String>, NpzError> {
    let archive = ZipArchive::new(Cursor::new(archive)).map_err(format)?;
    Ok(arrays(&archive))
}

fn arrays<R: Read + Seek>(archive: &ZipArchive<R>) -> Vec<String> {
    // A name that is no text is none of an array.
    let array_of = |name: &str| name.strip_suffix(".npy").map(String::from);
    archive.file_names().filter_map(|name| array_of(&name.ok()?)).collect()
}

fn format(error: ZipError) -> NpzError {
    NpzError::Format(error.to_string())
}

/// The `.npy` file of an array in an archive, of at most so many bytes.
pub(super) fn member(
    archive: &[u8],
    file: &Path,
    array: Option<&str>,
    most: usize,
) -> Result<Vec<u8>, NpzError> {
    with_member(Cursor::new(archive), file, array, |name, member| {
        // What the archive says of its length is not believed.
        let mut bytes = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let read = member.take(limit).read_to_end(&mut bytes);
        read.map_err(|error| NpzError::Format(error.to_string()))?;
        if bytes.len() > most {
            return Err(NpzError::TooLarge { name: name.into(), most });
        }
        Ok(bytes)
    })?
}

/// What is read from the `.npy` file of an array in an archive, the only one if none is named, given its name.
pub(super) fn with_member<T>(
    archive: impl Read + Seek,
    file: &Path,
    array: Option<&str>,
    read: impl FnOnce(&str, &mut dyn Read) -> T,
) -> Result<T, NpzError> {
    let mut archive = ZipArchive::new(archive).map_err(format)?;
    let names = arrays(&archive);
    let list = || format!("`{}`", names.join("`, `"));
    let name = match (array, &names[..]) {
        (Some(name), _) if names.iter().any(|known| known == name) => name,
        (Some(name), _) => {
            return Err(NpzError::Missing { name: name.into(), names: list() });
        }
        (None, [only]) => only,
        (None, []) => return Err(NpzError::Format("it holds no array".into())),
        (None, [first, ..]) => {
            let file = file.display().to_string();
            return Err(NpzError::Several { names: list(), file, first: first.clone() });
        }
    };
    let mut member = archive.by_name(&format!("{name}.npy")).map_err(format)?;
    Ok(read(name, &mut member))
}

/// What `fuzz/targets/npz.rs` looks at: the `.npy` files of all arrays in an archive, of at most so many bytes each.
///
/// # Errors
/// [`NpzError::Format`] if it is no archive; that of each array that cannot be had.
pub fn members(archive: &[u8], most: usize) -> Result<Vec<Result<Vec<u8>, NpzError>>, NpzError> {
    let file = Path::new("fuzz.npz");
    let of = |name: String| member(archive, file, Some(&name), most);
    Ok(names(archive)?.into_iter().map(of).collect())
}

/// The bytes of an archive of all tensors, as `np.load` reads it.
pub(super) fn of_tensors(tensors: &Tensors<'_>) -> Result<Vec<u8>, ModelError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut names = tensors.names();
    names.sort_unstable();
    for name in names {
        let added = add(&mut archive, tensors, name)?;
        added.map_err(|error| ModelError::Format(error.to_string()))?;
    }
    let done = archive.finish().map_err(|error| ModelError::Format(error.to_string()))?;
    Ok(done.into_inner())
}

fn add<W: Write + Seek>(
    archive: &mut ZipWriter<W>,
    tensors: &Tensors<'_>,
    name: &str,
) -> Result<io::Result<()>, ModelError> {
    let shape = tensors.shape(name)?;
    let sizes: Vec<Option<usize>> = shape.iter().map(|&size| Some(size)).collect();
    // A day that is no day: the same model has the same bytes.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    if let Err(error) = archive.start_file(format!("{name}.npy"), options) {
        return Ok(Err(error.into()));
    }
    Ok(match tensors.f32(name, &sizes) {
        Ok(data) => npy::write(&Array { shape, data }, archive),
        Err(_) => npy::write(&Array { data: tensors.f64(name, &sizes)?, shape }, archive),
    })
}
