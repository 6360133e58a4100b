//! Drivers of functions with learned parameters.
//!
//! Gradients of parameters are sums over the batch, in `f64` and in one order that depends on the shape
//! only. Work is cut into blocks; inside a block the sum runs lane by lane (one value for all of x) or
//! channel by channel (rows in order), and the blocks are added pairwise in a binary tree. Threads share
//! the blocks out, so their number changes no bit, and partial sums live on the stack: nothing is allocated.

mod backward;
mod forward;

pub use backward::{backward, backward_in_place, par_backward, par_backward_in_place};
pub use forward::{forward, forward_in_place, par_forward, par_forward_in_place};

use super::Learned;
use crate::simd::{F32, Simd, load_up_to};

/// The number of channels, or nothing where every parameter is one value.
#[track_caller]
pub(super) fn channels<const N: usize, L: Learned<N>>(parameters: [&[f32]; N]) -> Option<usize> {
    let mut channels = None;
    for (parameter, values) in L::PARAMETERS.iter().zip(parameters) {
        assert!(!values.is_empty(), "{}: parameter `{}` has no value", L::NAME, parameter.name);
        if values.len() > 1 {
            let channels = *channels.get_or_insert(values.len());
            assert!(
                values.len() == channels,
                "{}: parameter `{}` has {} values, another has {channels}: they must be equal, or one value",
                L::NAME,
                parameter.name,
                values.len()
            );
        }
    }
    channels
}

/// [`channels`], checked against the length of x.
#[track_caller]
fn channels_of<const N: usize, L: Learned<N>>(
    parameters: [&[f32]; N],
    elements: usize,
) -> Option<usize> {
    let channels = channels::<N, L>(parameters);
    if let Some(channels) = channels {
        assert!(
            elements.is_multiple_of(channels),
            "`x` has {elements} elements, no whole number of rows of {channels} channels"
        );
    }
    channels
}

/// The parameters of up to sixteen channels from `at` on.
#[inline(always)]
fn load_parameters<S: Simd, const N: usize>(
    simd: S,
    parameters: [&[f32]; N],
    at: usize,
    count: usize,
) -> [F32<S>; N] {
    let mut p = [F32::splat(simd, 0.0); N];
    for k in 0..N {
        p[k] = match parameters[k] {
            &[value] => F32::splat(simd, value),
            values => load_up_to(simd, &values[at..at + count]),
        };
    }
    p
}
