//! Drivers over elements: forward, in place, backward.
//!
//! Whole vectors first, then one partial vector; element `i` depends on element `i` only, so the
//! length, the alignment and the split over threads change no bit. Outputs beyond the caches are stored
//! past them, with the same bits.

use crate::{
    activations::{Activation, Kind, Visitor},
    dispatch::{Kernel, Level},
    simd::{F32, InOut, LANES, Simd, Stream},
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
    forward_with(level, kind, Stores::of_output(y.len()), InOut::new(x, y));
}

/// x ← f(x), element by element.
///
/// ```
/// use halfwave_kernels::{Kind, Level, forward_in_place};
/// let mut x = [-1.0, 0.5, 2.0];
/// forward_in_place(Level::best(), Kind::Relu, &mut x);
/// assert_eq!(x, [0.0, 0.5, 2.0]);
/// ```
pub fn forward_in_place(level: Level, kind: Kind, x: &mut [f32]) {
    forward_with(level, kind, Stores::in_place(x.len()), InOut::in_place(x));
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
    backward_with(level, kind, Stores::of_output(dx.len()), saved, InOut::new(dy, dx));
}

/// [`forward`] of one block from x to y.
pub(crate) fn forward_with(level: Level, kind: Kind, stores: Stores, xy: InOut<'_>) {
    kind.visit(Forward { level, stores, xy });
}

/// [`backward`] of one block from dy to dx.
pub(crate) fn backward_with(
    level: Level,
    kind: Kind,
    stores: Stores,
    saved: &[f32],
    dydx: InOut<'_>,
) {
    kind.visit(Backward { level, stores, saved, dydx });
}

/// Where the stores of an output go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stores {
    /// Into the caches: whoever reads the output next finds it there.
    Cached,
    /// The same from the output's first whole cache line on, what is before it last.
    Aligned,
    /// Past the caches.
    Streaming,
}

impl Stores {
    /// Elements from which on an output is stored past the caches: 32 MiB, the last-level cache of the
    /// processors that this is tuned for. A smaller output may still be there when the next layer reads it,
    /// and costs no memory traffic at all; a larger one pays for reading every line that it overwrites.
    const STREAMING_FROM: usize = 8 << 20;

    /// Elements from which on whole cache lines are written where the output does not begin one, as vectors of the
    /// standard library seldom do: else every access of 64 bytes takes two lines, and cheap functions wait for L1 or L2 half
    /// as long again. A shorter one would pay more for its two ends.
    const ALIGNED_FROM: usize = 1 << 10;

    /// For an output of `elements` in all.
    pub(crate) const fn of_output(elements: usize) -> Self {
        if elements >= Self::STREAMING_FROM { Self::Streaming } else { Self::in_place(elements) }
    }

    /// For an output of `elements` that is the input, and so in cache.
    pub(crate) const fn in_place(elements: usize) -> Self {
        if elements >= Self::ALIGNED_FROM { Self::Aligned } else { Self::Cached }
    }

    /// Elements before the first whole cache line of the output, where that is where it begins.
    #[inline(always)]
    fn head(self, xy: &InOut<'_>) -> usize {
        match self {
            Self::Cached => 0,
            Self::Aligned | Self::Streaming => xy.before_line(),
        }
    }
}

/// dy ← f'(x) · dy, element by element: [`backward`] in place.
///
/// ```
/// use halfwave_kernels::{Kind, Level, backward_in_place};
/// let mut dy = [3.0, 4.0, 5.0];
/// backward_in_place(Level::best(), Kind::Relu, &[0.0, 0.5, 2.0], &mut dy);
/// assert_eq!(dy, [0.0, 4.0, 5.0]);
/// ```
///
/// # Panics
/// If the two differ in length.
pub fn backward_in_place(level: Level, kind: Kind, saved: &[f32], dy: &mut [f32]) {
    same_length("saved", saved.len(), "dy", dy.len());
    backward_with(level, kind, Stores::in_place(dy.len()), saved, InOut::in_place(dy));
}

