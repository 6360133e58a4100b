//! `--metrics FILE`: the metrics of each epoch of a training, while it goes on.

use std::path::{Path, PathBuf};

use super::Keeping;
use crate::{
    Error,
    observe::{MetricsFile, Observer, Silent},
    output::{self, OutputError},
};

/// That metrics can be written there: over what the training that goes on had written, too, for its epochs are told again.
pub(super) fn check<'a>(
    path: Option<&Path>,
    force: bool,
    keeping: Keeping,
    others: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Error> {
    let check = |path| output::check_output(path, force || keeping.resume, others);
    Ok(path.map_or(Ok(()), check)?)
}

/// Who writes the metrics, if they are wanted.
pub(super) enum Curves<'a> {
    None(Silent),
    File(&'a Path, MetricsFile),
}

impl<'a> Curves<'a> {
    pub(super) fn create(path: Option<&'a Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::None(Silent)) };
        let file = MetricsFile::at(path).map_err(OutputError::io(path, "create it"))?;
        Ok(Self::File(path, file))
    }

    pub(super) fn observer(&mut self) -> &mut (dyn Observer + Send) {
        match self {
            Self::None(silent) => silent,
            Self::File(_, file) => file,
        }
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        match self {
            Self::None(_) => Ok(()),
            Self::File(path, file) => {
                Ok(file.finish().map_err(OutputError::io(path, "write it"))?)
            }
        }
    }
}
