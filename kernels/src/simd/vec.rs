//! Vectors with operators, so that kernels read as mathematics.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Sub};

use super::{LANES, Simd};

/// Sixteen lanes of `f32`, with the token that may work on them.
#[derive(Clone, Copy)]
pub(crate) struct F32<S: Simd>(S, S::F32);

/// Sixteen lanes of `u32`; some operations read them as `i32` and say so.
#[derive(Clone, Copy)]
pub(crate) struct U32<S: Simd>(S, S::U32);

/// Sixteen lanes of `u64`.
#[derive(Clone, Copy)]
pub(crate) struct U64<S: Simd>(S, S::U64);

/// Sixteen lanes of `f64`: where a formula's last bits matter more than its speed, and for sums.
#[derive(Clone, Copy)]
pub(crate) struct F64<S: Simd>(S, S::F64);

/// Sixteen truth values.
#[derive(Clone, Copy)]
pub(crate) struct Mask<S: Simd>(S, S::Mask);

/// `methods! { Type: name(self, other...) -> Type = trait_method; ... }`.
macro_rules! methods {
    ($on:ident: $($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ident),*) -> $out:ident = $op:ident;)*) => {
        impl<S: Simd> $on<S> {$(
            $(#[$doc])*
            #[inline(always)]
            pub(crate) fn $name(self $(, $arg: $ty<S>)*) -> $out<S> {
                $out(self.0, self.0.$op(self.1 $(, $arg.1)*))
            }
        )*}
    };
}

/// `operators! { Type: Trait::method = trait_method; ... }`.
macro_rules! operators {
    ($on:ident: $($trait:ident::$name:ident = $op:ident;)*) => {$(
        impl<S: Simd> $trait for $on<S> {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                Self(self.0, self.0.$op(self.1, other.1))
            }
        }
    )*};
}

operators! { F32: Add::add = add; Sub::sub = sub; Mul::mul = mul; Div::div = div; }
operators! { U32: Add::add = add_u32; Sub::sub = sub_u32; BitAnd::bitand = and_u32; BitOr::bitor = or_u32; BitXor::bitxor = xor_u32; }
operators! { U64: Add::add = add_u64; Mul::mul = mul_u64; BitAnd::bitand = and_u64; BitXor::bitxor = xor_u64; }
operators! { F64: Add::add = add_f64; Sub::sub = sub_f64; Mul::mul = mul_f64; Div::div = div_f64; }
operators! { Mask: BitOr::bitor = or_mask; }

methods! { F32:
    sqrt() -> F32 = sqrt;
    /// `self · b + c`, rounded once.
    mul_add(b: F32, c: F32) -> F32 = mul_add;
    /// `self · b + c`, also rounded once where there is no such instruction: for sums that cancel.
    mul_add_once(b: F32, c: F32) -> F32 = mul_add_once;
    /// `if self > b { self } else { b }`.
    max(b: F32) -> F32 = max;
    /// `if self < b { self } else { b }`.
    min(b: F32) -> F32 = min;
    /// `self · 2^⌊k⌋`, rounded once, for k a multiple of 1/16 in [−252, 254] and self · 2^(k/2) normal.
    scale(k: F32) -> F32 = scale;
    lt(b: F32) -> Mask = lt;
    le(b: F32) -> Mask = le;
    eq(b: F32) -> Mask = eq;
    to_bits() -> U32 = to_bits;
    /// Truncated, for |self| < 2³¹.
    to_i32() -> U32 = to_i32;
    /// The same numbers in `f64`.
    widen() -> F64 = widen;
}

methods! { U32:
    /// The `f32` with these bits.
    as_f32_bits() -> F32 = from_bits;
    /// Read as `i32` and rounded.
    i32_to_f32() -> F32 = from_i32;
    rotate_right(n: U32) -> U32 = rotate_right_u32;
}

methods! { U64:
    /// The low 32 bits.
    low() -> U32 = low_u64;
    /// The high 32 bits.
    high() -> U32 = high_u64;
    /// The `f64` with these bits.
    as_f64_bits() -> F64 = f64_from_bits;
}

methods! { F64:
    /// The nearest `f32`.
    narrow() -> F32 = narrow;
    /// `self · b + c`, rounded once.
    mul_add(b: F64, c: F64) -> F64 = mul_add_f64;
    /// `if self > b { self } else { b }`.
    max(b: F64) -> F64 = max_f64;
    /// `if self < b { self } else { b }`.
    min(b: F64) -> F64 = min_f64;
    to_bits() -> U64 = f64_to_bits;
}

