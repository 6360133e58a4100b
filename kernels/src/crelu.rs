//! CReLU, a pair of rectifiers that share their weights: y = \[max(0, x), max(0, −x)\].
//!
//! The width doubles, so it is no element-wise function and no [`Kind`](crate::Kind).
//!
//! Shang, Sohn, Almeida & Lee 2016, arXiv:1603.05201; the pairs of Glorot, Bordes & Bengio, AISTATS 2011.

use crate::{
    dispatch::{Kernel, Level},
    elementwise::{Stores, map, same_length},
    simd::{F32, InOut, LANES, Simd},
};

/// `y[i]` = \[max(0, `x[i]`), max(0, −`x[i]`)\] for each row; `x` is `[rows, width]`, `y` `[rows, 2 width]`.
///
/// NaN stays NaN in both halves; zeros of either sign give +0.
///
/// ```
/// use halfwave_kernels::{Level, crelu};
/// let mut y = [0.0; 4];
/// crelu(Level::best(), &[2.0, -3.0], &mut y, 2);
/// assert_eq!(y, [2.0, 0.0, 0.0, 3.0]);
/// ```
///
/// # Panics
/// If `x` is no whole number of rows, or `y` not twice as long.
pub fn crelu(level: Level, x: &[f32], y: &mut [f32], width: usize) {
    check(x.len(), "y", y.len(), width);
    level.run(Forward { x, y, width });
}

/// `dx` = dy⁺ where x > 0, −dy⁻ where x < 0, else 0; `x` and `dx` are `[rows, width]`, `dy` = \[dy⁺, dy⁻\]
/// is `[rows, 2 width]`. Where x is NaN, dy⁺ − dy⁻.
///
/// ```
/// use halfwave_kernels::{Level, crelu_backward};
/// let mut dx = [0.0; 2];
/// crelu_backward(Level::best(), &[2.0, -3.0], &[5.0, 6.0, 7.0, 8.0], &mut dx, 2);
/// assert_eq!(dx, [5.0, -8.0]);
/// ```
///
/// # Panics
/// If `x` is no whole number of rows, `dx` not as long, or `dy` not twice as long.
pub fn crelu_backward(level: Level, x: &[f32], dy: &[f32], dx: &mut [f32], width: usize) {
    same_length("x", x.len(), "dx", dx.len());
    check(x.len(), "dy", dy.len(), width);
    level.run(Backward { x, dy, dx, width });
}

#[track_caller]
fn check(elements: usize, wide: &str, wide_len: usize, width: usize) {
    assert!(
        elements == 0 || (width > 0 && elements.is_multiple_of(width)),
        "{elements} elements are no whole number of rows of {width}"
    );
    same_length(wide, wide_len, "x, twice", 2 * elements);
}

struct Forward<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    width: usize,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let rows = self.x.chunks_exact(self.width.max(1));
        for (x, y) in rows.zip(self.y.chunks_exact_mut(2 * self.width.max(1))) {
            let (positive, negative) = y.split_at_mut(self.width);
            map(
                simd,
                Stores::Cached,
                InOut::new(x, positive),
                #[inline(always)]
                |x| rectifier(x),
            );
            map(
                simd,
                Stores::Cached,
                InOut::new(x, negative),
                #[inline(always)]
                |x| rectifier(-x),
            );
        }
    }
}

#[inline(always)]
fn rectifier<S: Simd>(x: F32<S>) -> F32<S> {
    let zero = x.constant(0.0);
    x.le(zero).select(zero, x)
}

struct Backward<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    width: usize,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.width.max(1);
        let rows = self.x.chunks_exact(width).zip(self.dy.chunks_exact(2 * width));
        for ((x, dy), dx) in rows.zip(self.dx.chunks_exact_mut(width)) {
            let (positive, negative) = dy.split_at(width);
            let (xs, x_tail) = x.as_chunks::<LANES>();
            let (ps, p_tail) = positive.as_chunks::<LANES>();
            let (ns, n_tail) = negative.as_chunks::<LANES>();
            let (ds, d_tail) = dx.as_chunks_mut::<LANES>();
            for (((x, p), n), d) in xs.iter().zip(ps).zip(ns).zip(ds) {
                slope(F32::load(simd, x), F32::load(simd, p), F32::load(simd, n)).store(d);
            }
            if !x_tail.is_empty() {
                let (x, p) = (F32::load_partial(simd, x_tail), F32::load_partial(simd, p_tail));
                slope(x, p, F32::load_partial(simd, n_tail)).store_partial(d_tail);
            }
        }
    }
}

/// A selection, not a product: an infinite gradient of the half that is off does not count.
#[inline(always)]
fn slope<S: Simd>(x: F32<S>, positive: F32<S>, negative: F32<S>) -> F32<S> {
    let zero = x.constant(0.0);
    x.le(zero).select(zero, positive) - zero.le(x).select(zero, negative)
}
