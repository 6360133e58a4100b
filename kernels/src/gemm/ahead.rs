//! What is packed next is called into cache while this is multiplied.
//!
//! A sliver touches a new page with every row, where the processor's own prefetching ends.

use faer::MatRef;

use crate::simd::{LANES, Simd};

/// The next part of the right operand, line after line.
pub(super) struct Ahead<'a> {
    /// Its rows are contiguous; none if it has no contiguous rows or columns, or there is no next part.
    source: Option<MatRef<'a, f32>>,
    row: usize,
    /// The last element of a line of that row.
    column: usize,
}

impl<'a> Ahead<'a> {
    #[inline(always)]
    pub(super) fn new(next: Option<MatRef<'a, f32>>) -> Self {
        let source = next.and_then(|next| match (next.row_stride(), next.col_stride()) {
            (_, 1) => Some(next),
            (1, _) => Some(next.transpose()),
            _ => None,
        });
        Self { source, row: 0, column: LANES - 1 }
    }

    /// Asks for the next line.
    #[inline(always)]
    pub(super) fn touch<S: Simd>(&mut self, simd: S) {
        let Some(source) = self.source else { return };
        if self.row >= source.nrows() {
            return;
        }
        let row = source.row(self.row).try_as_row_major().expect("rows are contiguous").as_slice();
        if let Some(x) = row.get(self.column).or(row.last()) {
            simd.prefetch(x);
        }
        self.column += LANES;
        if self.column >= row.len() + LANES - 1 {
            (self.row, self.column) = (self.row + 1, LANES - 1);
        }
    }
}
