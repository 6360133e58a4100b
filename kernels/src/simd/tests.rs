//! Every operation of [`Simd`], on every level, lane by lane against its definition in plain Rust:
//! all combinations of special values, then 10⁵ random bit patterns. NaN counts as one value.
//!
//! Unsure what an operation does? Its line in [`operations!`] says it.

mod memory;
mod operand;
mod vectors;

use std::cmp::Ordering;

use super::{LANES, Simd};
use crate::dispatch::{Kernel, Level};
use operand::{
    Blocks, Float, Int, Long, Mantissa, Operand, Rotation, Shift, Sixteenths, Small, Truth, Uniform,
};

/// The levels of this machine; fails where one that `HALFWAVE_REQUIRE` names would be skipped.
fn levels() -> Vec<Level> {
    Level::available_or_required().unwrap_or_else(|error| panic!("{error}"))
}

/// `operations! { name(a: Operand, ...) -> Operand = definition of one lane; ... }`: a test for each.
macro_rules! operations {
    ($($name:ident($($arg:ident: $ty:ty),+) -> $out:ty = $definition:expr;)*) => {$(
        #[test]
        fn $name() {
            struct On<'a>(&'a [[u64; LANES]]);
            impl Kernel for On<'_> {
                type Output = [u64; LANES];
                #[inline(always)]
                fn run<S: Simd>(self, simd: S) -> [u64; LANES] {
                    let mut operands = self.0.iter();
                    $(let $arg = <$ty>::load(simd, operands.next().unwrap());)+
                    <$out>::store(simd, simd.$name($($arg),+))
                }
            }

            fn definition(operands: &[[u64; LANES]], lane: usize) -> u64 {
                let mut operands = operands.iter().map(|operand| operand[lane]);
                $(let $arg = <$ty>::lane(operands.next().unwrap());)+
                <$out>::raw($definition)
            }

            for level in levels() {
                if stringify!($name) == "mul_add" && !level.is_fused() {
                    continue;
                }
                for operands in Blocks::new([$((<$ty>::specials(), <$ty>::cut as _)),+]) {
                    let result = level.run(On(&operands));
                    for lane in 0..LANES {
                        let expected = definition(&operands, lane);
                        assert!(
                            <$out>::same(result[lane], expected),
                            "{} on {level}, lane {lane}, operands {:x?}: {:#x}, defined as {expected:#x}",
                            stringify!($name),
                            operands.iter().map(|operand| operand[lane]).collect::<Vec<_>>(),
                            result[lane],
                        );
                    }
                }
            }
        }
    )*};
}

// With the 53 bits of f64, one operation on f32 is rounded to f32 as if it were exact.
operations! {
    add(a: Float, b: Float) -> Float = (f64::from(a) + f64::from(b)) as f32;
    sub(a: Float, b: Float) -> Float = (f64::from(a) - f64::from(b)) as f32;
    mul(a: Float, b: Float) -> Float = (f64::from(a) * f64::from(b)) as f32;
    div(a: Float, b: Float) -> Float = (f64::from(a) / f64::from(b)) as f32;
    sqrt(a: Float) -> Float = f64::from(a).sqrt() as f32;
    mul_add(a: Float, b: Float, c: Float) -> Float = fused(a, b, c);
    max(a: Float, b: Float) -> Float = if a > b { a } else { b };
    min(a: Float, b: Float) -> Float = if a < b { a } else { b };
    scale(a: Mantissa, k: Sixteenths) -> Float = (f64::from(a) * 2_f64.powi(k.floor() as i32)) as f32;
    splat(a: Uniform<Float>) -> Float = a;

    lt(a: Float, b: Float) -> Truth = a.partial_cmp(&b) == Some(Ordering::Less);
    le(a: Float, b: Float) -> Truth = matches!(a.partial_cmp(&b), Some(Ordering::Less | Ordering::Equal));
    eq(a: Float, b: Float) -> Truth = a.partial_cmp(&b) == Some(Ordering::Equal);
    select(mask: Truth, a: Float, b: Float) -> Float = if mask { a } else { b };
    or_mask(a: Truth, b: Truth) -> Truth = a || b;

    to_bits(a: Float) -> Int = a.to_bits();
    from_bits(a: Int) -> Float = f32::from_bits(a);
    from_i32(a: Int) -> Float = f64::from(a.cast_signed()) as f32;
    to_i32(a: Small) -> Int = (a.trunc() as i32).cast_unsigned();

    splat_u32(a: Uniform<Int>) -> Int = a;
    add_u32(a: Int, b: Int) -> Int = a.wrapping_add(b);
    sub_u32(a: Int, b: Int) -> Int = a.wrapping_sub(b);
    and_u32(a: Int, b: Int) -> Int = a & b;
    or_u32(a: Int, b: Int) -> Int = a | b;
    xor_u32(a: Int, b: Int) -> Int = a ^ b;
    shl_u32(a: Int, n: Shift<32>) -> Int = a << n;
    shr_u32(a: Int, n: Shift<32>) -> Int = a >> n;
    shr_i32(a: Int, n: Shift<32>) -> Int = (a.cast_signed() >> n).cast_unsigned();
    rotate_right_u32(a: Int, n: Rotation) -> Int = ((u64::from(a) << 32 | u64::from(a)) >> n) as u32;

    splat_u64(a: Uniform<Long>) -> Long = a;
    add_u64(a: Long, b: Long) -> Long = a.wrapping_add(b);
    mul_u64(a: Long, b: Long) -> Long = (u128::from(a) * u128::from(b)) as u64;
    xor_u64(a: Long, b: Long) -> Long = a ^ b;
    shr_u64(a: Long, n: Shift<64>) -> Long = a >> n;
    low_u64(a: Long) -> Int = a as u32;
    high_u64(a: Long) -> Int = (a >> 32) as u32;
}

/// a · b + c, rounded once: the sum is rounded to odd in f64, which the rounding to f32 cannot spoil.
fn fused(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let from_c = sum - product;
    let error = (product - (sum - from_c)) + (c - from_c);
    let inexact = error.is_finite() && error != 0.0 && sum.is_finite();
    if inexact && sum.to_bits() & 1 == 0 {
        // Towards the exact sum: up in magnitude where the error has the sum's sign.
        let up = (error > 0.0) == (sum > 0.0);
        return f64::from_bits(if up { sum.to_bits() + 1 } else { sum.to_bits() - 1 }) as f32;
    }
    sum as f32
}
