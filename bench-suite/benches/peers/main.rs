//! Crates that a user would take instead: a file beside this one and a line of the list each. What they do is timed in
//! turns with ours, see [`contest`].

mod faer;
mod ndarray;
mod plain;
mod rand_distr;
mod wide;

use std::process::ExitCode;

use halfwave_bench_suite::contest;

fn main() -> ExitCode {
    contest::main(&[plain::PEER, wide::PEER, rand_distr::PEER, faer::PEER, ndarray::PEER])
}
