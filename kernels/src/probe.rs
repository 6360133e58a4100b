//! The machine's peak of fused multiply-adds, for those who want to know a kernel's share of it.

use std::hint::black_box;

use crate::{
    dispatch::{Kernel, Level},
    simd::{F32, LANES, Simd},
};

/// Chains of multiply-adds: enough to hide their latency, few enough to stay in registers.
const CHAINS: usize = 12;
/// The same where a vector is several registers.
const CHAINS_OF_SEVERAL: usize = 6;

/// Does nothing but independent fused multiply-adds in registers, `rounds` of them in each chain, and returns
/// how many floating-point operations these were.
///
/// ```
/// use halfwave_kernels::{Level, probe};
/// let start = std::time::Instant::now();
/// let flop = probe::multiply_adds(Level::best(), 100_000);
/// println!("{} GFLOP/s", flop as f64 / 1e9 / start.elapsed().as_secs_f64());
/// assert!(flop >= 2 * 100_000);
/// ```
pub fn multiply_adds(level: Level, rounds: u64) -> u64 {
    level.run(Probe { rounds })
}

struct Probe {
    rounds: u64,
}

impl Kernel for Probe {
    type Output = u64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u64 {
        if S::TILE.1 == 3 {
            chains::<S, CHAINS>(simd, self.rounds)
        } else {
            chains::<S, CHAINS_OF_SEVERAL>(simd, self.rounds)
        }
    }
}

#[inline(always)]
fn chains<S: Simd, const N: usize>(simd: S, rounds: u64) -> u64 {
    // The numbers stay normal: x ← x a + a goes to a / (1 − a).
    let a = F32::splat(simd, black_box(0.999));
    let mut sums = [F32::splat(simd, 1.0); N];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = sum.mul_add(a, a);
        }
    }
    for sum in sums {
        let mut out = [0.0; LANES];
        sum.store(&mut out);
        black_box(out);
    }
    rounds * (N * 2 * LANES) as u64
}
