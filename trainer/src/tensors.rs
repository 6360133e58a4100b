//! Models in files: safetensors, with the settings as JSON under one key of the metadata.

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{TrainError, provenance::Provenance};

/// What a file holds: under which key its settings are, and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) key: &'static str,
    name: &'static str,
}

pub(crate) const RBM: Kind = Kind { key: "halfwave.rbm", name: "an RBM" };
pub(crate) const NETWORK: Kind = Kind { key: "halfwave.network", name: "a network" };
pub(crate) const CHECKPOINT: Kind = Kind { key: "halfwave.checkpoint", name: "a checkpoint" };

/// Why bytes are no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not safetensors, or broken.
    #[error("not a safetensors file: {0}")]
    Format(String),
    /// A file of another program, or another kind of model.
    #[error("expected {expected}, with settings under `{key}` in the metadata, found {found}")]
    Kind {
        /// What it should be, e.g. `an RBM`.
        expected: &'static str,
        /// Where its settings would be.
        key: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Settings that this version does not know.
    #[error("settings: {0}")]
    Settings(String),
    /// A tensor that is not as it should be.
    #[error("tensor `{name}`: expected {expected}, found {found}")]
    Tensor {
        /// Its name.
        name: String,
        /// Type and shape, or what its numbers are.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Settings or parameters that make no sense.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Numbers to write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numbers<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Numbers<'_> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::F32(x) => x.len(),
            Self::F64(x) => x.len(),
        }
    }

    pub(crate) fn bytes(self) -> (Dtype, Vec<u8>) {
        match self {
            Self::F32(x) => (Dtype::F32, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Self::F64(x) => (Dtype::F64, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
        }
    }
}

/// A tensor to write: name, shape, numbers.
pub(crate) type Tensor<'a> = (String, Vec<usize>, Numbers<'a>);

/// The settings of a model, and beside them where it comes from.
#[derive(Serialize)]
pub(crate) struct Settings<'a, S> {
    #[serde(flatten)]
    pub(crate) of_model: &'a S,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provenance: Option<&'a Provenance>,
}

/// Its key.
const PROVENANCE: &str = "provenance";

