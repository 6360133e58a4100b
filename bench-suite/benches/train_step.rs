//! Whole training steps of the trainer, on one thread (and on all: `HALFWAVE_BENCH=full`): seconds of a `fit` of a few steps.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{
    check, effort, scalar,
    steps::{Result, STEPS, Step},
};

/// Checks that a step has the bits of the scalar level, and times some.
fn bench(criterion: &mut Criterion, step: &Step) -> Result<()> {
    let mut model = (step.new)(step.steps)?;
    let expected = step.after_one(scalar())?;
    let mut group = criterion.benchmark_group(format!("train/{}", step.name));
    group.throughput(Throughput::Elements((step.batch * step.steps) as u64));
    for (level, pool) in effort::levels_and_pools() {
        let got = pool.install(|| step.after_one(level))?;
        check::same_as_scalar(step.name, level, &got, &expected);
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

criterion_group! {
    name = benches;
    config = effort::steps();
    targets = bench_train_step
}
criterion_main!(benches);
