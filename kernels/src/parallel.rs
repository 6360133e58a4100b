//! The element-wise drivers on the current rayon pool.
//!
//! Work is cut into blocks of a fixed size that the threads share; an element depends on its own index
//! only, so the number of threads changes no bit. Small work stays on the calling thread. Nothing here
//! allocates; rayon itself may, a few bytes now and then, where the caller is no thread of its pool.

use rayon::prelude::*;

use crate::{
    activations::Kind,
    dispatch::Level,
    elementwise::{
        Stores, backward, backward_in_place, backward_with, forward, forward_in_place,
        forward_with, same_length,
    },
    simd::InOut,
};

/// Elements of a block: with three or four arrays of `f32`, 192 to 256 KiB, well inside L2.
pub(crate) const BLOCK: usize = 1 << 14;

/// Elements from which on threads are woken. The cheapest functions take some 5 µs for as many in cache,
/// which is what waking a thread and waiting for it takes as well.
pub(crate) const WORTH_THREADS: usize = 1 << 17;

/// What is done with a block of x (nothing: in place) and of y.
pub(crate) type Body<'a> = dyn Fn(Option<&[f32]>, &mut [f32]) + Sync + 'a;

/// Runs `body` on corresponding blocks of x (nothing: in place) and y.
pub(crate) fn blocks(x: Option<&[f32]>, y: &mut [f32], block: usize, body: &Body<'_>) {
    match x {
        Some(x) => (x.par_chunks(block), y.par_chunks_mut(block))
            .into_par_iter()
            .for_each(|(x, y)| body(Some(x), y)),
        None => y.par_chunks_mut(block).for_each(|y| body(None, y)),
    }
}

/// [`forward`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Kind, Level, par_forward};
/// let mut y = [0.0; 3];
/// par_forward(Level::best(), Kind::Relu, &[-1.0, 0.5, 2.0], &mut y);
/// assert_eq!(y, [0.0, 0.5, 2.0]);
/// ```
///
/// # Panics
/// If `x` and `y` differ in length.
pub fn par_forward(level: Level, kind: Kind, x: &[f32], y: &mut [f32]) {
    same_length("x", x.len(), "y", y.len());
    if y.len() < WORTH_THREADS {
        return forward(level, kind, x, y);
    }
    let stores = Stores::of_output(y.len());
    (x.par_chunks(BLOCK), y.par_chunks_mut(BLOCK))
        .into_par_iter()
        .for_each(|(x, y)| forward_with(level, kind, stores, InOut::new(x, y)));
}

/// [`forward_in_place`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Kind, Level, par_forward_in_place};
/// let mut x = [-1.0, 0.5, 2.0];
/// par_forward_in_place(Level::best(), Kind::Relu, &mut x);
/// assert_eq!(x, [0.0, 0.5, 2.0]);
/// ```
pub fn par_forward_in_place(level: Level, kind: Kind, x: &mut [f32]) {
    if x.len() < WORTH_THREADS {
        return forward_in_place(level, kind, x);
    }
    x.par_chunks_mut(BLOCK).for_each(|x| forward_in_place(level, kind, x));
}

/// [`backward`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Kind, Level, par_backward};
/// let mut dx = [0.0; 3];
/// par_backward(Level::best(), Kind::Relu, &[0.0, 0.5, 2.0], &[3.0, 4.0, 5.0], &mut dx);
/// assert_eq!(dx, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the three differ in length.
pub fn par_backward(level: Level, kind: Kind, saved: &[f32], dy: &[f32], dx: &mut [f32]) {
    same_length("saved", saved.len(), "dx", dx.len());
    same_length("dy", dy.len(), "dx", dx.len());
    if dx.len() < WORTH_THREADS {
        return backward(level, kind, saved, dy, dx);
    }
    let stores = Stores::of_output(dx.len());
    (saved.par_chunks(BLOCK), dy.par_chunks(BLOCK), dx.par_chunks_mut(BLOCK))
        .into_par_iter()
        .for_each(|(saved, dy, dx)| {
            backward_with(level, kind, stores, saved, InOut::new(dy, dx));
        });
}

/// [`backward_in_place`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Kind, Level, par_backward_in_place};
/// let mut dy = [3.0, 4.0, 5.0];
/// par_backward_in_place(Level::best(), Kind::Relu, &[0.0, 0.5, 2.0], &mut dy);
/// assert_eq!(dy, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the two differ in length.
pub fn par_backward_in_place(level: Level, kind: Kind, saved: &[f32], dy: &mut [f32]) {
    same_length("saved", saved.len(), "dy", dy.len());
    if dy.len() < WORTH_THREADS {
        return backward_in_place(level, kind, saved, dy);
    }
    (saved.par_chunks(BLOCK), dy.par_chunks_mut(BLOCK))
        .into_par_iter()
        .for_each(|(saved, dy)| backward_in_place(level, kind, saved, dy));
}
