//! Masks to bits and back on every level: all 65536 of them. Transposition. Streaming stores at every alignment.

use super::{F32, LANES, Mask, Simd, Stream, transpose};
use crate::dispatch::{Kernel, Level};

fn levels() -> Vec<Level> {
    Level::available_or_required().unwrap_or_else(|error| panic!("{error}"))
}

/// Which lanes a mask of these bits selects, and the bits of the comparison that finds them again.
struct RoundTrip(u16);

impl Kernel for RoundTrip {
    type Output = ([f32; LANES], u16);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let (one, zero) = (F32::splat(simd, 1.0), F32::splat(simd, 0.0));
        let lanes = Mask::from_bits(simd, self.0).select(one, zero);
        (lanes.to_array(), zero.lt(lanes).to_bits())
    }
}

#[test]
fn bit_i_is_lane_i() {
    for level in levels() {
        for bits in 0..=u16::MAX {
            let (lanes, back) = level.run(RoundTrip(bits));
            for (i, &lane) in lanes.iter().enumerate() {
                let expected = f32::from(u8::from(bits >> i & 1 == 1));
                assert_eq!(lane, expected, "{level}, bits {bits:#x}, lane {i}");
            }
            assert_eq!(back, bits, "{level}");
        }
    }
}

struct Transposed([[f32; LANES]; LANES]);

impl Kernel for Transposed {
    type Output = [[f32; LANES]; LANES];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let rows = self.0.map(
            #[inline(always)]
            |row| F32::load(simd, &row),
        );
        transpose(simd, rows).map(
            #[inline(always)]
            |row| row.to_array(),
        )
    }
}

#[test]
fn transpose_swaps_rows_and_lanes() {
    let rows = std::array::from_fn(|i| std::array::from_fn(|j| (16 * i + j) as f32));
    for level in levels() {
        let columns = level.run(Transposed(rows));
        for i in 0..LANES {
            for j in 0..LANES {
                assert_eq!(columns[i][j], rows[j][i], "{level}, row {i}, lane {j}");
            }
        }
    }
}

struct StreamAll<'a>(&'a [f32], &'a mut [f32]);

impl Kernel for StreamAll<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let stream = Stream::new(simd, true);
        let (xs, _) = self.0.as_chunks::<LANES>();
        let (ys, _) = self.1.as_chunks_mut::<LANES>();
        for (x, y) in xs.iter().zip(ys) {
            stream.store(F32::load(simd, x), y);
        }
    }
}

#[test]
fn streaming_stores_what_a_store_does_at_every_alignment() {
    let x: Vec<f32> = (0..64).map(|i| i as f32).collect();
    for level in levels() {
        for offset in 0..=LANES {
            let mut y = vec![-1.0; 96];
            level.run(StreamAll(&x, &mut y[offset..offset + 64]));
            assert_eq!(y[offset..offset + 64], x, "{level}, offset {offset}");
            let outside = y[..offset].iter().chain(&y[offset + 64..]);
            assert!(outside.into_iter().all(|&y| y == -1.0), "{level}, offset {offset}");
        }
    }
}
