//! Training steps, and the parser of IDX files.

use halfwave_datasets::idx;
use halfwave_kernels::{Level, units::Unit};
use halfwave_trainer::rbm::Visible;

use super::{Row, Work, fill};
use crate::steps::{Boltzmann, Classifier, Model, Result, STEPS, Step};

impl Work for Box<dyn Model> {
    fn run(&mut self, level: Level) {
        self.train(level).expect("the steps are small");
    }

    fn result(&self) -> &[f32] {
        self.weights()
    }
}

/// A step of the model.
fn row(
    name: &'static str,
    new: impl Fn() -> Result<Box<dyn Model>> + Send + Sync + 'static,
) -> Row {
    Row::new(format!("train/{name}"), move || {
        Box::new(new().unwrap_or_else(|error| panic!("{name}: {error}")))
    })
}

pub(super) fn timed() -> Vec<Row> {
    STEPS.iter().map(|step: &'static Step| row(step.name, || (step.new)(1))).collect()
}

pub(super) fn counted() -> Vec<Row> {
    vec![
        row("cd1-nrelu-96x64", || Boltzmann::boxed(Visible::Gaussian, Unit::Nrelu, [96, 64], 1, 1)),
        row("mlp-96-64-10", || Classifier::boxed(&[96, 64, 10], 32, 1)),
        // The same on every level: it has no SIMD.
        Row::new("data/idx", || {
            let file = idx_file();
            fill(1, move |_, out| {
                let idx = idx::parse(&file).expect("the file is whole");
                out[0] = idx.data.len() as f32;
            })
        }),
    ]
}

/// Four images of 28×28 bytes.
fn idx_file() -> Vec<u8> {
    let dims: [u32; 3] = [4, 28, 28];
    let mut file = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| file.extend(dim.to_be_bytes()));
    file.resize(file.len() + 4 * 28 * 28, 7);
    file
}