/// The bytes of a file: the same for the same model.
pub(crate) fn write(
    kind: Kind,
    settings: &impl Serialize,
    tensors: &[Tensor<'_>],
) -> Result<Vec<u8>, ModelError> {
    let settings = serde_json::to_string(settings);
    let settings = settings.map_err(|error| ModelError::Format(error.to_string()))?;
    // One key: the order of several would be another one each time.
    serialize(tensors, Some(HashMap::from([(kind.key.to_owned(), settings)])))
}

fn serialize(
    tensors: &[Tensor<'_>],
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, ModelError> {
    let format = |error: &dyn ToString| ModelError::Format(error.to_string());
    let tensors: Vec<_> =
        tensors.iter().map(|(name, shape, numbers)| (name, shape, numbers.bytes())).collect();
    let mut views = Vec::new();
    for (name, shape, (dtype, bytes)) in &tensors {
        let view = TensorView::new(*dtype, (*shape).clone(), bytes);
        views.push((*name, view.map_err(|error| format(&error))?));
    }
    safetensors::serialize(views, metadata).map_err(|error| format(&error))
}

/// The tensors of a file.
pub(crate) struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    metadata: Option<HashMap<String, String>>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ModelError> {
        let format = |error: safetensors::SafeTensorError| ModelError::Format(error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(format)?;
        Ok(Self { tensors, metadata: metadata.metadata().clone() })
    }

    fn text(&self, kind: Kind) -> Option<&String> {
        self.metadata.as_ref()?.get(kind.key)
    }

    /// What the file holds, if it is one of this program's.
    pub(crate) fn kind(&self) -> Option<Kind> {
        [RBM, NETWORK, CHECKPOINT].into_iter().find(|&kind| self.text(kind).is_some())
    }

    /// The settings of a model of this kind.
    pub(crate) fn settings<T: DeserializeOwned>(&self, kind: Kind) -> Result<T, ModelError> {
        let text = self.text(kind).ok_or_else(|| {
            let found = self.kind().map_or("no model of this program", |kind| kind.name);
            ModelError::Kind { expected: kind.name, key: kind.key, found }
        })?;
        let (settings, _) = parted(text)?;
        serde_json::from_value(settings).map_err(settings_error)
    }

    /// What the file holds, and its settings as they are.
    pub(crate) fn described(&self) -> Result<(&'static str, Value), ModelError> {
        let kind = self.kind().unwrap_or(RBM);
        Ok((kind.name, self.settings(kind)?))
    }

    /// Where the model comes from, if the file says it.
    pub(crate) fn provenance(&self) -> Result<Option<Provenance>, ModelError> {
        let text = self.kind().and_then(|kind| self.text(kind));
        let provenance = text.map(|text| parted(text)).transpose()?.and_then(|(_, of)| of);
        provenance.map(serde_json::from_value).transpose().map_err(settings_error)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.tensors.names()
    }

    /// Numbers of all `f32` tensors.
    pub(crate) fn numbers(&self) -> u64 {
        let of = self.tensors.iter().filter(|(_, tensor)| tensor.dtype() == Dtype::F32);
        of.map(|(_, tensor)| (tensor.data().len() / 4) as u64).sum()
    }

    pub(crate) fn shape(&self, name: &str) -> Result<Vec<usize>, ModelError> {
        let tensor = self.tensors.tensor(name);
        let tensor = tensor.map_err(|error| ModelError::Format(error.to_string()))?;
        Ok(tensor.shape().to_vec())
    }

    /// Whether a tensor is of `f64`; all others are of `f32`.
    pub(crate) fn is_f64(&self, name: &str) -> Result<bool, ModelError> {
        let tensor = self.tensors.tensor(name);
        let tensor = tensor.map_err(|error| ModelError::Format(error.to_string()))?;
        Ok(tensor.dtype() == Dtype::F64)
    }

    /// The bytes of a file with the same settings and these tensors, which were not trained: without provenance.
    pub(crate) fn with(&self, tensors: &[Tensor<'_>]) -> Result<Vec<u8>, ModelError> {
        let kind = self.kind().unwrap_or(RBM);
        write(kind, &self.settings::<Value>(kind)?, tensors)
    }

    /// That all tensors are those of the model alone.
    pub(crate) fn only(&self, of_model: impl Fn(&str) -> bool) -> Result<(), ModelError> {
        match self.names().into_iter().filter(|name| !of_model(name)).min() {
            Some(name) => {
                let expected = "a model without preprocessing (`halfwave_trainer::own` applies it)";
                Err(ModelError::wrong(name, expected, "a tensor of this name"))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().contains(&name)
    }

    /// Bytes of the numbers of a tensor of this shape, in which `None` is any size.
    fn bytes(
        &self,
        name: &str,
        dtype: Dtype,
        shape: &[Option<usize>],
    ) -> Result<&'a [u8], ModelError> {
        let sizes: Vec<String> =
            shape.iter().map(|size| size.map_or("_".into(), |n| n.to_string())).collect();
        let wrong = |found: String| ModelError::Tensor {
            name: name.into(),
            expected: format!("{dtype:?} [{}]", sizes.join(", ")),
            found,
        };
        let tensor = self.tensors.tensor(name).map_err(|error| wrong(error.to_string()))?;
        let found = tensor.shape();
        let fits = found.len() == shape.len()
            && found.iter().zip(shape).all(|(found, size)| size.is_none_or(|n| n == *found));
        if tensor.dtype() != dtype || !fits {
            return Err(wrong(format!("{:?} {found:?}", tensor.dtype())));
        }
        Ok(tensor.data())
    }

    pub(crate) fn f32(&self, name: &str, shape: &[Option<usize>]) -> Result<Vec<f32>, ModelError> {
        let (numbers, _) = self.bytes(name, Dtype::F32, shape)?.as_chunks::<4>();
        Ok(numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    /// Any numbers.
    pub(crate) fn raw_f64(
        &self,
        name: &str,
        shape: &[Option<usize>],
    ) -> Result<Vec<f64>, ModelError> {
        let (numbers, _) = self.bytes(name, Dtype::F64, shape)?.as_chunks::<8>();
        Ok(numbers.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
    }

    /// Finite numbers.
    pub(crate) fn f64(&self, name: &str, shape: &[Option<usize>]) -> Result<Vec<f64>, ModelError> {
        let numbers = self.raw_f64(name, shape)?;
        match numbers.iter().find(|x| !x.is_finite()) {
            Some(x) => Err(ModelError::wrong(name, "finite numbers", x)),
            None => Ok(numbers),
        }
    }
}

/// The settings of a model, and its provenance.
fn parted(text: &str) -> Result<(Value, Option<Value>), ModelError> {
    let mut settings: Value = serde_json::from_str(text).map_err(settings_error)?;
    let provenance = settings.as_object_mut().and_then(|all| all.remove(PROVENANCE));
    Ok((settings, provenance))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn settings_error(error: serde_json::Error) -> ModelError {
    ModelError::Settings(error.to_string())
}

impl ModelError {
    /// Of a tensor that has the right shape.
    pub(crate) fn wrong(name: &str, expected: &str, found: impl ToString) -> Self {
        Self::Tensor { name: name.into(), expected: expected.into(), found: found.to_string() }
    }
}
