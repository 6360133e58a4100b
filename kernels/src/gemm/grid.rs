//! The grid of tiles. It changes no bit of a product, so it is chosen for the caches and the threads.

use std::{
    hint,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use faer::MatMut;

/// Columns of a tile at most: as many as keep its packed rows of the left operand, its sums and a sliver
/// of the right operand in L2 together.
const WIDTH: usize = 384;
/// Rows of a tile at most.
const HEIGHT: usize = 512;
/// Columns of a sliver on the widest level: a tile ends where one does.
const SLIVER: usize = 48;
/// Rows of a tile end at a multiple of this: sixteen rows of the left operand are packed together.
const ROWS: usize = 16;
/// Tiles for each thread, if there is more than one.
const TILES: usize = 2;
/// Multiply-adds of a tile at least, if it need not be smaller: some 20 µs.
const LEAST: usize = 1 << 21;
/// Multiply-adds below which one thread takes all tiles. Of 2²² two threads made 1.55 times as much as one.
const WORTH_THREADS: usize = 1 << 21;

/// Turns of waiting, some 40 ns each, for the last tiles before the thread goes to sleep: to wake it takes
/// longer than the last tiles do.
const TURNS: usize = 10_000;

/// Calls `f(row, column, tiles)` for each tile of the matrices `outs`, all of one shape, whose elements take
/// `depth` multiply-adds each; on the threads of the current rayon pool if there is enough to do.
pub(super) fn for_each_tile<const N: usize>(
    outs: [MatMut<'_, f32>; N],
    depth: usize,
    f: &(impl Fn(usize, usize, [MatMut<'_, f32>; N]) + Sync),
) {
    let (rows, columns) = outs[0].shape();
    if rows > 0 && columns > 0 {
        let work = work(rows, columns, depth);
        let threads = if work < WORTH_THREADS { 1 } else { rayon::current_num_threads() };
        let most = if threads > 1 { (work / (TILES * threads)).max(LEAST) } else { usize::MAX };
        let waiting = (threads > 1).then(|| AtomicUsize::new(1));
        Split { depth, most, waiting, f }.split(outs, (0, 0));
    }
}

struct Split<'a, F> {
    depth: usize,
    /// Multiply-adds of a tile, unless it would be too narrow.
    most: usize,
    /// Parts of the matrices that no thread has begun to compute; none if there is one thread only.
    waiting: Option<AtomicUsize>,
    f: &'a F,
}

impl<F> Split<'_, F> {
    /// Halves the matrices until one tile is left.
    fn split<const N: usize>(&self, outs: [MatMut<'_, f32>; N], (row, column): (usize, usize))
    where
        F: Fn(usize, usize, [MatMut<'_, f32>; N]) + Sync,
    {
        let (rows, columns) = outs[0].shape();
        let share = work(rows, columns, self.depth) / 3 > self.most / 2;
        if columns > WIDTH || (share && columns >= 2 * SLIVER) {
            let at = middle(columns, SLIVER);
            let (left, right) = halves(outs, |out| out.split_at_col_mut(at));
            self.both(|| self.split(left, (row, column)), || self.split(right, (row, column + at)));
        } else if rows > HEIGHT || (share && rows >= 8 * ROWS) {
            let at = middle(rows, ROWS);
            let (top, bottom) = halves(outs, |out| out.split_at_row_mut(at));
            self.both(|| self.split(top, (row, column)), || self.split(bottom, (row + at, column)));
        } else {
            if let Some(waiting) = &self.waiting {
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
            (self.f)(row, column, outs);
        }
    }

    fn both(&self, first: impl FnOnce() + Send, second: impl FnOnce() + Send)
    where
        F: Sync,
    {
        let Some(waiting) = &self.waiting else {
            first();
            return second();
        };
        waiting.fetch_add(1, Ordering::Relaxed);
        let done = AtomicBool::new(false);
        rayon::join(
            || {
                first();
                // As long as parts wait, rayon takes one.
                let mut turns = 0..TURNS;
                while !done.load(Ordering::Relaxed)
                    && waiting.load(Ordering::Relaxed) == 0
                    && turns.next().is_some()
                {
                    hint::spin_loop();
                }
            },
            || {
                second();
                done.store(true, Ordering::Relaxed);
            },
        );
    }
}

/// Multiply-adds.
fn work(rows: usize, columns: usize, depth: usize) -> usize {
    rows.saturating_mul(columns).saturating_mul(depth)
}

/// The multiple of `unit` next to the middle.
fn middle(length: usize, unit: usize) -> usize {
    (length + unit) / (2 * unit) * unit
}

fn halves<'a, const N: usize>(
    outs: [MatMut<'a, f32>; N],
    split: impl Fn(MatMut<'a, f32>) -> (MatMut<'a, f32>, MatMut<'a, f32>),
) -> ([MatMut<'a, f32>; N], [MatMut<'a, f32>; N]) {
    let mut seconds = [const { None }; N];
    let mut rest = seconds.iter_mut();
    let firsts = outs.map(|out| {
        let (first, second) = split(out);
        *rest.next().expect("one for each") = Some(second);
        first
    });
    (firsts, seconds.map(|second| second.expect("one for each")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn tiles_cover_every_element_once() {
        for (rows, columns) in [(1, 1), (512, 256), (513, 257), (100, 4000), (1000, 10), (0, 5)] {
            for depth in [0, 1, 3000] {
                let mut counts = vec![0.0; rows * columns];
                let out = MatMut::from_row_major_slice_mut(&mut counts, rows, columns);
                let tiles = Mutex::new(Vec::new());
                for_each_tile([out], depth, &|row, column, [mut tile]| {
                    for i in 0..tile.nrows() {
                        for j in 0..tile.ncols() {
                            tile[(i, j)] += 1.0;
                        }
                    }
                    tiles.lock().unwrap().push((row, column, tile.nrows(), tile.ncols()));
                });
                assert!(counts.iter().all(|&count| count == 1.0), "{rows} × {columns}");
                for (row, column, height, width) in tiles.into_inner().unwrap() {
                    assert!(row % ROWS == 0 && column % SLIVER == 0);
                    assert!(height <= HEIGHT && width <= WIDTH);
                }
            }
        }
    }
}
