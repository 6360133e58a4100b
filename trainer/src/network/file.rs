//! Networks in files: safetensors, with the settings as JSON in the metadata. Layers are counted from 0; those that
//! are trained have `layers.0.weights`, of a dense layer `[inputs, outputs]`, else flat, and `layers.0.bias`; of
//! batch normalisation these are γ and β, beside `layers.0.running_mean` and `layers.0.running_variance`.
//!
//! A network is read back for use, and can be trained further from its parameters; the optimiser's state is not kept.

use halfwave_kernels::learned::ParameterError;
use serde::{Deserialize, Serialize};

use super::{Network, NetworkConfig, plans};
use crate::{
    buffers::check_rows,
    checkpoint::{Place, Places},
    layers::Layer,
    provenance::Provenance,
    tensors::{self, ModelError, Numbers, Tensor, Tensors},
    train::Progress,
};

/// The first part of the name of all tensors of a network.
const LAYERS: &str = "layers.";

/// The settings in the metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    network: NetworkConfig,
    /// Names of the classes, where they have names.
    #[serde(default)]
    classes: Vec<String>,
}

impl Network {
    /// The bytes of a file.
    ///
    /// ```
    /// use halfwave_kernels::{Kind, Level};
    /// use halfwave_trainer::{network::{Head, MlpConfig, Network}, optim::{Optimiser, Schedule}};
    /// let config = MlpConfig {
    ///     sizes: vec![3, 4, 2], activation: Kind::Relu, dropout: 0.0, head: Head::Softmax,
    ///     optimiser: Optimiser::adam(), schedule: Schedule::Constant, batch: 1, epochs: 1,
    /// };
    /// let network = Network::mlp(&config, 1)?;
    /// let again = Network::from_bytes(&network.to_bytes()?, 1)?;
    /// assert_eq!((again.parameters(), again.config()), (network.parameters(), network.config()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ModelError::Format`], which no network of real size meets.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.to_bytes_with(&[], &[], None)
    }

    /// The bytes of a file that names the classes, holds more tensors, and says where the network comes from.
    pub(crate) fn to_bytes_with(
        &self,
        classes: &[String],
        more: &[Tensor<'_>],
        provenance: Option<&Provenance>,
    ) -> Result<Vec<u8>, ModelError> {
        let mut all = Vec::new();
        for (l, layer) in self.layers().iter().enumerate() {
            for (name, numbers) in names(l).zip(layer.parameters()) {
                if !numbers.is_empty() {
                    let shape = shape(layer, numbers.len());
                    all.push((name, shape, Numbers::F32(numbers)));
                }
            }
            for (name, numbers) in moments(l, layer) {
                all.push((name, vec![numbers.len()], Numbers::F32(numbers)));
            }
        }
        all.extend_from_slice(more);
        let settings = Settings { network: self.config.clone(), classes: classes.to_vec() };
        let settings = tensors::Settings { of_model: &settings, provenance };
        tensors::write(tensors::NETWORK, &settings, &all)
    }

    /// The network in the bytes of a file, without the names of its classes; `seed` is that of further training.
    ///
    /// # Errors
    /// [`ModelError`] for bytes that [`Network::to_bytes`] does not write, such as those of a network that takes
    /// standardised rows: [`own`](crate::own) knows what is done to a row before.
    pub fn from_bytes(bytes: &[u8], seed: u64) -> Result<Self, ModelError> {
        let tensors = Tensors::read(bytes)?;
        let (network, _) = Self::from_tensors(&tensors, seed)?;
        tensors.only(|name| name.starts_with(LAYERS))?;
        Ok(network)
    }

    /// The network among these tensors, and the names of its classes, if they have names.
    pub(crate) fn from_tensors(
        tensors: &Tensors<'_>,
        seed: u64,
    ) -> Result<(Self, Vec<String>), ModelError> {
        let Settings { network: config, classes } = tensors.settings(tensors::NETWORK)?;
        // Settings that want more weights than the file has must not take that memory.
        let wanted =
            plans(&config)?.iter().fold(0_u64, |sum, plan| sum.saturating_add(plan.weights));
        let there = tensors.numbers();
        if wanted > there {
            let expected = format!("{wanted} weights");
            return Err(ModelError::wrong(LAYERS, &expected, format!("{there} numbers in all")));
        }
        let mut network = Self::new(&config, seed)?;
        let mut known = Vec::new();
        for (l, layer) in network.chain.layers.iter_mut().enumerate() {
            let shapes: Vec<Vec<usize>> =
                layer.parameters().iter().map(|old| shape(layer, old.len())).collect();
            let parameters = layer.ops_mut().parameters_mut();
            for ((name, old), shape) in names(l).zip(parameters).zip(shapes) {
                if !old.is_empty() {
                    old.copy_from_slice(&read(tensors, &name, &shape)?);
                    known.push(name);
                }
            }
            let names: Vec<String> = moments(l, layer).map(|(name, _)| name).collect();
            if let Layer::BatchNorm(norm) = layer {
                let channels = norm.scale.len();
                let of = [&mut norm.running_mean, &mut norm.running_variance];
                for (name, old) in names.iter().zip(of) {
                    *old = read(tensors, name, &[channels])?;
                }
                if let Some(x) = norm.running_variance.iter().find(|x| **x < 0.0) {
                    return Err(ModelError::wrong(&names[1], "numbers from 0 on", x));
                }
            }
            if let Layer::Learned(learned) = layer {
                let wrong = |error: ParameterError| ModelError::Settings(error.to_string());
                learned.check().map_err(wrong)?;
            }
            known.extend(names);
        }
        let mut names = tensors.names().into_iter();
        let unknown =
            names.find(|name| name.starts_with(LAYERS) && !known.iter().any(|k| k == name));
        if let Some(name) = unknown {
            return Err(ModelError::wrong(name, "no tensor of this name", "one"));
        }
        let outputs = network.chain.outputs();
        if !classes.is_empty() && classes.len() != outputs {
            let text = format!("{} names of {outputs} classes", classes.len());
            return Err(ModelError::Settings(text));
        }
        Ok((network, classes))
    }
}

