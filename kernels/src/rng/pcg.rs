//! PCG32 in sixteen lanes: the outputs of one stream, sixteen at a time.
//!
//! The generator is state ← A·state + C, with the output a function of the old state. n steps are
//! themselves such a map, state ← Aⁿ·state + C·Gₙ with Gₙ = 1 + A + … + Aⁿ⁻¹; lane i starts i steps
//! ahead and all lanes step by sixteen. Where an element takes d draws, lane i starts i·d steps ahead,
//! steps by one d − 1 times and then by 15·d + 1: to the element sixteen further on.

use crate::simd::{LANES, Simd, U32, U64};

/// A: PCG's multiplier for 64-bit state.
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;

/// n steps of any PCG32 stream at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jump {
    /// Aⁿ.
    multiplier: u64,
    /// Gₙ.
    sum: u64,
}

impl Jump {
    /// `n` steps, in 64 doublings at most (F. B. Brown 1994).
    pub(crate) const fn steps(mut n: u64) -> Self {
        let (mut multiplier, mut sum) = (1_u64, 0_u64);
        let (mut step_multiplier, mut step_sum) = (MULTIPLIER, 1_u64);
        while n > 0 {
            if n & 1 == 1 {
                multiplier = multiplier.wrapping_mul(step_multiplier);
                sum = sum.wrapping_mul(step_multiplier).wrapping_add(step_sum);
            }
            step_sum = step_sum.wrapping_mul(step_multiplier.wrapping_add(1));
            step_multiplier = step_multiplier.wrapping_mul(step_multiplier);
            n >>= 1;
        }
        Self { multiplier, sum }
    }
}

/// Where the lanes stand and how they step if each element takes the same number of draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spacing {
    /// Aⁿ and Gₙ for the lanes' n, the multiples of the draws.
    multipliers: [u64; LANES],
    sums: [u64; LANES],
    /// From the last draw of an element to the first of that in the same lane of the next vector.
    turn: Jump,
}

/// To the next draw of an element.
const STEP: Jump = Jump::steps(1);

impl Spacing {
    /// One draw an element.
    const ONE: Self = Self::computed(1);

    /// `draws` an element. Not for vectorized code, which takes it as a value.
    pub(crate) const fn of(draws: u32) -> Self {
        if draws == 1 { Self::ONE } else { Self::computed(draws) }
    }

    const fn computed(draws: u32) -> Self {
        let draws = draws as u64;
        let jump = Jump::steps(draws);
        let (mut multipliers, mut sums) = ([1; LANES], [0_u64; LANES]);
        let mut i = 1;
        while i < LANES {
            multipliers[i] = jump.multiplier.wrapping_mul(multipliers[i - 1]);
            sums[i] = jump.multiplier.wrapping_mul(sums[i - 1]).wrapping_add(jump.sum);
            i += 1;
        }
        Self { multipliers, sums, turn: Jump::steps((LANES as u64 - 1) * draws + 1) }
    }
}

/// The PCG32 stream of a seed: 2⁶⁴ outputs, each with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    initial_state: u64,
    selector: u64,
}

impl Stream {
    /// The stream of `seed`: state and stream selector are two outputs of SplitMix64 (Steele, Lea &
    /// Flood 2014), so that seeds 1, 2, 3 … have nothing in common.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let split_mix = |n: u64| {
            let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self { initial_state: split_mix(1), selector: split_mix(2) }
    }

    /// `rand_pcg`'s generator at address 0: the scalar form of this stream.
    #[must_use]
    pub fn pcg32(self) -> rand_pcg::Pcg32 {
        rand_pcg::Pcg32::new(self.initial_state, self.selector)
    }

    /// The draws from `address` on.
    #[must_use]
    pub fn at(self, address: u64) -> Noise {
        // PCG's own initialisation: add the increment, then one step.
        let increment = self.selector << 1 | 1;
        let state = self.initial_state.wrapping_add(increment);
        let state = state.wrapping_mul(MULTIPLIER).wrapping_add(increment);
        Noise { state, increment }.skip(address)
    }
}

/// A place in a [`Stream`] from which draws are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    state: u64,
    increment: u64,
}

impl Noise {
    /// The place `draws` further on.
    #[must_use]
    pub fn skip(self, draws: u64) -> Self {
        self.jump(Jump::steps(draws))
    }

    /// A place where the next output is `bits`.
    #[cfg(test)]
    pub(super) fn with_output(bits: u32) -> Self {
        // Without rotation, so with the top five bits 0: output bit i is state bit i + 27 ^ i + 45.
        let mut state = 0_u64;
        for i in (0..32).rev() {
            let above = state >> 63.min(i + 45);
            state |= ((u64::from(bits >> i) ^ above) & 1) << (i + 27);
        }
        Self { state, increment: 1 }
    }

    #[inline(always)]
    pub(crate) fn jump(self, jump: Jump) -> Self {
        let state = self.state.wrapping_mul(jump.multiplier);
        Self { state: state.wrapping_add(self.increment.wrapping_mul(jump.sum)), ..self }
    }
}

/// One output for each of sixteen consecutive elements at a time.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<S: Simd> {
    state: U64<S>,
    turn: Affine<S>,
    /// Not used, and so not computed, where an element takes one draw.
    step: Affine<S>,
}

/// A [`Jump`] in one stream.
#[derive(Clone, Copy)]
struct Affine<S: Simd> {
    multiplier: U64<S>,
    increment: U64<S>,
}

impl<S: Simd> Affine<S> {
    #[inline(always)]
    fn new(simd: S, jump: Jump, noise: Noise) -> Self {
        Self {
            multiplier: U64::splat(simd, jump.multiplier),
            increment: U64::splat(simd, noise.increment.wrapping_mul(jump.sum)),
        }
    }
}

impl<S: Simd> Lanes<S> {
    /// The first element's draws start at `noise`.
    #[inline(always)]
    pub(crate) fn new(simd: S, noise: Noise, spacing: &Spacing) -> Self {
        let state = U64::splat(simd, noise.state) * U64::load(simd, &spacing.multipliers)
            + U64::splat(simd, noise.increment) * U64::load(simd, &spacing.sums);
        Self {
            state,
            turn: Affine::new(simd, spacing.turn, noise),
            step: Affine::new(simd, STEP, noise),
        }
    }

    /// One draw an element, consecutive ones.
    #[inline(always)]
    pub(crate) fn consecutive(simd: S, noise: Noise) -> Self {
        Self::new(simd, noise, &Spacing::ONE)
    }

    /// The next output of each element's draws; `last` if it is the last one, after which the next
    /// sixteen elements have their turn.
    #[inline(always)]
    pub(crate) fn draw(&mut self, last: bool) -> U32<S> {
        let old = self.state;
        let Affine { multiplier, increment } = if last { self.turn } else { self.step };
        self.state = old * multiplier + increment;
        // XSH-RR: a xorshift, then a rotation by the top five bits.
        (old.shr(18) ^ old).shr(27).low().rotate_right(old.high().shr(27))
    }

    /// The only draw of each of the next sixteen elements.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> U32<S> {
        self.draw(true)
    }
}
