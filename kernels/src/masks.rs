//! ReLU with a mask of one bit an element: all that backward needs, in a thirty-second of the memory.
//!
//! Bit i mod 16 of word ⌊i / 16⌋ is `!(xᵢ <= 0)`: set above 0 and for NaN, whose gradient passes. Unused
//! bits of the last word are 0. The results are those of [`forward`](crate::forward) and
//! [`backward`](crate::backward) with [`Kind::Relu`](crate::Kind::Relu), bit for bit.

use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    simd::{F32, LANES, Mask, Simd},
};

/// Words of a mask for `elements` elements.
#[must_use]
pub const fn words(elements: usize) -> usize {
    elements.div_ceil(LANES)
}

/// y = max(0, x), and the mask that [`relu_backward`] takes. `x` and `y` are `[n]`, `mask` is
/// `[words(n)]`.
///
/// ```
/// use halfwave_kernels::{Level, masks};
/// let (mut y, mut mask, mut dx) = ([0.0; 3], [0; 1], [0.0; 3]);
/// masks::relu_forward(Level::best(), &[-1.0, 0.5, 2.0], &mut y, &mut mask);
/// assert_eq!((y, mask), ([0.0, 0.5, 2.0], [0b110]));
/// masks::relu_backward(Level::best(), &mask, &[3.0, 4.0, 5.0], &mut dx);
/// assert_eq!(dx, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn relu_forward(level: Level, x: &[f32], y: &mut [f32], mask: &mut [u16]) {
    same_length("x", x.len(), "y", y.len());
    same_length("mask", mask.len(), "words of x", words(x.len()));
    level.run(Forward { x: Some(x), y, mask });
}

/// [`relu_forward`] in place.
///
/// ```
/// use halfwave_kernels::{Level, masks};
/// let (mut x, mut mask) = ([-1.0, 0.5, 2.0], [0; 1]);
/// masks::relu_forward_in_place(Level::best(), &mut x, &mut mask);
/// assert_eq!((x, mask), ([0.0, 0.5, 2.0], [0b110]));
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn relu_forward_in_place(level: Level, x: &mut [f32], mask: &mut [u16]) {
    same_length("mask", mask.len(), "words of x", words(x.len()));
    level.run(Forward { x: None, y: x, mask });
}

/// dx = dy where the mask is set, else 0. `dy` and `dx` are `[n]`, `mask` is `[words(n)]`.
///
/// ```
/// use halfwave_kernels::{Level, masks};
/// let mut dx = [0.0; 3];
/// masks::relu_backward(Level::best(), &[0b110], &[3.0, 4.0, 5.0], &mut dx);
/// assert_eq!(dx, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn relu_backward(level: Level, mask: &[u16], dy: &[f32], dx: &mut [f32]) {
    same_length("dy", dy.len(), "dx", dx.len());
    same_length("mask", mask.len(), "words of dx", words(dx.len()));
    level.run(Backward { mask, dy: Some(dy), dx });
}

/// [`relu_backward`] in place.
///
/// ```
/// use halfwave_kernels::{Level, masks};
/// let mut dy = [3.0, 4.0, 5.0];
/// masks::relu_backward_in_place(Level::best(), &[0b110], &mut dy);
/// assert_eq!(dy, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn relu_backward_in_place(level: Level, mask: &[u16], dy: &mut [f32]) {
    same_length("mask", mask.len(), "words of dy", words(dy.len()));
    level.run(Backward { mask, dy: None, dx: dy });
}

/// (y, !mask) of sixteen elements.
#[inline(always)]
fn rectify<S: Simd>(x: F32<S>) -> (F32<S>, u16) {
    let zero = x.constant(0.0);
    let below = x.le(zero);
    (below.select(zero, x), below.to_bits())
}

struct Forward<'a> {
    /// Nothing: in place.
    x: Option<&'a [f32]>,
    y: &'a mut [f32],
    mask: &'a mut [u16],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (xs, x_tail) = self.x.unwrap_or_default().as_chunks::<LANES>();
        let (ys, y_tail) = self.y.as_chunks_mut::<LANES>();
        let (words, last) = self.mask.split_at_mut(ys.len());
        for (i, (y, word)) in ys.iter_mut().zip(words).enumerate() {
            let x = F32::load(simd, if self.x.is_some() { &xs[i] } else { y });
            let (result, below) = rectify(x);
            result.store(y);
            *word = !below;
        }
        if let [word] = last {
            let x = F32::load_partial(simd, if self.x.is_some() { x_tail } else { y_tail });
            // The lanes past the end hold 0, and so have no bit.
            let (result, below) = rectify(x);
            result.store_partial(y_tail);
            *word = !below;
        }
    }
}

struct Backward<'a> {
    mask: &'a [u16],
    /// Nothing: in place.
    dy: Option<&'a [f32]>,
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = F32::splat(simd, 0.0);
        let (dys, dy_tail) = self.dy.unwrap_or_default().as_chunks::<LANES>();
        let (dxs, dx_tail) = self.dx.as_chunks_mut::<LANES>();
        let (words, last) = self.mask.split_at(dxs.len());
        for (i, (dx, &word)) in dxs.iter_mut().zip(words).enumerate() {
            let dy = F32::load(simd, if self.dy.is_some() { &dys[i] } else { dx });
            Mask::from_bits(simd, word).select(dy, zero).store(dx);
        }
        if let &[word] = last {
            let dy = F32::load_partial(simd, if self.dy.is_some() { dy_tail } else { dx_tail });
            Mask::from_bits(simd, word).select(dy, zero).store_partial(dx_tail);
        }
    }
}
