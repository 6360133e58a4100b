//! Whole training steps of the trainer, on one thread and on all: seconds of a `fit` of a few steps.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::{error::Error, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{check, inputs, scalar, threads};
use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level, units::Unit};
use halfwave_trainer::{
    mlp::{Head, Mlp, MlpConfig},
    observe::Silent,
    optim::Optimiser,
    rbm::{Rbm, RbmConfig, Visible},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A model that can be trained for some steps, and shows a weight matrix for the check.
trait Model: Send {
    fn train(&mut self, level: Level) -> Result<()>;
    fn weights(&self) -> &[f32];
}

/// MLP 784-512-512-10 with Adam.
struct Classifier {
    mlp: Mlp,
    data: Dataset,
}

impl Classifier {
    const BATCH: usize = 128;
    const STEPS: usize = 10;

    fn new() -> Result<Self> {
        let (rows, classes) = (Self::BATCH * Self::STEPS, 10);
        let labels = (0..rows as u32).map(|row| row % classes).collect();
        let names: Vec<_> = (0..classes).collect();
        let data = Dataset::new(inputs::uniform(8, rows * 784, 0.0, 1.0), &[784], labels, &names)?;
        let config = MlpConfig {
            sizes: vec![784, 512, 512, 10],
            activation: Kind::Relu,
            dropout: 0.0,
            head: Head::Softmax,
            optimiser: Optimiser::adam(),
            batch: Self::BATCH,
            epochs: 1,
        };
        Ok(Self { mlp: Mlp::new(&config, 1)?, data })
    }
}

impl Model for Classifier {
    fn train(&mut self, level: Level) -> Result<()> {
        Ok(self.mlp.fit(level, &self.data, None, "bench", &mut Silent)?)
    }

    fn weights(&self) -> &[f32] {
        &self.mlp.layers()[0].weights
    }
}

/// An RBM on mini-batches of 100.
struct Boltzmann {
    rbm: Rbm,
    x: Vec<f32>,
}

impl Boltzmann {
    const BATCH: usize = 100;

    fn new(
        visible: Visible,
        hidden: Unit,
        [visible_units, hidden_units]: [usize; 2],
        steps: usize,
    ) -> Result<Self> {
        // Small steps: the machine is trained for as long as the clock wants.
        let learning_rate = 1e-4;
        let (batch, epochs) = (Self::BATCH, 1);
        let config = RbmConfig {
            learning_rate,
            batch,
            epochs,
            ..RbmConfig::new(visible, hidden, hidden_units)
        };
        let x = inputs::uniform(9, Self::BATCH * steps * visible_units, 0.0, 1.0);
        Ok(Self { rbm: Rbm::new(&config, visible_units, 1)?, x })
    }
}

impl Model for Boltzmann {
    fn train(&mut self, level: Level) -> Result<()> {
        Ok(self.rbm.fit(level, &self.x, "bench", &mut Silent)?)
    }

    fn weights(&self) -> &[f32] {
        self.rbm.weights()
    }
}

/// Checks that training has the bits of the scalar level, and times it.
fn bench<M: Model>(
    criterion: &mut Criterion,
    name: &str,
    rows: usize,
    new: impl Fn() -> Result<M>,
) -> Result<()> {
    let (level, mut model, mut reference) = (Level::best(), new()?, new()?);
    model.train(level)?;
    reference.train(scalar())?;
    check::same_as_scalar(name, level, model.weights(), reference.weights());
    drop(reference);
    let mut group = criterion.benchmark_group(format!("train/{name}"));
    group.throughput(Throughput::Elements(rows as u64));
    for pool in threads::pools() {
        let mut failure = Ok(());
        let id = BenchmarkId::new(level.name(), format!("{}T", pool.current_num_threads()));
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                if let Err(error) = pool.install(|| model.train(level)) {
                    failure = Err(error);
                }
            });
        });
        failure?;
    }
    group.finish();
    Ok(())
}

fn bench_all(criterion: &mut Criterion) -> Result<()> {
    let rows = Classifier::BATCH * Classifier::STEPS;
    bench(criterion, "mlp-784-512-512-10", rows, Classifier::new)?;
    let binary = || Boltzmann::new(Visible::Bernoulli, Unit::Bernoulli, [784, 500], 10);
    bench(criterion, "rbm-bernoulli-784x500", 10 * Boltzmann::BATCH, binary)?;
    let nrelu = || Boltzmann::new(Visible::Gaussian, Unit::Nrelu, [2048, 4000], 4);
    bench(criterion, "rbm-nrelu-2048x4000", 4 * Boltzmann::BATCH, nrelu)
}

fn bench_train_step(criterion: &mut Criterion) {
    bench_all(criterion).unwrap_or_else(|error| panic!("{error}"));
}

fn config() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(10)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
}

criterion_group! {
    name = benches;
    config = config();
    targets = bench_train_step
}
criterion_main!(benches);
