//! What an operation can take and return: how to make it from raw bits, one `u64` a lane.

use std::marker::PhantomData;

use rand_pcg::{Pcg32, rand_core::Rng};

use super::super::{LANES, Simd};

/// A type of operands.
pub(super) trait Operand {
    /// One lane.
    type Lane;
    /// Sixteen lanes of a level.
    type Vector<S: Simd>;

    /// Raw values that are tried in all combinations.
    fn specials() -> Vec<u64>;
    /// Makes any raw values valid.
    fn cut(raw: &mut [u64; LANES]);
    fn lane(raw: u64) -> Self::Lane;
    fn raw(lane: Self::Lane) -> u64;
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> Self::Vector<S>;
    fn store<S: Simd>(_: S, _: Self::Vector<S>) -> [u64; LANES] {
        unreachable!("no operation returns this")
    }
    fn same(a: u64, b: u64) -> bool {
        a == b
    }
}

pub(super) const SPECIALS: [f32; 24] = [
    0.0,
    1.0,
    0.5,
    1.5,
    2.5,
    3.5,
    f32::INFINITY,
    f32::NAN,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::EPSILON,
    1e-45,
    1.175_494_2e-38,
    0.499_999_97,
    0.500_000_06,
    1.000_000_1,
    0.999_999_94,
    8_388_607.5,
    8_388_608.0,
    16_777_216.0,
    2_147_483_520.0,
    2_147_483_648.0,
    1e30,
    1e-30,
];

/// Any `f32`.
pub(super) struct Float;

impl Operand for Float {
    type Lane = f32;
    type Vector<S: Simd> = S::F32;

    fn specials() -> Vec<u64> {
        SPECIALS.iter().flat_map(|&x| [x, -x]).map(Self::raw).collect()
    }
    fn cut(raw: &mut [u64; LANES]) {
        for raw in raw {
            // Every other number close to 1 in size: of two random ones, an addition loses one whole.
            if *raw >> 63 == 1 {
                *raw = *raw & 0x87ff_ffff | 0x3800_0000;
            }
            *raw &= 0xffff_ffff;
        }
    }
    fn lane(raw: u64) -> f32 {
        f32::from_bits(raw as u32)
    }
    fn raw(lane: f32) -> u64 {
        u64::from(lane.to_bits())
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::F32 {
        simd.load(&raw.map(Self::lane))
    }
    #[inline(always)]
    fn store<S: Simd>(simd: S, x: S::F32) -> [u64; LANES] {
        let mut out = [0.0; LANES];
        simd.store(x, &mut out);
        out.map(Self::raw)
    }
    fn same(a: u64, b: u64) -> bool {
        a == b || (Self::lane(a).is_nan() && Self::lane(b).is_nan())
    }
}

/// An `f32` between −2³¹ and 2³¹.
pub(super) struct Small;

impl Operand for Small {
    type Lane = f32;
    type Vector<S: Simd> = S::F32;

