//! A machine in a file, with what its data are standardised by.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use halfwave_datasets::preprocess::Standardiser;
use safetensors::{Dtype, SafeTensors};

use super::data;
use crate::{
    Error, output,
    rbm::{ModelError, Rbm},
};

const MEAN: &str = "input_mean";
const DEVIATION: &str = "input_deviation";

/// A trained machine, and the standardiser of the data that it was trained on.
pub(super) struct Model {
    pub(super) rbm: Rbm,
    /// Fitted on the training data, applied to all data; none if they are taken as they are.
    pub(super) standardiser: Option<Standardiser>,
    path: PathBuf,
}

impl Model {
    pub(super) fn new(rbm: Rbm, standardiser: Option<Standardiser>, path: &Path) -> Self {
        Self { rbm, standardiser, path: path.into() }
    }

    /// The machine of a file.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        let io = |error| Error::ModelFile { path: path.into(), error };
        let metadata = fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(io(io::Error::other("expected a file")));
        }
        let bytes = fs::read(path).map_err(io)?;
        let failed = |error| Error::Model { path: path.into(), error };
        let rbm = Rbm::from_bytes(&bytes, 1).map_err(failed)?;
        let standardiser = standardiser(&bytes, rbm.visible_units()).map_err(failed)?;
        Ok(Self::new(rbm, standardiser, path))
    }

    /// Writes its file.
    pub(super) fn save(&self, force: bool) -> Result<(), Error> {
        let tensors =
            self.standardiser.as_ref().map(|s| [(MEAN, &s.mean[..]), (DEVIATION, &s.std)]);
        let bytes = self.rbm.to_bytes_with(tensors.as_ref().map_or(&[], |tensors| tensors));
        let bytes = bytes.map_err(|error| Error::Model { path: self.path.clone(), error })?;
        Ok(output::write_file(&self.path, force, |out| out.write_all(&bytes))?)
    }

    /// Data that fit the machine, standardised if its training data were: `[rows, visible]`.
    pub(super) fn data(&self, path: &Path) -> Result<Vec<f32>, Error> {
        let mut data = data::read(path)?;
        let visible = self.rbm.visible_units();
        if data.width != visible {
            return Err(Error::Shape {
                what: path.display().to_string(),
                expected: format!("rows of the machine's {visible} visible units"),
                found: format!("({}, {})", data.x.len() / data.width, data.width),
            });
        }
        if let Some(standardiser) = &self.standardiser {
            standardiser.apply(&mut data.x)?;
        }
        self.rbm.check(&data.x)?;
        Ok(data.x)
    }

    /// States of the visible units in the units of the data.
    pub(super) fn restore(&self, v: &mut [f32]) -> Result<(), Error> {
        Ok(self.standardiser.as_ref().map_or(Ok(()), |standardiser| standardiser.invert(v))?)
    }

    /// What ln of a density gains from standardised data to the data: -Σ ln deviation.
    pub(super) fn log_density_shift(&self) -> f64 {
        self.standardiser.as_ref().map_or(0.0, |s| -s.std.iter().map(|std| std.ln()).sum::<f64>())
    }
}

fn standardiser(bytes: &[u8], width: usize) -> Result<Option<Standardiser>, ModelError> {
    let format = |error: safetensors::SafeTensorError| ModelError::Format(error.to_string());
    let tensors = SafeTensors::deserialize(bytes).map_err(format)?;
    if !tensors.names().contains(&MEAN) {
        return Ok(None);
    }
    let read = |name: &'static str| {
        let tensor = tensors.tensor(name).map_err(format)?;
        if tensor.dtype() != Dtype::F64 || tensor.shape() != [width] {
            let expected = format!("F64 [{width}]");
            let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
            return Err(ModelError::Tensor { name, expected, found });
        }
        let (numbers, _) = tensor.data().as_chunks::<8>();
        Ok(numbers.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect::<Vec<f64>>())
    };
    let (mean, std) = (read(MEAN)?, read(DEVIATION)?);
    if !mean.iter().all(|x| x.is_finite()) || !std.iter().all(|x| x.is_normal() && *x > 0.0) {
        return Err(ModelError::Tensor {
            name: DEVIATION,
            expected: "finite means and deviations above 0".into(),
            found: "others".into(),
        });
    }
    Ok(Some(Standardiser { mean, std }))
}
