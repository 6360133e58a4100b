//! Criterion benches of kernels that fill a slice.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use halfwave_kernels::Level;

use crate::{LARGEST, SIZES_OF_THREADS, check, effort, scalar};

/// Checks `kernel(level, out)` against the scalar level, and times it.
pub fn bench(criterion: &mut Criterion, name: &str, kernel: impl Fn(Level, &mut [f32])) {
    let mut reference = vec![0.0; LARGEST];
    kernel(scalar(), &mut reference);
    let mut group = criterion.benchmark_group(name);
    for level in effort::levels() {
        for &size in effort::sizes() {
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

/// Times the parallel form of `kernel(level, out)` with one thread and with all, its first million elements checked
/// against the scalar level; `out` is memory for the largest size.
pub fn bench_threads(
    criterion: &mut Criterion,
    name: &str,
    out: &mut [f32],
    kernel: impl Fn(Level, &mut [f32]) + Sync,
) {
    let mut reference = vec![0.0; SIZES_OF_THREADS[0]];
    kernel(scalar(), &mut reference);
    let mut group = criterion.benchmark_group(format!("{name}/threads"));
    for (level, pool) in effort::levels_and_pools() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "element 7 is 2e0, of the reference 1e0")]
    fn a_wrong_kernel_is_not_timed() {
        bench(&mut effort::kernels(), "wrong", |level, out| {
            out.fill(1.0);
            if level != scalar() {
                out[7] = 2.0;
            }
        });
    }
}
