//! Equality by bits.

use halfwave_kernels::Level;

/// Panics where two arrays differ in a bit; NaN counts as one value.
#[track_caller]
pub fn assert_same(a: &[f32], b: &[f32], what: impl std::fmt::Display) {
    assert_eq!(a.len(), b.len(), "{what}: lengths");
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(same, "{what}: element {i} is {a:e}, not {b:e}");
    }
}

/// The levels of this machine that promise the bits of the scalar level, without that itself.
///
/// # Panics
/// If one that `HALFWAVE_REQUIRE` names is missing.
#[must_use]
pub fn fused_levels() -> Vec<Level> {
    let levels = Level::available_or_required().unwrap_or_else(|error| panic!("{error}"));
    levels.into_iter().filter(|level| level.is_fused() && level.name() != "scalar").collect()
}

/// The scalar level.
///
/// # Panics
/// Never: every machine has it.
#[must_use]
pub fn scalar() -> Level {
    "scalar".parse().expect("every machine has the scalar level")
}

/// `n` values between −6 and 6 with every kind of special value among them.
#[must_use]
pub fn mixed(n: usize, seed: u64) -> Vec<f32> {
    const SPECIALS: [f32; 12] = [
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e-40,
        -1e-40,
        f32::MIN_POSITIVE,
        -88.0,
        -104.0,
        3e38,
        -3e38,
    ];
    smooth(n, seed)
        .into_iter()
        .enumerate()
        .map(|(i, x)| if i % 7 == 3 { SPECIALS[(i / 7) % SPECIALS.len()] } else { x })
        .collect()
}

/// `n` finite values between −6 and 6.
#[must_use]
pub fn smooth(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 * 12.0 - 6.0
    })
    .take(n)
    .collect()
}
