//! How long the benches measure: settings of criterion, and what is left out by default.

use std::{env, time::Duration};

use criterion::Criterion;
use halfwave_kernels::Level;
use rayon::ThreadPool;

use crate::{SIZES, threads};

/// Whether `HALFWAVE_BENCH=full` asks for all levels × sizes × threads, which takes hours.
///
/// # Panics
/// If the variable has another value: what was asked for is never silently left out.
#[must_use]
pub fn full() -> bool {
    match env::var("HALFWAVE_BENCH").as_deref() {
        Ok("full") => true,
        Ok(other) => panic!("HALFWAVE_BENCH={other}: the only value is `full`"),
        Err(_) => false,
    }
}

/// The levels to time, best first: the best one, or all.
///
/// # Panics
/// As [`full`] and [`crate::levels`].
#[must_use]
pub fn levels() -> Vec<Level> {
    if full() { crate::levels() } else { vec![Level::best()] }
}

/// Element counts to time: in L2 and L3, or in all caches.
///
/// # Panics
/// As [`full`].
#[must_use]
pub fn sizes() -> &'static [usize] {
    if full() { &SIZES } else { &SIZES[1..] }
}

/// Pools to time on: one thread, or also all of them.
///
/// # Panics
/// As [`full`] and [`threads::pools`].
#[must_use]
pub fn pools() -> Vec<ThreadPool> {
    let mut pools = threads::pools();
    pools.truncate(if full() { pools.len() } else { 1 });
    pools
}

/// Each of [`levels`] on each of [`pools`].
///
/// # Panics
/// As these.
pub fn levels_and_pools() -> impl Iterator<Item = (Level, ThreadPool)> {
    levels().into_iter().flat_map(|level| pools().into_iter().map(move |pool| (level, pool)))
}

/// Criterion's settings for kernels of microseconds: some 150 benches by default.
#[must_use]
pub fn kernels() -> Criterion {
    settings(20, 200, 600)
}

/// Criterion's settings for products and convolutions of milliseconds: some 75 benches by default.
#[must_use]
pub fn products() -> Criterion {
    settings(20, 300, 1000)
}

/// Criterion's settings for training steps: three benches.
#[must_use]
pub fn steps() -> Criterion {
    settings(10, 500, 3000)
}

fn settings(samples: usize, warm_up: u64, measurement: u64) -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(samples)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
}
