//! Every function against its definition in `f64`.

use halfwave_kernels::{Kind, Level, levels::Portable};
use halfwave_tests::{
    cases::kinds,
    ulp::{Pass, sweep},
};

/// The worst error over every `stride`-th input is within the figure of the documentation.
fn within_the_documented_error(level: Level, stride: u64, documented: impl Fn(Kind) -> [f64; 3]) {
    let mut failures = Vec::new();
    for kind in kinds() {
        // What is documented may not be anything: CONTRIBUTING.md's tolerances.
        let promised = kind.max_ulp() <= 1.0 && kind.max_ulp_backward() <= 2.0;
        assert!(promised, "{kind} is documented to be worse than 1 ULP, or its derivative than 2");
        for (pass, documented) in Pass::ALL.into_iter().zip(documented(kind)) {
            let worst = sweep(level, kind, pass, stride);
            let found = format!(
                "{kind} {pass:?}: {:.8} ULP at {:e} ({:#010x}), documented {documented}",
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

/// By [`Pass`]; the last is what all have in common: the slope's error, which its mantissa may double, and another rounding.
fn documented(kind: Kind) -> [f64; 3] {
    [kind.max_ulp(), kind.max_ulp_backward(), 2.0]
}

#[test]
fn every_4093rd_input_is_within_the_documented_error() {
    within_the_documented_error(Level::best(), 4093, documented);
}

#[test]
#[ignore = "all 2^32 inputs of every function, some forty minutes on two cores: cargo test --release -p halfwave-tests -- --ignored exhaustive"]
fn exhaustive_every_input_is_within_the_documented_error() {
    within_the_documented_error(Level::best(), 1, documented);
}

/// Without fused multiply-add more is rounded. `portable.rs` says the same.
#[test]
fn portable_is_within_its_own_documented_error() {
    let portable = Level::Portable(Portable);
    within_the_documented_error(portable, 4093, |kind| match kind {
        _ if portable.is_fused() => documented(kind),
        _ => [2.0, 2.0, 3.0],
    });
}
