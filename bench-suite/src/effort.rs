//! How long the benches measure: settings of criterion, and what is left out by default.

use std::{env, time::Duration};

use criterion::Criterion;

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

/// Criterion's settings for kernels of microseconds.
#[must_use]
pub fn kernels() -> Criterion {
    settings(20, 50, 150)
}

/// Criterion's settings for products and convolutions: milliseconds.
#[must_use]
pub fn products() -> Criterion {
    settings(20, 100, 300)
}

/// Criterion's settings for training steps.
#[must_use]
pub fn steps() -> Criterion {
    settings(10, 200, 1000)
}

fn settings(samples: usize, warm_up: u64, measurement: u64) -> Criterion {
    // Four times as long where hours are spent anyway.
    let scale = if full() { 4 } else { 1 };
    Criterion::default()
        .without_plots()
        .sample_size(samples)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(scale * warm_up))
        .measurement_time(Duration::from_millis(scale * measurement))
}
