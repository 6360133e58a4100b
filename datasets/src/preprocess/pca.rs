//! Principal components.
//!
//! ```text
//! x [rows, width]     C = Σ (x − mean)ᵀ (x − mean) / (rows − 1) = Vᵀ Λ V     z = (x − mean) Vᵀ [rows, components]
//! ```
//!
//! In `f64`, on one thread: the bits depend on the machine (faer chooses its kernels by it), not on its threads.

use faer::{
    Accum, Mat, MatMut, MatRef, Par,
    diag::Diag,
    dyn_stack::{MemBuffer, MemStack},
    linalg::{
        evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch},
        matmul::{
            matmul,
            triangular::{self, BlockStructure},
        },
    },
};

use super::check_width;
use crate::error::Error;

/// Most columns: half a gigabyte of covariance, as much of directions, and much work.
const MAX_WIDTH: usize = 8192;
/// Rows that are widened to `f64` at a time.
const ROWS: usize = 512;

/// The directions of largest variance, as scikit-learn's `PCA` has them (`svd_solver = "covariance_eigh"`): of
/// unit length, the entry of largest magnitude above 0 (the first among equals), not whitened.
///
/// Fit on the training part, apply to all parts.
///
/// ```
/// use halfwave_datasets::preprocess::Pca;
/// let x = [1.0, 0.0, 3.0, 2.0, 5.0, 4.0]; // [3, 2], all variance along (1, 1)
/// let pca = Pca::fit(&x, 2, 1)?;
/// assert!((pca.variance[0] - 8.0).abs() < 1e-12);
/// let z = pca.apply(&x)?;
/// assert!(z.iter().zip([-8.0_f32.sqrt(), 0.0, 8.0_f32.sqrt()]).all(|(z, e)| (z - e).abs() < 1e-6));
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// Mean of each column.
    pub mean: Vec<f64>,
    /// V `[components, width]`, by falling variance.
    pub components: Vec<f64>,
    /// Variance along each of them (divided by rows − 1), never below 0.
    pub variance: Vec<f64>,
    /// The variance of all columns: the sum over all components there are.
    pub total_variance: f64,
}

impl Pca {
    /// The `components` directions of largest variance of `x [rows, width]`.
    ///
    /// # Errors
    /// [`Error::Argument`] if `width` is 0 or more than 8192, `x` holds fewer than two rows or a part of one, a value is
    /// not finite, or `components` is not between 1 and the smaller of width and rows.
    pub fn fit(x: &[f32], width: usize, components: usize) -> Result<Self, Error> {
        if width > MAX_WIDTH {
            let expected = format!("at most {MAX_WIDTH}, of which a covariance fits memory");
            return Err(Error::argument("columns to fit", expected, width));
        }
        let mean = super::Standardiser::fit(x, width)?.mean;
        let rows = x.len() / width;
        if rows < 2 {
            return Err(Error::argument("rows to fit", "at least 2", rows));
        }
        let most = width.min(rows);
        if !(1..=most).contains(&components) {
            return Err(Error::argument("components", format!("1 to {most}"), components));
        }
        let mut covariance = Mat::<f64>::zeros(width, width);
        let mut centred = vec![0.0; ROWS.min(rows) * width];
        for x in x.chunks(ROWS * width) {
            let part = centre(x, &mean, &mut centred);
            triangular::matmul(
                covariance.as_mut(),
                BlockStructure::TriangularLower,
                Accum::Add,
                part.transpose(),
                BlockStructure::Rectangular,
                part,
                BlockStructure::Rectangular,
                1.0 / (rows - 1) as f64,
                Par::Seq,
            );
        }
        let total_variance = (0..width).map(|i| covariance[(i, i)]).sum();
        let (values, vectors) = &eigen(&covariance)?;
        // Eigenvalues rise.
        let chosen = (width - components..width).rev();
        let variance = chosen.clone().map(|i| values[i].max(0.0)).collect();
        let components =
            chosen.flat_map(|i| upright((0..width).map(move |j| vectors[(j, i)]))).collect();
        Ok(Self { mean, components, variance, total_variance })
    }

    /// Number of columns that it takes.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// The share of the variance along each component.
    pub fn variance_ratio(&self) -> Vec<f64> {
        self.variance.iter().map(|variance| variance / self.total_variance).collect()
    }

    /// The coordinates `[rows, components]` of `x [rows, width]`; computed in `f64`, rounded once.
    ///
    /// # Errors
    /// [`Error::Argument`] if `x` is not made of whole rows of this width.
    pub fn apply(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        check_width(x, self.width())?;
        let (width, components) = (self.width(), self.variance.len());
        let mut centred = vec![0.0; ROWS.min(x.len() / width) * width];
        let mut coordinates = vec![0.0; ROWS.min(x.len() / width) * components];
        let axes = MatRef::from_row_major_slice(&self.components, components, width);
        let mut z = Vec::with_capacity(x.len() / width * components);
        for x in x.chunks(ROWS * width) {
            let part = centre(x, &self.mean, &mut centred);
            let out = &mut coordinates[..part.nrows() * components];
            let product = MatMut::from_row_major_slice_mut(&mut *out, part.nrows(), components);
            matmul(product, Accum::Replace, part, axes.transpose(), 1.0, Par::Seq);
            z.extend(out.iter().map(|&z| z as f32));
        }
        Ok(z)
    }
}

