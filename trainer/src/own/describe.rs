//! `halfwave info MODEL`: what is in the file of a model.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};

use super::model::{self, Any};
use crate::{
    Error,
    npy::shape_text,
    tensors::{ModelError, Tensors},
};

/// Kind, settings, provenance and tensors of a model, for programs; `provenance` is null where a model has none.
///
/// # Errors
/// [`Error::ModelFile`] and [`Error::Model`] for a file that is none of a model.
pub fn describe_json(path: &Path) -> Result<Value, Error> {
    described(path, |tensors| {
        let mut shapes = serde_json::Map::new();
        for (name, kind, shape) in layout(tensors)? {
            shapes.insert(name, json!({ "type": kind, "shape": shape }));
        }
        let (kind, settings) = tensors.described()?;
        Ok(json!({
            "model": kind,
            "provenance": tensors.provenance()?,
            "settings": settings,
            "tensors": shapes,
        }))
    })
}

/// The same, lines for a terminal.
///
/// # Errors
/// As [`describe_json`].
pub fn describe(path: &Path) -> Result<String, Error> {
    described(path, |tensors| {
        let (kind, settings) = tensors.described()?;
        let mut text = format!("model        {kind}\n");
        match tensors.provenance()? {
            Some(provenance) => text += &provenance.to_string(),
            None => {
                text += "trained by   not known: not by `halfwave`, or its arrays were replaced\n"
            }
        }
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "settings     {settings}");
        for (name, kind, shape) in layout(tensors)? {
            let _ = writeln!(text, "tensor       {name} {kind} {}", shape_text(&shape));
        }
        Ok(text)
    })
}

fn described<T>(
    path: &Path,
    of: impl FnOnce(&Tensors<'_>) -> Result<T, ModelError>,
) -> Result<T, Error> {
    let bytes = model::bytes(path)?;
    // That all of it is as it should be.
    drop(Any::of(&bytes, path)?);
    let text = Tensors::read(&bytes).and_then(|tensors| of(&tensors));
    text.map_err(|error| Error::Model { path: path.into(), error })
}

/// Name, type and shape of a tensor.
type Form = (String, &'static str, Vec<usize>);

/// Those of all tensors, in alphabetical order.
fn layout(tensors: &Tensors<'_>) -> Result<Vec<Form>, ModelError> {
    let mut names = tensors.names();
    names.sort_unstable();
    let of = |name: &str| {
        let kind = if tensors.is_f64(name)? { "f64" } else { "f32" };
        Ok((name.to_owned(), kind, tensors.shape(name)?))
    };
    names.into_iter().map(of).collect()
}
