//! The reference: plain Rust, one lane after the other. All other levels are compared with it.
//!
//! `f32::mul_add` is a slow library call where the target has no FMA, so this level is never chosen
//! at run time; it is there to be right. Hence its operations stay functions: inlined, sixteen library
//! calls for each operation of each kernel were nine tenths of the library's code and half of the time
//! that it took to compile.

use super::{LANES, Simd};

/// Token of the reference level. Needs no instructions beyond the target's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scalar;

/// `each! { attribute: name(a: F32, b: F32) -> F32 = expression; ... }`: one lane's expression, for all lanes.
macro_rules! each {
    ($inline:meta: $($name:ident($($arg:ident: $ty:ident),* $(; $plain:ident: $plain_ty:ty)?) -> $out:ident = $body:expr;)*) => {
        each!(@ [$inline] $($name($($arg: $ty),* $(; $plain: $plain_ty)?) -> $out = $body;)*);
    };
    (@ $inline:tt $($name:ident($($arg:ident: $ty:ident),* $(; $plain:ident: $plain_ty:ty)?) -> $out:ident = $body:expr;)*) => {$(
        # $inline
        fn $name(self $(, $arg: Self::$ty)* $(, $plain: $plain_ty)?) -> Self::$out {
            let mut out = [Default::default(); LANES];
            for i in 0..LANES {
                $(let $arg = $arg[i];)*
                out[i] = $body;
            }
            out
        }
    )*};
}

impl Simd for Scalar {
    type F32 = [f32; LANES];
    type U32 = [u32; LANES];
    type U64 = [u64; LANES];
    type F64 = [f64; LANES];
    type Mask = [bool; LANES];

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
    #[inline(never)]
    fn outline<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline(always)]
    fn load(self, x: &[f32; LANES]) -> Self::F32 {
        *x
    }
    #[inline(always)]
    fn store(self, x: Self::F32, out: &mut [f32; LANES]) {
        *out = x;
    }
    #[inline(always)]
    fn store_u32(self, x: Self::U32, out: &mut [u32; LANES]) {
        *out = x;
    }
    #[inline(always)]
    fn load_u64(self, x: &[u64; LANES]) -> Self::U64 {
        *x
    }

    each! { inline(always):
        splat(; x: f32) -> F32 = x;
        to_bits(a: F32) -> U32 = a.to_bits();
        from_bits(a: U32) -> F32 = f32::from_bits(a);
        splat_u32(; x: u32) -> U32 = x;
        splat_u64(; x: u64) -> U64 = x;
        splat_f64(; x: f64) -> F64 = x;
        f64_to_bits(a: F64) -> U64 = a.to_bits();
        f64_from_bits(a: U64) -> F64 = f64::from_bits(a);
    }

    each! { inline(never):
        add(a: F32, b: F32) -> F32 = a + b;
        sub(a: F32, b: F32) -> F32 = a - b;
        mul(a: F32, b: F32) -> F32 = a * b;
        div(a: F32, b: F32) -> F32 = a / b;
        sqrt(a: F32) -> F32 = a.sqrt();
        mul_add(a: F32, b: F32, c: F32) -> F32 = a.mul_add(b, c);
        max(a: F32, b: F32) -> F32 = if a > b { a } else { b };
        min(a: F32, b: F32) -> F32 = if a < b { a } else { b };

        lt(a: F32, b: F32) -> Mask = a < b;
        le(a: F32, b: F32) -> Mask = a <= b;
        eq(a: F32, b: F32) -> Mask = a == b;
        select(mask: Mask, a: F32, b: F32) -> F32 = if mask { a } else { b };
        or_mask(a: Mask, b: Mask) -> Mask = a | b;

        from_i32(a: U32) -> F32 = a.cast_signed() as f32;
        to_i32(a: F32) -> U32 = (a as i32).cast_unsigned();

        add_u32(a: U32, b: U32) -> U32 = a.wrapping_add(b);
        sub_u32(a: U32, b: U32) -> U32 = a.wrapping_sub(b);
        and_u32(a: U32, b: U32) -> U32 = a & b;
        or_u32(a: U32, b: U32) -> U32 = a | b;
        xor_u32(a: U32, b: U32) -> U32 = a ^ b;
        shl_u32(a: U32; n: u32) -> U32 = a << n;
        shr_u32(a: U32; n: u32) -> U32 = a >> n;
        shr_i32(a: U32; n: u32) -> U32 = (a.cast_signed() >> n).cast_unsigned();
        rotate_right_u32(a: U32, n: U32) -> U32 = a.rotate_right(n);

        add_u64(a: U64, b: U64) -> U64 = a.wrapping_add(b);
        mul_u64(a: U64, b: U64) -> U64 = a.wrapping_mul(b);
        xor_u64(a: U64, b: U64) -> U64 = a ^ b;
        shr_u64(a: U64; n: u32) -> U64 = a >> n;
        low_u64(a: U64) -> U32 = (a & 0xffff_ffff) as u32;
        and_u64(a: U64, b: U64) -> U64 = a & b;
        shl_u64(a: U64; n: u32) -> U64 = a << n;

        widen(a: F32) -> F64 = f64::from(a);
        narrow(a: F64) -> F32 = a as f32;
        add_f64(a: F64, b: F64) -> F64 = a + b;
        sub_f64(a: F64, b: F64) -> F64 = a - b;
        mul_f64(a: F64, b: F64) -> F64 = a * b;
        div_f64(a: F64, b: F64) -> F64 = a / b;
        mul_add_f64(a: F64, b: F64, c: F64) -> F64 = a.mul_add(b, c);
        max_f64(a: F64, b: F64) -> F64 = if a > b { a } else { b };
        min_f64(a: F64, b: F64) -> F64 = if a < b { a } else { b };
    }

    #[inline(always)]
    fn load_f64(self, x: &[f64; LANES]) -> Self::F64 {
        *x
    }
    #[inline(always)]
    fn store_f64(self, x: Self::F64, out: &mut [f64; LANES]) {
        *out = x;
    }
    #[inline(never)]
    fn mask_to_bits(self, mask: Self::Mask) -> u16 {
        mask.iter().rev().fold(0, |bits, &lane| bits << 1 | u16::from(lane))
    }
    #[inline(never)]
    fn mask_from_bits(self, bits: u16) -> Self::Mask {
        std::array::from_fn(|i| bits >> i & 1 == 1)
    }

    #[inline(never)]
    fn lookup(self, table: &[f32; 32], index: Self::U32) -> Self::F32 {
        index.map(|i| table[(i & 31) as usize])
    }
    #[inline(never)]
    fn lookup8(self, table: &[f32; 8], index: Self::U32) -> Self::F32 {
        index.map(|i| table[(i & 7) as usize])
    }
    #[inline(never)]
    fn lookup16(self, table: &[f32; 16], index: Self::U32) -> Self::F32 {
        index.map(|i| table[(i & 15) as usize])
    }
}
