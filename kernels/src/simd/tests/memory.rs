//! Operations that touch memory: the order of lanes, and nothing beyond a slice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    super::{LANES, Simd},
    levels,
};
use crate::dispatch::Kernel;

/// `on! { Name(field: Type, ...) -> Output |simd| body }`: a kernel for one test.
macro_rules! on {
    ($name:ident($($field:ident: $ty:ty),*) -> $out:ty, |$simd:ident| $body:expr) => {
        struct $name<'a>($($ty),*, std::marker::PhantomData<&'a ()>);
        impl<'a> Kernel for $name<'a> {
            type Output = $out;
            #[inline(always)]
            fn run<S: Simd>(self, $simd: S) -> $out {
                let Self($($field),*, _) = self;
                $body
            }
        }
    };
}
pub(super) use on;
use std::marker::PhantomData;

/// A value for each lane, none of them 0.
const COUNTING: [f32; LANES] = {
    let mut x = [0.0; LANES];
    let mut i = 0;
    while i < LANES {
        x[i] = i as f32 + 1.0;
        i += 1;
    }
    x
};

#[test]
fn load_and_store_keep_the_order() {
    on! { Copy(x: &'a [f32; LANES], out: &'a mut [f32; LANES]) -> (), |simd| {
        simd.store(simd.load(x), out);
    }}
    for level in levels() {
        let mut out = [0.0; LANES];
        level.run(Copy(&COUNTING, &mut out, PhantomData));
        assert_eq!(out, COUNTING, "{level}");
    }
}

#[test]
fn load_u64_and_store_u32_keep_the_order() {
    on! { Low(x: &'a [u64; LANES], out: &'a mut [u32; LANES]) -> (), |simd| {
        simd.store_u32(simd.low_u64(simd.load_u64(x)), out);
    }}
    let x = COUNTING.map(|x| x as u64 | 0xdead_beef << 32);
    for level in levels() {
        let mut out = [0; LANES];
        level.run(Low(&x, &mut out, PhantomData));
        assert_eq!(out, COUNTING.map(|x| x as u32), "{level}");
    }
}

on! { LoadPartial(x: &'a [f32]) -> [f32; LANES], |simd| {
    let mut out = [f32::NAN; LANES];
    simd.store(simd.load_partial(x), &mut out);
    out
}}

on! { StorePartial(x: &'a [f32; LANES], out: &'a mut [f32]) -> (), |simd| {
    simd.store_partial(simd.load(x), out);
}}

#[test]
fn load_partial_fills_the_other_lanes_with_zero() {
    for level in levels() {
        for n in 0..=LANES {
            let mut expected = [0.0; LANES];
            expected[..n].copy_from_slice(&COUNTING[..n]);
            let loaded = level.run(LoadPartial(&COUNTING[..n], PhantomData));
            assert_eq!(loaded.map(f32::to_bits), expected.map(f32::to_bits), "{level}, length {n}");
        }
    }
}

#[test]
fn store_partial_writes_nothing_else() {
    for level in levels() {
        for n in 0..=LANES {
            for start in 0..3 {
                let mut out = [-1.0; LANES + 8];
                level.run(StorePartial(&COUNTING, &mut out[start..start + n], PhantomData));
                let mut expected = [-1.0; LANES + 8];
                expected[start..start + n].copy_from_slice(&COUNTING[..n]);
                assert_eq!(out, expected, "{level}, length {n} at {start}");
            }
        }
    }
}

#[test]
fn seventeen_elements_are_refused() {
    for level in levels() {
        let load = catch_unwind(|| level.run(LoadPartial(&[0.0; 17], PhantomData)));
        assert!(load.is_err(), "load_partial on {level} takes 17 elements");
        let mut out = [0.0; 17];
        let store = catch_unwind(AssertUnwindSafe(|| {
            level.run(StorePartial(&COUNTING, &mut out, PhantomData));
        }));
        assert!(store.is_err(), "store_partial on {level} takes 17 elements");
    }
}

#[test]
fn lookup_takes_the_low_five_bits() {
    on! { Lookup(table: &'a [f32; 32], index: [u32; LANES]) -> [f32; LANES], |simd| {
        let mut out = [0.0; LANES];
        let index = simd.to_bits(simd.load(&index.map(f32::from_bits)));
        simd.store(simd.lookup(table, index), &mut out);
        out
    }}
    let table = std::array::from_fn(|i| i as f32 * 1.25 + 1.0);
    for level in levels() {
        for start in (0..64).chain([0x7fff_fff0, u32::MAX - 20]) {
            let index = std::array::from_fn(|i| start + i as u32);
            let found = level.run(Lookup(&table, index, PhantomData));
            let expected = index.map(|i| table[(i % 32) as usize]);
            assert_eq!(found, expected, "{level}, indices from {start:#x}");
        }
    }
}