/// x − mean in `f64`, as a matrix in the first elements of `out`.
fn centre<'a>(x: &[f32], mean: &[f64], out: &'a mut [f64]) -> MatRef<'a, f64> {
    let out = &mut out[..x.len()];
    for (x, out) in x.chunks_exact(mean.len()).zip(out.chunks_exact_mut(mean.len())) {
        for ((x, mean), out) in x.iter().zip(mean).zip(out) {
            *out = f64::from(*x) - mean;
        }
    }
    MatRef::from_row_major_slice(out, x.len() / mean.len(), mean.len())
}

/// Rising eigenvalues, and the eigenvectors as columns, of a symmetric matrix of which the lower half counts.
fn eigen(matrix: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), Error> {
    let n = matrix.nrows();
    let (mut values, mut vectors) = (Diag::<f64>::zeros(n), Mat::<f64>::zeros(n, n));
    let yes = ComputeEigenvectors::Yes;
    let scratch = self_adjoint_evd_scratch::<f64>(n, yes, Par::Seq, Default::default());
    let mut memory = MemBuffer::new(scratch);
    self_adjoint_evd(
        matrix.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map_err(|_| Error::argument("values to fit", "a covariance with eigenvalues", "none"))?;
    Ok((values.column_vector().iter().copied().collect(), vectors))
}

/// A direction with the sign that makes its entry of largest magnitude, the first among equals, positive.
fn upright(direction: impl Iterator<Item = f64> + Clone) -> impl Iterator<Item = f64> {
    let largest = direction.clone().fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
    let sign = if largest < 0.0 { -1.0 } else { 1.0 };
    direction.map(move |entry| sign * entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * i) as f32 * 0.37).sin() + (i % 5) as f32).collect()
    }

    /// More rows than are taken at a time, and a last part of one row.
    #[test]
    fn components_are_orthonormal_and_have_their_variance() {
        let (rows, width) = (2 * ROWS + 1, 7);
        let x = values(rows * width);
        let pca = Pca::fit(&x, width, width).unwrap();
        let rows_of =
            |values: &[f64]| values.chunks(width).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let axes = rows_of(&pca.components);
        for (i, a) in axes.iter().enumerate() {
            for (j, b) in axes.iter().enumerate() {
                let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12, "{i} {j}: {dot}");
            }
        }
        assert!(pca.variance.is_sorted_by(|a, b| a >= b));
        assert!((pca.variance.iter().sum::<f64>() - pca.total_variance).abs() < 1e-9);
        assert!((pca.variance_ratio().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let z = pca.apply(&x).unwrap();
        for (c, variance) in pca.variance.iter().enumerate() {
            let column = || z.iter().skip(c).step_by(width).map(|&z| f64::from(z));
            assert!((column().sum::<f64>() / rows as f64).abs() < 1e-6);
            let found = column().map(|z| z * z).sum::<f64>() / (rows - 1) as f64;
            assert!((found - variance).abs() < 1e-5 * variance, "{c}: {found} is not {variance}");
        }
        let fewer = Pca::fit(&x, width, 3).unwrap();
        assert_eq!(fewer.components, pca.components[..3 * width]);
        assert_eq!(fewer.total_variance, pca.total_variance);
    }

    #[test]
    fn constant_columns_have_no_variance() {
        let x = [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]].concat();
        let pca = Pca::fit(&x, 2, 2).unwrap();
        assert_eq!(pca.variance[1], 0.0);
        assert!(pca.apply(&x).unwrap().iter().skip(1).step_by(2).all(|&z| z == 0.0));
    }

    #[test]
    fn bad_arguments_are_errors() {
        let message = |x: &[f32], width, d| Pca::fit(x, width, d).unwrap_err().to_string();
        assert_eq!(message(&[1.0; 4], 2, 0), "components: expected 1 to 2, found 0");
        assert_eq!(message(&[1.0; 4], 2, 3), "components: expected 1 to 2, found 3");
        assert_eq!(message(&[1.0; 6], 3, 3), "components: expected 1 to 2, found 3");
        assert_eq!(message(&[1.0; 3], 3, 1), "rows to fit: expected at least 2, found 1");
        assert_eq!(message(&[1.0; 3], 2, 1), "number of values: expected whole rows of 2, found 3");
        assert_eq!(
            message(&[1.0; 2 * 8193], 8193, 1),
            "columns to fit: expected at most 8192, of which a covariance fits memory, found 8193"
        );
        assert_eq!(message(&[], 2, 1), "rows to fit: expected at least 1, found 0");
        assert_eq!(
            message(&[1.0, f32::NAN, 0.0, 0.0], 2, 1),
            "values to fit: expected finite numbers, found NaN in row 0, column 1"
        );
        let pca = Pca::fit(&[1.0, 2.0, 3.0, 5.0], 2, 1).unwrap();
        assert!(pca.apply(&[1.0; 3]).is_err());
        assert!(pca.apply(&[]).unwrap().is_empty());
    }
}