    fn specials() -> Vec<u64> {
        Float::specials()
    }
    fn cut(raw: &mut [u64; LANES]) {
        Float::cut(raw);
        for raw in raw {
            let x = Float::lane(*raw);
            *raw = if x.abs() < 2_147_483_648.0 { *raw } else { 0 };
        }
    }
    fn lane(raw: u64) -> f32 {
        Float::lane(raw)
    }
    fn raw(lane: f32) -> u64 {
        Float::raw(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::F32 {
        Float::load(simd, raw)
    }
}

/// An `f32` in \[¼, 4) of either sign, zero, infinite or NaN.
pub(super) struct Mantissa;

impl Operand for Mantissa {
    type Lane = f32;
    type Vector<S: Simd> = S::F32;

    fn specials() -> Vec<u64> {
        [0.0, 0.25, 0.3, 1.0, 1.999_999_9, 3.999_999_8, f32::INFINITY, f32::NAN]
            .into_iter()
            .flat_map(|x| [x, -x])
            .map(Self::raw)
            .collect()
    }
    fn cut(raw: &mut [u64; LANES]) {
        for raw in raw {
            let x = Float::lane(*raw as u32 as u64);
            let keep = x == 0.0 || !x.is_finite() || (0.25..4.0).contains(&x.abs());
            // Exponents 125 to 128.
            *raw = if keep { *raw & 0xffff_ffff } else { (*raw & 0x81ff_ffff) + (125 << 23) };
        }
    }
    fn lane(raw: u64) -> f32 {
        Float::lane(raw)
    }
    fn raw(lane: f32) -> u64 {
        Float::raw(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::F32 {
        Float::load(simd, raw)
    }
}

/// A multiple of ⅛ in \[−252, 254\], as its number of eighths above −252.
pub(super) struct Eighths;

impl Operand for Eighths {
    type Lane = f32;
    type Vector<S: Simd> = S::F32;

    fn specials() -> Vec<u64> {
        (0..=506 * 8).collect()
    }
    fn cut(raw: &mut [u64; LANES]) {
        for raw in raw {
            *raw %= 506 * 8 + 1;
        }
    }
    fn lane(raw: u64) -> f32 {
        raw as f32 / 8.0 - 252.0
    }
    fn raw(lane: f32) -> u64 {
        ((lane + 252.0) * 8.0) as u64
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::F32 {
        simd.load(&raw.map(Self::lane))
    }
}

/// Any `u32`.
pub(super) struct Int;

impl Operand for Int {
    type Lane = u32;
    type Vector<S: Simd> = S::U32;

    fn specials() -> Vec<u64> {
        let powers = (0..32).flat_map(|n| [1 << n, (1 << n) - 1, u64::from(u32::MAX) - (1 << n)]);
        powers.chain([u64::from(u32::MAX)]).collect()
    }
    fn cut(raw: &mut [u64; LANES]) {
        for raw in raw {
            *raw &= 0xffff_ffff;
        }
    }
    fn lane(raw: u64) -> u32 {
        raw as u32
    }
    fn raw(lane: u32) -> u64 {
        u64::from(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::U32 {
        simd.to_bits(Float::load(simd, raw))
    }
    #[inline(always)]
    fn store<S: Simd>(simd: S, x: S::U32) -> [u64; LANES] {
        let mut out = [0; LANES];
        simd.store_u32(x, &mut out);
        out.map(Self::raw)
    }
}

/// Any `u64`.
pub(super) struct Long;

impl Operand for Long {
    type Lane = u64;
    type Vector<S: Simd> = S::U64;

    fn specials() -> Vec<u64> {
        (0..64)
            .flat_map(|n| [1 << n, (1 << n) - 1, u64::MAX - (1 << n)])
            .chain([u64::MAX])
            .collect()
    }
    fn cut(_: &mut [u64; LANES]) {}
    fn lane(raw: u64) -> u64 {
        raw
    }
    fn raw(lane: u64) -> u64 {
        lane
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::U64 {
        simd.load_u64(raw)
    }
    #[inline(always)]
    fn store<S: Simd>(simd: S, x: S::U64) -> [u64; LANES] {
        let low = Int::store(simd, simd.low_u64(x));
        let high = Int::store(simd, simd.low_u64(simd.shr_u64(x, 32)));
        std::array::from_fn(|i| high[i] << 32 | low[i])
    }
}

/// A truth value.
pub(super) struct Truth;

impl Operand for Truth {
    type Lane = bool;
    type Vector<S: Simd> = S::Mask;

    fn specials() -> Vec<u64> {
        vec![0, 1]
    }
    fn cut(raw: &mut [u64; LANES]) {
        for raw in raw {
            *raw &= 1;
        }
    }
    fn lane(raw: u64) -> bool {
        raw == 1
    }
    fn raw(lane: bool) -> u64 {
        u64::from(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::Mask {
        simd.eq(simd.load(&raw.map(|raw| raw as f32)), simd.splat(1.0))
    }
    #[inline(always)]
    fn store<S: Simd>(simd: S, x: S::Mask) -> [u64; LANES] {
        Float::store(simd, simd.select(x, simd.splat(1.0), simd.splat(0.0)))
            .map(|raw| u64::from(Float::lane(raw) == 1.0))
    }
}

/// One number of bits below `BITS` for all lanes.
pub(super) struct Shift<const BITS: u64>;

impl<const BITS: u64> Operand for Shift<BITS> {
    type Lane = u32;
    type Vector<S: Simd> = u32;

    fn specials() -> Vec<u64> {
        (0..BITS).collect()
    }
    fn cut(raw: &mut [u64; LANES]) {
        *raw = [raw[0] % BITS; LANES];
    }
    fn lane(raw: u64) -> u32 {
        raw as u32
    }
    fn raw(lane: u32) -> u64 {
        u64::from(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(_: S, raw: &[u64; LANES]) -> u32 {
        raw[0] as u32
    }
}

/// A number of bits below 32 for each lane.
pub(super) struct Rotation;

impl Operand for Rotation {
    type Lane = u32;
    type Vector<S: Simd> = S::U32;

    fn specials() -> Vec<u64> {
        (0..32).collect()
    }
    fn cut(raw: &mut [u64; LANES]) {
        for raw in raw {
            *raw %= 32;
        }
    }
    fn lane(raw: u64) -> u32 {
        raw as u32
    }
    fn raw(lane: u32) -> u64 {
        u64::from(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, raw: &[u64; LANES]) -> S::U32 {
        Int::load(simd, raw)
    }
}

/// The same value in all lanes, passed as a number.
pub(super) struct Uniform<T>(PhantomData<T>);

impl<T: Operand> Operand for Uniform<T> {
    type Lane = T::Lane;
    type Vector<S: Simd> = T::Lane;

    fn specials() -> Vec<u64> {
        T::specials()
    }
    fn cut(raw: &mut [u64; LANES]) {
        T::cut(raw);
        *raw = [raw[0]; LANES];
    }
    fn lane(raw: u64) -> T::Lane {
        T::lane(raw)
    }
    fn raw(lane: T::Lane) -> u64 {
        T::raw(lane)
    }
    #[inline(always)]
    fn load<S: Simd>(_: S, raw: &[u64; LANES]) -> T::Lane {
        T::lane(raw[0])
    }
}

/// Special values of an operand, and what makes any values valid for it.
type Domain = (Vec<u64>, fn(&mut [u64; LANES]));

/// Blocks of sixteen lanes for `N` operands: all combinations of special values, then random ones.
pub(super) struct Blocks<const N: usize> {
    operands: [Domain; N],
    /// The number of the next combination, in the mixed radix of the special values.
    combination: usize,
    combinations: usize,
    random: Pcg32,
    random_blocks: usize,
}

impl<const N: usize> Blocks<N> {
    pub(super) fn new(operands: [Domain; N]) -> Self {
        let combinations = operands.iter().map(|(specials, _)| specials.len()).product();
        let random_blocks = 100_000_usize.div_ceil(LANES);
        Self { operands, combination: 0, combinations, random: Pcg32::new(1, 1), random_blocks }
    }
}

impl<const N: usize> Iterator for Blocks<N> {
    type Item = [[u64; LANES]; N];

    fn next(&mut self) -> Option<Self::Item> {
        let mut block = [[0; LANES]; N];
        if self.combination < self.combinations {
            // Each combination comes to stand in each lane.
            for lane in 0..LANES {
                let mut digits = (self.combination + lane) % self.combinations;
                for ((specials, _), operand) in self.operands.iter().zip(&mut block) {
                    operand[lane] = specials[digits % specials.len()];
                    digits /= specials.len();
                }
            }
            self.combination += 1;
        } else {
            self.random_blocks = self.random_blocks.checked_sub(1)?;
            for operand in &mut block {
                operand.fill_with(|| self.random.next_u64());
            }
        }
        for ((_, cut), operand) in self.operands.iter().zip(&mut block) {
            cut(operand);
        }
        Some(block)
    }
}
