//! Whole training steps of the trainer, on one thread and on all: seconds of a `fit` of a few steps.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{
    check, scalar,
    steps::{Result, STEPS, Step},
    threads,
};
use halfwave_kernels::Level;

/// Checks that a step has the bits of the scalar level, and times some.
fn bench(criterion: &mut Criterion, step: &Step) -> Result<()> {
    let level = Level::best();
    let after_one = |level| -> Result<Vec<f32>> {
        let mut model = (step.new)(1)?;
        model.train(level)?;
        Ok(model.weights().to_vec())
    };
    check::same_as_scalar(step.name, level, &after_one(level)?, &after_one(scalar())?);
    let mut model = (step.new)(step.steps)?;
    let mut group = criterion.benchmark_group(format!("train/{}", step.name));
    group.throughput(Throughput::Elements((step.batch * step.steps) as u64));
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
    STEPS.iter().try_for_each(|step| bench(criterion, step))
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
