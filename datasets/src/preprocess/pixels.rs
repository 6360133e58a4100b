//! Images of bytes to rows of `f32`, a mini-batch at a time.

use crate::error::Error;

/// Makes each image zero-mean, then divides by one number for the whole set.
///
/// ```text
/// x = (pixel − mean of the image) / s        s = average over pixels p of the deviation of x_p over the images
/// ```
///
/// Nair and Hinton, ICML 2010, sections 5.2 and 6.2: "zero-mean", then divided by the *average* of the pixel
/// standard deviations over all training images: one number. The paper does not settle whether the mean is
/// one of each image or one of each pixel. Here it is of each image, over all its channels and cameras, as
/// this alone takes away a change of brightness. Deviations are those of the population.
///
/// The images stay bytes; only the rows of a mini-batch become `f32`.
///
/// ```
/// use halfwave_datasets::preprocess::PixelScaler;
/// let images = [0_u8, 4, 2, 2, 4, 0]; // three images of two pixels
/// let scaler = PixelScaler::fit(&images, 2, &[0, 2])?;
/// assert_eq!(scaler.divisor, 2.0);
/// let mut batch = Vec::new();
/// scaler.gather(&images, &[2, 1], &mut batch);
/// assert_eq!(batch, [1.0, -1.0, 0.0, 0.0]);
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelScaler {
    /// Pixels of an image, all channels and cameras together.
    pub width: usize,
    /// s: what centred pixels are divided by; 1 where all images are flat.
    pub divisor: f64,
}

impl PixelScaler {
    /// Fits s on these rows of `images [rows, width]`: those of the training part.
    ///
    /// # Errors
    /// [`Error::Argument`] if `width` is 0 or does not divide the pixels, or `rows` is empty or names no row.
    pub fn fit(images: &[u8], width: usize, rows: &[u32]) -> Result<Self, Error> {
        if width == 0 || !images.len().is_multiple_of(width) {
            let expected = format!("a divisor of the {} pixels", images.len());
            return Err(Error::argument("width", expected, width));
        }
        if rows.is_empty() {
            return Err(Error::argument("rows to fit", "at least 1", 0));
        }
        let count = images.len() / width;
        if let Some(row) = rows.iter().find(|&&row| row as usize >= count) {
            return Err(Error::argument("rows to fit", format!("less than {count}"), row));
        }
        // Of width · x, which is whole: sums of it are exact.
        let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
        for &row in rows {
            let image = &images[row as usize * width..][..width];
            let total: u64 = image.iter().map(|&pixel| u64::from(pixel)).sum();
            let (total, width) = (total as f64, width as f64);
            for ((sum, square), &pixel) in sums.iter_mut().zip(&mut squares).zip(image) {
                let centred = f64::from(pixel) * width - total;
                *sum += centred;
                *square += centred * centred;
            }
        }
        let n = rows.len() as f64;
        let deviation = |(sum, square): (&f64, &f64)| {
            let mean = sum / n;
            // Not below zero, however the last digits fall.
            (square / n - mean * mean).max(0.0).sqrt() / width as f64
        };
        let average = sums.iter().zip(&squares).map(deviation).sum::<f64>() / width as f64;
        Ok(Self { width, divisor: if average == 0.0 { 1.0 } else { average } })
    }

    /// Gathers rows of `images [_, width]` into `out [rows.len(), width]`, centred and divided.
    ///
    /// `out` is cleared first and keeps its memory, as in [`batches::gather`](crate::batches::gather).
    ///
    /// # Panics
    /// If there is no such row.
    pub fn gather(&self, images: &[u8], rows: &[u32], out: &mut Vec<f32>) {
        out.clear();
        out.resize(rows.len() * self.width, 0.0);
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(self.width)) {
            self.scale(&images[row as usize * self.width..][..self.width], out);
        }
    }

    /// One image `[width]`, centred and divided, into `out [width]`.
    pub fn scale(&self, image: &[u8], out: &mut [f32]) {
        let total: u64 = image.iter().map(|&pixel| u64::from(pixel)).sum();
        let mean = total as f64 / self.width as f64;
        for (out, &pixel) in out.iter_mut().zip(image) {
            *out = ((f64::from(pixel) - mean) / self.divisor) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(rows: usize, width: usize) -> Vec<u8> {
        (0..rows * width).map(|i| (i * i * 31 % 251) as u8).collect()
    }

    #[test]
    fn the_average_deviation_is_one_and_every_image_has_mean_zero() {
        let (rows, width) = (50, 17);
        let images = images(rows, width);
        let all: Vec<u32> = (0..50).collect();
        let scaler = PixelScaler::fit(&images, width, &all).unwrap();
        let mut x = Vec::new();
        scaler.gather(&images, &all, &mut x);
        for image in x.chunks_exact(width) {
            assert!(image.iter().sum::<f32>().abs() < 1e-5);
        }
        let deviation = |p: usize| {
            let column = || (0..rows).map(|row| f64::from(x[row * width + p]));
            let mean = column().sum::<f64>() / rows as f64;
            (column().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64).sqrt()
        };
        let average = (0..width).map(deviation).sum::<f64>() / width as f64;
        assert!((average - 1.0).abs() < 1e-6, "{average}");
    }

    #[test]
    fn brightness_is_taken_away_and_contrast_is_not() {
        let images = [10_u8, 20, 60, 110, 120, 160, 20, 40, 120];
        let scaler = PixelScaler::fit(&images, 3, &[0, 2]).unwrap();
        let mut x = Vec::new();
        scaler.gather(&images, &[0, 1, 2], &mut x);
        assert_eq!(x[..3], x[3..6]);
        assert!((x[0] * 2.0 - x[6]).abs() < 1e-6);
    }

    #[test]
    fn only_the_rows_asked_for_count() {
        let mut images = images(6, 5);
        let before = PixelScaler::fit(&images, 5, &[0, 2, 3]).unwrap();
        images[5..10].fill(255);
        images[20..].fill(1);
        assert_eq!(PixelScaler::fit(&images, 5, &[0, 2, 3]).unwrap(), before);
    }

    #[test]
    fn flat_images_become_zero() {
        let scaler = PixelScaler::fit(&[7; 12], 4, &[0, 1, 2]).unwrap();
        let mut x = vec![1.0; 100];
        scaler.gather(&[7; 12], &[1], &mut x);
        assert_eq!((scaler.divisor, x), (1.0, vec![0.0; 4]));
    }

    #[test]
    fn bad_arguments_are_errors() {
        let message =
            |width, rows: &[u32]| PixelScaler::fit(&[0; 6], width, rows).unwrap_err().to_string();
        assert_eq!(message(0, &[0]), "width: expected a divisor of the 6 pixels, found 0");
        assert_eq!(message(4, &[0]), "width: expected a divisor of the 6 pixels, found 4");
        assert_eq!(message(2, &[]), "rows to fit: expected at least 1, found 0");
        assert_eq!(message(2, &[1, 3]), "rows to fit: expected less than 3, found 3");
    }
}
