//! Coordinates along the principal axes of data.

use halfwave_datasets::preprocess::Standardiser;
use halfwave_kernels::{
    Level,
    gemm::{self, Epilogue},
    rng::{self, Stream},
};

use crate::{
    Error,
    buffers::{matrix, matrix_mut},
};

/// Iterations. Axes of nearly equal variance may still be mixed then, which is no matter: the coordinates
/// are standardised, and together they span the same space.
const ITERATIONS: usize = 30;

/// `x [rows, width]` along its `d` axes of largest variance, each coordinate standardised: `[rows, d]`.
///
/// Orthogonal iteration, Q ← orth(Xᵀ (X Q)) on centred columns (Golub & Van Loan, section 8.2.4), from normal
/// variates of `seed`.
///
/// # Errors
/// [`Error::Usage`] if `d` is 0 or above the width; those of [`Standardiser::fit`].
pub(super) fn coordinates(
    level: Level,
    x: &[f32],
    width: usize,
    d: usize,
    seed: u64,
) -> Result<Vec<f32>, Error> {
    if d == 0 || d > width {
        return Err(Error::Usage(format!("dimensions: expected 1 to {width}, found {d}")));
    }
    let mut centred = x.to_vec();
    let mut columns = Standardiser::fit(x, width)?;
    columns.std.fill(1.0);
    columns.apply(&mut centred)?;
    let mut axes = vec![0.0; width * d];
    rng::normal(level, Stream::new(seed).at(0), &mut axes);
    orthonormalise(&mut axes, d);
    let mut z = vec![0.0; x.len() / width * d];
    for _ in 0..ITERATIONS {
        let rows = matrix(&centred, width);
        gemm::matmul(level, rows, matrix(&axes, d), matrix_mut(&mut z, d), Epilogue::None);
        let product = matrix_mut(&mut axes, d);
        gemm::matmul(level, rows.transpose(), matrix(&z, d), product, Epilogue::None);
        orthonormalise(&mut axes, d);
    }
    gemm::matmul(
        level,
        matrix(&centred, width),
        matrix(&axes, d),
        matrix_mut(&mut z, d),
        Epilogue::None,
    );
    Standardiser::fit(&z, d)?.apply(&mut z)?;
    Ok(z)
}

/// Gram & Schmidt on the columns of `q [rows, d]`, twice, in `f64`; a column that is nothing without the others
/// stays nearly 0.
fn orthonormalise(q: &mut [f32], d: usize) {
    let mut columns: Vec<Vec<f64>> =
        (0..d).map(|j| q.iter().skip(j).step_by(d).map(|&q| f64::from(q)).collect()).collect();
    for j in 0..d {
        let (before, rest) = columns.split_at_mut(j);
        let Some(column) = rest.first_mut() else { continue };
        for other in before.iter().chain(&*before) {
            let share: f64 = column.iter().zip(other).map(|(a, b)| a * b).sum();
            column.iter_mut().zip(other).for_each(|(a, b)| *a -= share * b);
        }
        let norm = column.iter().map(|a| a * a).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        column.iter_mut().for_each(|a| *a /= norm);
    }
    for (j, column) in columns.iter().enumerate() {
        q.iter_mut().skip(j).step_by(d).zip(column).for_each(|(q, &a)| *q = a as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_those_of_the_largest_variance() {
        // Large along (1, 1, 0), less along (0, 0, 1), nothing else; off the origin.
        let x: Vec<f32> = (0..200_i16)
            .flat_map(|i| {
                let (a, b) = (f32::from(i * 37 % 101), f32::from(i * 53 % 89) / 10.0);
                [a + 5.0, a - 3.0, b]
            })
            .collect();
        let z = coordinates(Level::best(), &x, 3, 2, 1).unwrap();
        let column = |x: &[f32], at: usize, width: usize| -> Vec<f32> {
            x.iter().skip(at).step_by(width).copied().collect()
        };
        for (axis, of) in [(0, 0), (1, 2)] {
            let mut known = column(&x, of, 3);
            Standardiser::fit(&known, 1).unwrap().apply(&mut known).unwrap();
            let found = column(&z, axis, 2);
            let cosine: f32 = known.iter().zip(&found).map(|(a, b)| a * b).sum::<f32>() / 200.0;
            assert!(cosine.abs() > 0.99, "axis {axis}: {cosine}");
        }
        assert!(coordinates(Level::best(), &x, 3, 4, 1).is_err());
        assert!(coordinates(Level::best(), &x, 3, 0, 1).is_err());
    }
}
