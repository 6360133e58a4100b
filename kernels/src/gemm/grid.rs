//! The grid of tiles: a function of the shape only.

use faer::MatMut;

use crate::simd::LANES;

/// Columns of a tile: enough to keep the product near its full speed, few enough that narrow layers
/// still give every thread a tile.
const WIDTH: usize = 192;
/// Rows of a tile: a tile of the full width is 512 KiB, inside L2.
const HEIGHT: usize = 512;

/// Calls `f(row, column, tile)` for each tile of `out`, on the threads of the current rayon pool.
pub(super) fn for_each_tile(
    out: MatMut<'_, f32>,
    f: &(impl Fn(usize, usize, MatMut<'_, f32>) + Sync),
) {
    split(out, 0, 0, f);
}

/// Halves the matrix until one tile is left.
fn split(
    out: MatMut<'_, f32>,
    row: usize,
    column: usize,
    f: &(impl Fn(usize, usize, MatMut<'_, f32>) + Sync),
) {
    if let Some(at) = middle(out.ncols(), WIDTH) {
        let (left, right) = out.split_at_col_mut(at);
        rayon::join(|| split(left, row, column, f), || split(right, row, column + at, f));
    } else if let Some(at) = middle(out.nrows(), HEIGHT) {
        let (top, bottom) = out.split_at_row_mut(at);
        rayon::join(|| split(top, row, column, f), || split(bottom, row + at, column, f));
    } else {
        f(row, column, out);
    }
}

/// The middle of `length`, at a multiple of the vector length, if one tile is not enough.
fn middle(length: usize, tile: usize) -> Option<usize> {
    (length > tile).then(|| (length / 2).next_multiple_of(LANES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn tiles_cover_every_element_once() {
        for (rows, columns) in [(1, 1), (512, 256), (513, 257), (100, 4000), (1000, 10), (0, 5)] {
            let mut counts = vec![0.0; rows * columns];
            let out = MatMut::from_row_major_slice_mut(&mut counts, rows, columns);
            let tiles = Mutex::new(Vec::new());
            for_each_tile(out, &|row, column, mut tile: MatMut<'_, f32>| {
                for i in 0..tile.nrows() {
                    for j in 0..tile.ncols() {
                        tile[(i, j)] += 1.0;
                    }
                }
                tiles.lock().unwrap().push((row, column, tile.nrows(), tile.ncols()));
            });
            assert!(counts.iter().all(|&count| count == 1.0), "{rows} × {columns}");
            for (row, column, height, width) in tiles.into_inner().unwrap() {
                assert!(row % LANES == 0 && column % LANES == 0);
                assert!(height <= HEIGHT && width <= WIDTH);
            }
        }
    }
}
