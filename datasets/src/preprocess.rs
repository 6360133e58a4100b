//! Standardising and scaling of features, principal components; down-sampling of images.

mod area;
mod pca;
mod pixels;

pub use area::AreaAverage;
pub use pca::Pca;
pub use pixels::PixelScaler;

use crate::error::Error;

/// Brings each column to zero mean and unit variance: `x ← (x − mean) / std`.
///
/// As scikit-learn's `StandardScaler`: `std` is that of the population (divided by n), and a constant column
/// is only centred (`std` = 1). Fit on the training part, apply to all parts.
///
/// ```
/// use halfwave_datasets::preprocess::Standardiser;
/// let mut x = [1.0, 5.0, 3.0, 5.0]; // [2, 2]
/// let standardiser = Standardiser::fit(&x, 2)?;
/// standardiser.apply(&mut x)?;
/// assert_eq!(x, [-1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Standardiser {
    /// Mean of each column.
    pub mean: Vec<f64>,
    /// What each column is divided by: its standard deviation, or 1 where it is constant.
    pub std: Vec<f64>,
}

impl Standardiser {
    /// Mean and deviation of the columns of `x [rows, width]`, summed in f64 in two passes.
    ///
    /// # Errors
    /// [`Error::Argument`] if `width` is 0, `x` holds no row or a part of one, or a value is not finite.
    pub fn fit(x: &[f32], width: usize) -> Result<Self, Error> {
        Self::fit_blocks(width, |f| f(x))
    }

    /// The same of rows that come in blocks: `blocks` calls what it is given with all of them, whole rows at a time and in
    /// their order, each of the two times that it is called. The sums are those of [`Standardiser::fit`], bit by bit.
    ///
    /// # Errors
    /// As [`Standardiser::fit`].
    pub fn fit_blocks(
        width: usize,
        blocks: impl Fn(&mut dyn FnMut(&[f32])),
    ) -> Result<Self, Error> {
        check_width(&[], width)?;
        let (mut found, mut wrong, mut mean) = (0, Ok(()), vec![0.0; width]);
        blocks(&mut |x| {
            if wrong.is_ok() {
                wrong = check_fit(x, width, found);
            }
            found += x.len() / width;
            for row in x.chunks_exact(width) {
                for (mean, &x) in mean.iter_mut().zip(row) {
                    *mean += f64::from(x);
                }
            }
        });
        wrong?;
        if found == 0 {
            return Err(Error::argument("rows to fit", "at least 1", 0));
        }
        let rows = found as f64;
        mean.iter_mut().for_each(|mean| *mean /= rows);

        let mut std = vec![0.0; width];
        blocks(&mut |x| {
            for row in x.chunks_exact(width) {
                for ((variance, &mean), &x) in std.iter_mut().zip(&mean).zip(row) {
                    *variance += (f64::from(x) - mean).powi(2);
                }
            }
        });
        for std in &mut std {
            let variance = *std / rows;
            // Exactly 0 for a constant column: f64 holds sums of up to 2^29 equal f32 without rounding.
            *std = if variance == 0.0 { 1.0 } else { variance.sqrt() };
        }
        Ok(Self { mean, std })
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// Standardises `x [rows, width]` in place; computed in f64, rounded once.
    ///
    /// # Errors
    /// [`Error::Argument`] if `x` is not made of whole rows of this width; `x` is untouched then.
    pub fn apply(&self, x: &mut [f32]) -> Result<(), Error> {
        check_width(x, self.width())?;
        for row in x.chunks_exact_mut(self.width()) {
            for ((x, mean), std) in row.iter_mut().zip(&self.mean).zip(&self.std) {
                *x = ((f64::from(*x) - mean) / std) as f32;
            }
        }
        Ok(())
    }

    /// Takes standardised `x [rows, width]` back: `x ← x · std + mean`.
    ///
    /// # Errors
    /// As [`Standardiser::apply`].
    pub fn invert(&self, x: &mut [f32]) -> Result<(), Error> {
        check_width(x, self.width())?;
        for row in x.chunks_exact_mut(self.width()) {
            for ((x, mean), std) in row.iter_mut().zip(&self.mean).zip(&self.std) {
                *x = (f64::from(*x) * std + mean) as f32;
            }
        }
        Ok(())
    }
}

/// That `x` is whole rows of finite numbers, the first of which is row `first`.
fn check_fit(x: &[f32], width: usize, first: usize) -> Result<(), Error> {
    check_width(x, width)?;
    match x.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let (row, column) = (first + at / width, at % width);
            let place = format!("{} in row {row}, column {column}", x[at]);
            Err(Error::argument("values to fit", "finite numbers", place))
        }
    }
}

