//! The parts of a training step that are no dense product: optimisers, heads, rows of zeros and ones.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{
    check,
    effort::{self, levels_and_pools},
    inputs,
    product::{ADAM, MOMENTUM},
    scalar,
};
use halfwave_kernels::{
    Kind, Level, rows,
    sparse::{self, BinaryRows, Columns},
    update,
};

/// Weights of the largest layer of the MLP 784-512-512-10.
const WEIGHTS: usize = 784 * 512;

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
        for (level, pool) in levels_and_pools() {
            check::same_as_scalar(name, level, &pool.install(|| run(level)), &run(scalar()));
            let (mut state, mut weights) = (state(), start.clone());
            let id = BenchmarkId::new(level.name(), format!("{}T", pool.current_num_threads()));
            group.bench_function(id, |bencher| {
                pool.install(|| {
                    bencher.iter(|| step(level, &gradient, &mut state, black_box(&mut weights)));
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
        for level in effort::levels() {
            head(level, &x, &labels, &mut losses, &mut gradient);
            check::same_as_scalar(name, level, &losses, &reference_losses);
            check::same_as_scalar(name, level, &gradient, &reference);
            group.bench_function(BenchmarkId::new(name, level.name()), |bencher| {
                bencher.iter(|| head(level, black_box(&x), &labels, &mut losses, &mut gradient));
            });
        }
    }
    group.finish();
}

/// A bag of words of the size of `glorot-sentiment`: ten rows of about a hundred ones in 5000 columns, 500 outputs.
fn bench_sparse(criterion: &mut Criterion) {
    const ROWS: usize = 10;
    const WIDTH: usize = 5000;
    const OUTPUTS: usize = 500;
    let columns: Vec<u32> = (0..ROWS as u32)
        .flat_map(|i| (0..WIDTH as u32).filter(move |j| (i * 17 + j * 31) % 50 == 0))
        .collect();
    let offsets: Vec<usize> = (0..=ROWS).map(|i| i * columns.len() / ROWS).collect();
    let x = BinaryRows::new(WIDTH, &offsets, &columns);
    let weights = inputs::uniform(4, WIDTH * OUTPUTS, -0.1, 0.1);
    let (bias, dz) = (vec![0.1; OUTPUTS], inputs::uniform(5, ROWS * OUTPUTS, -1.0, 1.0));
    let mut transposed = Columns::default();
    transposed.fill(x);
    let mut y = vec![0.0; ROWS * OUTPUTS];
    let mut gradient = vec![0.0; transposed.columns().len() * OUTPUTS];
    sparse::affine(scalar(), x, &weights, &bias, Kind::Relu, &mut y);
    sparse::product(scalar(), transposed.rows(), &dz, &mut gradient);
    let reference = (y.clone(), gradient.clone());
    let mut group = criterion.benchmark_group(format!("sparse/{ROWS}x{WIDTH}x{OUTPUTS}"));
    group.throughput(Throughput::Elements((columns.len() * OUTPUTS) as u64));
    for (level, pool) in levels_and_pools() {
        pool.install(|| {
            sparse::affine(level, x, &weights, &bias, Kind::Relu, &mut y);
            sparse::product(level, transposed.rows(), &dz, &mut gradient);
        });
        check::same_as_scalar("affine", level, &y, &reference.0);
        check::same_as_scalar("gradient", level, &gradient, &reference.1);
        let id = format!("{level}-{}T", pool.current_num_threads());
        group.bench_function(BenchmarkId::new("affine", &id), |bencher| {
            pool.install(|| {
                bencher.iter(|| {
                    sparse::affine(level, black_box(x), &weights, &bias, Kind::Relu, &mut y);
                });
            });
        });
        group.bench_function(BenchmarkId::new("gradient", &id), |bencher| {
            pool.install(|| {
                bencher.iter(|| {
                    transposed.fill(black_box(x));
                    sparse::product(level, transposed.rows(), &dz, &mut gradient);
                });
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = effort::kernels();
    targets = bench_optimisers, bench_heads, bench_sparse
}
criterion_main!(benches);
