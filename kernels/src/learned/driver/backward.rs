//! Backward, and the sums that are the gradients of parameters.

use super::{
    super::{Learned, LearnedKind, ParameterError, Visitor, fixed},
    channels_of, load_parameters,
};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    parallel::WORTH_THREADS,
    simd::{F32, F64, InOut, LANES, Simd, Stream, load_up_to, reduce},
};

/// Elements that a block of a parameter's sum has at least.
const SUM_BLOCK: usize = 1 << 13;

/// Channels whose sums are kept at once, on the stack.
const STRIP: usize = 128;

/// dx = df/dx · dy, and `gradients` = Σ df/dp · dy for each parameter: overwritten, not added to.
///
/// `parameters`, `x` and the others are as in [`forward`](super::forward); `gradients` has the shape of `parameters`.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let (x, dy) = ([-1.0, 2.0, -3.0], [1.0, 1.0, 0.5]);
/// let (mut dx, mut da) = ([0.0; 3], [0.0]);
/// learned::backward(Level::best(), LearnedKind::Prelu, &[&[0.25]], &x, &dy, &mut dx, &mut [&mut da])?;
/// assert_eq!(dx, [0.25, 1.0, 0.125]);
/// assert_eq!(da, [-2.5]);
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn backward(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    gradients: &mut [&mut [f32]],
) -> Result<(), ParameterError> {
    run_backward(level, kind, parameters, (x, Some(dy), dx), gradients, false)
}

/// dy ← df/dx · dy: [`backward`] in place.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let (x, mut dy, mut da) = ([-1.0, 2.0], [1.0, 1.0], [0.0]);
/// learned::backward_in_place(Level::best(), LearnedKind::Prelu, &[&[0.25]], &x, &mut dy, &mut [&mut da])?;
/// assert_eq!((dy, da), ([0.25, 1.0], [-1.0]));
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn backward_in_place(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &[f32],
    dy: &mut [f32],
    gradients: &mut [&mut [f32]],
) -> Result<(), ParameterError> {
    run_backward(level, kind, parameters, (x, None, dy), gradients, false)
}

/// [`backward`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let (x, dy, mut dx, mut da) = ([-1.0, 2.0], [1.0, 1.0], [0.0; 2], [0.0]);
/// learned::par_backward(Level::best(), LearnedKind::Prelu, &[&[0.25]], &x, &dy, &mut dx, &mut [&mut da])?;
/// assert_eq!((dx, da), ([0.25, 1.0], [-1.0]));
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn par_backward(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    gradients: &mut [&mut [f32]],
) -> Result<(), ParameterError> {
    run_backward(level, kind, parameters, (x, Some(dy), dx), gradients, true)
}

/// [`backward_in_place`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let (x, mut dy, mut da) = ([-1.0, 2.0], [1.0, 1.0], [0.0]);
/// learned::par_backward_in_place(Level::best(), LearnedKind::Prelu, &[&[0.25]], &x, &mut dy, &mut [&mut da])?;
/// assert_eq!((dy, da), ([0.25, 1.0], [-1.0]));
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn par_backward_in_place(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &[f32],
    dy: &mut [f32],
    gradients: &mut [&mut [f32]],
) -> Result<(), ParameterError> {
    run_backward(level, kind, parameters, (x, None, dy), gradients, true)
}

/// dx and the parts of the parameters' gradients, likewise.
#[inline(always)]
fn backward_of<S: Simd, const N: usize, L: Learned<N>>(
    simd: S,
    function: L,
    x: F32<S>,
    dy: F32<S>,
    p: [F32<S>; N],
) -> (F32<S>, [F64<S>; N]) {
    simd.outline(
        #[inline(always)]
        || function.backward(x, dy, p),
    )
}

fn run_backward(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    (x, dy, dx): (&[f32], Option<&[f32]>, &mut [f32]),
    gradients: &mut [&mut [f32]],
    parallel: bool,
) -> Result<(), ParameterError> {
    same_length("x", x.len(), if dy.is_some() { "dx" } else { "dy" }, dx.len());
    if let Some(dy) = dy {
        same_length("dy", dy.len(), "dx", dx.len());
    }
    same_length("gradients", gradients.len(), "parameters", parameters.len());
    for (gradient, parameter) in gradients.iter().zip(parameters) {
        same_length("a gradient", gradient.len(), "its parameter", parameter.len());
    }
    kind.check(parameters)?;
    let part = Part { x, dydx: InOut::of(dy, dx) };
    kind.visit(RunBackward { level, kind, parameters, part, gradients, parallel });
    Ok(())
}

/// Some elements of all arrays of backward.
struct Part<'a> {
    x: &'a [f32],
    dydx: InOut<'a>,
}

impl Part<'_> {
    fn split_at(self, at: usize) -> [Self; 2] {
        let (x, x_rest) = self.x.split_at(at);
        let (dydx, dydx_rest) = self.dydx.split_at(at);
        [Self { x, dydx }, Self { x: x_rest, dydx: dydx_rest }]
    }

    fn reborrow(&mut self) -> Part<'_> {
        Part { x: self.x, dydx: self.dydx.part(0, self.x.len()) }
    }
}

