//! Drivers over the rows of a matrix: classification heads, normalisation, sums and bias gradients.
//!
//! A head takes `[batch, classes]`, row-major, and gives each row's loss and the gradient of that loss
//! with respect to the head's input (not divided by the batch size).

mod batch_norm;
mod layer_norm;
mod log_softmax;
mod strips;
mod sums;

pub use batch_norm::{
    BatchMoments, BatchNorm, Running, batch_norm, batch_norm_backward, batch_norm_inference,
};
pub use layer_norm::{LayerNorm, Moments, layer_norm, layer_norm_backward};
pub use log_softmax::{log_softmax, log_softmax_backward, softmax_backward};
pub use sums::row_sums;

use crate::{
    dispatch::{Kernel, Level},
    elementwise::{map_in_place, same_length, zip_in_place},
    math::{exp, ln, log1p},
    simd::{F32, F64, LANES, Simd, load_up_to, reduce},
};

/// p = eˣ / Σ eˣ for each row of `x` `[rows, classes]`, in place.
///
/// ```
/// use halfwave_kernels::{Level, rows::softmax_in_place};
/// let mut x = [1.0, 1.0, 0.0, 200.0];
/// softmax_in_place(Level::best(), &mut x, 2);
/// assert_eq!(x, [0.5, 0.5, 0.0, 1.0]);
/// ```
///
/// # Panics
/// If `x` is no whole number of rows.
pub fn softmax_in_place(level: Level, x: &mut [f32], classes: usize) {
    whole_rows(x.len(), classes);
    level.run(Softmax { x, classes });
}

/// Softmax and cross-entropy at once: losses −ln p\[label\] and gradients p − onehot(label).
///
/// `logits` and `gradient` are `[batch, classes]`, `labels` and `losses` `[batch]`.
///
/// ```
/// use halfwave_kernels::{Level, rows::softmax_cross_entropy};
/// let (mut losses, mut gradient) = ([0.0], [0.0; 2]);
/// softmax_cross_entropy(Level::best(), &[0.0, 0.0], &[1], &mut losses, &mut gradient);
/// assert_eq!(losses, [std::f32::consts::LN_2]);
/// assert_eq!(gradient, [0.5, -0.5]);
/// ```
///
/// # Panics
/// If the lengths do not fit or a label is no class.
pub fn softmax_cross_entropy(
    level: Level,
    logits: &[f32],
    labels: &[u32],
    losses: &mut [f32],
    gradient: &mut [f32],
) {
    let classes = head_shape(logits, labels, losses, gradient);
    gradient.copy_from_slice(logits);
    level.run(SoftmaxCrossEntropy { labels, losses, gradient, classes });
}

/// Cross-entropy of rectified outputs that are normalised to sum 1 (Agarap 2018, equations 6–8, as its
/// code computes them): o = max(0, x), p = o / Σ o, losses −ln p\[label\].
///
/// p is clipped to \[10⁻⁷, 1 − 10⁻⁷\], and where it is clipped the gradient is 0; elsewhere it is
/// 1/Σo − \[k = label\]/o at x > 0. A row without a positive output has p = 0: loss 16.118, gradient 0.
/// Shapes as in [`softmax_cross_entropy`].
///
/// ```
/// use halfwave_kernels::{Level, rows::normalised_relu_cross_entropy};
/// let (mut losses, mut gradient) = ([0.0], [0.0; 3]);
/// normalised_relu_cross_entropy(Level::best(), &[2.0, -1.0, 2.0], &[0], &mut losses, &mut gradient);
/// assert!((losses[0] - std::f32::consts::LN_2).abs() < 1e-6);
/// assert_eq!(gradient, [-0.25, 0.0, 0.25]);
/// ```
///
/// # Panics
/// If the lengths do not fit or a label is no class.
pub fn normalised_relu_cross_entropy(
    level: Level,
    outputs: &[f32],
    labels: &[u32],
    losses: &mut [f32],
    gradient: &mut [f32],
) {
    let classes = head_shape(outputs, labels, losses, gradient);
    gradient.copy_from_slice(outputs);
    level.run(NormalisedRelu { labels, losses, gradient, classes });
}

