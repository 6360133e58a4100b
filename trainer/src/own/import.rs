//! Arrays of other programs in the place of those of a model.

use std::path::PathBuf;

use halfwave_datasets::{files, npy};

use super::{
    gather::MAX_BYTES,
    model::{self, Any},
    npz::{self, NpzError},
};
use crate::{
    Error, output,
    tensors::{ModelError, Numbers, Tensors},
};

/// What `halfwave import` does.
#[derive(Clone, Debug)]
pub struct ImportJob {
    /// A `.npz` file with an array for each tensor of the model, as [`export`](super::export) writes it.
    pub arrays: PathBuf,
    /// The model whose settings, names and shapes these are.
    pub like: PathBuf,
    /// The model to write.
    pub out: PathBuf,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// Writes a model with the settings of another one and the arrays of a `.npz` file. Returns their names.
///
/// # Errors
/// [`Error::OwnData`], [`Error::Shape`] and [`Error::Model`]: an array that is missing, one too many, of another type or shape, or whose
/// numbers the model may not have; files that cannot be read or written.
pub fn import(job: &ImportJob) -> Result<String, Error> {
    output::check_output(&job.out, job.force, [&job.arrays, &job.like])?;
    let like = model::bytes(&job.like)?;
    // That it is one of ours.
    drop(Any::of(&like, &job.like)?);
    let failed = |error| Error::Model { path: job.like.clone(), error };
    let tensors = Tensors::read(&like).map_err(failed)?;
    let archive = files::read(&job.arrays, MAX_BYTES)?;
    let wrong = |error: NpzError| Error::own_data(&job.arrays, error.into());

    let mut names = tensors.names();
    names.sort_unstable();
    let found = npz::names(&archive).map_err(wrong)?;
    if let Some(name) = found.iter().find(|name| !names.contains(&name.as_str())) {
        let expected = format!("`{}`", names.join("`, `"));
        return Err(wrong(NpzError::Unknown { name: name.clone(), expected }));
    }
    let mut arrays = Vec::new();
    for name in &names {
        let bytes = npz::member(&archive, &job.arrays, Some(name), MAX_BYTES).map_err(wrong)?;
        let shape = tensors.shape(name).map_err(failed)?;
        let at = |problem: npy::Problem| wrong(NpzError::Array { name: (*name).into(), problem });
        let (found, array) = if tensors.is_f64(name).map_err(failed)? {
            let array = npy::parse::<f64>(&bytes[..]).map_err(at)?;
            (array.shape, Array::F64(array.data))
        } else {
            let array = npy::parse::<f32>(&bytes[..]).map_err(at)?;
            (array.shape, Array::F32(array.data))
        };
        if found != shape {
            return Err(Error::Shape {
                what: format!("{}: array `{name}`", job.arrays.display()),
                expected: npy::shape_text(&shape),
                found: npy::shape_text(&found),
            });
        }
        arrays.push(((*name).to_owned(), shape, array));
    }
    let numbers = arrays.iter().map(|(name, shape, array)| {
        let numbers = match array {
            Array::F32(x) => Numbers::F32(x),
            Array::F64(x) => Numbers::F64(x),
        };
        (name.clone(), shape.clone(), numbers)
    });
    let bytes = tensors.with(&numbers.collect::<Vec<_>>()).map_err(failed)?;
    // That the numbers are such as the model may have.
    let of_arrays = |error: ModelError| Error::Model { path: job.arrays.clone(), error };
    drop(Any::parse(&bytes, &job.out).map_err(of_arrays)?);
    output::write_file(&job.out, job.force, |out| out.write_all(&bytes))?;
    Ok(names.join(", "))
}

/// Numbers of one of the two types that models have.
enum Array {
    F32(Vec<f32>),
    F64(Vec<f64>),
}