/// Sums what `leaf` returns for each block of `block` elements, pairwise in a tree.
fn sum_blocks<T: Send, const N: usize>(
    part: Part<'_>,
    block: usize,
    parallel: bool,
    leaf: &(dyn Fn(Part<'_>) -> [T; N] + Sync),
    add: fn(&mut T, &T),
) -> [T; N] {
    let blocks = part.x.len().div_ceil(block);
    if blocks <= 1 {
        return leaf(part);
    }
    let [left, right] = part.split_at(blocks.next_power_of_two() / 2 * block);
    let left = || sum_blocks(left, block, parallel, leaf, add);
    let right = || sum_blocks(right, block, parallel, leaf, add);
    let (mut left, right) = if parallel { rayon::join(left, right) } else { (left(), right()) };
    for (left, right) in left.iter_mut().zip(&right) {
        add(left, right);
    }
    left
}

struct RunBackward<'a, 'b> {
    level: Level,
    kind: LearnedKind,
    parameters: &'a [&'a [f32]],
    part: Part<'a>,
    gradients: &'a mut [&'b mut [f32]],
    parallel: bool,
}

impl Visitor for RunBackward<'_, '_> {
    type Output = ();

    fn visit<const N: usize, L: Learned<N>>(mut self, function: L) {
        let parameters: [&[f32]; N] = fixed(self.kind, self.parameters);
        let parallel = self.parallel && self.part.x.len() >= WORTH_THREADS;
        match channels_of::<N, L>(parameters, self.part.x.len()) {
            None => {
                let leaf =
                    |part: Part<'_>| self.level.run(TensorBackward { function, parameters, part });
                let sums = sum_blocks(self.part, SUM_BLOCK, parallel, &leaf, |a, b| *a += b);
                for (gradient, sum) in self.gradients.iter_mut().zip(sums) {
                    gradient[0] = sum as f32;
                }
            }
            Some(channels) => {
                let mut of_all = [0.0; N];
                for first in (0..channels).step_by(STRIP) {
                    let strip = first..channels.min(first + STRIP);
                    let block = SUM_BLOCK.div_ceil(strip.len()) * channels;
                    let leaf = |part: Part<'_>| {
                        let strip = strip.clone();
                        self.level.run(ChannelBackward {
                            function,
                            parameters,
                            channels,
                            strip,
                            part,
                        })
                    };
                    let add = |a: &mut [f64; STRIP], b: &[f64; STRIP]| {
                        for (a, b) in a.iter_mut().zip(b) {
                            *a += b;
                        }
                    };
                    let sums = sum_blocks(self.part.reborrow(), block, parallel, &leaf, add);
                    for k in 0..N {
                        let sums = &sums[k][..strip.len()];
                        match &mut *self.gradients[k] {
                            [_] => sums.iter().for_each(|sum| of_all[k] += sum),
                            gradient => {
                                for (out, &sum) in gradient[strip.clone()].iter_mut().zip(sums) {
                                    *out = sum as f32;
                                }
                            }
                        }
                    }
                }
                for (gradient, sum) in self.gradients.iter_mut().zip(of_all) {
                    if let [gradient] = &mut **gradient {
                        *gradient = sum as f32;
                    }
                }
            }
        }
    }
}

/// One value a parameter: the sums over one block.
struct TensorBackward<'a, const N: usize, L> {
    function: L,
    parameters: [&'a [f32]; N],
    part: Part<'a>,
}

impl<const N: usize, L: Learned<N>> Kernel for TensorBackward<'_, N, L> {
    type Output = [f64; N];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [f64; N] {
        let p = load_parameters(simd, self.parameters, 0, 1);
        let mut sums = [F64::splat(simd, 0.0); N];
        let stream = Stream::new(simd, false);
        let Part { x, mut dydx } = self.part;
        for (i, x) in x.chunks(LANES).enumerate() {
            let mut dydx = dydx.part(i * LANES, x.len());
            let x = load_up_to(simd, x);
            let (dx, parts) = backward_of(simd, self.function, x, dydx.load_up_to(simd), p);
            dydx.store_up_to(dx, &stream);
            for k in 0..N {
                sums[k] = sums[k] + parts[k];
            }
        }
        let mut out = [0.0; N];
        for k in 0..N {
            out[k] = reduce::sum_f64(sums[k]);
        }
        out
    }
}

/// At least one parameter with a value a channel: the sums of a strip of channels over the rows of a block.
struct ChannelBackward<'a, const N: usize, L> {
    function: L,
    parameters: [&'a [f32]; N],
    channels: usize,
    strip: std::ops::Range<usize>,
    /// All channels of some rows.
    part: Part<'a>,
}

impl<const N: usize, L: Learned<N>> Kernel for ChannelBackward<'_, N, L> {
    type Output = [[f64; STRIP]; N];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [[f64; STRIP]; N] {
        let mut sums = [[0.0; STRIP]; N];
        let stream = Stream::new(simd, false);
        let Part { x, mut dydx } = self.part;
        for (row, x) in x.chunks_exact(self.channels).enumerate() {
            let start = row * self.channels;
            for (i, x) in x[self.strip.clone()].chunks(LANES).enumerate() {
                let (at, count) = (self.strip.start + i * LANES, x.len());
                let p = load_parameters(simd, self.parameters, at, count);
                let mut dydx = dydx.part(start + at, count);
                let x = load_up_to(simd, x);
                let (dx, parts) = backward_of(simd, self.function, x, dydx.load_up_to(simd), p);
                dydx.store_up_to(dx, &stream);
                for k in 0..N {
                    let sum = &mut sums[k].as_chunks_mut::<LANES>().0[i];
                    (F64::load(simd, sum) + parts[k]).store(sum);
                }
            }
        }
        sums
    }
}