methods! { Mask:
    /// `a` where set, else `b`.
    select(a: F32, b: F32) -> F32 = select;
}

impl<S: Simd> F32<S> {
    #[inline(always)]
    pub(crate) fn splat(simd: S, x: f32) -> Self {
        Self(simd, simd.splat(x))
    }
    /// All lanes `x`, on the same level as `self`.
    #[inline(always)]
    pub(crate) fn constant(self, x: f32) -> Self {
        Self::splat(self.0, x)
    }
    #[inline(always)]
    pub(crate) fn load(simd: S, x: &[f32; LANES]) -> Self {
        Self(simd, simd.load(x))
    }
    #[inline(always)]
    pub(crate) fn store(self, out: &mut [f32; LANES]) {
        self.0.store(self.1, out);
    }
    /// See [`Stream::store`](super::Stream::store).
    #[inline(always)]
    pub(super) fn store_streaming(self, out: &mut [f32; LANES]) {
        self.0.store_streaming(self.1, out);
    }
    /// The first `x.len()` ≤ 16 lanes from `x`, the others 0.
    #[inline(always)]
    pub(crate) fn load_partial(simd: S, x: &[f32]) -> Self {
        Self(simd, simd.load_partial(x))
    }
    /// Stores the first `out.len()` ≤ 16 lanes.
    #[inline(always)]
    pub(crate) fn store_partial(self, out: &mut [f32]) {
        self.0.store_partial(self.1, out);
    }
    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        self.store(&mut out);
        out
    }
    /// Clears the sign.
    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        (self.to_bits() & U32::splat(self.0, 0x7fff_ffff)).as_f32_bits()
    }
    /// The magnitude of `self`, which must not be negative, with the sign of `sign`.
    #[inline(always)]
    pub(crate) fn with_sign_of(self, sign: Self) -> Self {
        (self.to_bits() | (sign.to_bits() & U32::splat(self.0, 0x8000_0000))).as_f32_bits()
    }
    /// 2^self, for integers −126 ≤ self ≤ 127.
    #[inline(always)]
    pub(crate) fn exp2_of_integer(self) -> Self {
        (self.to_i32() + U32::splat(self.0, 127)).shl(23).as_f32_bits()
    }
}

impl<S: Simd> Neg for F32<S> {
    type Output = Self;
    /// Flips the sign, of zeros and NaN too.
    #[inline(always)]
    fn neg(self) -> Self {
        (self.to_bits() ^ U32::splat(self.0, 0x8000_0000)).as_f32_bits()
    }
}

impl<S: Simd> U32<S> {
    #[inline(always)]
    pub(crate) fn splat(simd: S, x: u32) -> Self {
        Self(simd, simd.splat_u32(x))
    }
    #[inline(always)]
    pub(crate) fn constant(self, x: u32) -> Self {
        Self::splat(self.0, x)
    }
    #[inline(always)]
    pub(crate) fn store(self, out: &mut [u32; LANES]) {
        self.0.store_u32(self.1, out);
    }
    #[inline(always)]
    pub(crate) fn shl(self, n: u32) -> Self {
        Self(self.0, self.0.shl_u32(self.1, n))
    }
    #[inline(always)]
    pub(crate) fn shr(self, n: u32) -> Self {
        Self(self.0, self.0.shr_u32(self.1, n))
    }
    /// Shifts to the right as `i32`.
    #[inline(always)]
    pub(crate) fn shr_i32(self, n: u32) -> Self {
        Self(self.0, self.0.shr_i32(self.1, n))
    }
    /// `table[self mod 32]`.
    #[inline(always)]
    pub(crate) fn lookup(self, table: &[f32; 32]) -> F32<S> {
        F32(self.0, self.0.lookup(table, self.1))
    }
    /// `table[self mod 8]`.
    #[inline(always)]
    pub(crate) fn lookup8(self, table: &[f32; 8]) -> F32<S> {
        F32(self.0, self.0.lookup8(table, self.1))
    }
    /// `table[self mod 16]`.
    #[inline(always)]
    pub(crate) fn lookup16(self, table: &[f32; 16]) -> F32<S> {
        F32(self.0, self.0.lookup16(table, self.1))
    }
}

