//! Gradient of the input.

use rayon::prelude::*;

use super::{
    Conv2d, Workspace,
    gathered::{Gathered, pack_weights},
    geometry::check_elements,
    spans::Direction,
};
use crate::{
    dispatch::Level,
    gemm::{Epilogue, MatMut, MatRef, matmul},
    parallel::BLOCK,
};

/// dx\[n, y, x, c\] = Σ dy\[n, i, j, o\] · w\[ky, kx, c, o\] over all windows (i, j) that cover (y, x);
/// overwritten, then the epilogue.
///
/// `dy [batch, out_h, out_w, out_channels]`, `weights [kernel_h, kernel_w, in_channels, out_channels]`,
/// `dx [batch, height, width, in_channels]`, as `shape` says. Inputs that no window covers have gradient 0.
/// To the epilogue `dx` is a matrix `[batch · height · width, in_channels]`: backward through the activation below, for
/// one.
///
/// An element is a chain of fused multiply-adds in the order of the windows (i, j), in each in that of o.
///
/// Runs on the current rayon pool; the number of its threads changes no bit.
///
/// ```
/// use halfwave_kernels::{Level, conv::{self, Conv2d, Padding, Workspace}, gemm::Epilogue};
/// let shape = Conv2d::new([1, 3, 3, 1], [2, 2, 1, 1], [1, 1], Padding::Valid)?;
/// let (dy, weights, mut dx) = ([1.0, 0.0, 0.0, 10.0], [1.0, 2.0, 3.0, 4.0], [0.0; 9]);
/// let mut workspace = Workspace::new(&shape);
/// conv::backward_input(
///     Level::best(), &shape, &dy, &weights, &mut dx, Epilogue::None, &mut workspace,
/// );
/// assert_eq!(dx, [1.0, 2.0, 0.0, 3.0, 14.0, 20.0, 0.0, 30.0, 40.0]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice or the epilogue does not have the shape, the workspace is for a smaller one, or the parameter of a unit is out
/// of its range.
pub fn backward_input(
    level: Level,
    shape: &Conv2d,
    dy: &[f32],
    weights: &[f32],
    dx: &mut [f32],
    epilogue: Epilogue<'_>,
    workspace: &mut Workspace,
) {
    check_elements("dy", dy.len(), &shape.output());
    check_elements("weights", weights.len(), &shape.weights());
    check_elements("dx", dx.len(), &shape.input());
    let (lines, _) = workspace.buffers(shape);
    if dx.is_empty() {
        return;
    }
    let (rows, columns) = (shape.rows, shape.columns);
    let (width, channels) = (shape.in_channels, shape.out_channels);
    epilogue.check(dx.len() / width, width);
    let finish = |row, dx: &mut [f32]| epilogue.apply_to_rows(level, row, width, dx);
    if shape.is_direct() {
        let length = shape.patch();
        let weights = MatRef::from_row_major_slice(weights, length, channels).transpose();
        let dy = MatRef::from_row_major_slice(dy, shape.pixels(), channels);
        let product = MatMut::from_row_major_slice_mut(dx, shape.pixels(), length);
        matmul(level, dy, weights, product, Epilogue::None);
        let pixels = BLOCK.div_ceil(width);
        return dx
            .par_chunks_mut(pixels * width)
            .enumerate()
            .for_each(|(part, dx)| finish(part * pixels, dx));
    }
    let taps = rows.window * columns.window;
    if channels > 0 {
        for (tap, weights) in weights.chunks(width * channels).enumerate() {
            let (ky, kx) = (tap / columns.window, tap % columns.window);
            let at = rows.packed(ky) * columns.window + columns.packed(kx);
            let weights = MatRef::from_row_major_slice(weights, width, channels).transpose();
            pack_weights(level, weights, (at * channels, taps * channels), lines);
        }
    }
    let direction = Direction::Backward;
    let product =
        Gathered { direction, rows, columns, source: dy, channels, weights: lines, width };
    product.run(level, dx, finish);
}
