//! Models in files, with what is done to their data.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    data,
    gather::Matrix,
    preprocessing::Preprocessing,
    source::{Part, Place, Source},
};
use crate::{
    Error,
    network::Network,
    output,
    provenance::Provenance,
    rbm::{ModelError, Rbm},
    tensors::{NETWORK, Tensors},
};

/// A trained model, with what its data pass before.
pub(super) struct Model<M> {
    pub(super) of: M,
    /// Fitted on the training rows, applied to all data.
    pub(super) preprocessing: Preprocessing,
    path: PathBuf,
}

/// A network, and the names of its classes.
pub(super) struct Classifier {
    pub(super) network: Network,
    pub(super) classes: Vec<String>,
}

/// What a file can hold.
pub(super) enum Any {
    Rbm(Box<Model<Rbm>>),
    Classifier(Box<Model<Classifier>>),
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let io = |error| Error::ModelFile { path: path.into(), error };
    let metadata = fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(io(io::Error::other("expected a file")));
    }
    fs::read(path).map_err(io)
}

impl Any {
    /// The model of a file.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        Self::of(&bytes(path)?, path)
    }

    /// The model of the bytes of a file.
    pub(super) fn of(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        Self::parse(bytes, path).map_err(|error| Error::Model { path: path.into(), error })
    }

    /// The same with what is wrong, wherever that comes from.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        let tensors = Tensors::read(bytes)?;
        match tensors.kind() {
            Some(NETWORK) => {
                Model::<Classifier>::read(&tensors, path).map(Box::new).map(Self::Classifier)
            }
            _ => Model::<Rbm>::read(&tensors, path).map(Box::new).map(Self::Rbm),
        }
    }
}

const VISIBLE: &str = "visible units of the machine";

impl<M> Model<M> {
    pub(super) fn new(of: M, preprocessing: Preprocessing, path: &Path) -> Self {
        Self { of, preprocessing, path: path.into() }
    }

    fn write(&self, bytes: Result<Vec<u8>, ModelError>, force: bool) -> Result<(), Error> {
        let bytes = bytes.map_err(|error| Error::Model { path: self.path.clone(), error })?;
        Ok(output::write_file(&self.path, force, |out| out.write_all(&bytes))?)
    }

    /// Data that fit a model of `inputs` numbers, as it takes them.
    fn prepared(
        &self,
        path: &Path,
        data: Source,
        inputs: usize,
        what: &str,
    ) -> Result<Part, Error> {
        let width = self.preprocessing.inputs(inputs);
        if data.width() != width {
            return Err(Error::Shape {
                what: path.display().to_string(),
                expected: format!("rows of the {width} {what}"),
                found: format!("({}, {})", data.rows(), data.width()),
            });
        }
        let mut part = data.all();
        part.prepare(&self.preprocessing)?;
        Ok(part)
    }

    /// Where its data may be: principal components need all rows in memory.
    pub(super) fn place(&self) -> Place {
        if self.preprocessing.pca.is_some() { Place::Any } else { Place::AsItIs }
    }
}

impl Model<Rbm> {
    fn read(tensors: &Tensors<'_>, path: &Path) -> Result<Self, ModelError> {
        let rbm = Rbm::from_tensors(tensors, 1)?;
        let preprocessing = Preprocessing::read(tensors, rbm.visible_units())?;
        Ok(Self::new(rbm, preprocessing, path))
    }

    /// The machine of a file.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Model { path: path.into(), error };
        let bytes = bytes(path)?;
        Tensors::read(&bytes).and_then(|tensors| Self::read(&tensors, path)).map_err(failed)
    }

    /// Writes its file, which says where it comes from.
    pub(super) fn save(&self, from: &Provenance, force: bool) -> Result<(), Error> {
        self.write(self.of.to_bytes_with(&self.preprocessing.tensors(), Some(from)), force)
    }

    /// Data that fit the machine, standardised if its training data were: `[rows, visible]`.
    pub(super) fn data(&self, path: &Path) -> Result<Vec<f32>, Error> {
        self.fitting(path, data::read(path)?)
    }

    /// The same, and as the file has them.
    pub(super) fn data_as_read(&self, path: &Path) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let matrix = data::read(path)?;
        let as_read = matrix.x.clone();
        Ok((self.fitting(path, matrix)?, as_read))
    }

    fn fitting(&self, path: &Path, matrix: Matrix) -> Result<Vec<f32>, Error> {
        let part = self.prepared(path, Source::Memory(matrix), self.of.visible_units(), VISIBLE)?;
        part.check_by(path, |rows| self.of.check(rows))?;
        Ok(part.into_values().unwrap_or_default())
    }

    /// The same, but that a `.npy` file stays on disk.
    pub(super) fn part(&self, path: &Path) -> Result<Part, Error> {
        let source = Source::open(path, self.place())?;
        let part = self.prepared(path, source, self.of.visible_units(), VISIBLE)?;
        part.check_by(path, |rows| self.of.check(rows))?;
        Ok(part)
    }

    /// States of the visible units in the units of the data.
    pub(super) fn restore(&self, v: &mut [f32]) -> Result<(), Error> {
        let standardiser = self.preprocessing.standardiser.as_ref();
        Ok(standardiser.map_or(Ok(()), |standardiser| standardiser.invert(v))?)
    }

    /// What ln of a density gains from standardised data to the data: -Σ ln deviation.
    pub(super) fn log_density_shift(&self) -> f64 {
        let standardiser = self.preprocessing.standardiser.as_ref();
        standardiser.map_or(0.0, |s| -s.std.iter().map(|std| std.ln()).sum::<f64>())
    }
}

impl Model<Classifier> {
    fn read(tensors: &Tensors<'_>, path: &Path) -> Result<Self, ModelError> {
        let (network, names) = Network::from_tensors(tensors, 1)?;
        let preprocessing = Preprocessing::read(tensors, network.inputs())?;
        let numbers = || (0..network.classes()).map(|class| class.to_string()).collect();
        let classes = if names.is_empty() { numbers() } else { names };
        Ok(Self::new(Classifier { network, classes }, preprocessing, path))
    }

    /// The network of a file.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Model { path: path.into(), error };
        let bytes = bytes(path)?;
        Tensors::read(&bytes).and_then(|tensors| Self::read(&tensors, path)).map_err(failed)
    }

    /// Writes its file, which says where it comes from.
    pub(super) fn save(&self, from: &Provenance, force: bool) -> Result<(), Error> {
        let Classifier { network, classes } = &self.of;
        let bytes = network.to_bytes_with(classes, &self.preprocessing.tensors(), Some(from));
        self.write(bytes, force)
    }

    /// Rows of a file, which fit the network, as it takes them: `[rows, inputs]`.
    pub(super) fn part(&self, path: &Path, source: Source) -> Result<Part, Error> {
        let what = "features that the network was trained on";
        let part = self.prepared(path, source, self.of.network.inputs(), what)?;
        part.check(path)?;
        Ok(part)
    }
}
