//! Matrix products with fused epilogues.
//!
//! The product is faer's; around it stand a fixed grid of tiles and an [`Epilogue`] that runs on each
//! tile while it is in cache. The grid depends on the shape only, each tile sums over the whole of K,
//! and threads share the tiles out: the same bits for any number of threads.
//!
//! Layouts that training uses, all as views of row-major storage:
//!
//! | use | product | shapes |
//! |---|---|---|
//! | forward | x · W | `x [batch, in]`, `w [in, out]` |
//! | backward to the input, visible from hidden | dy · Wᵀ | `dy [batch, out]` |
//! | gradient of the weights | xᵀ · dy | `[in, batch] · [batch, out]` |

mod epilogue;
mod grid;

pub use epilogue::Epilogue;
use faer::{Accum, Par, linalg::matmul::matmul as faer_matmul};
pub use faer::{MatMut, MatRef};

use crate::dispatch::Level;
use epilogue::Tile;

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
/// If the shapes do not fit, or `out` is not row-major.
pub fn matmul(
    level: Level,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    out: MatMut<'_, f32>,
    epilogue: Epilogue<'_>,
) {
    check_shapes(a, b, out.as_ref());
    epilogue.check(out.nrows(), out.ncols());
    let columns = out.ncols();
    grid::for_each_tile(out, &|row, column, mut tile: MatMut<'_, f32>| {
        product(Accum::Replace, 1.0, a, b, (row, column), tile.as_mut());
        epilogue.apply(level, Tile { row, column, columns, values: tile });
    });
}

/// out ← out + alpha · a · b, with shapes and strides as in [`matmul`].
///
/// # Panics
/// If the shapes do not fit, or `out` is not row-major.
pub fn matmul_add(alpha: f32, a: MatRef<'_, f32>, b: MatRef<'_, f32>, out: MatMut<'_, f32>) {
    check_shapes(a, b, out.as_ref());
    grid::for_each_tile(out, &|row, column, tile| {
        product(Accum::Add, alpha, a, b, (row, column), tile);
    });
}

/// One tile of the product, whole K, on this thread.
fn product(
    accumulate: Accum,
    alpha: f32,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    (row, column): (usize, usize),
    tile: MatMut<'_, f32>,
) {
    let a = a.subrows(row, tile.nrows());
    let b = b.subcols(column, tile.ncols());
    faer_matmul(tile, accumulate, a, b, alpha, Par::Seq);
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
    assert!(
        out.col_stride() == 1 || out.ncols() <= 1,
        "out must be row-major, but its columns are {} elements apart",
        out.col_stride()
    );
}
