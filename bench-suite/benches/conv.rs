//! The convolutions of two MNIST networks and the max-pooling of one, on mini-batches: forward and both
//! gradients, on one thread (and on all: `HALFWAVE_BENCH=full`).

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{
    conv::{Layer, Pass, Pool},
    effort,
};

/// Throughput is in multiply-adds: twice the figure is FLOP/s.
fn bench_conv(criterion: &mut Criterion) {
    let pools = effort::pools();
    for mut layer in Layer::all() {
        let mut group = criterion.benchmark_group(format!("conv/{}", layer.name));
        group.throughput(Throughput::Elements(layer.shape.multiply_adds() as u64));
        for level in effort::levels() {
            layer.check(level);
            for (pass, pool) in
                Pass::ALL.iter().flat_map(|&pass| pools.iter().map(move |p| (pass, p)))
            {
                let id = format!("{level}-{}T", pool.current_num_threads());
                group.bench_function(BenchmarkId::new(pass.name(), id), |bencher| {
                    pool.install(|| bencher.iter(|| layer.run(level, pass)));
                });
            }
        }
        group.finish();
    }
}

/// Throughput is in elements of the input.
fn bench_pool(criterion: &mut Criterion) {
    let pools = effort::pools();
    let mut layer = Pool::keras_mnist();
    let mut group = criterion.benchmark_group("conv/pool-24x24x64");
    group.throughput(Throughput::Elements(layer.elements() as u64));
    for level in effort::levels() {
        layer.check(level);
        for pool in &pools {
            let id = format!("{level}-{}T", pool.current_num_threads());
            group.bench_function(BenchmarkId::new("forward", &id), |bencher| {
                pool.install(|| bencher.iter(|| layer.forward(level)));
            });
            group.bench_function(BenchmarkId::new("backward", &id), |bencher| {
                pool.install(|| bencher.iter(|| layer.backward(level)));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = effort::products();
    targets = bench_conv, bench_pool
}
criterion_main!(benches);
