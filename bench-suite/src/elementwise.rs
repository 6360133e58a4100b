//! Criterion benches of kernels that fill a slice.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use halfwave_kernels::Level;

use crate::{LARGEST, SIZES, SIZES_OF_THREADS, check, levels, scalar, threads};

/// Settings for kernels of microseconds: half a second each, or the whole run would take an hour.
#[must_use]
pub fn config() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(20)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
}

/// The best level is timed at every size, the others at one, in L2.
fn sizes(level: Level) -> &'static [usize] {
    if level == Level::best() { &SIZES } else { &SIZES[1..2] }
}

/// Checks `kernel(level, out)` against the scalar level, and times it.
pub fn bench(criterion: &mut Criterion, name: &str, kernel: impl Fn(Level, &mut [f32])) {
    let mut reference = vec![0.0; LARGEST];
    kernel(scalar(), &mut reference);
    let mut group = criterion.benchmark_group(name);
    for level in levels() {
        for &size in sizes(level) {
            let mut out = vec![0.0; size];
            kernel(level, &mut out);
            let what = format!("{name} {level} {size}");
            check::same_as_scalar(&what, level, &out, &reference[..size]);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::new(level.name(), size), |bencher| {
                bencher.iter(|| kernel(level, black_box(&mut out)));
            });
        }
    }
    group.finish();
}

/// Times the parallel form of `kernel(level, out)` on the best level, with one thread and with all, its
/// first elements checked against the scalar level; `out` is memory for the largest size.
pub fn bench_threads(
    criterion: &mut Criterion,
    name: &str,
    out: &mut [f32],
    kernel: impl Fn(Level, &mut [f32]) + Sync,
) {
    let mut reference = vec![0.0; SIZES[0]];
    kernel(scalar(), &mut reference);
    let level = Level::best();
    let mut group = criterion.benchmark_group(format!("{name}/threads"));
    for pool in threads::pools() {
        for size in SIZES_OF_THREADS {
            let out = &mut out[..size];
            let count = pool.current_num_threads();
            pool.install(|| kernel(level, out));
            let what = format!("{name} {level} {size}, {count} threads");
            check::same_as_scalar(&what, level, &out[..reference.len()], &reference);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::new(format!("{level} x{count}"), size), |bencher| {
                pool.install(|| bencher.iter(|| kernel(level, black_box(&mut *out))));
            });
        }
    }
    group.finish();
}
