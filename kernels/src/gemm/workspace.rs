//! Memory for packed operands, which is kept: a product allocates nothing once the largest of its kind
//! has run.

use std::{
    cell::RefCell,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use faer::MatRef;
use rayon::prelude::*;

use super::{
    pack::{Line, pack},
    tile::{Left, Packed, Scratch, terms_of_part},
};
use crate::{
    dispatch::{Kernel, Level},
    simd::{LANES, Simd},
};

/// Left operands that are not in use. A thread that waits for the tiles of one product may begin another.
static LEFT: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

/// Lines that a thread packs at least: 10 µs.
const LINES: usize = 1 << 12;

/// Lines of a left operand of which each thread packs a copy of its own, which stays in its L2. To fetch it
/// from the other's costs more.
const OWN_LINES: usize = 1 << 13;

/// What one thread needs.
#[derive(Default)]
struct Memory {
    scratch: Scratch,
    /// A left operand, and the number of its product.
    left: (u64, Vec<Line>),
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// Where the tiles of a product find the left operand.
pub(super) enum Source<'a> {
    /// Here, for all threads.
    Ready(Left<'a>),
    /// Each thread packs it.
    Own {
        a: MatRef<'a, f32>,
        /// The number of the product.
        product: u64,
    },
}

impl Source<'_> {
    /// Calls `f` with the operand and this thread's memory for a tile; `f` must not come back to the thread
    /// pool.
    pub(super) fn with(&self, level: Level, f: impl FnOnce(&Left<'_>, &mut Scratch)) {
        MEMORY.with_borrow_mut(|Memory { scratch, left: (of, lines) }| match *self {
            Self::Ready(ref left) => f(left, scratch),
            Self::Own { a, product } => {
                let length = lines_of(a);
                if *of != product {
                    lines.resize(lines.len().max(length), Line::ZERO);
                    for (part, lines) in parts(a, &mut lines[..length]) {
                        for (i, lines) in lines.chunks_mut(part.ncols()).enumerate() {
                            level.run(PackSliver { source: sliver(part, i), lines });
                        }
                    }
                    *of = product;
                }
                f(&Left::Packed(Packed { rows: a.nrows(), lines: &lines[..length] }), scratch);
            }
        });
    }
}

/// Calls `f` with the left operand of a product of so many `columns`.
pub(super) fn with_left(
    level: Level,
    a: MatRef<'_, f32>,
    columns: usize,
    f: impl FnOnce(&Source<'_>),
) {
    /// Products so far.
    static PRODUCTS: AtomicU64 = AtomicU64::new(0);
    if columns <= LANES && a.col_stride() == 1 {
        return f(&Source::Ready(Left::Rows(a)));
    }
    let length = lines_of(a);
    if length <= OWN_LINES {
        return f(&Source::Own { a, product: PRODUCTS.fetch_add(1, Ordering::Relaxed) + 1 });
    }
    let pool = || LEFT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut lines = pool().pop().unwrap_or_default();
    lines.resize(lines.len().max(length), Line::ZERO);
    for (part, lines) in parts(a, &mut lines[..length]) {
        let terms = part.ncols();
        lines
            .par_chunks_mut(terms)
            .with_min_len(LINES.div_ceil(terms))
            .enumerate()
            .for_each(|(i, lines)| level.run(PackSliver { source: sliver(part, i), lines }));
    }
    let rows = a.nrows();
    f(&Source::Ready(Left::Packed(Packed { rows, lines: &lines[..length] })));
    pool().push(lines);
}

/// Lines of a left operand.
fn lines_of(a: MatRef<'_, f32>) -> usize {
    a.ncols() * a.nrows().div_ceil(LANES)
}

/// Every [`terms_of_part`] of `a`, and their lines.
fn parts<'a, 'b>(
    a: MatRef<'a, f32>,
    lines: &'b mut [Line],
) -> impl Iterator<Item = (MatRef<'a, f32>, &'b mut [Line])> {
    let slivers = a.nrows().div_ceil(LANES);
    let terms = terms_of_part(a.ncols());
    let lines = lines.chunks_mut((terms * slivers).max(1));
    lines
        .enumerate()
        .map(move |(part, lines)| (a.subcols(part * terms, lines.len() / slivers), lines))
}

/// The sixteen rows number `i`, transposed.
fn sliver(a: MatRef<'_, f32>, i: usize) -> MatRef<'_, f32> {
    a.subrows(i * LANES, LANES.min(a.nrows() - i * LANES)).transpose()
}

struct PackSliver<'a> {
    source: MatRef<'a, f32>,
    lines: &'a mut [Line],
}

impl Kernel for PackSliver<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        pack::<S, 1>(simd, self.source, self.lines.as_chunks_mut().0);
    }
}
