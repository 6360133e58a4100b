//! The parts of a training step that are no product: optimisers, heads, bias gradients.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{check, elementwise, inputs, scalar, threads};
use halfwave_kernels::{Level, rows, update};

/// Weights of the largest layer of the MLP 784-512-512-10.
const WEIGHTS: usize = 784 * 512;

const MOMENTUM: update::Momentum = update::Momentum {
    learning_rate: 0.01,
    momentum: 0.9,
    weight_decay: 1e-4,
    l1: 0.0,
    nesterov: false,
};
const ADAM: update::Adam = update::Adam {
    learning_rate: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weight_decay: 0.0,
};

/// An optimiser: (level, gradient, its one or two states, weights).
type Optimiser = fn(Level, &[f32], &mut [Vec<f32>; 2], &mut [f32]);

fn momentum(level: Level, gradient: &[f32], [v, _]: &mut [Vec<f32>; 2], weights: &mut [f32]) {
    update::momentum(level, MOMENTUM, 0.01, gradient, v, weights);
}

fn adam(level: Level, gradient: &[f32], [m, v]: &mut [Vec<f32>; 2], weights: &mut [f32]) {
    update::adam(level, ADAM, 1, 0.01, gradient, m, v, weights);
}

fn bench_optimisers(criterion: &mut Criterion) {
    let gradient = inputs::uniform(1, WEIGHTS, -1.0, 1.0);
    let start = inputs::uniform(2, WEIGHTS, -0.1, 0.1);
    let state = || [vec![0.0; WEIGHTS], vec![0.0; WEIGHTS]];
    let optimisers: [(&str, Optimiser); 2] = [("momentum", momentum), ("adam", adam)];
    for (name, step) in optimisers {
        let mut group = criterion.benchmark_group(format!("update/{name}"));
        group.throughput(Throughput::Elements(WEIGHTS as u64));
        let run = |level| {
            let (mut state, mut weights) = (state(), start.clone());
            step(level, &gradient, &mut state, &mut weights);
            weights
        };
        check::same_as_scalar(name, Level::best(), &run(Level::best()), &run(scalar()));
        for pool in threads::pools() {
            let (mut state, mut weights) = (state(), start.clone());
            let id =
                BenchmarkId::new(Level::best().name(), format!("{}T", pool.current_num_threads()));
            group.bench_function(id, |bencher| {
                pool.install(|| {
                    bencher.iter(|| {
                        step(Level::best(), &gradient, &mut state, black_box(&mut weights));
                    });
                });
            });
        }
        group.finish();
    }
}

/// A head: (level, x, labels, losses, gradient).
type Head = fn(Level, &[f32], &[u32], &mut [f32], &mut [f32]);

fn bench_heads(criterion: &mut Criterion) {
    const BATCH: usize = 128;
    const CLASSES: usize = 10;
    let x = inputs::uniform(3, BATCH * CLASSES, -4.0, 4.0);
    let labels: Vec<_> = (0..BATCH as u32).map(|i| i % CLASSES as u32).collect();
    let heads: [(&str, Head); 2] = [
        ("softmax", rows::softmax_cross_entropy),
        ("normalised-relu", rows::normalised_relu_cross_entropy),
    ];
    let mut group = criterion.benchmark_group(format!("head/{BATCH}x{CLASSES}"));
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, head) in heads {
        let (mut losses, mut gradient) = ([0.0; BATCH], [0.0; BATCH * CLASSES]);
        head(scalar(), &x, &labels, &mut losses, &mut gradient);
        let (reference_losses, reference) = (losses, gradient);
        head(Level::best(), &x, &labels, &mut losses, &mut gradient);
        check::same_as_scalar(name, Level::best(), &losses, &reference_losses);
        check::same_as_scalar(name, Level::best(), &gradient, &reference);
        group.bench_function(BenchmarkId::new(name, Level::best().name()), |bencher| {
            bencher.iter(|| {
                head(Level::best(), black_box(&x), &labels, &mut losses, &mut gradient);
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = elementwise::config();
    targets = bench_optimisers, bench_heads
}
criterion_main!(benches);