impl Network {
    /// Everything that training changes.
    pub(crate) fn progress_and_places(&mut self) -> (&mut Progress, Places<'_>) {
        let mut all = Vec::new();
        let layers = self.chain.layers.iter_mut().zip(&mut self.states);
        for (l, (layer, states)) in layers.enumerate() {
            for (name, state) in names(l).zip(states) {
                all.extend(state.places(&name));
            }
            let numbers: Vec<&mut [f32]> = match layer {
                Layer::BatchNorm(norm) => vec![
                    &mut norm.scale,
                    &mut norm.shift,
                    &mut norm.running_mean,
                    &mut norm.running_variance,
                ],
                layer => layer.ops_mut().parameters_mut().into(),
            };
            let moments = MOMENTS.map(|name| format!("{LAYERS}{l}.{name}"));
            let names = names(l).take(2).chain(moments);
            all.extend(names.zip(numbers).map(|(name, x)| (name, Place::Fixed(x))));
        }
        (&mut self.progress, all)
    }
}

/// The names of the parameters of layer `l`.
fn names(l: usize) -> impl Iterator<Item = String> {
    (0..).map(move |i| match i {
        0 => format!("{LAYERS}{l}.weights"),
        1 => format!("{LAYERS}{l}.bias"),
        _ => format!("{LAYERS}{l}.parameters_{i}"),
    })
}

