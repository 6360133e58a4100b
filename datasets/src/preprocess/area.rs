//! Down-sampling by exact area averages.

/// Averages a square of `from × from` pixels over `to × to` equal cells, exactly.
///
/// A cell is from/to pixels wide; a pixel counts by the part of its area that lies in the cell. With
/// from/to = n/m in lowest terms, all weights are whole numbers of 1/m² pixels, so the mean is exact and is
/// rounded once, half up. 144 → 32 (n/m = 9/2) is LFW's step, 108 → 32 (27/8) is NORB's.
///
/// ```
/// use halfwave_datasets::preprocess::AreaAverage;
/// let mut out = Vec::new();
/// // Cells of 1.5 × 1.5 pixels: one whole pixel, two halves, a quarter.
/// AreaAverage::new(3, 2).append(&[9, 0, 0, 0, 0, 0, 0, 0, 0], 3, 1, &mut out);
/// assert_eq!(out, [4, 0, 0, 0]);
/// ```
#[derive(Clone, Debug)]
pub struct AreaAverage {
    from: usize,
    to: usize,
    /// n: the weights of a cell along one axis sum to it.
    sum: u32,
    /// For each cell along an axis: its first pixel, and the weights from there on.
    cells: Vec<(usize, Vec<u32>)>,
}

impl AreaAverage {
    /// Longest side: 255 · n² has to fit `u32`.
    pub const MAX_SIDE: usize = 4096;

    /// From squares of `from` pixels to squares of `to`.
    ///
    /// # Panics
    /// Unless 1 ≤ `to` ≤ `from` ≤ [`AreaAverage::MAX_SIDE`].
    #[must_use]
    pub fn new(from: usize, to: usize) -> Self {
        assert!(1 <= to && to <= from && from <= Self::MAX_SIDE, "{from} → {to}");
        let divisor = gcd(from, to);
        let (n, m) = (from / divisor, to / divisor);
        // Along an axis, pixel j covers [j m, (j+1) m) and cell i covers [i n, (i+1) n).
        let cell = |i: usize| {
            let (begin, end) = (i * n, (i + 1) * n);
            let pixels = begin / m..end.div_ceil(m);
            let overlap = |j: usize| (end.min((j + 1) * m) - begin.max(j * m)) as u32;
            (pixels.start, pixels.map(overlap).collect())
        };
        Self { from, to, sum: n as u32, cells: (0..to).map(cell).collect() }
    }

    /// Appends the cells `[to, to, channels]` of the pixels `[from, from, channels]` that begin at `pixels[0]`.
    ///
    /// `row` is the distance of two rows of pixels in bytes; it is more than `from · channels` in a crop.
    ///
    /// # Panics
    /// If `pixels` is shorter than that.
    pub fn append(&self, pixels: &[u8], row: usize, channels: usize, out: &mut Vec<u8>) {
        let mut line = vec![0_u32; self.from * channels];
        let whole = self.sum * self.sum;
        out.reserve(self.to * self.to * channels);
        for (first, weights) in &self.cells {
            line.fill(0);
            for (&weight, y) in weights.iter().zip(*first..) {
                let pixels = &pixels[y * row..][..line.len()];
                for (sum, &pixel) in line.iter_mut().zip(pixels) {
                    *sum += weight * u32::from(pixel);
                }
            }
            for (first, weights) in &self.cells {
                for channel in 0..channels {
                    let sums = line[first * channels + channel..].iter().step_by(channels);
                    let sum: u32 = sums.zip(weights).map(|(sum, weight)| sum * weight).sum();
                    // At most 255, as the mean of bytes. Half a unit is added before the division: n² may be odd.
                    let mean = (2 * u64::from(sum) + u64::from(whole)) / (2 * u64::from(whole));
                    out.push(mean as u8);
                }
            }
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published recipe of the LFW array: twice as large by repetition, then means of 9 × 9.
    #[test]
    fn lfw_is_two_times_up_and_nine_times_down() {
        let pixels: Vec<u8> = (0..144_u32 * 144 * 3).map(|i| (i * i % 251) as u8).collect();
        let mut out = Vec::new();
        AreaAverage::new(144, 32).append(&pixels, 144 * 3, 3, &mut out);
        for (at, &found) in out.iter().enumerate() {
            let (y, x, c) = (at / 96, at / 3 % 32, at % 3);
            let doubled = |y: usize, x: usize| u32::from(pixels[(y / 2 * 144 + x / 2) * 3 + c]);
            let cell = (0..81).map(|k| doubled(y * 9 + k / 9, x * 9 + k % 9));
            assert_eq!(u32::from(found), (2 * cell.sum::<u32>() + 81) / 162, "{at}");
        }
    }

    /// Against sums in `f64` by the definition.
    #[test]
    fn norb_is_the_area_integral() {
        let pixels: Vec<u8> = (0..108_u32 * 108).map(|i| (i * 7919 % 256) as u8).collect();
        let mut out = Vec::new();
        AreaAverage::new(108, 32).append(&pixels, 108, 1, &mut out);
        let covered = |cell: usize, pixel: usize| {
            let (begin, end) = (cell as f64 * 3.375, (cell + 1) as f64 * 3.375);
            (end.min(pixel as f64 + 1.0) - begin.max(pixel as f64)).max(0.0)
        };
        for (at, &found) in out.iter().enumerate() {
            let (cell_y, cell_x) = (at / 32, at % 32);
            let mut sum = 0.0;
            for (i, &pixel) in pixels.iter().enumerate() {
                sum += covered(cell_y, i / 108) * covered(cell_x, i % 108) * f64::from(pixel);
            }
            assert_eq!(f64::from(found), (sum / (3.375 * 3.375) + 0.5).floor(), "{at}");
        }
    }

    #[test]
    fn a_crop_of_one_grey_keeps_it() {
        let mut out = Vec::new();
        for grey in [0, 1, 127, 255] {
            for (from, to) in [(1, 1), (7, 3), (96, 32), (108, 32), (4096, 1)] {
                out.clear();
                AreaAverage::new(from, to).append(
                    &vec![grey; (from + 3) * from],
                    from + 3,
                    1,
                    &mut out,
                );
                assert_eq!(out, vec![grey; to * to], "{from} → {to}");
            }
        }
    }

    #[test]
    fn halves_round_up() {
        let mut out = Vec::new();
        AreaAverage::new(2, 1).append(&[1, 0, 0, 1], 2, 1, &mut out);
        AreaAverage::new(2, 1).append(&[1, 0, 0, 0], 2, 1, &mut out);
        assert_eq!(out, [1, 0]);
    }
}
