//! The backward products: gradients of the weights, the biases and the input.

use rayon::prelude::*;

use super::{
    Conv2d, Workspace,
    geometry::check_elements,
    patches::{gather, scatter},
    plan::{Plan, parts, patches_of_slot, sums_of_slot},
};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::zip_in_place,
    gemm::{Epilogue, MatMut, MatRef, matmul, matmul_add},
    rows::column_sums,
    simd::Simd,
};

/// dw\[ky, kx, c, o\] = Σ x\[n, i·s + ky − p, j·s + kx − p, c\] · dy\[n, i, j, o\], and, where it is asked
/// for, db\[o\] = Σ dy\[n, i, j, o\]; both are overwritten.
///
/// `x [batch, height, width, in_channels]`, `dy [batch, out_h, out_w, out_channels]`,
/// `dw [kernel_h, kernel_w, in_channels, out_channels]`, `db [out_channels]`, as `shape` says.
///
/// Runs on the current rayon pool; the sums are over parts of the shape in a fixed order, so that the number
/// of threads changes no bit.
///
/// ```
/// use halfwave_kernels::{Level, conv::{self, Conv2d, Padding, Workspace}};
/// let shape = Conv2d::new([1, 3, 3, 1], [2, 2, 1, 1], [1, 1], Padding::Valid)?;
/// let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
/// let (dy, mut dw, mut db) = ([1.0, 0.0, 0.0, 10.0], [0.0; 4], [0.0]);
/// let mut workspace = Workspace::new(&shape);
/// conv::backward_weights(Level::best(), &shape, &x, &dy, &mut dw, Some(&mut db), &mut workspace);
/// assert_eq!((dw, db), ([51.0, 62.0, 84.0, 95.0], [11.0]));
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice does not have the shape, or the workspace is for a smaller one.
pub fn backward_weights(
    level: Level,
    shape: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    mut db: Option<&mut [f32]>,
    workspace: &mut Workspace,
) {
    check_elements("x", x.len(), &shape.input());
    check_elements("dy", dy.len(), &shape.output());
    check_elements("dw", dw.len(), &shape.weights());
    if let Some(db) = &db {
        check_elements("db", db.len(), &[shape.out_channels]);
    }
    let (patches, sums) = workspace.buffers(shape);
    if dy.is_empty() {
        dw.fill(0.0);
        if let Some(db) = db {
            db.fill(0.0);
        }
        return;
    }
    let plan = Plan::weights(shape);
    let job = Weights { level, shape, x, dy, plan };
    let others = plan.slots(shape) - 1;
    let (first, patches) = patches.split_at_mut(patches_of_slot(shape));
    let sums = &mut sums[..others * sums_of_slot(shape)];
    let biased = db.is_some();
    rayon::join(
        || job.slot(0, first, dw, db.as_deref_mut()),
        || {
            let sums = sums.par_chunks_mut(sums_of_slot(shape));
            let patches = patches.par_chunks_mut(patches_of_slot(shape));
            sums.zip(patches).enumerate().for_each(|(slot, (sums, patches))| {
                let (dw, db) = sums.split_at_mut(shape.patch() * shape.out_channels);
                job.slot(slot + 1, patches, dw, biased.then_some(db));
            });
        },
    );
    for sums in sums.chunks(sums_of_slot(shape)) {
        let (of_weights, of_biases) = sums.split_at(dw.len());
        level.run(Add { x: of_weights, sum: dw });
        if let Some(db) = &mut db {
            level.run(Add { x: of_biases, sum: db });
        }
    }
}

#[derive(Clone, Copy)]
struct Weights<'a> {
    level: Level,
    shape: &'a Conv2d,
    x: &'a [f32],
    dy: &'a [f32],
    plan: Plan,
}

