//! An input and an output of one length that may be the same memory, so that a loop in place is no other
//! loop: half the code for every function and level.

use std::marker::PhantomData;

use super::{F32, LANES, LINE, Simd, Stream};

/// Where a driver reads `x[i]` and then writes `y[i]`: two slices, or one and the same.
pub(crate) struct InOut<'a> {
    x: *const f32,
    y: *mut f32,
    len: usize,
    slices: PhantomData<(&'a [f32], &'a mut [f32])>,
}

// SAFETY: it stands for a `&[f32]` and a `&mut [f32]`, or for the latter alone; both are `Send`.
unsafe impl Send for InOut<'_> {}

impl<'a> InOut<'a> {
    /// From `x` to `y`.
    ///
    /// # Panics
    /// If the two differ in length.
    #[inline(always)]
    pub(crate) fn new(x: &'a [f32], y: &'a mut [f32]) -> Self {
        assert!(x.len() == y.len(), "input and output differ in length");
        Self { x: x.as_ptr(), y: y.as_mut_ptr(), len: y.len(), slices: PhantomData }
    }

    /// From `y` to itself.
    #[inline(always)]
    pub(crate) fn in_place(y: &'a mut [f32]) -> Self {
        let (y, len) = (y.as_mut_ptr(), y.len());
        Self { x: y, y, len, slices: PhantomData }
    }

    /// From `x`, or from `y` itself where there is none.
    ///
    /// # Panics
    /// If the two differ in length.
    #[inline(always)]
    pub(crate) fn of(x: Option<&'a [f32]>, y: &'a mut [f32]) -> Self {
        match x {
            Some(x) => Self::new(x, y),
            None => Self::in_place(y),
        }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The first `at` elements and the others.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    pub(crate) fn split_at(self, at: usize) -> (Self, Self) {
        // Without numbers, which loops would keep at hand for the message.
        assert!(at <= self.len, "past the end");
        // SAFETY: `at` is in bounds of both; the halves do not overlap, and take the place of the whole.
        let (x, y) = unsafe { (self.x.add(at), self.y.add(at)) };
        (Self { len: at, ..self }, Self { x, y, len: self.len - at, slices: PhantomData })
    }

    /// `len` elements from `at` on, while `self` is not used.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    pub(crate) fn part(&mut self, at: usize, len: usize) -> InOut<'_> {
        let whole = InOut { x: self.x, y: self.y, len: self.len, slices: PhantomData };
        whole.split_at(at).1.split_at(len).0
    }

    /// Elements before the output's first whole cache line, at most all.
    #[inline(always)]
    pub(crate) fn before_line(&self) -> usize {
        self.y.align_offset(LINE).min(self.len)
    }

    /// Whole vectors.
    #[inline(always)]
    pub(crate) fn vectors(&self) -> usize {
        self.len / LANES
    }

    /// The `i`-th whole vector of the input.
    ///
    /// # Panics
    /// If there is none.
    #[inline(always)]
    pub(crate) fn load<S: Simd>(&self, simd: S, i: usize) -> F32<S> {
        assert!(i < self.vectors());
        // SAFETY: sixteen elements from 16 i on are in bounds. Nothing writes while the reference lives.
        F32::load(simd, unsafe { &*self.x.add(i * LANES).cast() })
    }

    /// Stores the `i`-th whole vector of the output.
    ///
    /// # Panics
    /// If there is none.
    #[inline(always)]
    pub(crate) fn store<S: Simd>(&mut self, x: F32<S>, i: usize, stream: &Stream<S>) {
        assert!(i < self.vectors());
        // SAFETY: sixteen elements from 16 i on are in bounds. No other reference to them lives: the
        // slices are borrowed for `'a`, and `load` gives its own back.
        stream.store(x, unsafe { &mut *self.y.add(i * LANES).cast() });
    }

    /// All of the input's at most sixteen elements, 0 in the other lanes.
    ///
    /// # Panics
    /// If there are more.
    #[inline(always)]
    pub(crate) fn load_partial<S: Simd>(&self, simd: S) -> F32<S> {
        // SAFETY: `len` elements are in bounds. Nothing writes while the slice lives.
        F32::load_partial(simd, unsafe { std::slice::from_raw_parts(self.x, self.len) })
    }

    /// Stores all of the output's at most sixteen elements.
    ///
    /// # Panics
    /// If there are more.
    #[inline(always)]
    pub(crate) fn store_partial<S: Simd>(&mut self, x: F32<S>) {
        // SAFETY: `len` elements are in bounds. No other reference to them lives, as in `store`.
        x.store_partial(unsafe { std::slice::from_raw_parts_mut(self.y, self.len) });
    }

    /// [`InOut::load_partial`] of at most sixteen elements; one plain load where there are sixteen.
    #[inline(always)]
    pub(crate) fn load_up_to<S: Simd>(&self, simd: S) -> F32<S> {
        if self.len == LANES { self.load(simd, 0) } else { self.load_partial(simd) }
    }

    /// [`InOut::store_partial`] of at most sixteen elements; one plain store where there are sixteen.
    #[inline(always)]
    pub(crate) fn store_up_to<S: Simd>(&mut self, x: F32<S>, stream: &Stream<S>) {
        if self.len == LANES { self.store(x, 0, stream) } else { self.store_partial(x) }
    }
}
