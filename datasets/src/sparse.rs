//! Rows of zeros and ones of which only the ones are kept: compressed rows.

use crate::error::Error;

/// Zeros and ones `[rows, width]`: where each row begins, and the columns of its ones, ascending.
///
/// ```
/// use halfwave_datasets::sparse::SparseRows;
/// let mut x = SparseRows::new(4)?;
/// x.push(&[0, 3])?;
/// x.push(&[])?;
/// assert_eq!((x.rows(), x.row(0), x.row(1), x.ones()), (2, &[0, 3][..], &[][..], 2));
/// assert!(x.push(&[4]).is_err() && x.push(&[1, 0]).is_err() && x.push(&[1, 1]).is_err());
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparseRows {
    width: usize,
    /// Where the ones of row i begin, `[rows + 1]`.
    offsets: Vec<usize>,
    columns: Vec<u32>,
}

impl SparseRows {
    /// No rows, of `width` columns each.
    ///
    /// # Errors
    /// [`Error::Argument`] if `width` is 0 or above 2³² − 1.
    pub fn new(width: usize) -> Result<Self, Error> {
        if width == 0 || u32::try_from(width).is_err() {
            let expected = format!("1 to {}", u32::MAX);
            return Err(Error::argument("columns of a sparse row", expected, width));
        }
        Ok(Self { width, offsets: vec![0], columns: Vec::new() })
    }

    /// Adds a row with ones in these columns.
    ///
    /// # Errors
    /// [`Error::Argument`] if the columns are not ascending, each once, or one is not below the width.
    pub fn push(&mut self, columns: &[u32]) -> Result<(), Error> {
        if !columns.is_sorted_by(|a, b| a < b) {
            let found = format!("{columns:?}");
            return Err(Error::argument("columns of a sparse row", "ascending, each once", found));
        }
        if let Some(&last) = columns.last().filter(|&&last| last as usize >= self.width) {
            let expected = format!("less than {}", self.width);
            return Err(Error::argument("column of a sparse row", expected, last));
        }
        self.columns.extend_from_slice(columns);
        self.offsets.push(self.columns.len());
        Ok(())
    }

    /// Adds all rows of `more`.
    ///
    /// # Errors
    /// [`Error::Argument`] if they have another width.
    pub fn append(&mut self, more: &Self) -> Result<(), Error> {
        if more.width != self.width {
            let expected = self.width.to_string();
            return Err(Error::argument("columns of a sparse row", expected, more.width));
        }
        let ones = self.columns.len();
        self.columns.extend_from_slice(&more.columns);
        self.offsets.extend(more.offsets[1..].iter().map(|offset| ones + offset));
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The columns of the ones of row `i`, ascending.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, i: usize) -> &[u32] {
        &self.columns[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Number of ones.
    pub fn ones(&self) -> usize {
        self.columns.len()
    }

    /// Share of the values that are 0; 1 without rows.
    pub fn sparsity(&self) -> f64 {
        let values = self.rows() as f64 * self.width as f64;
        if values == 0.0 { 1.0 } else { 1.0 - self.ones() as f64 / values }
    }

    /// The rows that `indices` name, in their order; rows may repeat.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn subset(&self, indices: &[usize]) -> Self {
        let mut subset = Self { width: self.width, offsets: vec![0], columns: Vec::new() };
        for &i in indices {
            subset.columns.extend_from_slice(self.row(i));
            subset.offsets.push(subset.columns.len());
        }
        subset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_has_the_rows_that_are_named() {
        let mut x = SparseRows::new(3).unwrap();
        for row in [&[0, 2][..], &[], &[1]] {
            x.push(row).unwrap();
        }
        let subset = x.subset(&[2, 0, 2]);
        assert_eq!((0..3).map(|i| subset.row(i)).collect::<Vec<_>>(), [&[1][..], &[0, 2], &[1]]);
        assert_eq!((subset.ones(), subset.width()), (4, 3));
        assert!((subset.sparsity() - 5.0 / 9.0).abs() < 1e-12);
        assert_eq!(x.subset(&[]).sparsity(), 1.0);
        x.append(&subset).unwrap();
        assert_eq!((x.rows(), x.ones(), x.row(2), x.row(4)), (6, 7, &[1][..], &[0, 2][..]));
        assert!(x.append(&SparseRows::new(4).unwrap()).is_err());
    }

    #[test]
    fn what_is_no_row_is_an_error_and_adds_nothing() {
        let mut x = SparseRows::new(3).unwrap();
        let message = |error: Error| error.to_string();
        assert_eq!(
            message(x.push(&[2, 1]).unwrap_err()),
            "columns of a sparse row: expected ascending, each once, found [2, 1]"
        );
        let expected = "column of a sparse row: expected less than 3, found 3";
        assert_eq!(message(x.push(&[1, 3]).unwrap_err()), expected);
        assert_eq!((x.rows(), x.ones()), (0, 0));
        assert!(SparseRows::new(0).is_err());
    }
}