impl<S: Simd> U64<S> {
    #[inline(always)]
    pub(crate) fn splat(simd: S, x: u64) -> Self {
        Self(simd, simd.splat_u64(x))
    }
    #[inline(always)]
    pub(crate) fn load(simd: S, x: &[u64; LANES]) -> Self {
        Self(simd, simd.load_u64(x))
    }
    #[inline(always)]
    pub(crate) fn shr(self, n: u32) -> Self {
        Self(self.0, self.0.shr_u64(self.1, n))
    }
    #[inline(always)]
    pub(crate) fn shl(self, n: u32) -> Self {
        Self(self.0, self.0.shl_u64(self.1, n))
    }
    #[inline(always)]
    pub(crate) fn constant(self, x: u64) -> Self {
        Self::splat(self.0, x)
    }
}

impl<S: Simd> Mask<S> {
    /// Lane `i` is bit `i`.
    #[inline(always)]
    pub(crate) fn from_bits(simd: S, bits: u16) -> Self {
        Self(simd, simd.mask_from_bits(bits))
    }
    /// Bit `i` is lane `i`.
    #[inline(always)]
    pub(crate) fn to_bits(self) -> u16 {
        self.0.mask_to_bits(self.1)
    }
}

impl<S: Simd> F64<S> {
    #[inline(always)]
    pub(crate) fn splat(simd: S, x: f64) -> Self {
        Self(simd, simd.splat_f64(x))
    }
    /// All lanes `x`, on the same level as `self`.
    #[inline(always)]
    pub(crate) fn constant(self, x: f64) -> Self {
        Self::splat(self.0, x)
    }
    #[inline(always)]
    pub(crate) fn load(simd: S, x: &[f64; LANES]) -> Self {
        Self(simd, simd.load_f64(x))
    }
    #[inline(always)]
    pub(crate) fn store(self, out: &mut [f64; LANES]) {
        self.0.store_f64(self.1, out);
    }
    #[inline(always)]
    pub(crate) fn to_array(self) -> [f64; LANES] {
        let mut out = [0.0; LANES];
        self.store(&mut out);
        out
    }
    /// Other lanes, on the same level as `self`.
    #[inline(always)]
    pub(crate) fn with(self, lanes: &[f64; LANES]) -> Self {
        Self::load(self.0, lanes)
    }
    /// Other bits, on the same level as `self`.
    #[inline(always)]
    pub(crate) fn with_bits(self, bits: &[u64; LANES]) -> U64<S> {
        U64::load(self.0, bits)
    }
    /// Clears the sign.
    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        (self.to_bits() & U64::splat(self.0, u64::MAX >> 1)).as_f64_bits()
    }
    /// The magnitude of `self` with the sign of `sign`.
    #[inline(always)]
    pub(crate) fn copy_sign(self, sign: Self) -> Self {
        let bits = self.to_bits();
        (bits ^ ((bits ^ sign.to_bits()) & U64::splat(self.0, 1 << 63))).as_f64_bits()
    }
}

impl<S: Simd> Neg for F64<S> {
    type Output = Self;
    /// Flips the sign, of zeros and NaN too.
    #[inline(always)]
    fn neg(self) -> Self {
        (self.to_bits() ^ U64::splat(self.0, 1 << 63)).as_f64_bits()
    }
}

/// The first `x.len()` ≤ 16 lanes from `x`, the others 0; one plain load where there are sixteen.
#[inline(always)]
pub(crate) fn load_up_to<S: Simd>(simd: S, x: &[f32]) -> F32<S> {
    match x.try_into() {
        Ok(x) => F32::load(simd, x),
        Err(_) => F32::load_partial(simd, x),
    }
}

/// Stores the first `out.len()` ≤ 16 lanes; one plain store where there are sixteen.
#[inline(always)]
pub(crate) fn store_up_to<S: Simd>(x: F32<S>, out: &mut [f32]) {
    match <&mut [f32; LANES]>::try_from(&mut *out) {
        Ok(out) => x.store(out),
        Err(_) => x.store_partial(out),
    }
}

/// Lane `i` of vector `j` becomes lane `j` of vector `i`.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(simd: S, rows: [F32<S>; LANES]) -> [F32<S>; LANES] {
    let mut plain = [rows[0].1; LANES];
    for i in 0..LANES {
        plain[i] = rows[i].1;
    }
    let plain = simd.transpose(plain);
    let mut out = rows;
    for i in 0..LANES {
        out[i] = F32(simd, plain[i]);
    }
    out
}
