//! Machines in files: safetensors with the tensors `weights [visible, hidden]`, `visible_bias` and `hidden_bias`,
//! f32, and the settings as JSON in the metadata. `sigma [visible]` is there where the machine has σ other than 1.
//!
//! A machine is read back for use, and can be trained further from its parameters; velocities, chains and
//! running means are not kept.

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{Rbm, RbmConfig};
use crate::TrainError;

/// Where the metadata have the settings.
const SETTINGS: &str = "halfwave.rbm";

/// Why bytes are no machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not safetensors, or broken.
    #[error("not a safetensors file: {0}")]
    Format(String),
    /// A file of another program.
    #[error("expected the settings of an RBM under `{SETTINGS}` in the metadata, found none")]
    NoSettings,
    /// Settings that this version does not know.
    #[error("settings: {0}")]
    Settings(String),
    /// A tensor that is not as it should be.
    #[error("tensor `{name}`: expected {expected}, found {found}")]
    Tensor {
        /// Its name.
        name: &'static str,
        /// Type and shape.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Settings or parameters that make no sense.
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl Rbm {
    /// The bytes of a file.
    ///
    /// ```
    /// use halfwave_kernels::units::Unit;
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Nrelu, 2);
    /// let rbm = Rbm::from_parameters(&config, &[1.0, 2.0], &[0.5], &[0.0, -1.0], 1)?;
    /// let again = Rbm::from_bytes(&rbm.to_bytes()?, 1)?;
    /// assert_eq!((again.weights(), again.config()), (rbm.weights(), rbm.config()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ModelError::Format`], which no machine of real size meets.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.to_bytes_with(&[])
    }

    /// The bytes of a file that holds more vectors.
    pub(crate) fn to_bytes_with(&self, more: &[(&str, &[f64])]) -> Result<Vec<u8>, ModelError> {
        let format = |error: &dyn std::fmt::Display| ModelError::Format(error.to_string());
        let (visible, hidden) = (self.visible_units(), self.hidden_units());
        let mut tensors = vec![
            ("weights", vec![visible, hidden], self.weights()),
            ("visible_bias", vec![visible], self.visible_bias()),
            ("hidden_bias", vec![hidden], self.hidden_bias()),
        ];
        tensors.extend(self.sigma().map(|sigma| ("sigma", vec![visible], sigma)));
        let tensors: Vec<_> = tensors
            .into_iter()
            .map(|(name, shape, data)| {
                let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
                (name, shape, bytes)
            })
            .collect();
        let mut views = Vec::new();
        for (name, shape, bytes) in &tensors {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            views.push((*name, view.map_err(|error| format(&error))?));
        }
        let more = more.iter().map(|&(name, data)| {
            (name, data.len(), data.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
        });
        let more: Vec<_> = more.collect();
        for (name, length, bytes) in &more {
            let view = TensorView::new(Dtype::F64, vec![*length], bytes);
            views.push((*name, view.map_err(|error| format(&error))?));
        }
        let settings = serde_json::to_string(self.config()).map_err(|error| format(&error))?;
        let metadata = HashMap::from([(SETTINGS.to_owned(), settings)]);
        safetensors::serialize(views, Some(metadata)).map_err(|error| format(&error))
    }

    /// The machine in the bytes of a file; `seed` is that of further training.
    ///
    /// # Errors
    /// [`ModelError`] for bytes that [`Rbm::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8], seed: u64) -> Result<Self, ModelError> {
        let format = |error: safetensors::SafeTensorError| ModelError::Format(error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let settings = metadata.metadata().as_ref().and_then(|all| all.get(SETTINGS));
        let settings = settings.ok_or(ModelError::NoSettings)?;
        let config: RbmConfig = serde_json::from_str(settings)
            .map_err(|error| ModelError::Settings(error.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(format)?;
        let read = |name: &'static str, shape: &[Option<usize>]| {
            let sizes: Vec<String> =
                shape.iter().map(|size| size.map_or("_".into(), |n| n.to_string())).collect();
            let wrong = |found: String| ModelError::Tensor {
                name,
                expected: format!("F32 [{}]", sizes.join(", ")),
                found,
            };
            let tensor = tensors.tensor(name).map_err(|error| wrong(error.to_string()))?;
            let found = tensor.shape();
            let fits = found.len() == shape.len()
                && found.iter().zip(shape).all(|(found, size)| size.is_none_or(|n| n == *found));
            if tensor.dtype() != Dtype::F32 || !fits {
                return Err(wrong(format!("{:?} {found:?}", tensor.dtype())));
            }
            let (numbers, _) = tensor.data().as_chunks::<4>();
            let numbers = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes));
            Ok(numbers.collect::<Vec<f32>>())
        };
        let visible_bias = read("visible_bias", &[None])?;
        let hidden = config.hidden_units;
        let weights = read("weights", &[Some(visible_bias.len()), Some(hidden)])?;
        let hidden_bias = read("hidden_bias", &[Some(hidden)])?;
        let rbm = Self::from_parameters(&config, &weights, &visible_bias, &hidden_bias, seed)?;
        if !tensors.names().contains(&"sigma") {
            return Ok(rbm);
        }
        Ok(rbm.with_sigma(&read("sigma", &[Some(visible_bias.len())])?)?)
    }
}

