//! Operands as the innermost loop reads them: one stream of whole cache lines.
//!
//! A sliver is `V` vectors of columns of a matrix, all rows below each other, padded with zeros:
//! `V` lines for every row. The right operand is packed as it is, the left one transposed.

use faer::MatRef;

use crate::simd::{F32, LANES, Simd, load_up_to, transpose};

/// Sixteen numbers that start a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; LANES]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);
}

/// Packs `source`, `[k, n]` with n ≤ 16 V: V lines for each row.
#[inline(always)]
pub(crate) fn pack<S: Simd, const V: usize>(
    simd: S,
    source: MatRef<'_, f32>,
    out: &mut [[Line; V]],
) {
    let (rows, columns) = source.shape();
    if source.col_stride() == 1 {
        for (row, lines) in source.row_iter().zip(out) {
            let row = row.try_as_row_major().expect("columns are next to each other").as_slice();
            let (whole, tail) = row.as_chunks::<LANES>();
            if let Ok(whole) = <&[[f32; LANES]; V]>::try_from(whole) {
                for v in 0..V {
                    F32::load(simd, &whole[v]).store(&mut lines[v].0);
                }
            } else {
                for (v, line) in lines.iter_mut().enumerate() {
                    let x = whole.get(v).map_or(tail, |x| x);
                    F32::load_partial(simd, x).store(&mut line.0);
                }
            }
        }
    } else if source.row_stride() == 1 {
        for (block, lines) in out.chunks_mut(LANES).enumerate() {
            let rows = source.subrows(block * LANES, lines.len());
            for v in 0..V {
                let part = rows.subcols(v * LANES, LANES.min(columns - v * LANES));
                for (x, lines) in transposed(simd, part).into_iter().zip(&mut *lines) {
                    x.store(&mut lines[v].0);
                }
            }
        }
    } else {
        for i in 0..rows {
            for j in 0..V * LANES {
                let x = if j < columns { source[(i, j)] } else { 0.0 };
                out[i][j / LANES].0[j % LANES] = x;
            }
        }
    }
}

/// Sixteen rows at most of sixteen columns at most, whose rows are next to each other.
#[inline(always)]
fn transposed<S: Simd>(simd: S, source: MatRef<'_, f32>) -> [F32<S>; LANES] {
    let mut columns = [F32::splat(simd, 0.0); LANES];
    for (column, x) in columns.iter_mut().zip(source.col_iter()) {
        let x = x.try_as_col_major().expect("rows are next to each other").as_slice();
        *column = load_up_to(simd, x);
    }
    transpose(simd, columns)
}
