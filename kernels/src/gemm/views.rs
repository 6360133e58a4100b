//! Matrices of `ndarray` as operands of products, without a copy.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{MatMut, MatRef};

/// A view of `ndarray` whose memory is in another order than the operand needs, or has gaps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a view of shape {shape:?} with strides {strides:?}: expected {expected}")]
pub struct LayoutError {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Elements from row to row and from column to column.
    pub strides: [isize; 2],
    /// What it must be, and what to do.
    expected: &'static str,
}

impl LayoutError {
    fn new(shape: &[usize], strides: &[isize], expected: &'static str) -> Self {
        // A view in two dimensions has two of each.
        Self { shape: [shape[0], shape[1]], strides: [strides[0], strides[1]], expected }
    }
}

/// A left or right operand, `[rows, columns]`: all rows one after the other, or all columns, as in a transposed view.
///
/// ```
/// use halfwave_kernels::{Level, gemm::{Epilogue, from_ndarray, from_ndarray_mut, matmul}};
/// use ndarray::{Array2, array};
/// let (x, w) = (array![[1.0, 2.0]], array![[1.0, 2.0], [-1.0, 0.5]]);
/// let mut y = Array2::zeros((1, 2));
/// matmul(
///     Level::best(),
///     from_ndarray(x.view())?,
///     from_ndarray(w.t())?,
///     from_ndarray_mut(y.view_mut())?,
///     Epilogue::None,
/// );
/// assert_eq!(y, array![[5.0, 0.0]]);
/// # Ok::<(), halfwave_kernels::gemm::LayoutError>(())
/// ```
///
/// # Errors
/// If there are gaps, as between the rows of some columns, or an axis is reversed.
pub fn from_ndarray(x: ArrayView2<'_, f32>) -> Result<MatRef<'_, f32>, LayoutError> {
    let (rows, columns) = x.dim();
    if let Some(values) = x.to_slice() {
        return Ok(MatRef::from_row_major_slice(values, rows, columns));
    }
    match x.reversed_axes().to_slice() {
        Some(values) => Ok(MatRef::from_column_major_slice(values, rows, columns)),
        None => Err(LayoutError::new(
            x.shape(),
            x.strides(),
            "all rows or all columns one after the other; take a copy, `.as_standard_layout().view()`",
        )),
    }
}

/// What a product is written to, `[rows, columns]`: all rows one after the other.
///
/// ```
/// use halfwave_kernels::gemm::from_ndarray_mut;
/// let mut y = ndarray::Array2::zeros((3, 2));
/// assert!(from_ndarray_mut(y.view_mut()).is_ok());
/// let error = from_ndarray_mut(y.view_mut().reversed_axes()).unwrap_err();
/// assert_eq!((error.shape, error.strides), ([2, 3], [1, 2]));
/// ```
///
/// # Errors
/// If the columns are one after the other, there are gaps, or an axis is reversed.
pub fn from_ndarray_mut(out: ArrayViewMut2<'_, f32>) -> Result<MatMut<'_, f32>, LayoutError> {
    let (rows, columns) = out.dim();
    let error = LayoutError::new(
        out.shape(),
        out.strides(),
        "all rows one after the other; write to an array in standard layout and `.assign` it",
    );
    let values = out.into_slice().ok_or(error)?;
    Ok(MatMut::from_row_major_slice_mut(values, rows, columns))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice};

    use super::*;

    fn counted(rows: usize, columns: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, columns), |(i, j)| (10 * i + j) as f32)
    }

    /// The same shape and the same elements.
    fn assert_same(x: ArrayView2<'_, f32>) {
        let matrix = from_ndarray(x).unwrap();
        assert_eq!(matrix.shape(), x.dim());
        for ((i, j), value) in x.indexed_iter() {
            assert_eq!(matrix[(i, j)], *value, "row {i}, column {j}");
        }
    }

    #[test]
    fn operands_are_the_views_that_they_are_of() {
        for (rows, columns) in [(1, 1), (3, 4), (1, 5), (5, 1), (0, 3), (3, 0)] {
            let x = counted(rows, columns);
            assert_same(x.view());
            assert_same(x.t());
        }
        let x = counted(4, 6);
        // Some rows, some columns of columns that lie one after the other.
        assert_same(x.slice_axis(Axis(0), Slice::from(1..3)));
        assert_same(x.t().slice_axis(Axis(1), Slice::from(1..3)));
        // One row of some columns, one column of a whole: the other axis has no neighbours.
        let row = x.slice_axis(Axis(0), Slice::from(2..3));
        assert_same(row.slice_axis(Axis(1), Slice::from(1..4)));
    }

    #[test]
    fn gaps_and_reversed_axes_are_errors() {
        let x = counted(4, 6);
        let some = |axis, slice| x.slice_axis(Axis(axis), slice);
        for (view, strides) in [
            (some(1, Slice::from(1..4)), [6, 1]),
            (some(0, Slice::new(0, None, 2)), [12, 1]),
            (some(0, Slice::new(0, None, -1)), [-6, 1]),
            (some(1, Slice::from(1..4)).reversed_axes(), [1, 6]),
        ] {
            let error = from_ndarray(view).unwrap_err();
            assert_eq!((error.shape, error.strides), ([view.nrows(), view.ncols()], strides));
            assert!(error.to_string().contains("as_standard_layout"), "{error}");
            assert_same(view.as_standard_layout().view());
        }
    }

    #[test]
    fn outputs_are_written_where_they_stand() {
        let mut y = counted(3, 4);
        let mut matrix = from_ndarray_mut(y.slice_axis_mut(Axis(0), Slice::from(1..))).unwrap();
        assert_eq!(matrix.shape(), (2, 4));
        matrix[(1, 3)] = -1.0;
        assert_eq!((y[[2, 3]], y[[2, 2]]), (-1.0, 22.0));
        let mut other = y.clone();
        let some = other.slice_axis_mut(Axis(1), Slice::from(..2));
        for view in [y.view_mut().reversed_axes(), some] {
            let (shape, strides) = (view.dim(), view.strides().to_vec());
            let error = from_ndarray_mut(view).unwrap_err();
            assert_eq!((error.shape, &error.strides[..]), (shape.into(), &strides[..]));
        }
    }
}
