//! Every function against its definition in `f64`.

use halfwave_kernels::{Kind, Level, backward, levels::Portable};
use halfwave_tests::{
    cases::kinds,
    inputs,
    ulp::{Pass, sweep},
};

/// The worst error over every `stride`-th input is within the figure of the documentation.
fn within_the_documented_error(level: Level, stride: u64, documented: impl Fn(Kind) -> [f64; 2]) {
    let mut failures = Vec::new();
    for kind in kinds() {
        for (pass, documented) in [Pass::Forward, Pass::Backward].into_iter().zip(documented(kind))
        {
            let worst = sweep(level, kind, pass, stride);
            let found = format!(
                "{kind} {pass:?}: {:.4} ULP at {:e} ({:#010x}), documented {documented}",
                worst.ulp,
                worst.at,
                worst.at.to_bits()
            );
            println!("{found}");
            if worst.ulp > documented {
                failures.push(found);
            }
        }
    }
    assert!(failures.is_empty(), "beyond the documented error:\n{}", failures.join("\n"));
}

fn documented(kind: Kind) -> [f64; 2] {
    [kind.max_ulp(), kind.max_ulp_backward()]
}

#[test]
fn every_4093rd_input_is_within_the_documented_error() {
    within_the_documented_error(Level::best(), 4093, documented);
}

#[test]
#[ignore = "all 2^32 inputs, some ten minutes: cargo test --release -p halfwave-tests -- --ignored exhaustive"]
fn exhaustive_every_input_is_within_the_documented_error() {
    within_the_documented_error(Level::best(), 1, documented);
}

/// Without fused multiply-add, products in double-float keep their rounding errors. `portable.rs` says
/// the same.
#[test]
fn portable_is_within_its_own_documented_error() {
    let portable = Level::Portable(Portable);
    within_the_documented_error(portable, 4093, |kind| match kind {
        _ if portable.is_fused() => documented(kind),
        // 1 − y² cancels next to 1: bounded in absolute terms below.
        Kind::Tanh => [2.0, f64::INFINITY],
        _ => [2.0, 2.0],
    });
    let y: Vec<f32> = inputs::every(4093).into_iter().filter(|y| y.abs() <= 1.0).collect();
    let mut dx = vec![0.0; y.len()];
    backward(portable, Kind::Tanh, &y, &vec![1.0; y.len()], &mut dx);
    for (y, dx) in y.into_iter().zip(dx) {
        let error = (f64::from(dx) - Kind::Tanh.derivative(f64::from(y))).abs();
        assert!(error <= 2_f64.powi(-24), "tanh' from y = {y:e}: {dx:e}, error {error:e}");
    }
}
