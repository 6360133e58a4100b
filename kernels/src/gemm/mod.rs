//! Matrix products with fused epilogues.
//!
//! A grid of tiles, which the threads share out, and an [`Epilogue`] that runs on each tile while it is in
//! cache. An element is a chain of fused multiply-adds in the order of k, from 0 on, so it has the same
//! bits on every level, for any number of threads, and whatever the other rows and columns are. Its error
//! is within k ε Σ |a b| with ε = 2⁻²⁴.
//!
//! The left operand is packed, sixteen rows together. A tile takes a sliver of the right one at a time, 48
//! columns and at most 160 rows, which the first rows that it is multiplied with pack (transposed ones are packed
//! before), which stays in L1 for all other rows of the tile, and which calls the next one into cache meanwhile.
//! Matrices are faer's views, [`MatRef`] and [`MatMut`]. What the left operand was packed into is kept for later products:
//! the memory of the largest one, as often as products ran at once.
//!
//! Layouts that training uses, all as views of row-major storage:
//!
//! | use | product | shapes |
//! |---|---|---|
//! | forward | x · W | `x [batch, in]`, `w [in, out]` |
//! | backward to the input, visible from hidden | dy · Wᵀ | `dy [batch, out]` |
//! | gradient of the weights | xᵀ · dy | `[in, batch] · [batch, out]` |

mod ahead;
mod both;
mod epilogue;
mod grid;
mod pack;
mod tile;
mod update;
#[cfg(feature = "ndarray")]
mod views;
mod workspace;

pub use both::{Both, matmul_both};
pub use epilogue::Epilogue;
pub use faer::{MatMut, MatRef};
pub use update::Update;
#[cfg(feature = "ndarray")]
pub use views::{LayoutError, from_ndarray, from_ndarray_mut};

// What convolutions share.
pub(crate) use pack::{Line, pack};
pub(crate) use tile::{slivers, term};

use crate::dispatch::Level;
use epilogue::Tile;
use tile::{Finish, Store, TileProduct};
use workspace::Source;

/// out = a · b, then the epilogue on every tile. `a [m, k]`, `b [k, n]`, `out [m, n]`; `a` and `b` may have
/// any strides (transposed views cost nothing), `out` is row-major, with any distance between rows.
///
/// Runs on the current rayon pool.
///
/// ```
/// use halfwave_kernels::{Kind, Level, gemm::{Epilogue, MatMut, MatRef, matmul}};
/// let (x, w, bias) = ([1.0, 2.0], [1.0, -1.0, 2.0, 0.5], [0.5, -0.25]);
/// let mut y = [0.0; 2];
/// matmul(
///     Level::best(),
///     MatRef::from_row_major_slice(&x, 1, 2),
///     MatRef::from_row_major_slice(&w, 2, 2),
///     MatMut::from_row_major_slice_mut(&mut y, 1, 2),
///     Epilogue::BiasActivation { bias: &bias, kind: Kind::Relu },
/// );
/// assert_eq!(y, [5.5, 0.0]);
/// ```
///
/// # Panics
/// If the shapes do not fit, `out` is not row-major, or the parameter of a unit is out of its range.
pub fn matmul(
    level: Level,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    out: MatMut<'_, f32>,
    epilogue: Epilogue<'_>,
) {
    matmul_add(level, 0.0, a, b, out, epilogue);
}

/// out ← beta · out + a · b, then the epilogue; the rest as in [`matmul`]. For beta = 0 what stands in
/// `out` is not read.
///
/// # Panics
/// If the shapes do not fit, `out` is not row-major, or the parameter of a unit is out of its range.
pub fn matmul_add(
    level: Level,
    beta: f32,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    out: MatMut<'_, f32>,
    epilogue: Epilogue<'_>,
) {
    check_shapes(a, b, out.as_ref());
    epilogue.check(out.nrows(), out.ncols());
    let columns = out.ncols();
    workspace::with_left(level, a, b.ncols(), |a| {
        grid::for_each_tile([out], b.nrows(), &|row, column, [mut tile]: [MatMut<'_, f32>; 1]| {
            let (rows, b) = (tile.nrows(), b.subcols(column, tile.ncols()));
            product(level, a, (row, rows), b, Store { beta, out: tile.as_mut() });
            epilogue.apply(level, Tile { row, column, columns, values: tile });
        });
    });
}

/// One optimiser step on `weights` with the gradient a · b, in one pass over them: the gradient never leaves
/// the cache. Shapes as in [`matmul`], and the same bits as [`matmul`] followed by the functions of
/// [`update`](crate::update).
///
/// Whatever needs the old weights, the gradient of the inputs for one, must be computed before.
///
/// # Panics
/// If the shapes do not fit, one of the matrices is not row-major, or the step of [`Update::Adam`] is 0.
pub fn matmul_update(
    level: Level,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    update: Update<'_>,
    weights: MatMut<'_, f32>,
) {
    check_shapes(a, b, weights.as_ref());
    update.run(weights, level, a, b);
}

/// One tile of a product: `rows` rows from `row` on of a, the columns `b`.
fn product<F: Finish>(
    level: Level,
    a: &Source<'_>,
    (row, rows): (usize, usize),
    b: MatRef<'_, f32>,
    finish: F,
) {
    a.with(level, |a, scratch| level.run(TileProduct { a, row, rows, b, scratch, finish }));
}

#[track_caller]
fn check_shapes(a: MatRef<'_, f32>, b: MatRef<'_, f32>, out: MatRef<'_, f32>) {
    assert!(
        a.ncols() == b.nrows() && out.nrows() == a.nrows() && out.ncols() == b.ncols(),
        "the shapes do not fit: a {:?}, b {:?}, out {:?}",
        a.shape(),
        b.shape(),
        out.shape()
    );
    check_row_major("out", out);
}

#[track_caller]
fn check_row_major(name: &str, x: MatRef<'_, f32>) {
    assert!(
        x.col_stride() == 1 || x.ncols() == 0,
        "`{name}` must be row-major, but its columns are {} elements apart",
        x.col_stride()
    );
}

#[track_caller]
fn check_same_shape(name: &str, shape: (usize, usize), other: &str, expected: (usize, usize)) {
    assert!(
        shape == expected,
        "`{name}` is {shape:?}, `{other}` is {expected:?}: they must be equal"
    );
}
