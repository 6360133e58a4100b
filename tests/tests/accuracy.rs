//! Every function against its definition in `f64`.

use halfwave_kernels::{Kind, Level};
use halfwave_tests::ulp::{Pass, sweep};

/// The worst error over every `stride`-th input is within the figure of the documentation.
fn within_the_documented_error(stride: u64) {
    // For work on one function: HALFWAVE_ACTIVATION=gelu.
    let only = std::env::var("HALFWAVE_ACTIVATION").ok();
    for &kind in
        Kind::ALL.iter().filter(|kind| only.as_ref().is_none_or(|only| only == kind.name()))
    {
        for (pass, documented) in
            [(Pass::Forward, kind.max_ulp()), (Pass::Backward, kind.max_ulp_backward())]
        {
            let worst = sweep(Level::best(), kind, pass, stride);
            println!("{kind:<12} {pass:?}: worst {:.4} ULP at {:e}", worst.ulp, worst.at);
            if worst.ulp > documented {
                beyond.push(format!(
                    "{kind} {pass:?}: {:.4} ULP, documented {documented}",
                    worst.ulp
                ));
            }
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}

#[test]
fn every_4093rd_input_is_within_the_documented_error() {
    within_the_documented_error(4093);
}

#[test]
#[ignore = "all 2^32 inputs, some ten minutes: cargo test --release -p halfwave-tests -- --ignored exhaustive"]
fn exhaustive_every_input_is_within_the_documented_error() {
    within_the_documented_error(1);
}
