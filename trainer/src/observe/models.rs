//! The models that an experiment has trained to their end: what their layers do, and, if they are wanted, their files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;

use super::{Epoch, Observer};
use crate::{
    Error,
    network::{LayerStatistics, Network},
    output::OutputError,
    own::Preprocessing,
    provenance::Provenance,
    rbm::Rbm,
    result::Layer,
    tensors::ModelError,
};

/// The folder of models in the directory of a run.
pub(crate) const FOLDER: &str = "models";

/// Rows that layers are measured on, at most.
const ROWS: usize = 1000;

/// A model at the end of its training.
pub(crate) struct Trained<'a> {
    /// Name of its training; models of one kind have the same before the first comma.
    run: &'a str,
    model: Model<'a>,
    /// Rows that it was trained on, as it takes them, and their width.
    rows: (&'a [f32], usize),
    class_names: &'a [String],
    /// What rows pass before it takes them.
    preprocessing: Option<&'a Preprocessing>,
}

enum Model<'a> {
    Network(&'a Network),
    Rbm(&'a Rbm),
}

/// Measures the layers of models, and keeps these where it has a folder.
#[derive(Debug, Default)]
pub struct Models {
    /// Of each model and layer: its name, and dead units, active outputs and the mean of each training.
    layers: Vec<(String, usize, String, [Vec<f64>; 3])>,
    kept: Option<Kept>,
    files: Vec<String>,
}

/// Where files are written, where they will be, and whose models these are.
#[derive(Debug)]
struct Kept {
    staging: PathBuf,
    path: PathBuf,
    experiment: String,
}

impl Models {
    /// Writes files of an experiment's models below `staging`, which will be `path`.
    pub(crate) fn kept(staging: &Path, path: &Path, experiment: &str) -> Self {
        let kept =
            Kept { staging: staging.into(), path: path.into(), experiment: experiment.into() };
        Self { kept: Some(kept), ..Self::default() }
    }

    /// Adds what the hidden layers of a model do: dead units, active outputs, and the mean.
    pub(crate) fn measured(&mut self, run: &str, layers: &[(&str, [f64; 3])]) {
        let model = run.split(',').next().unwrap_or_default();
        for (l, &(name, numbers)) in (1..).zip(layers) {
            let known = self.layers.iter().position(|(of, at, ..)| (&of[..], *at) == (model, l));
            let at = known.unwrap_or_else(|| {
                self.layers.push((model.into(), l, name.into(), Default::default()));
                self.layers.len() - 1
            });
            let all = self.layers[at].3.iter_mut().zip(numbers);
            all.for_each(|(values, number)| values.push(number));
        }
    }

    fn add(&mut self, level: Level, trained: &Trained<'_>) -> Result<(), Error> {
        let Trained { run, ref model, rows: (x, width), .. } = *trained;
        let x = &x[..x.len().min(ROWS * width)];
        self.measured(run, &model.layers(level, x)?);
        let Some(Kept { staging, path, experiment }) = &self.kept else { return Ok(()) };
        let file = self.free(run);
        let [place, said] = [staging, path].map(|folder| folder.join(&file));
        let from = Some([experiment.clone(), run.into()]);
        let provenance = Provenance { experiment: from, ..Provenance::here(level) };
        let bytes = trained.bytes(&provenance);
        let bytes = bytes.map_err(|error| Error::Model { path: said.clone(), error })?;
        write(&place, &bytes).map_err(OutputError::io(&said, "write it"))?;
        self.files.push(file);
        Ok(())
    }

    /// A name for the file of this training that no other has.
    fn free(&self, run: &str) -> String {
        let letters = run.to_lowercase().replace("seed ", "seed");
        let words = letters.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join("-");
        let numbered = |n: usize| match n {
            1 => format!("{FOLDER}/{name}.safetensors"),
            n => format!("{FOLDER}/{name}-{n}.safetensors"),
        };
        (1..).map(numbered).find(|file| !self.files.contains(file)).unwrap_or_default()
    }

    /// What the layers did, and the names of the files.
    pub(crate) fn into_parts(self) -> (Vec<Layer>, Vec<String>) {
        let layer = |(model, layer, name, values): (String, usize, String, [Vec<f64>; 3])| {
            let n = values[0].len();
            let [dead, active, mean] = values.map(|values| mean(values.into_iter(), n));
            Layer { model, layer, name, dead, active, mean, n }
        };
        (self.layers.into_iter().map(layer).collect(), self.files)
    }
}

/// Tells the observer that a model is at the end of its training, if it wants to know.
pub(crate) fn trained(
    observer: &mut dyn Observer,
    level: Level,
    trained: &Trained<'_>,
) -> Result<(), Error> {
    observer.models().map_or(Ok(()), |models| models.add(level, trained))
}

fn mean(values: impl Iterator<Item = f64>, n: usize) -> f64 {
    values.sum::<f64>() / n.max(1) as f64
}

fn write(place: &Path, bytes: &[u8]) -> io::Result<()> {
    place.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(place, bytes)
}

impl<'a> Trained<'a> {
    /// A network that takes rows as the data set has them.
    pub(crate) fn network(run: &'a str, network: &'a Network, data: &'a Dataset) -> Self {
        Self::of_rows(run, network, (&data.x, data.width), &data.class_names)
    }

    /// A network that takes rows of this width as these are.
    pub(crate) fn of_rows(
        run: &'a str,
        network: &'a Network,
        rows: (&'a [f32], usize),
        class_names: &'a [String],
    ) -> Self {
        Self { run, model: Model::Network(network), rows, class_names, preprocessing: None }
    }

    /// An RBM that does.
    pub(crate) fn rbm(run: &'a str, rbm: &'a Rbm, data: &'a Dataset) -> Self {
        let (rows, class_names) = ((&data.x[..], data.width), &data.class_names[..]);
        Self { run, model: Model::Rbm(rbm), rows, class_names, preprocessing: None }
    }

    /// Its rows have passed this.
    pub(crate) fn after(self, preprocessing: &'a Preprocessing) -> Self {
        Self { preprocessing: Some(preprocessing), ..self }
    }

    fn bytes(&self, provenance: &Provenance) -> Result<Vec<u8>, ModelError> {
        let more = self.preprocessing.map(Preprocessing::tensors).unwrap_or_default();
        let (names, from) = (self.class_names, Some(provenance));
        match self.model {
            Model::Network(network) => network.to_bytes_with(names, &more, from),
            Model::Rbm(rbm) => rbm.to_bytes_with(&more, from),
        }
    }
}

impl Model<'_> {
    /// Of each hidden layer its name, the share of its units that are active on no row, that of its outputs that are active,
    /// and their mean.
    fn layers(&self, level: Level, x: &[f32]) -> Result<Vec<(&'static str, [f64; 3])>, Error> {
        match self {
            Self::Network(network) => {
                let mut layers = network.statistics(level, x);
                // The outputs.
                layers.pop();
                let numbers = |l: &LayerStatistics| [l.dead, 1.0 - l.zeros, l.mean];
                Ok(layers.iter().map(|layer| (layer.name, numbers(layer))).collect())
            }
            Self::Rbm(rbm) => {
                let activity = rbm.activity(level, x)?;
                let (units, h) = (activity.shares.len(), rbm.features(level, x));
                let dead = activity.dead().len() as f64 / units.max(1) as f64;
                let active = mean(activity.shares.iter().copied(), units);
                let output = mean(h.iter().map(|&h| f64::from(h)), h.len());
                Ok(vec![("hidden units", [dead, active, output])])
            }
        }
    }
}

impl Observer for Models {
    fn epoch(&mut self, _: &Epoch<'_>) {}

    fn models(&mut self) -> Option<&mut Models> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_means_over_trainings_of_one_model() {
        let mut models = Models::default();
        models.measured("a, seed 1", &[("dense", [0.5, 0.25, 2.0]), ("dense", [0.0, 1.0, 1.0])]);
        models.measured("b, seed 1", &[("conv", [1.0, 0.0, 0.0])]);
        models.measured("a, seed 2", &[("dense", [0.0, 0.75, 4.0]), ("dense", [0.0, 1.0, 1.0])]);
        let (layers, files) = models.into_parts();
        let told: Vec<_> = layers.iter().map(|l| (&l.model[..], l.layer, l.n, l.dead)).collect();
        assert_eq!(told, [("a", 1, 2, 0.25), ("a", 2, 2, 0.0), ("b", 1, 1, 1.0)]);
        assert_eq!((layers[0].active, layers[0].mean), (0.5, 3.0));
        assert!(files.is_empty());
    }

    #[test]
    fn no_two_files_have_one_name() {
        let mut models = Models::default();
        let first = models.free("FFNN ReLU head, seed 1, fold 3");
        assert_eq!(first, "models/ffnn-relu-head-seed1-fold-3.safetensors");
        models.files.push(first);
        let second = models.free("FFNN ReLU head, seed 1, fold 3");
        assert_eq!(second, "models/ffnn-relu-head-seed1-fold-3-2.safetensors");
    }
}
