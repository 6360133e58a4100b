//! What a model of one's own data comes from.

use std::path::Path;

use halfwave_datasets::files;
use halfwave_kernels::Level;

use super::npz;
use crate::{
    Error,
    provenance::{Input, Provenance},
};

/// Of a training that begins with these files, each with what it is.
pub(super) fn of_files(
    level: Level,
    seed: u64,
    inputs: &[(&str, &Path)],
) -> Result<Provenance, Error> {
    let files = inputs.iter().map(|(role, path)| input(role, path));
    let files = files.collect::<Result<_, _>>()?;
    Ok(Provenance { seed: Some(seed), files, ..Provenance::here(level) })
}

fn input(role: &str, path: &Path) -> Result<Input, Error> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let file = npz::split(path).map_or_else(|| path.into(), |(file, _)| file);
    let sha256 = (!file.is_dir()).then(|| files::packed_digest(&file, usize::MAX));
    Ok(Input { role: role.into(), name, sha256: sha256.transpose()? })
}