/// What else a layer has learned.
fn moments(l: usize, layer: &Layer) -> impl Iterator<Item = (String, &[f32])> {
    let all: &[&[f32]] = match layer {
        Layer::BatchNorm(norm) => &[&norm.running_mean, &norm.running_variance],
        _ => &[],
    };
    let all = MOMENTS.into_iter().zip(all);
    let all: Vec<_> = all.map(|(name, x)| (format!("{LAYERS}{l}.{name}"), *x)).collect();
    all.into_iter()
}

/// Of batch normalisation.
const MOMENTS: [&str; 2] = ["running_mean", "running_variance"];

/// The shape of `length` parameters of a layer.
fn shape(layer: &Layer, length: usize) -> Vec<usize> {
    match layer {
        Layer::Dense(dense) if length == dense.weights.len() && dense.inputs > 1 => {
            vec![dense.inputs, dense.outputs]
        }
        _ => vec![length],
    }
}

fn read(tensors: &Tensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
    let shape: Vec<Option<usize>> = shape.iter().map(|&size| Some(size)).collect();
    let numbers = tensors.f32(name, &shape)?;
    check_rows(&numbers, 1)?;
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use halfwave_datasets::Dataset;
    use halfwave_kernels::{Kind, Level, learned::LearnedKind, units::Unit};

    use super::*;
    use crate::{
        layers::LayerConfig,
        network::Head,
        observe::Silent,
        optim::{Optimiser, Schedule},
        rbm::{Rbm, RbmConfig, Visible},
        tensors::RBM,
    };

    /// Every kind of layer that learns, trained, so that moments are not those of the start.
    fn network() -> (Network, Dataset) {
        let config = NetworkConfig {
            input: vec![4, 4, 1],
            layers: vec![
                LayerConfig::conv(2, [3, 3], Kind::Relu),
                LayerConfig::batch_norm(),
                LayerConfig::Flatten,
                LayerConfig::Dropout { rate: 0.25 },
                LayerConfig::LayerNorm { epsilon: 1e-5 },
                LayerConfig::Learned { activation: LearnedKind::Prelu, per_channel: true },
                LayerConfig::CaRelu,
                LayerConfig::dense(3, Kind::Identity),
            ],
            head: Head::Softmax,
            optimiser: Optimiser::adam(),
            schedule: Schedule::Constant,
            batch: 6,
            epochs: 3,
        };
        let x: Vec<f32> = (0..12 * 16).map(|i| (i as f32 * 0.7).sin()).collect();
        let labels = (0..12).map(|i| i % 3).collect();
        let data = Dataset::new(x, &[4, 4, 1], labels, &["a", "b", "c"]).unwrap();
        let mut network = Network::new(&config, 3).unwrap();
        network.fit(Level::best(), &data, None, "t", &mut Silent).unwrap();
        (network, data)
    }

    #[test]
    fn a_network_comes_back_with_its_bits_settings_and_moments() {
        let (network, data) = network();
        let bytes = network.to_bytes().unwrap();
        assert_eq!(bytes, network.to_bytes().unwrap());
        let again = Network::from_bytes(&bytes, 9).unwrap();
        assert_eq!((again.config(), again.layers()), (network.config(), network.layers()));
        let of = |network: &Network| network.probabilities(Level::best(), &data.x);
        assert_eq!(of(&again), of(&network));
        let tensors = Tensors::read(&bytes).unwrap();
        assert!(tensors.has("layers.1.running_variance") && !tensors.has("layers.2.weights"));
    }

    /// Without what is done to rows before, a model is another one.
    #[test]
    fn models_that_take_prepared_rows_are_not_read_without_that() {
        let mean = ("input_mean".to_owned(), vec![1], Numbers::F64(&[1.0]));
        let (network, _) = network();
        let bytes = network.to_bytes_with(&[], slice::from_ref(&mean), None).unwrap();
        let error = Network::from_bytes(&bytes, 1).unwrap_err().to_string();
        assert!(error.contains("`input_mean`: expected a model without preprocessing"), "{error}");
        let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2);
        let bytes = Rbm::new(&config, 3, 1).unwrap().to_bytes_with(&[mean], None).unwrap();
        let error = Rbm::from_bytes(&bytes, 1).unwrap_err().to_string();
        assert!(error.contains("`input_mean`: expected a model without preprocessing"), "{error}");
    }

    #[test]
    fn broken_files_are_errors() {
        let bytes = network().0.to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(Network::from_bytes(&bytes[..length], 1).is_err(), "{length}");
        }
        for i in 0..bytes.len().min(1200) {
            // No change of one byte of the header makes it panic.
            let mut changed = bytes.clone();
            changed[i] ^= 0x15;
            drop(Network::from_bytes(&changed, 1));
        }
        assert!(matches!(
            Rbm::from_bytes(&bytes, 1),
            Err(ModelError::Kind { found: "a network", .. })
        ));
        let other = tensors::write(RBM, &1, &[]).unwrap();
        let error = Network::from_bytes(&other, 1).unwrap_err().to_string();
        assert!(error.contains("expected a network") && error.ends_with("found an RBM"), "{error}");
    }

    /// The tensors of the network with one changed, and other settings.
    fn changed(
        name: &str,
        change: impl Fn(&mut Vec<f32>),
        config: impl Fn(&mut NetworkConfig),
    ) -> ModelError {
        let (network, _) = network();
        let bytes = network.to_bytes().unwrap();
        let tensors = Tensors::read(&bytes).unwrap();
        let mut names: Vec<String> = tensors.names().iter().map(ToString::to_string).collect();
        if !names.iter().any(|known| known == name) {
            names.push(name.into());
        }
        let numbers = names.iter().map(|known| {
            let mut x = [1, 2]
                .iter()
                .find_map(|&n| tensors.f32(known, &vec![None; n]).ok())
                .unwrap_or_default();
            if known == name {
                change(&mut x);
            }
            x
        });
        let numbers: Vec<Vec<f32>> = numbers.collect();
        let all = names.iter().zip(&numbers).map(|(name, x)| {
            let shape = if name == "layers.7.weights" && x.len() == 24 {
                vec![8, 3]
            } else {
                vec![x.len()]
            };
            (name.clone(), shape, Numbers::F32(x))
        });
        let mut settings = Settings { network: network.config.clone(), classes: Vec::new() };
        config(&mut settings.network);
        let bytes = tensors::write(tensors::NETWORK, &settings, &all.collect::<Vec<_>>()).unwrap();
        Network::from_bytes(&bytes, 1).map(|_| ()).unwrap_err()
    }

    #[test]
    fn tensors_and_settings_that_do_not_fit_are_errors() {
        let same = |_: &mut NetworkConfig| {};
        for (name, change, said) in [
            ("layers.0.weights", (|x: &mut Vec<f32>| x[0] = f32::NAN) as fn(&mut Vec<f32>), "NaN"),
            ("layers.0.weights", |x| x.truncate(17), "expected F32 [18], found F32 [17]"),
            ("layers.1.running_variance", |x| x[1] = -1.0, "numbers from 0 on"),
            ("layers.2.weights", |x| x.push(1.0), "`layers.2.weights`: expected no tensor"),
            ("layers.9.weights", |x| x.push(1.0), "`layers.9.weights`: expected no tensor"),
        ] {
            let error = changed(name, change, same).to_string();
            assert!(error.contains(said), "{name}: {error}");
        }
        let nothing = |_: &mut Vec<f32>| {};
        let large = |config: &mut NetworkConfig| {
            config.layers.insert(3, LayerConfig::dense(1 << 50, Kind::Relu));
        };
        let error = changed("layers.0.bias", nothing, large).to_string();
        assert!(error.contains("weights") && error.contains("numbers in all"), "{error}");
        let head = |config: &mut NetworkConfig| config.layers.truncate(2);
        assert!(matches!(changed("layers.0.bias", nothing, head), ModelError::Train(_)));
    }
}