/// Panics with both names and lengths.
#[track_caller]
pub(crate) fn same_length(a: &str, a_len: usize, b: &str, b_len: usize) {
    assert!(a_len == b_len, "`{a}` has {a_len} elements, `{b}` has {b_len}: they must be equal");
}

/// y = f(x), for any body, which is called in the order of the elements where stores are [`Stores::Cached`].
///
/// Each body stands here twice, for whole and for partial vectors: its copies are what compiling takes its
/// time for.
#[inline(always)]
pub(crate) fn map<S: Simd>(
    simd: S,
    stores: Stores,
    xy: InOut<'_>,
    mut f: impl FnMut(F32<S>) -> F32<S>,
) {
    let stream = Stream::new(simd, stores == Stores::Streaming);
    let head = stores.head(&xy);
    let (head, xy) = xy.split_at(head);
    let vectors = xy.vectors();
    let (mut whole, tail) = xy.split_at(vectors * LANES);
    for i in 0..whole.vectors() {
        let y = f(whole.load(simd, i));
        whole.store(y, i, &stream);
    }
    for mut part in [head, tail] {
        if part.len() > 0 {
            let y = f(part.load_partial(simd));
            part.store_partial(y);
        }
    }
}

/// x ← f(x), for any body.
#[inline(always)]
pub(crate) fn map_in_place<S: Simd>(simd: S, x: &mut [f32], f: impl Fn(F32<S>) -> F32<S>) {
    map(simd, Stores::Cached, InOut::in_place(x), f);
}

/// z = f(x, y), for any body; y and z are `yz`.
#[inline(always)]
pub(crate) fn zip<S: Simd>(
    simd: S,
    stores: Stores,
    x: &[f32],
    yz: InOut<'_>,
    f: impl Fn(F32<S>, F32<S>) -> F32<S>,
) {
    let stream = Stream::new(simd, stores == Stores::Streaming);
    let head = stores.head(&yz);
    let (x_head, x) = x.split_at(head);
    let (yz_head, yz) = yz.split_at(head);
    let vectors = yz.vectors();
    let (xs, x_tail) = x.as_chunks::<LANES>();
    let (mut whole, yz_tail) = yz.split_at(vectors * LANES);
    for (i, x) in xs[..whole.vectors()].iter().enumerate() {
        let z = f(F32::load(simd, x), whole.load(simd, i));
        whole.store(z, i, &stream);
    }
    for (x, mut yz) in [(x_head, yz_head), (x_tail, yz_tail)] {
        if !x.is_empty() {
            let z = f(F32::load_partial(simd, x), yz.load_partial(simd));
            yz.store_partial(z);
        }
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
    zip(simd, Stores::Cached, x, InOut::in_place(y), f);
}

/// f(x), by one function for all drivers on levels whose speed does not count.
#[inline(always)]
pub(crate) fn forward_of<S: Simd, A: Activation>(simd: S, f: A, x: F32<S>) -> F32<S> {
    simd.outline(
        #[inline(always)]
        || f.forward(x),
    )
}

/// f'(x) dy, by one function for all drivers on levels whose speed does not count.
#[inline(always)]
pub(crate) fn backward_of<S: Simd, A: Activation>(
    simd: S,
    f: A,
    saved: F32<S>,
    dy: F32<S>,
) -> F32<S> {
    simd.outline(
        #[inline(always)]
        || f.backward(saved, dy),
    )
}

/// `driver! { Name { fields } |simd, activation| body }`: a driver for every activation and level.
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

driver! { Forward { stores: Stores, xy: InOut<'a> } |simd, f|
    map(simd, stores, xy, #[inline(always)] |x| forward_of(simd, f, x))
}
driver! { Backward { stores: Stores, saved: &'a [f32], dydx: InOut<'a> } |simd, f|
    zip(simd, stores, saved, dydx, #[inline(always)] |saved, dy| backward_of(simd, f, saved, dy))
}
