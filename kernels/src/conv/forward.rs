//! The forward product.

use super::{
    Conv2d, Workspace,
    gathered::{Gathered, pack_weights},
    geometry::check_elements,
    spans::Direction,
};
use crate::{
    dispatch::Level,
    gemm::{Epilogue, MatMut, MatRef, matmul},
};

/// out = the convolution of x with the weights, then the epilogue.
///
/// `x [batch, height, width, in_channels]`, `weights [kernel_h, kernel_w, in_channels, out_channels]`,
/// `out [batch, out_h, out_w, out_channels]`, as `shape` says. To the epilogue `out` is a matrix
/// `[batch · out_h · out_w, out_channels]`: a bias is one number a channel, element i of `out` takes the draws
/// from i · [`Unit::draws`](crate::units::Unit::draws) on, and saved values have the shape of that matrix.
///
/// Runs on the current rayon pool; the number of its threads changes no bit. NaN and infinity in x reach the
/// outputs whose window covers them, and no others.
///
/// ```
/// use halfwave_kernels::{Kind, Level, conv::{self, Conv2d, Padding, Workspace}, gemm::Epilogue};
/// let shape = Conv2d::new([1, 3, 3, 1], [2, 2, 1, 1], [1, 1], Padding::Valid)?;
/// let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
/// let (weights, mut out) = ([1.0, 0.0, 0.0, -2.0], [0.0; 4]);
/// let epilogue = Epilogue::BiasActivation { bias: &[10.0], kind: Kind::Relu };
/// let mut workspace = Workspace::new(&shape);
/// conv::forward(Level::best(), &shape, &x, &weights, &mut out, epilogue, &mut workspace);
/// assert_eq!(out, [1.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice or the epilogue does not have the shape, the workspace is for a smaller one, or the parameter of a unit is out
/// of its range.
pub fn forward(
    level: Level,
    shape: &Conv2d,
    x: &[f32],
    weights: &[f32],
    out: &mut [f32],
    epilogue: Epilogue<'_>,
    workspace: &mut Workspace,
) {
    check_elements("x", x.len(), &shape.input());
    check_elements("weights", weights.len(), &shape.weights());
    check_elements("out", out.len(), &shape.output());
    epilogue.check(shape.pixels(), shape.out_channels);
    let (lines, _) = workspace.buffers(shape);
    let (length, width) = (shape.patch(), shape.out_channels);
    let weights = MatRef::from_row_major_slice(weights, length, width);
    if shape.is_direct() {
        let x = MatRef::from_row_major_slice(x, shape.pixels(), length);
        let out = MatMut::from_row_major_slice_mut(out, shape.pixels(), width);
        return matmul(level, x, weights, out, epilogue);
    }
    if out.is_empty() {
        return;
    }
    pack_weights(level, weights, (0, length), lines);
    let product = Gathered {
        direction: Direction::Forward,
        rows: shape.rows,
        columns: shape.columns,
        source: x,
        channels: shape.in_channels,
        weights: lines,
        width,
    };
    product.run(level, out, |row, out| epilogue.apply_to_rows(level, row, width, out));
}
