//! Bits, uniform and normal variates, one draw an element.

use super::{Lanes, Noise};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    math::normal::normal_from_bits,
    simd::{F32, LANES, Simd, U32, store_up_to},
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

/// Uniform variates in \[0, 1): the upper 24 bits of draw i, times 2⁻²⁴, for element i. 0 is one of them and
/// 1 is none; what takes a logarithm has uniform variates of its own, without 0.
///
/// ```
/// use halfwave_kernels::{Level, rng::{self, Stream}};
/// let mut u = [0.0; 1000];
/// rng::uniform(Level::best(), Stream::new(7).at(0), &mut u);
/// assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
/// ```
pub fn uniform(level: Level, noise: Noise, out: &mut [f32]) {
    level.run(Fill { noise, out, transform: Uniform });
}

/// Standard normal variates by inversion, accurate to 1.3·10⁻⁶, up to ±6.33: [`normal_of_bits`] of the
/// stream.
///
/// ```
/// use halfwave_kernels::{Level, rng::{self, Stream}};
/// let mut z = [0.0; 1000];
/// rng::normal(Level::best(), Stream::new(7).at(0), &mut z);
/// let mean = z.iter().sum::<f32>() / 1000.0;
/// assert!(mean.abs() < 0.2, "{mean}");
/// ```
pub fn normal(level: Level, noise: Noise, out: &mut [f32]) {
    level.run(Fill { noise, out, transform: Normal });
}

/// The standard normal variate of each 32 bits: the top bit is the sign, the others, v, give
/// |z| = −Φ⁻¹((v + ½) 2⁻³²), where the argument is neither 0 nor 1.
///
/// ```
/// use halfwave_kernels::{Level, rng};
/// let mut z = [0.0; 2];
/// rng::normal_of_bits(Level::best(), &[0, 0x8000_0000], &mut z);
/// assert!(z[0] > 6.33 && z[0] < 6.34 && z[1] == -z[0], "{z:?}");
/// ```
///
/// # Panics
/// If the two differ in length.
pub fn normal_of_bits(level: Level, bits: &[u32], out: &mut [f32]) {
    same_length("bits", bits.len(), "out", out.len());
    level.run(OfBits { bits, out });
}

struct OfBits<'a> {
    bits: &'a [u32],
    out: &'a mut [f32],
}

impl Kernel for OfBits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (bits, out) in self.bits.chunks(LANES).zip(self.out.chunks_mut(LANES)) {
            let mut sixteen = [0.0; LANES];
            for (lane, &bits) in sixteen.iter_mut().zip(bits) {
                *lane = f32::from_bits(bits);
            }
            let bits = F32::load(simd, &sixteen).to_bits();
            store_up_to(normal_from_bits(bits), out);
        }
    }
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
