//! Equality by bits, with NaN as one value.

use halfwave_kernels::Level;

/// The levels of this machine; fails where one that `HALFWAVE_REQUIRE` names would be skipped.
#[must_use]
pub fn levels() -> Vec<Level> {
    Level::available_or_required().unwrap_or_else(|error| panic!("{error}"))
}

/// The levels that promise the same bits: all but a `portable` without fused multiply-add.
#[must_use]
pub fn fused_levels() -> Vec<Level> {
    levels().into_iter().filter(|level| level.is_fused()).collect()
}

/// The reference level.
#[must_use]
pub fn scalar() -> Level {
    "scalar".parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The bits, with one NaN for all.
#[must_use]
pub fn bits(x: f32) -> u32 {
    if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }
}

/// Panics with the first element whose bits differ; `what` says where the arrays come from.
#[track_caller]
pub fn assert_same_bits(what: impl Fn() -> String, result: &[f32], expected: &[f32]) {
    assert_eq!(result.len(), expected.len(), "{}: lengths", what());
    let differ = result.iter().zip(expected).position(|(&a, &b)| bits(a) != bits(b));
    if let Some(i) = differ {
        let (a, b) = (result[i], expected[i]);
        let count = result.iter().zip(expected).filter(|&(&a, &b)| bits(a) != bits(b)).count();
        panic!(
            "{}: element {i} is {a:e} ({:#010x}), expected {b:e} ({:#010x}); {count} of {} differ",
            what(),
            a.to_bits(),
            b.to_bits(),
            result.len(),
        );
    }
}