impl Weights<'_> {
    /// The sums over the pixels of one slot.
    fn slot(self, slot: usize, patches: &mut [f32], dw: &mut [f32], db: Option<&mut [f32]>) {
        let Self { level, shape, x, dy, plan } = self;
        let (length, channels) = (shape.patch(), shape.out_channels);
        let start = slot * plan.slot;
        let rows = plan.slot.min(shape.pixels() - start);
        for (offset, count) in parts(rows, plan.part) {
            let first = start + offset;
            let patches = if shape.is_direct() {
                &x[first * length..][..count * length]
            } else {
                gather(level, shape, x, (first, count), patches);
                &patches[..count * length]
            };
            let patches = MatRef::from_row_major_slice(patches, count, length).transpose();
            let dy = &dy[first * channels..][..count * channels];
            let dy = MatRef::from_row_major_slice(dy, count, channels);
            let dw = MatMut::from_row_major_slice_mut(dw, length, channels);
            if offset == 0 {
                matmul(level, patches, dy, dw, Epilogue::None);
            } else {
                matmul_add(level, 1.0, patches, dy, dw, Epilogue::None);
            }
        }
        if let Some(db) = db {
            column_sums(level, &dy[start * channels..][..rows * channels], db);
        }
    }
}

/// sum ← sum + x.
struct Add<'a> {
    x: &'a [f32],
    sum: &'a mut [f32],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        zip_in_place(
            simd,
            self.x,
            self.sum,
            #[inline(always)]
            |x, sum| sum + x,
        );
    }
}

/// dx\[n, y, x, c\] = Σ dy\[n, i, j, o\] · w\[ky, kx, c, o\] over all windows (i, j) that cover (y, x);
/// overwritten.
///
/// `dy [batch, out_h, out_w, out_channels]`, `weights [kernel_h, kernel_w, in_channels, out_channels]`,
/// `dx [batch, height, width, in_channels]`, as `shape` says. Inputs that no window covers have gradient 0.
///
/// Runs on the current rayon pool, each thread on images of its own; the number of threads changes no bit.
///
/// ```
/// use halfwave_kernels::{Level, conv::{self, Conv2d, Padding, Workspace}};
/// let shape = Conv2d::new([1, 3, 3, 1], [2, 2, 1, 1], [1, 1], Padding::Valid)?;
/// let (dy, weights, mut dx) = ([1.0, 0.0, 0.0, 10.0], [1.0, 2.0, 3.0, 4.0], [0.0; 9]);
/// let mut workspace = Workspace::new(&shape);
/// conv::backward_input(Level::best(), &shape, &dy, &weights, &mut dx, &mut workspace);
/// assert_eq!(dx, [1.0, 2.0, 0.0, 3.0, 14.0, 20.0, 0.0, 30.0, 40.0]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice does not have the shape, or the workspace is for a smaller one.
pub fn backward_input(
    level: Level,
    shape: &Conv2d,
    dy: &[f32],
    weights: &[f32],
    dx: &mut [f32],
    workspace: &mut Workspace,
) {
    check_elements("dy", dy.len(), &shape.output());
    check_elements("weights", weights.len(), &shape.weights());
    check_elements("dx", dx.len(), &shape.input());
    let (patches, _) = workspace.buffers(shape);
    if dx.is_empty() {
        return;
    }
    let (length, channels) = (shape.patch(), shape.out_channels);
    let weights = MatRef::from_row_major_slice(weights, length, channels).transpose();
    let dy = MatRef::from_row_major_slice(dy, shape.pixels(), channels);
    if shape.is_direct() {
        let dx = MatMut::from_row_major_slice_mut(dx, shape.pixels(), length);
        return matmul(level, dy, weights, dx, Epilogue::None);
    }
    let plan = Plan::input(shape);
    let images = plan.slot / shape.pixels_of_image();
    let slots = dx.par_chunks_mut(images * shape.input_of_image());
    let patches = patches.par_chunks_mut(patches_of_slot(shape));
    slots.zip(patches).enumerate().for_each(|(slot, (dx, patches))| {
        let rows = dx.len() / shape.input_of_image() * shape.pixels_of_image();
        for (first, count) in parts(rows, plan.part) {
            let patches = &mut patches[..count * length];
            let dy = dy.subrows(slot * plan.slot + first, count);
            let product = MatMut::from_row_major_slice_mut(patches, count, length);
            matmul(level, dy, weights, product, Epilogue::None);
            scatter(level, shape, patches, (first, count), dx);
        }
    });
}