/// `out[j]` = Σᵢ `x[i, j]`, rows in order: the gradient of a bias. `x` is `[rows, out.len()]`.
///
/// ```
/// use halfwave_kernels::{Level, rows::column_sums};
/// let mut sums = [0.0; 2];
/// column_sums(Level::best(), &[1.0, 2.0, 3.0, 4.0], &mut sums);
/// assert_eq!(sums, [4.0, 6.0]);
/// ```
///
/// # Panics
/// If `x` is no whole number of rows.
pub fn column_sums(level: Level, x: &[f32], out: &mut [f32]) {
    whole_rows(x.len(), out.len());
    out.fill(0.0);
    if !out.is_empty() {
        level.run(ColumnSums { x, out });
    }
}

#[track_caller]
pub(crate) fn whole_rows(elements: usize, columns: usize) {
    assert!(
        elements == 0 || (columns > 0 && elements.is_multiple_of(columns)),
        "{elements} elements are no whole number of rows of {columns}"
    );
}

#[track_caller]
fn check_epsilon(epsilon: f32) {
    assert!(
        epsilon.is_finite() && epsilon > 0.0,
        "epsilon is {epsilon}, but must be finite and above 0"
    );
}

/// Checks the shapes of a head and returns the number of classes.
#[track_caller]
fn head_shape(x: &[f32], labels: &[u32], losses: &[f32], gradient: &[f32]) -> usize {
    same_length("labels", labels.len(), "losses", losses.len());
    same_length("gradient", gradient.len(), "x", x.len());
    let classes = x.len().checked_div(labels.len()).unwrap_or(0);
    same_length("x", x.len(), "labels × classes", labels.len() * classes);
    for (row, &label) in labels.iter().enumerate() {
        assert!((label as usize) < classes, "label {label} in row {row}, but {classes} classes");
    }
    classes
}

/// The sum of a row: lane by lane over whole vectors and the tail, then the tree.
#[inline(always)]
fn row_sum<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let (whole, tail) = row.as_chunks::<LANES>();
    let mut sum = F32::load_partial(simd, tail);
    for x in whole {
        sum = sum + F32::load(simd, x);
    }
    reduce::sum(sum)
}

/// The largest element of a row.
#[inline(always)]
fn row_max<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let (whole, tail) = row.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    lanes[..tail.len()].copy_from_slice(tail);
    let mut max = F32::load(simd, &lanes);
    for x in whole {
        max = max.max(F32::load(simd, x));
    }
    reduce::max(max)
}

/// The sum of a row's e^(x − max), at least one of which is 1: the ones and the others apart, so that
/// [`Exponentials::beyond_one`] keeps its digits where it is small.
struct Exponentials<S: Simd> {
    ones: F64<S>,
    rest: F64<S>,
}

impl<S: Simd> Exponentials<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let zero = F64::splat(simd, 0.0);
        Self { ones: zero, rest: zero }
    }

    #[inline(always)]
    fn add(&mut self, e: F32<S>) {
        let (zero, is_one) = (e.constant(0.0), e.eq(e.constant(1.0)));
        self.ones = self.ones + is_one.select(e, zero).widen();
        self.rest = self.rest + is_one.select(zero, e).widen();
    }

    /// The sum − 1.
    #[inline(always)]
    fn beyond_one(self) -> f64 {
        (reduce::sum_f64(self.ones) - 1.0) + reduce::sum_f64(self.rest)
    }
}

