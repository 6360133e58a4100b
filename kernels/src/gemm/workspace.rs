//! Memory for packed operands, which is kept: a product allocates nothing once the largest of its kind
//! has run.

use std::{cell::RefCell, sync::Mutex};

use faer::MatRef;
use rayon::prelude::*;

use super::{
    pack::{Line, pack},
    tile::{DEPTH, Left, Scratch},
};
use crate::{
    dispatch::{Kernel, Level},
    simd::{LANES, Simd},
};

/// Left operands that are not in use. A thread that waits for the tiles of one product may begin another.
static LEFT: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

/// Lines that a thread packs at least: 100 µs.
const LINES: usize = 1 << 15;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Calls `f` with this thread's memory for a tile; `f` must not come back to the thread pool.
pub(super) fn with_scratch(f: impl FnOnce(&mut Scratch)) {
    SCRATCH.with_borrow_mut(f);
}

/// Calls `f` with `a` packed.
pub(super) fn with_left(level: Level, a: MatRef<'_, f32>, f: impl FnOnce(&Left<'_>)) {
    let pool = || LEFT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut lines = pool().pop().unwrap_or_default();
    let (rows, depth) = a.shape();
    let slivers = rows.div_ceil(LANES);
    lines.resize(lines.len().max(depth * slivers), Line::ZERO);
    let columns = a.transpose();
    let used = &mut lines[..depth * slivers];
    for (block, lines) in used.chunks_mut((DEPTH * slivers).max(1)).enumerate() {
        let start = block * DEPTH;
        let terms = lines.len() / slivers;
        let columns = columns.subrows(start, terms);
        lines.par_chunks_mut(terms).with_min_len(LINES.div_ceil(terms)).enumerate().for_each(
            |(i, lines)| {
                let source = columns.subcols(i * LANES, LANES.min(rows - i * LANES));
                level.run(PackLeft { source, lines });
            },
        );
    }
    f(&Left { rows, lines: used });
    pool().push(lines);
}

struct PackLeft<'a> {
    source: MatRef<'a, f32>,
    lines: &'a mut [Line],
}

impl Kernel for PackLeft<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        pack::<S, 1>(simd, self.source, self.lines.as_chunks_mut().0);
    }
}
