//! The mean excess of a standard normal variate Z: m(a) = E\[Z − a | Z > a\] = φ(a)/Φ(−a) − a for a ≥ 0.
//!
//! From it come, without cancellation at any a: the hazard rate φ(a)/Φ(−a) = a + m, its slope
//! (a + m) m, and 1 − a Φ(−a)/φ(a) = m / (a + m). m falls from √(2/π) to 1/a; it is a quotient of
//! polynomials with positive coefficients, of least relative error over all a ≥ 0.

use super::{polynomial, polynomial_f64, reciprocal};
use crate::simd::{F32, F64, Simd};

/// Numerator and denominator; relative error 2⁻²³·⁴.
#[rustfmt::skip]
const EXCESS: ([f32; 5], [f32; 6]) = (
    [173.791_73, 130.314_86, 48.233_025, 9.914_526, 1.0],
    [217.815_61, 262.526_05, 150.248_3, 50.229_94, 9.914_557, 1.0],
);

/// The same with relative error 2⁻³³·⁸.
const EXCESS_F64: ([f64; 7], [f64; 8]) = (
    [
        4_018.756_573_980_857,
        4_027.168_587_080_146_6,
        2_030.242_822_487_564_8,
        633.964_656_330_114_4,
        128.147_229_499_584_16,
        16.007_394_357_697_923,
        1.0,
    ],
    [
        5_036.764_428_281_003,
        7_341.198_841_388_185,
        5_199.809_128_762_686,
        2_280.503_940_547_626,
        665.980_312_867_190_8,
        130.147_218_304_577_8,
        16.007_394_406_576_76,
        1.0,
    ],
);

/// m(a) for 0 ≤ a ≤ 10⁷; relative error < 2⁻²¹.
#[inline(always)]
pub(crate) fn mean_excess<S: Simd>(a: F32<S>) -> F32<S> {
    polynomial(a, &EXCESS.0) / polynomial(a, &EXCESS.1)
}

/// m(a) to 2⁻¹⁷, by a product.
#[inline(always)]
pub(crate) fn rough_mean_excess<S: Simd>(a: F32<S>) -> F32<S> {
    polynomial(a, &EXCESS.0) * reciprocal(polynomial(a, &EXCESS.1))
}

/// m(a) for 0 ≤ a ≤ 10⁴³; relative error < 2⁻³³.
#[inline(always)]
pub(crate) fn mean_excess_f64<S: Simd>(a: F64<S>) -> F64<S> {
    let (numerator, denominator) = mean_excess_parts(a);
    numerator / denominator
}

/// The numerator and the denominator of m(a).
#[inline(always)]
pub(crate) fn mean_excess_parts<S: Simd>(a: F64<S>) -> (F64<S>, F64<S>) {
    (polynomial_f64(a, &EXCESS_F64.0), polynomial_f64(a, &EXCESS_F64.1))
}
