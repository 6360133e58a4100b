//! Drivers over elements: forward, in place, backward.
//!
//! Whole vectors first, then one partial vector; element `i` depends on element `i` only, so the
//! length, the alignment and the split over threads change no bit. Outputs beyond the caches are stored
//! past them, with the same bits.

use crate::{
    activations::{Activation, Kind, Visitor},
    dispatch::{Kernel, Level},
    simd::{F32, LANES, LINE, Simd, Stream},
};

/// y = f(x), element by element.
///
/// ```
/// use halfwave_kernels::{Kind, Level, forward};
/// let mut y = [0.0; 3];
/// forward(Level::best(), Kind::Relu, &[-1.0, 0.5, 2.0], &mut y);
/// assert_eq!(y, [0.0, 0.5, 2.0]);
/// ```
///
/// # Panics
/// If `x` and `y` differ in length.
pub fn forward(level: Level, kind: Kind, x: &[f32], y: &mut [f32]) {
    same_length("x", x.len(), "y", y.len());
    forward_with(level, kind, Stores::of_output(y.len()), x, y);
}

/// x ← f(x), element by element.
pub fn forward_in_place(level: Level, kind: Kind, x: &mut [f32]) {
    kind.visit(InPlace { level, x });
}

/// dx = f'(x) · dy, element by element, where `saved` is what [`Kind::saved`] says: x or y = f(x).
///
/// ```
/// use halfwave_kernels::{Kind, Level, backward};
/// let (y, dy) = ([0.0, 0.5, 2.0], [3.0, 4.0, 5.0]);
/// let mut dx = [0.0; 3];
/// backward(Level::best(), Kind::Relu, &y, &dy, &mut dx);
/// assert_eq!(dx, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the three differ in length.
pub fn backward(level: Level, kind: Kind, saved: &[f32], dy: &[f32], dx: &mut [f32]) {
    same_length("saved", saved.len(), "dx", dx.len());
    same_length("dy", dy.len(), "dx", dx.len());
    backward_with(level, kind, Stores::of_output(dx.len()), saved, dy, dx);
}

/// [`forward`] of one block of an output.
pub(crate) fn forward_with(level: Level, kind: Kind, stores: Stores, x: &[f32], y: &mut [f32]) {
    kind.visit(Forward { level, stores, x, y });
}

/// [`backward`] of one block of an output.
pub(crate) fn backward_with(
    level: Level,
    kind: Kind,
    stores: Stores,
    saved: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) {
    kind.visit(Backward { level, stores, saved, dy, dx });
}

/// Where the stores of an output go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stores {
    /// Into the caches: whoever reads the output next finds it there.
    Cached,
    /// Past the caches.
    Streaming,
}

impl Stores {
    /// Elements from which on an output is stored past the caches: 32 MiB, the last-level cache of the
    /// processors that this is tuned for. A smaller output may still be there when the next layer reads it,
    /// and costs no memory traffic at all; a larger one pays for reading every line that it overwrites.
    const STREAMING_FROM: usize = 8 << 20;

    /// For an output of `elements` in all.
    pub(crate) const fn of_output(elements: usize) -> Self {
        if elements >= Self::STREAMING_FROM { Self::Streaming } else { Self::Cached }
    }
}

/// dy ← f'(x) · dy, element by element: [`backward`] in place.
///
/// # Panics
/// If the two differ in length.
pub fn backward_in_place(level: Level, kind: Kind, saved: &[f32], dy: &mut [f32]) {
    same_length("saved", saved.len(), "dy", dy.len());
    kind.visit(BackwardInPlace { level, saved, dy });
}

/// Panics with both names and lengths.
#[track_caller]
pub(crate) fn same_length(a: &str, a_len: usize, b: &str, b_len: usize) {
    assert!(a_len == b_len, "`{a}` has {a_len} elements, `{b}` has {b_len}: they must be equal");
}

/// Elements of `y` before its first whole cache line, at most one vector; 0 where nothing is streamed.
#[inline(always)]
fn before_streaming(stores: Stores, y: &[f32]) -> usize {
    match stores {
        Stores::Cached => 0,
        Stores::Streaming => y.as_ptr().align_offset(LINE).min(y.len()),
    }
}

