//! Forward.

use super::{
    super::{Learned, LearnedKind, ParameterError, Visitor, fixed},
    channels_of, load_parameters,
};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::{Stores, map, same_length},
    parallel::{BLOCK, WORTH_THREADS, blocks},
    simd::{F32, InOut, LANES, Simd, Stream},
};

/// y = f(x; parameters), element by element.
///
/// `parameters` has a slice for each of [`LearnedKind::parameters`], of one value, or of one a channel: x
/// and y are then `[rows, channels]`, row-major.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let mut y = [0.0; 4];
/// let slopes = [0.5, 0.25];
/// learned::forward(Level::best(), LearnedKind::Prelu, &[&slopes], &[-1.0, -1.0, 2.0, -2.0], &mut y)?;
/// assert_eq!(y, [-0.5, -0.25, 2.0, -0.5]);
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &[f32],
    y: &mut [f32],
) -> Result<(), ParameterError> {
    run_forward(level, kind, parameters, Some(x), y, false)
}

/// x ← f(x; parameters): [`forward`] in place.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let mut x = [-1.0, 2.0];
/// learned::forward_in_place(Level::best(), LearnedKind::Prelu, &[&[0.25]], &mut x)?;
/// assert_eq!(x, [-0.25, 2.0]);
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward_in_place(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &mut [f32],
) -> Result<(), ParameterError> {
    run_forward(level, kind, parameters, None, x, false)
}

/// [`forward`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let mut y = [0.0; 2];
/// learned::par_forward(Level::best(), LearnedKind::Prelu, &[&[0.25]], &[-1.0, 2.0], &mut y)?;
/// assert_eq!(y, [-0.25, 2.0]);
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn par_forward(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &[f32],
    y: &mut [f32],
) -> Result<(), ParameterError> {
    run_forward(level, kind, parameters, Some(x), y, true)
}

/// [`forward_in_place`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, learned::{self, LearnedKind}};
/// let mut x = [-1.0, 2.0];
/// learned::par_forward_in_place(Level::best(), LearnedKind::Prelu, &[&[0.25]], &mut x)?;
/// assert_eq!(x, [-0.25, 2.0]);
/// # Ok::<(), learned::ParameterError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn par_forward_in_place(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: &mut [f32],
) -> Result<(), ParameterError> {
    run_forward(level, kind, parameters, None, x, true)
}

fn run_forward(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    x: Option<&[f32]>,
    y: &mut [f32],
    parallel: bool,
) -> Result<(), ParameterError> {
    if let Some(x) = x {
        same_length("x", x.len(), "y", y.len());
    }
    kind.check(parameters)?;
    kind.visit(RunForward { level, kind, parameters, x, y, parallel });
    Ok(())
}

struct RunForward<'a> {
    level: Level,
    kind: LearnedKind,
    parameters: &'a [&'a [f32]],
    /// Nothing: in place.
    x: Option<&'a [f32]>,
    y: &'a mut [f32],
    parallel: bool,
}

impl Visitor for RunForward<'_> {
    type Output = ();

    fn visit<const N: usize, L: Learned<N>>(self, function: L) {
        let parameters: [&[f32]; N] = fixed(self.kind, self.parameters);
        let channels = channels_of::<N, L>(parameters, self.y.len());
        let stores = match self.x {
            Some(_) => Stores::of_output(self.y.len()),
            None => Stores::in_place(self.y.len()),
        };
        let parallel = self.parallel && self.y.len() >= WORTH_THREADS;
        // A block is a whole number of rows.
        let block = match channels {
            Some(channels) => BLOCK.div_ceil(channels) * channels,
            None => BLOCK,
        };
        let body = |x: Option<&[f32]>, y: &mut [f32]| {
            let xy = InOut::of(x, y);
            match channels {
                None => self.level.run(TensorForward { function, parameters, stores, xy }),
                Some(channels) => {
                    self.level.run(ChannelForward { function, parameters, channels, stores, xy });
                }
            }
        };
        if parallel {
            blocks(self.x, self.y, block, &body);
        } else {
            body(self.x, self.y);
        }
    }
}

/// f(x; p), by one function for all drivers on levels whose speed does not count.
#[inline(always)]
fn forward_of<S: Simd, const N: usize, L: Learned<N>>(
    simd: S,
    function: L,
    x: F32<S>,
    p: [F32<S>; N],
) -> F32<S> {
    simd.outline(
        #[inline(always)]
        || function.forward(x, p),
    )
}

/// One value a parameter.
struct TensorForward<'a, const N: usize, L> {
    function: L,
    parameters: [&'a [f32]; N],
    stores: Stores,
    xy: InOut<'a>,
}

impl<const N: usize, L: Learned<N>> Kernel for TensorForward<'_, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let p = load_parameters(simd, self.parameters, 0, 1);
        map(
            simd,
            self.stores,
            self.xy,
            #[inline(always)]
            |x| forward_of(simd, self.function, x, p),
        );
    }
}

/// At least one parameter with a value a channel.
struct ChannelForward<'a, const N: usize, L> {
    function: L,
    parameters: [&'a [f32]; N],
    channels: usize,
    stores: Stores,
    /// Whole rows.
    xy: InOut<'a>,
}

impl<const N: usize, L: Learned<N>> Kernel for ChannelForward<'_, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let stream = Stream::new(simd, self.stores == Stores::Streaming);
        for row in (0..self.xy.len()).step_by(self.channels) {
            for at in (0..self.channels).step_by(LANES) {
                let count = LANES.min(self.channels - at);
                let mut xy = self.xy.part(row + at, count);
                let p = load_parameters(simd, self.parameters, at, count);
                let y = forward_of(simd, self.function, xy.load_up_to(simd), p);
                xy.store_up_to(y, &stream);
            }
        }
    }
}
