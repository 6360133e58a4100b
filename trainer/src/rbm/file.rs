//! Machines in files: safetensors with the tensors `weights [visible, hidden]`, `visible_bias` and `hidden_bias`,
//! f32, and the settings as JSON in the metadata. `sigma [visible]` is there where the machine has σ other than 1.
//!
//! A machine is read back for use, and can be trained further from its parameters; velocities, chains and
//! running means are not kept.

use super::{Rbm, RbmConfig};
use crate::{
    provenance::Provenance,
    tensors::{self, ModelError, Numbers, Settings, Tensor, Tensors},
};

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
        self.to_bytes_with(&[], None)
    }

    /// The bytes of a file that holds more tensors, and where the machine comes from.
    pub(crate) fn to_bytes_with(
        &self,
        more: &[Tensor<'_>],
        provenance: Option<&Provenance>,
    ) -> Result<Vec<u8>, ModelError> {
        let (visible, hidden) = (self.visible_units(), self.hidden_units());
        let tensor = |name: &str, shape: &[usize], numbers| {
            (name.to_owned(), shape.to_vec(), Numbers::F32(numbers))
        };
        let mut tensors = vec![
            tensor("weights", &[visible, hidden], self.weights()),
            tensor("visible_bias", &[visible], self.visible_bias()),
            tensor("hidden_bias", &[hidden], self.hidden_bias()),
        ];
        tensors.extend(self.sigma().map(|sigma| tensor("sigma", &[visible], sigma)));
        tensors.extend_from_slice(more);
        let settings = Settings { of_model: self.config(), provenance };
        tensors::write(tensors::RBM, &settings, &tensors)
    }

    /// The machine in the bytes of a file; `seed` is that of further training.
    ///
    /// # Errors
    /// [`ModelError`] for bytes that [`Rbm::to_bytes`] does not write, such as those of a machine that takes standardised
    /// rows: [`own`](crate::own) knows what is done to a row before.
    pub fn from_bytes(bytes: &[u8], seed: u64) -> Result<Self, ModelError> {
        let tensors = Tensors::read(bytes)?;
        let rbm = Self::from_tensors(&tensors, seed)?;
        tensors.only(|name| ["weights", "visible_bias", "hidden_bias", "sigma"].contains(&name))?;
        Ok(rbm)
    }

    /// The machine among these tensors.
    pub(crate) fn from_tensors(tensors: &Tensors<'_>, seed: u64) -> Result<Self, ModelError> {
        let config: RbmConfig = tensors.settings(tensors::RBM)?;
        let visible_bias = tensors.f32("visible_bias", &[None])?;
        let hidden = config.hidden_units;
        let weights = tensors.f32("weights", &[Some(visible_bias.len()), Some(hidden)])?;
        let hidden_bias = tensors.f32("hidden_bias", &[Some(hidden)])?;
        let rbm = Self::from_parameters(&config, &weights, &visible_bias, &hidden_bias, seed)?;
        if !tensors.has("sigma") {
            return Ok(rbm);
        }
        Ok(rbm.with_sigma(&tensors.f32("sigma", &[Some(visible_bias.len())])?)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use halfwave_kernels::units::Unit;
    use safetensors::{Dtype, SafeTensors, tensor::TensorView};

    use super::*;
    use crate::{
        TrainError,
        rbm::{NreluNoise, Visible},
    };

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
        let old = SafeTensors::deserialize(&bytes).unwrap();
        let settings = serde_json::to_string(&config).unwrap();
        let metadata = HashMap::from([(tensors::RBM.key.to_owned(), settings)]);
        let old = safetensors::serialize(old.tensors(), Some(metadata)).unwrap();
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
        assert!(matches!(Rbm::from_bytes(&other, 1), Err(ModelError::Kind { .. })));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let at = text.find("nrelu_noise").unwrap();
        let mut renamed = bytes;
        renamed[at] = b'x';
        assert!(matches!(Rbm::from_bytes(&renamed, 1), Err(ModelError::Settings(_))));
    }
}