/// Makes a row its softmax; returns (maximum, sum of exponentials − 1).
#[inline(always)]
pub(crate) fn softmax_row<S: Simd>(simd: S, row: &mut [f32]) -> (f32, f64) {
    let max = row_max(simd, row);
    map_in_place(
        simd,
        row,
        #[inline(always)]
        |x| exp(x - x.constant(max)),
    );
    let mut sum = Exponentials::new(simd);
    for e in row.chunks(LANES) {
        sum.add(load_up_to(simd, e));
    }
    let beyond_one = sum.beyond_one();
    let sum = (1.0 + beyond_one) as f32;
    map_in_place(
        simd,
        row,
        #[inline(always)]
        |e| e / e.constant(sum),
    );
    (max, beyond_one)
}

/// ln x of one normal number, with the bits that the vectors have.
#[inline(always)]
fn ln_scalar<S: Simd>(simd: S, x: f32) -> f32 {
    ln(F32::splat(simd, x)).to_array()[0]
}

struct Softmax<'a> {
    x: &'a mut [f32],
    classes: usize,
}

impl Kernel for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in self.x.chunks_exact_mut(self.classes.max(1)) {
            softmax_row(simd, row);
        }
    }
}

struct SoftmaxCrossEntropy<'a> {
    labels: &'a [u32],
    losses: &'a mut [f32],
    /// The logits; becomes the gradient.
    gradient: &'a mut [f32],
    classes: usize,
}

impl Kernel for SoftmaxCrossEntropy<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let rows = self.gradient.chunks_exact_mut(self.classes.max(1));
        for ((row, &label), loss) in rows.zip(self.labels).zip(self.losses) {
            let logit = row[label as usize];
            let (max, beyond_one) = softmax_row(simd, row);
            let log = log1p(F32::splat(simd, beyond_one as f32)).to_array()[0];
            *loss = log + (max - logit);
            // p − 1 is minus the others' share, which keeps its digits where p is nearly 1.
            let own = exp(F32::splat(simd, logit - max)).to_array()[0];
            let others = beyond_one + (1.0 - f64::from(own));
            row[label as usize] = (0.0 - others / (1.0 + beyond_one)) as f32;
        }
    }
}

struct NormalisedRelu<'a> {
    labels: &'a [u32],
    losses: &'a mut [f32],
    /// The outputs before the rectifier; becomes the gradient.
    gradient: &'a mut [f32],
    classes: usize,
}

impl NormalisedRelu<'_> {
    /// Keras' ε.
    const CLIP: f32 = 1e-7;
}

impl Kernel for NormalisedRelu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let rows = self.gradient.chunks_exact_mut(self.classes.max(1));
        for ((row, &label), loss) in rows.zip(self.labels).zip(self.losses) {
            map_in_place(
                simd,
                row,
                #[inline(always)]
                |x| {
                    let zero = x.constant(0.0);
                    x.le(zero).select(zero, x)
                },
            );
            let (sum, target) = (row_sum(simd, row), row[label as usize]);
            let p = if sum == 0.0 { 0.0 } else { target / sum };
            #[expect(clippy::manual_range_contains, reason = "NaN is not clipped")]
            let clipped = p < Self::CLIP || p > 1.0 - Self::CLIP;
            *loss = -ln_scalar(simd, p.clamp(Self::CLIP, 1.0 - Self::CLIP));
            if clipped {
                row.fill(0.0);
            } else {
                map_in_place(
                    simd,
                    row,
                    #[inline(always)]
                    |o| {
                        let zero = o.constant(0.0);
                        o.le(zero).select(zero, o.constant(1.0 / sum))
                    },
                );
                // Of subnormal outputs both reciprocals are infinite, their difference is not NaN.
                let wide = 1.0 / f64::from(sum) - 1.0 / f64::from(target);
                let difference = row[label as usize] - 1.0 / target;
                row[label as usize] = if difference.is_nan() { wide as f32 } else { difference };
            }
        }
    }
}

struct ColumnSums<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for ColumnSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in self.x.chunks_exact(self.out.len()) {
            zip_in_place(
                simd,
                row,
                self.out,
                #[inline(always)]
                |x, sum| sum + x,
            );
        }
    }
}
