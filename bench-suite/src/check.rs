//! A benchmark is a test that is also timed: it looks at its result before the clock starts.

use halfwave_kernels::Level;

/// Share of elements that may differ on a level without fused multiply-add, where a rounding decides
/// whether a unit fires or which segment of a table is taken.
const UNFUSED_SHARE: f64 = 1e-3;
/// Relative error of such a level.
const UNFUSED_ERROR: f32 = 1e-4;

/// That `got` of `level` has the bits of the scalar reference, or its values where `level` rounds twice.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn same_as_scalar(what: &str, level: Level, got: &[f32], scalar: &[f32]) {
    assert!(got.len() == scalar.len(), "{what}: {} elements of {}", got.len(), scalar.len());
    if level.is_fused() {
        let different = got.iter().zip(scalar).position(|(a, b)| a.to_bits() != b.to_bits());
        if let Some(i) = different {
            panic!("{what}: element {i} is {:e}, of the reference {:e}", got[i], scalar[i]);
        }
    } else {
        let close = |a: f32, b: f32| (a - b).abs() <= UNFUSED_ERROR * b.abs().max(1.0);
        let far = got.iter().zip(scalar).filter(|&(&a, &b)| !close(a, b)).count();
        assert!(
            far as f64 <= UNFUSED_SHARE * got.len() as f64,
            "{what}: {far} of {} elements are not those of the reference",
            got.len()
        );
    }
}

/// That `got` is within `tolerance` of `exact`.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn within(what: &str, got: f64, exact: f64, tolerance: f64) {
    assert!((got - exact).abs() <= tolerance, "{what}: {got:e}, but {exact:e} ± {tolerance:e}");
}