fn check_width(x: &[f32], width: usize) -> Result<(), Error> {
    if width == 0 {
        return Err(Error::argument("width", "at least 1", 0));
    }
    if !x.len().is_multiple_of(width) {
        let expected = format!("whole rows of {width}");
        return Err(Error::argument("number of values", expected, x.len()));
    }
    Ok(())
}

/// Multiplies all values, e.g. by 1/16 to bring optdigits from 0..=16 to [0, 1].
pub fn scale(x: &mut [f32], factor: f32) {
    x.iter_mut().for_each(|x| *x *= factor);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_zero_mean_and_unit_variance() {
        let mut x: Vec<f32> = (0_u16..3000).map(|i| f32::from(i * 7 % 101) + 1e4).collect();
        let standardiser = Standardiser::fit(&x, 3).unwrap();
        standardiser.apply(&mut x).unwrap();
        let again = Standardiser::fit(&x, 3).unwrap();
        for (mean, std) in again.mean.iter().zip(&again.std) {
            assert!(mean.abs() < 1e-7 && (std - 1.0).abs() < 1e-6, "{mean} {std}");
        }
    }

    #[test]
    fn constant_columns_are_only_centred() {
        // 0.1 is no binary fraction, 1e-40 is subnormal, and 99,991 is prime.
        for value in [0.0, 0.1, -3e30, f32::MAX, 1e-40] {
            for rows in [1, 1000, 99_991] {
                let mut x = vec![value; rows];
                let standardiser = Standardiser::fit(&x, 1).unwrap();
                assert_eq!(standardiser.std, [1.0], "{value}");
                standardiser.apply(&mut x).unwrap();
                assert!(x.iter().all(|&x| x == 0.0), "{value}");
            }
        }
    }

    #[test]
    fn one_ulp_is_not_constant() {
        let mut x = vec![1.0; 99_991];
        x[7] = 1.0 + f32::EPSILON;
        assert!(Standardiser::fit(&x, 1).unwrap().std[0] < 1e-9);
    }

    /// By bits, and with the place of what is wrong.
    #[test]
    fn blocks_are_fitted_as_a_whole() {
        let mut x: Vec<f32> = (0_u16..3000).map(|i| f32::from(i * 7 % 101).sqrt()).collect();
        let of = |x: &[f32], rows: usize| {
            Standardiser::fit_blocks(3, |f| x.chunks(3 * rows).for_each(&mut *f))
        };
        for rows in [1, 7, 1000, 2000] {
            assert_eq!(of(&x, rows).unwrap(), Standardiser::fit(&x, 3).unwrap());
        }
        x[3 * 500 + 2] = f32::INFINITY;
        let message = of(&x, 7).unwrap_err().to_string();
        assert!(message.ends_with("found inf in row 500, column 2"), "{message}");
    }

    #[test]
    fn one_row_is_all_constant() {
        let mut x = [3.0, -4.0];
        Standardiser::fit(&x, 2).unwrap().apply(&mut x).unwrap();
        assert_eq!(x, [0.0, 0.0]);
    }

    #[test]
    fn bad_arguments_are_errors() {
        let message = |x: &[f32], width| Standardiser::fit(x, width).unwrap_err().to_string();
        assert_eq!(message(&[1.0], 0), "width: expected at least 1, found 0");
        assert_eq!(message(&[], 2), "rows to fit: expected at least 1, found 0");
        assert_eq!(message(&[1.0; 3], 2), "number of values: expected whole rows of 2, found 3");
        assert_eq!(
            message(&[1.0, 2.0, 3.0, f32::NAN], 2),
            "values to fit: expected finite numbers, found NaN in row 1, column 1"
        );
        let standardiser = Standardiser::fit(&[1.0, 2.0], 2).unwrap();
        assert!(standardiser.apply(&mut [0.0; 3]).is_err());
    }

    #[test]
    fn scaling_optdigits_is_exact() {
        let mut x = [0.0, 1.0, 16.0];
        scale(&mut x, 1.0 / 16.0);
        assert_eq!(x, [0.0, 0.0625, 1.0]);
    }
}
