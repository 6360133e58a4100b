//! Levels by name, from the environment, and the best one.

use std::io::Write as _;

use halfwave_kernels::{Level, LevelError, flushes_subnormals};

/// `ci/old-cpu.sh` sets the variable on emulated processors.
#[test]
fn the_best_level_is_the_expected_one() {
    let best = Level::best();
    println!("best level: {best}; available: {:?}", Level::available());
    if let Ok(expected) = std::env::var("HALFWAVE_EXPECT_BEST") {
        assert_eq!(best.name(), expected);
    }
    assert_eq!(Level::available().last(), Some(&best));
}

const NAMES: [&str; 5] = ["scalar", "portable", "neon", "avx2", "avx512"];

/// What all tests pass over, past the capture of the test harness.
#[test]
fn missing_levels_are_said() {
    let missing = NAMES.iter().filter(|name| name.parse::<Level>().is_err());
    let missing: Vec<_> = missing.copied().collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        writeln!(std::io::stderr(), "SKIPPED: levels that this machine has not: {missing}")
            .expect("stderr is open");
    }
}

#[test]
fn levels_have_names() {
    let levels = Level::available();
    assert_eq!([levels[0].name(), levels[1].name()], ["scalar", "portable"]);
    for level in levels {
        assert_eq!(level.name().parse(), Ok(level));
    }
    for name in NAMES {
        let unknown = matches!(name.parse::<Level>(), Err(LevelError::Unknown(_)));
        assert!(!unknown, "{name} is not known");
    }
    assert_eq!("sse9".parse::<Level>(), Err(LevelError::Unknown("sse9".into())));
    let foreign = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
    assert_eq!(foreign.parse::<Level>(), Err(LevelError::Unavailable(foreign.into())));
}

#[test]
fn nobody_flushes_subnormal_numbers() {
    assert!(!flushes_subnormals());
}
