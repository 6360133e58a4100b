//! Models for other programs.

use std::path::PathBuf;

use super::{
    model::{self, Any, Classifier, Model},
    npz, onnx,
};
use crate::{Error, output, tensors::Tensors};

/// What `halfwave export` does.
#[derive(Clone, Debug)]
pub struct ExportJob {
    /// The model.
    pub model: PathBuf,
    /// A `.onnx` or `.npz` file.
    pub out: PathBuf,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// Writes a network as ONNX, with what is done to data first, or all tensors of a model as `.npz`; the name of the file
/// says which. Returns what the file holds.
///
/// # Errors
/// [`OutputError::Ending`](crate::output::OutputError) for another name; [`Error::Usage`] for an RBM as ONNX; [`Error::Onnx`] for a layer that has no form there; files
/// that cannot be read or written.
pub fn export(job: &ExportJob) -> Result<String, Error> {
    output::check_output(&job.out, job.force, [&job.model])?;
    let ending = output::ending(&job.out, &[".onnx", ".npz"])?;
    let failed = |error| Error::Model { path: job.model.clone(), error };
    let (bytes, what) = if ending == ".onnx" {
        let Any::Classifier(model) = Any::load(&job.model)? else {
            let text = format!(
                "{}: ONNX has no RBM; export it as .npz, or `halfwave features` its data",
                job.model.display()
            );
            return Err(Error::Usage(text));
        };
        let Model { of: Classifier { network, classes }, preprocessing, .. } = *model;
        let bytes = onnx::bytes(&network, &preprocessing, &classes);
        let bytes = bytes.map_err(|error| Error::Onnx { path: job.model.clone(), error })?;
        let inputs = preprocessing.inputs(network.inputs());
        (bytes, format!("ONNX, x [rows, {inputs}] to outputs [rows, {}]", network.classes()))
    } else {
        let bytes = model::bytes(&job.model)?;
        // That it is one of ours.
        drop(Any::of(&bytes, &job.model)?);
        let tensors = Tensors::read(&bytes).map_err(failed)?;
        let mut names: Vec<&str> = tensors.names();
        names.sort_unstable();
        (npz::of_tensors(&tensors).map_err(failed)?, names.join(", "))
    };
    output::write_file(&job.out, job.force, |out| out.write_all(&bytes))?;
    Ok(what)
}
