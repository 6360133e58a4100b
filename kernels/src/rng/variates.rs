//! Bits, uniform and normal variates, one draw an element.

use super::{Lanes, Noise};
use crate::{
    dispatch::{Kernel, Level},
    math::normal::normal_from_bits,
    simd::{F32, LANES, Simd, U32},
};

/// The outputs of the stream as they are: what `rand_pcg`'s `Pcg32::next_u32` gives, in the same order.
///
/// ```
/// use halfwave_kernels::{Level, rng::{self, Stream}};
/// use rand_pcg::rand_core::Rng;
/// let stream = Stream::new(7);
/// let mut out = [0; 100];
/// rng::bits(Level::best(), stream.at(0), &mut out);
/// let mut scalar = stream.pcg32();
/// assert!(out.iter().all(|&bits| bits == scalar.next_u32()));
/// ```
pub fn bits(level: Level, noise: Noise, out: &mut [u32]) {
    level.run(Bits { noise, out });
}

/// Uniform variates in \[0, 1): the upper 24 bits of draw i, times 2⁻²⁴, for element i.
pub fn uniform(level: Level, noise: Noise, out: &mut [f32]) {
    level.run(Fill { noise, out, transform: Uniform });
}

/// Standard normal variates by inversion, accurate to 1.3·10⁻⁶, up to ±6.33.
pub fn normal(level: Level, noise: Noise, out: &mut [f32]) {
    level.run(Fill { noise, out, transform: Normal });
}

/// From bits to a variate.
trait Transform {
    fn apply<S: Simd>(bits: U32<S>) -> F32<S>;
}

struct Uniform;

impl Transform for Uniform {
    #[inline(always)]
    fn apply<S: Simd>(bits: U32<S>) -> F32<S> {
        let u = bits.shr(8).i32_to_f32();
        u * u.constant(1.0 / 16_777_216.0)
    }
}

struct Normal;

impl Transform for Normal {
    #[inline(always)]
    fn apply<S: Simd>(bits: U32<S>) -> F32<S> {
        normal_from_bits(bits)
    }
}

struct Fill<'a, T> {
    noise: Noise,
    out: &'a mut [f32],
    #[expect(dead_code, reason = "names the type; the value is empty")]
    transform: T,
}

impl<T: Transform> Kernel for Fill<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut lanes = Lanes::consecutive(simd, self.noise);
        let (whole, tail) = self.out.as_chunks_mut::<LANES>();
        for out in whole {
            T::apply(lanes.next()).store(out);
        }
        if !tail.is_empty() {
            T::apply(lanes.next()).store_partial(tail);
        }
    }
}

struct Bits<'a> {
    noise: Noise,
    out: &'a mut [u32],
}

impl Kernel for Bits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut lanes = Lanes::consecutive(simd, self.noise);
        let (whole, tail) = self.out.as_chunks_mut::<LANES>();
        for out in whole {
            lanes.next().store(out);
        }
        if !tail.is_empty() {
            let mut last = [0; LANES];
            lanes.next().store(&mut last);
            tail.copy_from_slice(&last[..tail.len()]);
        }
    }
}
