//! The fallback: `wide`, which chooses its instructions when it is compiled.
//!
//! On plain x86-64 that is SSE2, without fused multiply-add: there the last bits differ from the
//! other levels, and each activation and derivative is within 2 ULP: sums that cancel are taken in
//! `f64`. With FMA in the target's features they are the same.

use wide::{f32x16, f64x8, i32x16, u32x16, u64x8};

use super::{LANES, Simd};

/// Token of the portable level. Needs no instructions beyond the target's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Portable;

/// `lanes! { name(a: F32, b: F32) -> F32 = expression; ... }`: trait methods on whole vectors.
macro_rules! lanes {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ident = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $arg: $ty)*) -> Self::$out {
            $body
        }
    )*};
}

/// Bits as signed integers, for the operations that `wide` has on those only.
#[inline(always)]
fn signed(a: u32x16) -> i32x16 {
    i32x16::new(a.to_array().map(u32::cast_signed))
}

/// Bits as unsigned integers.
#[inline(always)]
fn unsigned(a: i32x16) -> u32x16 {
    u32x16::new(a.to_array().map(i32::cast_unsigned))
}

/// Whether `wide`'s multiply-add is one instruction.
pub(crate) const FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

impl Simd for Portable {
    type F32 = f32x16;
    type U32 = u32x16;
    type U64 = [u64x8; 2];
    type F64 = [f64x8; 2];
    type Mask = f32x16;

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline(always)]
    fn store(self, x: Self::F32, out: &mut [f32; LANES]) {
        *out = x.to_array();
    }
    #[inline(always)]
    fn store_u32(self, x: Self::U32, out: &mut [u32; LANES]) {
        *out = x.to_array();
    }

    #[inline(always)]
    fn store_f64(self, x: Self::F64, out: &mut [f64; LANES]) {
        let (halves, _) = out.as_chunks_mut::<8>();
        halves[0] = x[0].to_array();
        halves[1] = x[1].to_array();
    }
    #[inline(always)]
    fn mask_to_bits(self, mask: f32x16) -> u16 {
        (mask.to_bitmask() & 0xffff) as u16
    }
    #[inline(always)]
    fn mask_from_bits(self, bits: u16) -> f32x16 {
        let lanes = std::array::from_fn(|i| if bits >> i & 1 == 1 { u32::MAX } else { 0 });
        f32x16::from_bits(u32x16::new(lanes))
    }
    #[inline(always)]
    fn mul_add_once(self, a: f32x16, b: f32x16, c: f32x16) -> f32x16 {
        if FUSED {
            return self.mul_add(a, b, c);
        }
        let (a, b, c) = (a.to_array(), b.to_array(), c.to_array());
        let mut out = [0.0; LANES];
        for i in 0..LANES {
            out[i] = (f64::from(a[i]) * f64::from(b[i]) + f64::from(c[i])) as f32;
        }
        f32x16::new(out)
    }

    lanes! {
        load(x: &[f32; LANES]) -> F32 = f32x16::new(*x);
        splat(x: f32) -> F32 = f32x16::splat(x);
        add(a: f32x16, b: f32x16) -> F32 = a + b;
        sub(a: f32x16, b: f32x16) -> F32 = a - b;
        mul(a: f32x16, b: f32x16) -> F32 = a * b;
        div(a: f32x16, b: f32x16) -> F32 = a / b;
        sqrt(a: f32x16) -> F32 = a.sqrt();
        mul_add(a: f32x16, b: f32x16, c: f32x16) -> F32 = a.mul_add(b, c);
        // `wide`'s own max keeps numbers and drops NaN: compare and select instead.
        max(a: f32x16, b: f32x16) -> F32 = a.simd_gt(b).select(a, b);
        min(a: f32x16, b: f32x16) -> F32 = a.simd_lt(b).select(a, b);

        lt(a: f32x16, b: f32x16) -> Mask = a.simd_lt(b);
        le(a: f32x16, b: f32x16) -> Mask = a.simd_le(b);
        eq(a: f32x16, b: f32x16) -> Mask = a.simd_eq(b);
        select(mask: f32x16, a: f32x16, b: f32x16) -> F32 = mask.select(a, b);
        or_mask(a: f32x16, b: f32x16) -> Mask = a | b;

        to_bits(a: f32x16) -> U32 = a.to_bits();
        from_bits(a: u32x16) -> F32 = f32x16::from_bits(a);
        from_i32(a: u32x16) -> F32 = f32x16::from_i32x16(signed(a));
        to_i32(a: f32x16) -> U32 = unsigned(a.trunc_int());

        splat_u32(x: u32) -> U32 = u32x16::splat(x);
        add_u32(a: u32x16, b: u32x16) -> U32 = a + b;
        sub_u32(a: u32x16, b: u32x16) -> U32 = a - b;
        and_u32(a: u32x16, b: u32x16) -> U32 = a & b;
        or_u32(a: u32x16, b: u32x16) -> U32 = a | b;
        xor_u32(a: u32x16, b: u32x16) -> U32 = a ^ b;
        shl_u32(a: u32x16, n: u32) -> U32 = a << n;
        shr_u32(a: u32x16, n: u32) -> U32 = a >> n;
        shr_i32(a: u32x16, n: u32) -> U32 = unsigned(signed(a) >> n);
        rotate_right_u32(a: u32x16, n: u32x16) -> U32 = {
            let (a, n) = (a.to_array(), n.to_array());
            u32x16::new(std::array::from_fn(|i| a[i].rotate_right(n[i])))
        };
        lookup(table: &[f32; 32], index: u32x16) -> F32
            = f32x16::new(index.to_array().map(|i| table[(i & 31) as usize]));
        lookup8(table: &[f32; 8], index: u32x16) -> F32
            = f32x16::new(index.to_array().map(|i| table[(i & 7) as usize]));
        lookup16(table: &[f32; 16], index: u32x16) -> F32
            = f32x16::new(index.to_array().map(|i| table[(i & 15) as usize]));

        splat_u64(x: u64) -> U64 = [u64x8::splat(x); 2];
        load_u64(x: &[u64; LANES]) -> U64 = {
            let (halves, _) = x.as_chunks::<8>();
            [u64x8::new(halves[0]), u64x8::new(halves[1])]
        };
        add_u64(a: [u64x8; 2], b: [u64x8; 2]) -> U64 = [a[0] + b[0], a[1] + b[1]];
        mul_u64(a: [u64x8; 2], b: [u64x8; 2]) -> U64 = [a[0] * b[0], a[1] * b[1]];
        xor_u64(a: [u64x8; 2], b: [u64x8; 2]) -> U64 = [a[0] ^ b[0], a[1] ^ b[1]];
        shr_u64(a: [u64x8; 2], n: u32) -> U64 = [a[0] >> n, a[1] >> n];
        low_u64(a: [u64x8; 2]) -> U32 = {
            let (low, high) = (a[0].to_array(), a[1].to_array());
            u32x16::new(std::array::from_fn(|i| {
                (if i < 8 { low[i] } else { high[i - 8] } & 0xffff_ffff) as u32
            }))
        };
        and_u64(a: [u64x8; 2], b: [u64x8; 2]) -> U64 = [a[0] & b[0], a[1] & b[1]];
        shl_u64(a: [u64x8; 2], n: u32) -> U64 = [a[0] << n, a[1] << n];

        splat_f64(x: f64) -> F64 = [f64x8::splat(x); 2];
        load_f64(x: &[f64; LANES]) -> F64 = {
            let (halves, _) = x.as_chunks::<8>();
            [f64x8::new(halves[0]), f64x8::new(halves[1])]
        };
        widen(a: f32x16) -> F64 = {
            let a = a.to_array();
            [0, 8].map(|at| f64x8::new(std::array::from_fn(|i| f64::from(a[at + i]))))
        };
        narrow(a: [f64x8; 2]) -> F32 = {
            let (low, high) = (a[0].to_array(), a[1].to_array());
            f32x16::new(std::array::from_fn(|i| (if i < 8 { low[i] } else { high[i - 8] }) as f32))
        };
        add_f64(a: [f64x8; 2], b: [f64x8; 2]) -> F64 = [a[0] + b[0], a[1] + b[1]];
        sub_f64(a: [f64x8; 2], b: [f64x8; 2]) -> F64 = [a[0] - b[0], a[1] - b[1]];
        mul_f64(a: [f64x8; 2], b: [f64x8; 2]) -> F64 = [a[0] * b[0], a[1] * b[1]];
        div_f64(a: [f64x8; 2], b: [f64x8; 2]) -> F64 = [a[0] / b[0], a[1] / b[1]];
        mul_add_f64(a: [f64x8; 2], b: [f64x8; 2], c: [f64x8; 2]) -> F64
            = [a[0].mul_add(b[0], c[0]), a[1].mul_add(b[1], c[1])];
        max_f64(a: [f64x8; 2], b: [f64x8; 2]) -> F64
            = [a[0].simd_gt(b[0]).select(a[0], b[0]), a[1].simd_gt(b[1]).select(a[1], b[1])];
        min_f64(a: [f64x8; 2], b: [f64x8; 2]) -> F64
            = [a[0].simd_lt(b[0]).select(a[0], b[0]), a[1].simd_lt(b[1]).select(a[1], b[1])];
        f64_to_bits(a: [f64x8; 2]) -> U64 = a.map(|a| a.to_bits());
        f64_from_bits(a: [u64x8; 2]) -> F64 = a.map(f64x8::from_bits);
    }
}
