//! Sums down the columns, in `f64`: a strip of columns at a time, whose sums stay on the stack.

use std::ops::Range;

use rayon::prelude::*;

use crate::{
    parallel::{BLOCK, WORTH_THREADS},
    simd::{F64, LANES, Simd},
};

/// Columns of a strip: the rows of a batch of 256 are then 128 KiB, and stay in L2 between passes.
pub(super) const STRIP: usize = 128;

/// `N` sums for each column of a strip.
pub(super) type Sums<const N: usize> = [[f64; STRIP]; N];

/// The strips of `columns` columns.
pub(super) fn strips(columns: usize) -> impl Iterator<Item = Range<usize>> {
    (0..columns).step_by(STRIP).map(move |first| first..columns.min(first + STRIP))
}

/// Columns that a thread sums, so that about as many as the current rayon pool has share `columns` of them: whole vectors, at
/// most a strip. All of a strip where there are few `elements`.
pub(super) fn share(columns: usize, elements: usize) -> usize {
    if elements < WORTH_THREADS {
        return STRIP;
    }
    let vectors = columns.div_ceil(LANES).div_ceil(rayon::current_num_threads());
    (vectors * LANES).min(STRIP)
}

/// The sums of a strip of `elements`, large ones on the current rayon pool. `body` writes those of some columns, each summed
/// over all rows in order.
pub(super) fn sums_of_strip(
    strip: &Range<usize>,
    elements: usize,
    body: impl Fn(Range<usize>, [&mut [f64]; 2]) + Sync,
) -> Sums<2> {
    let mut sums: Sums<2> = [[0.0; STRIP]; 2];
    let [a, b] = sums.each_mut().map(|sums| &mut sums[..strip.len()]);
    let share = share(strip.len(), elements);
    if share >= strip.len() {
        body(strip.clone(), [a, b]);
        return sums;
    }
    (a.par_chunks_mut(share), b.par_chunks_mut(share)).into_par_iter().enumerate().for_each(
        |(number, (a, b))| {
            let first = strip.start + number * share;
            body(first..first + a.len(), [a, b]);
        },
    );
    sums
}

/// Adds to the sums of the `i`-th sixteen columns.
#[inline(always)]
pub(super) fn add_to_sums<S: Simd, const N: usize>(
    simd: S,
    sums: &mut Sums<N>,
    i: usize,
    terms: [F64<S>; N],
) {
    for k in 0..N {
        let sum = &mut sums[k].as_chunks_mut::<LANES>().0[i];
        (F64::load(simd, sum) + terms[k]).store(sum);
    }
}

/// Sixteen columns of a value a column.
#[inline(always)]
pub(super) fn columns<S: Simd>(simd: S, values: &[f64; STRIP], i: usize) -> F64<S> {
    F64::load(simd, &values.as_chunks::<LANES>().0[i])
}

/// Rounds the sums of a strip.
pub(super) fn write_sums(sums: &[f64; STRIP], out: &mut [f32]) {
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = sum as f32;
    }
}

/// Runs `body` on corresponding blocks of rows of two inputs and an output, where these are large enough on the current rayon
/// pool. What becomes of a row must depend on this row only.
pub(super) fn blocks_of_rows(
    columns: usize,
    [a, b]: [&[f32]; 2],
    out: &mut [f32],
    body: impl Fn([&[f32]; 2], &mut [f32]) + Sync,
) {
    if out.len() < WORTH_THREADS {
        return body([a, b], out);
    }
    let block = BLOCK.div_ceil(columns) * columns;
    (a.par_chunks(block), b.par_chunks(block), out.par_chunks_mut(block))
        .into_par_iter()
        .for_each(|(a, b, out)| body([a, b], out));
}
