//! Sums and maxima of the sixteen lanes, always in the same order.
//!
//! The tree pairs lane `i` with lane `i + 8`, then `i + 4`, `i + 2`, `i + 1`: what halving a register
//! does on every instruction set. It is written on the stored lanes, so all levels share it.

use super::{F32, F64, LANES, Simd};

/// Folds sixteen lanes into one.
#[inline(always)]
fn tree<T: Copy>(mut lanes: [T; LANES], f: impl Fn(T, T) -> T) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = f(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The sum of the lanes.
#[inline(always)]
pub(crate) fn sum<S: Simd>(x: F32<S>) -> f32 {
    tree(x.to_array(), |a, b| a + b)
}

/// The largest lane; NaN lanes lose against numbers on their right only, so a caller that must not
/// lose a NaN checks the sum too.
#[inline(always)]
pub(crate) fn max<S: Simd>(x: F32<S>) -> f32 {
    tree(x.to_array(), |a, b| if a > b { a } else { b })
}

/// The sum of the lanes.
#[inline(always)]
pub(crate) fn sum_f64<S: Simd>(x: F64<S>) -> f64 {
    tree(
        x.to_array(),
        #[inline(always)]
        |a, b| a + b,
    )
}
