//! Two results of one product: what goes into a unit and what comes out, or its mean and a sample.

use std::iter;

use faer::{MatMut, MatRef};

use super::{
    check_row_major, check_same_shape, check_shapes,
    epilogue::{Epilogue, Tile, contiguous, contiguous_mut},
    grid, product,
    tile::Store,
    workspace,
};
use crate::{
    activations::Kind,
    dispatch::Level,
    elementwise::{forward, forward_in_place, same_length},
    rng::{Jump, Noise},
    units::{Unit, mean_in_place, sample},
};

/// The two results of z = a · b + bias, element by element.
#[derive(Clone, Copy, Debug)]
pub enum Both {
    /// z and f(z): for activations whose derivative needs z, see [`Kind::saved`].
    InputAndActivation(Kind),
    /// The mean of the unit at z, and a sample; element (i, j) takes the draws of `noise` as in
    /// [`Epilogue::BiasSample`].
    MeanAndSample {
        /// The distribution.
        unit: Unit,
        /// Where the draws start.
        noise: Noise,
    },
    /// f(z), and a sample at z.
    ActivationAndSample {
        /// f, for example [`Unit::activation`].
        kind: Kind,
        /// The distribution.
        unit: Unit,
        /// Where the draws start.
        noise: Noise,
    },
}

/// [`matmul`](super::matmul) with two results of z = a · b + bias, tile by tile while z is in cache. `bias`
/// is `[n]`, both results are row-major `[m, n]`. The bits are those of the product and of the functions on
/// slices.
///
/// ```
/// use halfwave_kernels::{Kind, Level, gemm::{Both, MatMut, MatRef, matmul_both}};
/// let (x, w, bias) = ([1.0, 2.0], [1.0, -1.0, 2.0, 0.5], [0.5, -0.25]);
/// let (mut z, mut y) = ([0.0; 2], [0.0; 2]);
/// matmul_both(
///     Level::best(),
///     MatRef::from_row_major_slice(&x, 1, 2),
///     MatRef::from_row_major_slice(&w, 2, 2),
///     &bias,
///     [&mut z, &mut y].map(|out| MatMut::from_row_major_slice_mut(out, 1, 2)),
///     Both::InputAndActivation(Kind::Relu),
/// );
/// assert_eq!((z, y), ([5.5, -0.25], [5.5, 0.0]));
/// ```
///
/// # Panics
/// If the shapes do not fit, a result is not row-major, or the unit's parameter is out of its range.
pub fn matmul_both(
    level: Level,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    bias: &[f32],
    [first, second]: [MatMut<'_, f32>; 2],
    both: Both,
) {
    check_shapes(a, b, first.as_ref());
    check_same_shape("second", second.shape(), "first", first.shape());
    check_row_major("second", second.as_ref());
    let columns = first.ncols();
    same_length("bias", bias.len(), "columns of out", columns);
    if let Both::MeanAndSample { unit, .. } | Both::ActivationAndSample { unit, .. } = both {
        unit.expect_valid();
    }
    workspace::with_left(level, a, columns, |a| {
        grid::for_each_tile([first, second], b.nrows(), &|row, column, [mut z, second]| {
            let (rows, b) = (z.nrows(), b.subcols(column, z.ncols()));
            product(level, a, (row, rows), b, Store { beta: 0.0, out: z.as_mut() });
            let tile = Tile { row, column, columns, values: z.as_mut() };
            Epilogue::Bias(bias).apply(level, tile);
            both.apply(level, (row, column, columns), z, second);
        });
    });
}

impl Both {
    /// `first` has z. The tile is at (row, column) of matrices of so many columns.
    fn apply(
        self,
        level: Level,
        (row, column, columns): (usize, usize, usize),
        mut first: MatMut<'_, f32>,
        mut second: MatMut<'_, f32>,
    ) {
        // Where the noise of a row starts, row after row.
        let rows = |unit: Unit, noise: Noise| {
            let draws = u64::from(unit.draws());
            let next = Jump::steps(columns as u64 * draws);
            let start = noise.skip((row * columns + column) as u64 * draws);
            iter::successors(Some(start), move |noise| Some(noise.jump(next)))
        };
        let pairs = first.as_mut().row_iter_mut().zip(second.as_mut().row_iter_mut());
        match self {
            Self::InputAndActivation(kind) => {
                for (z, y) in pairs {
                    forward(level, kind, contiguous(z.as_ref()), contiguous_mut(y));
                }
            }
            Self::MeanAndSample { unit, noise } => {
                for ((z, out), noise) in pairs.zip(rows(unit, noise)) {
                    let z = contiguous_mut(z);
                    sample(level, unit, noise, z, contiguous_mut(out));
                    mean_in_place(level, unit, z);
                }
            }
            Self::ActivationAndSample { kind, unit, noise } => {
                for ((z, out), noise) in pairs.zip(rows(unit, noise)) {
                    let z = contiguous_mut(z);
                    sample(level, unit, noise, z, contiguous_mut(out));
                    forward_in_place(level, kind, z);
                }
            }
        }
    }
}