/// y = f(x), for any body.
#[inline(always)]
pub(crate) fn map<S: Simd>(
    simd: S,
    stores: Stores,
    x: &[f32],
    y: &mut [f32],
    f: impl Fn(F32<S>) -> F32<S>,
) {
    let stream = Stream::new(simd);
    let head = before_streaming(stores, y);
    let (x_head, x) = x.split_at(head);
    let (y_head, y) = y.split_at_mut(head);
    let (xs, x_tail) = x.as_chunks::<LANES>();
    let (ys, y_tail) = y.as_chunks_mut::<LANES>();
    for (x, y) in xs.iter().zip(ys) {
        let result = f(F32::load(simd, x));
        match stores {
            Stores::Cached => result.store(y),
            Stores::Streaming => stream.store(result, y),
        }
    }
    for (x, y) in [(x_head, y_head), (x_tail, y_tail)] {
        if !x.is_empty() {
            f(F32::load_partial(simd, x)).store_partial(y);
        }
    }
}

/// x ← f(x), for any body.
#[inline(always)]
pub(crate) fn map_in_place<S: Simd>(simd: S, x: &mut [f32], f: impl Fn(F32<S>) -> F32<S>) {
    let (xs, tail) = x.as_chunks_mut::<LANES>();
    for x in xs {
        f(F32::load(simd, x)).store(x);
    }
    if !tail.is_empty() {
        f(F32::load_partial(simd, tail)).store_partial(tail);
    }
}

/// y ← f(x, y), for any body.
#[inline(always)]
pub(crate) fn zip_in_place<S: Simd>(
    simd: S,
    x: &[f32],
    y: &mut [f32],
    f: impl Fn(F32<S>, F32<S>) -> F32<S>,
) {
    let (xs, x_tail) = x.as_chunks::<LANES>();
    let (ys, y_tail) = y.as_chunks_mut::<LANES>();
    for (x, y) in xs.iter().zip(ys) {
        f(F32::load(simd, x), F32::load(simd, y)).store(y);
    }
    if !x_tail.is_empty() {
        f(F32::load_partial(simd, x_tail), F32::load_partial(simd, y_tail)).store_partial(y_tail);
    }
}

/// z = f(x, y), for any body.
#[inline(always)]
pub(crate) fn zip<S: Simd>(
    simd: S,
    stores: Stores,
    x: &[f32],
    y: &[f32],
    z: &mut [f32],
    f: impl Fn(F32<S>, F32<S>) -> F32<S>,
) {
    let stream = Stream::new(simd);
    let head = before_streaming(stores, z);
    let (x_head, x) = x.split_at(head);
    let (y_head, y) = y.split_at(head);
    let (z_head, z) = z.split_at_mut(head);
    let (xs, x_tail) = x.as_chunks::<LANES>();
    let (ys, y_tail) = y.as_chunks::<LANES>();
    let (zs, z_tail) = z.as_chunks_mut::<LANES>();
    for ((x, y), z) in xs.iter().zip(ys).zip(zs) {
        let result = f(F32::load(simd, x), F32::load(simd, y));
        match stores {
            Stores::Cached => result.store(z),
            Stores::Streaming => stream.store(result, z),
        }
    }
    for (x, y, z) in [(x_head, y_head, z_head), (x_tail, y_tail, z_tail)] {
        if !x.is_empty() {
            f(F32::load_partial(simd, x), F32::load_partial(simd, y)).store_partial(z);
        }
    }
}

/// `kernel! { Name { fields } |simd, self, activation| body }`: a driver for every activation and level.
macro_rules! driver {
    ($name:ident { $($field:ident: $ty:ty),* } |$simd:ident, $activation:ident| $body:expr) => {
        struct $name<'a> {
            level: Level,
            $($field: $ty,)*
        }

        impl Visitor for $name<'_> {
            type Output = ();
            #[inline]
            fn visit<A: Activation>(self, $activation: A) {
                struct On<'a, A>(A, $($ty),*);
                impl<A: Activation> Kernel for On<'_, A> {
                    type Output = ();
                    #[inline(always)]
                    fn run<S: Simd>(self, $simd: S) {
                        let Self($activation, $($field),*) = self;
                        $body
                    }
                }
                self.level.run(On($activation, $(self.$field),*));
            }
        }
    };
}

driver! { Forward { stores: Stores, x: &'a [f32], y: &'a mut [f32] } |simd, f|
    map(simd, stores, x, y, #[inline(always)] |x| f.forward(x))
}
driver! { InPlace { x: &'a mut [f32] } |simd, f|
    map_in_place(simd, x, #[inline(always)] |x| f.forward(x))
}
driver! { Backward { stores: Stores, saved: &'a [f32], dy: &'a [f32], dx: &'a mut [f32] } |simd, f|
    zip(simd, stores, saved, dy, dx, #[inline(always)] |saved, dy| f.backward(saved, dy))
}
driver! { BackwardInPlace { saved: &'a [f32], dy: &'a mut [f32] } |simd, f|
    zip_in_place(simd, saved, dy, #[inline(always)] |saved, dy| f.backward(saved, dy))
}