#[cfg(test)]
mod tests {
    use halfwave_kernels::units::Unit;

    use super::*;
    use crate::rbm::{NreluNoise, Visible};

    fn machine() -> Rbm {
        let config = RbmConfig {
            nrelu_noise: NreluNoise::One,
            max_norm: Some(3.0),
            ..RbmConfig::new(Visible::Gaussian, Unit::Nrelu, 2)
        };
        let weights = [1.0, -0.1, 1e-30, 3.5, f32::MIN_POSITIVE, 7.0];
        Rbm::from_parameters(&config, &weights, &[0.1, 0.2, 0.3], &[0.0, -1.0], 1).unwrap()
    }

    #[test]
    fn a_machine_comes_back_with_its_bits_and_settings() {
        let rbm = machine();
        let bytes = rbm.to_bytes().unwrap();
        assert_eq!(bytes, rbm.to_bytes().unwrap());
        let again = Rbm::from_bytes(&bytes, 1).unwrap();
        assert_eq!(again.config(), rbm.config());
        assert_eq!(again.weights(), rbm.weights());
        assert_eq!(again.visible_bias(), rbm.visible_bias());
        assert_eq!(again.hidden_bias(), rbm.hidden_bias());
    }

    /// Bit by bit, and so is what it gives; files from before σ have σ = 1.
    #[test]
    fn sigma_comes_back_and_is_1_where_there_is_none() {
        let config =
            RbmConfig { sigma_rate: 0.1, nrelu_noise: NreluNoise::Sigmoid, ..machine().config };
        let plain = Rbm::from_parameters(
            &config,
            machine().weights(),
            machine().visible_bias(),
            machine().hidden_bias(),
            1,
        );
        let rbm = plain.unwrap().with_sigma(&[0.1, 1.7, 33.3]).unwrap();
        let again = Rbm::from_bytes(&rbm.to_bytes().unwrap(), 1).unwrap();
        assert_eq!(again.sigma(), Some(&[0.1, 1.7, 33.3][..]));
        let (level, v) = (halfwave_kernels::Level::best(), [0.3, -1.0, 2.0]);
        assert_eq!(again.reconstruct(level, &v), rbm.reconstruct(level, &v));

        let bytes = machine().to_bytes().unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("\"sigma\""));
        assert_eq!(Rbm::from_bytes(&bytes, 1).unwrap().sigma(), None);
        // Settings of a machine that learns σ, without σ.
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let settings = serde_json::to_string(&config).unwrap();
        let metadata = HashMap::from([(SETTINGS.to_owned(), settings)]);
        let old = safetensors::serialize(tensors.tensors(), Some(metadata)).unwrap();
        assert_eq!(Rbm::from_bytes(&old, 1).unwrap().sigma(), Some(&[1.0; 3][..]));
    }

    #[test]
    fn a_broken_sigma_is_an_error() {
        let rbm = machine().with_sigma(&[1.0, 2.0, 3.0]).unwrap();
        let bytes = rbm.to_bytes().unwrap();
        let negative: Vec<u8> = bytes
            .windows(4)
            .position(|four| four == 3.0_f32.to_le_bytes())
            .map(|at| [&bytes[..at], &(-3.0_f32).to_le_bytes(), &bytes[at + 4..]].concat())
            .unwrap();
        let error = Rbm::from_bytes(&negative, 1).unwrap_err();
        assert!(matches!(error, ModelError::Train(TrainError::Setting { .. })), "{error}");
    }

    #[test]
    fn broken_files_are_errors() {
        let bytes = machine().to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(Rbm::from_bytes(&bytes[..length], 1).is_err(), "{length}");
        }
        for i in 0..bytes.len().min(400) {
            // No change of one byte of the header makes it panic.
            let mut changed = bytes.clone();
            changed[i] ^= 0x15;
            drop(Rbm::from_bytes(&changed, 1));
        }
        let view = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
        let other = safetensors::serialize([("weights", view)], None).unwrap();
        assert!(matches!(Rbm::from_bytes(&other, 1), Err(ModelError::NoSettings)));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let at = text.find("nrelu_noise").unwrap();
        let mut renamed = bytes;
        renamed[at] = b'x';
        assert!(matches!(Rbm::from_bytes(&renamed, 1), Err(ModelError::Settings(_))));
    }
}
