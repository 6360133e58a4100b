//! Inputs, the same in each run: uniform numbers from the kernels' own stream.

use halfwave_kernels::{Kind, Level, Saved, forward, rng};

/// `f32` in a cache line.
pub const LINE: usize = 16;

/// `n` elements of `v` from the beginning of a cache line on; `v` has [`LINE`] elements more than that.
///
/// # Panics
/// If it has not.
#[must_use]
pub fn from_line(v: &mut [f32], n: usize) -> &mut [f32] {
    let start = v.as_ptr().align_offset(LINE * size_of::<f32>());
    &mut v[start..start + n]
}

/// `n` numbers in \[low, high), of stream `seed`.
#[must_use]
pub fn uniform(seed: u64, n: usize, low: f32, high: f32) -> Vec<f32> {
    let mut x = vec![0.0; n];
    rng::uniform(Level::best(), rng::Stream::new(seed).at(0), &mut x);
    // Rounded twice: `mul_add` is a call for each where the target is not known to have it.
    for x in &mut x {
        *x = *x * (high - low) + low;
    }
    x
}

/// Pre-activations in \[−6, 6), without a sign where `kind` is not defined below 0.
#[must_use]
pub fn pre_activations(kind: Kind, n: usize) -> Vec<f32> {
    let mut x = uniform(1, n, -6.0, 6.0);
    if kind.definition(-6.0).is_nan() {
        x.iter_mut().for_each(|x| *x = x.abs());
    }
    x
}

/// What backward through `kind` takes for [`pre_activations`].
#[must_use]
pub fn saved(kind: Kind, n: usize) -> Vec<f32> {
    let x = pre_activations(kind, n);
    match kind.saved() {
        Saved::Input => x,
        Saved::Output => {
            let mut y = vec![0.0; n];
            forward(Level::best(), kind, &x, &mut y);
            y
        }
    }
}
