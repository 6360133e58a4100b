//! The convolutions of two MNIST networks and the max-pooling of one, on mini-batches: forward and both
//! gradients, on one thread and on all.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{
    conv::{Layer, Pass, Pool},
    threads,
};
use halfwave_kernels::Level;

/// Throughput is in multiply-adds: twice the figure is FLOP/s.
fn bench_conv(criterion: &mut Criterion) {
    let (pools, level) = (threads::pools(), Level::best());
    for mut layer in Layer::all() {
        let mut group = criterion.benchmark_group(format!("conv/{}", layer.name));
        group.throughput(Throughput::Elements(layer.shape.multiply_adds() as u64));
        layer.check(level);
        for pass in Pass::ALL {
            for pool in &pools {
                let threads = format!("{}T", pool.current_num_threads());
                group.bench_function(BenchmarkId::new(pass.name(), threads), |bencher| {
                    pool.install(|| bencher.iter(|| layer.run(level, pass)));
                });
            }
        }
        group.finish();
    }
}

/// Throughput is in elements of the input.
fn bench_pool(criterion: &mut Criterion) {
    let (pools, level) = (threads::pools(), Level::best());
    let mut layer = Pool::keras_mnist();
    layer.check(level);
    let mut group = criterion.benchmark_group("conv/pool-24x24x64");
    group.throughput(Throughput::Elements(layer.elements() as u64));
    for pool in &pools {
        let threads = format!("{}T", pool.current_num_threads());
        group.bench_function(BenchmarkId::new("forward", &threads), |bencher| {
            pool.install(|| bencher.iter(|| layer.forward(level)));
        });
        group.bench_function(BenchmarkId::new("backward", &threads), |bencher| {
            pool.install(|| bencher.iter(|| layer.backward(level)));
        });
    }
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(20)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = benches;
    config = config();
    targets = bench_conv, bench_pool
}
criterion_main!(benches);
