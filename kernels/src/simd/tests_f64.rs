//! Every operation on lanes of `f64`, on every level, against its definition in plain Rust: all pairs of
//! special values, then random bit patterns. NaN counts as one value.

use super::{F32, F64, LANES, Simd, U64, load_up_to};
use crate::dispatch::{Kernel, Level};

fn levels() -> Vec<Level> {
    Level::available_or_required().unwrap_or_else(|error| panic!("{error}"))
}

/// Special values, and bit patterns that a linear congruential generator draws.
fn values() -> Vec<f64> {
    let specials = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        1.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        f64::MAX,
        f64::from(f32::MAX),
        f64::from(f32::MIN_POSITIVE),
        // Half of the smallest f32, and just above: where narrowing turns.
        7.006_492_321_624_085e-46,
        7.006_492_321_624_087e-46,
        // Just below and at the point where narrowing becomes infinite.
        3.402_823_567_797_336_4e38,
        3.402_823_567_797_337e38,
        // A tie of f32.
        1.000_000_059_604_644_8,
    ];
    let mut state = 1_u64;
    let random = std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from_bits(state)
    });
    specials.into_iter().chain(random.take(45)).collect()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// `operations! { name(a, b) = operation on vectors, definition on a lane; ... }`: a test for each.
macro_rules! operations {
    ($($name:ident($a:ident, $b:ident) = $vectors:expr, $lane:expr;)*) => {$(
        #[test]
        fn $name() {
            struct On([f64; LANES], [f64; LANES]);
            impl Kernel for On {
                type Output = [f64; LANES];
                #[inline(always)]
                fn run<S: Simd>(self, simd: S) -> [f64; LANES] {
                    let ($a, $b) = (F64::load(simd, &self.0), F64::load(simd, &self.1));
                    let _ = $b;
                    $vectors.to_array()
                }
            }
            let values = values();
            for level in levels() {
                for shift in 0..values.len() {
                    for (i, a) in values.chunks_exact(LANES).enumerate() {
                        let a: [f64; LANES] = a.try_into().unwrap();
                        let b = std::array::from_fn(|j| {
                            values[(i * LANES + j + shift) % values.len()]
                        });
                        let result = level.run(On(a, b));
                        for (lane, &result) in result.iter().enumerate() {
                            let ($a, $b) = (a[lane], b[lane]);
                            let expected: f64 = $lane;
                            assert!(
                                same(result, expected),
                                "{} of {:e} and {:e} on {level}: {result:e}, defined as {expected:e}",
                                stringify!($name), $a, $b,
                            );
                        }
                    }
                }
            }
        }
    )*};
}

operations! {
    add(a, b) = a + b, a + b;
    sub(a, b) = a - b, a - b;
    mul(a, b) = a * b, a * b;
    div(a, b) = a / b, a / b;
    max(a, b) = a.max(b), if a > b { a } else { b };
    min(a, b) = a.min(b), if a < b { a } else { b };
    splat(a, b) = a.constant(1.5) + b.constant(-0.0), { let _ = (a, b); 1.5 };
    neg(a, b) = -a, { let _ = b; -a };
    abs(a, b) = a.abs(), { let _ = b; a.abs() };
    copy_sign(a, b) = a.copy_sign(b), a.copysign(b);
    bits(a, b) = (a.to_bits() & b.to_bits()).as_f64_bits(), f64::from_bits(a.to_bits() & b.to_bits());
    shl(a, b) = a.to_bits().shl(62).as_f64_bits(), { let _ = b; f64::from_bits(a.to_bits() << 62) };
    narrow_and_widen(a, b) = a.narrow().widen(), { let _ = b; f64::from(a as f32) };
}

#[test]
fn mul_add_is_rounded_once() {
    struct On([f64; LANES], [f64; LANES], [f64; LANES]);
    impl Kernel for On {
        type Output = [f64; LANES];
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [f64; LANES] {
            let [a, b, c] = [&self.0, &self.1, &self.2].map(|x| F64::load(simd, x));
            a.mul_add(b, c).to_array()
        }
    }
    let values = values();
    let at = |i: usize| std::array::from_fn(|j| values[(i + j) % values.len()]);
    for level in levels().into_iter().filter(|level| level.is_fused()) {
        for i in 0..64_usize.pow(2) {
            let (a, b, c): ([f64; LANES], [f64; LANES], [f64; LANES]) =
                (at(i), at(i / 64), at(i / 7));
            let result = level.run(On(a, b, c));
            for lane in 0..LANES {
                let expected = a[lane].mul_add(b[lane], c[lane]);
                assert!(
                    same(result[lane], expected),
                    "{level}: {:e} {:e} {:e}",
                    a[lane],
                    b[lane],
                    c[lane]
                );
            }
        }
    }
}

#[test]
fn partial_loads_fill_with_zeros() {
    struct On<'a>(&'a [f32]);
    impl Kernel for On<'_> {
        type Output = ([f32; LANES], [f64; LANES]);
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let x: F32<S> = load_up_to(simd, self.0);
            (x.to_array(), x.widen().to_array())
        }
    }
    let x: [f32; LANES] = std::array::from_fn(|i| i as f32 + 1.0);
    for level in levels() {
        for n in 0..=LANES {
            let (lanes, wide) = level.run(On(&x[..n]));
            for i in 0..LANES {
                let expected = if i < n { x[i] } else { 0.0 };
                assert_eq!(lanes[i], expected, "{level}");
                assert_eq!(wide[i], f64::from(expected), "{level}");
            }
        }
    }
}

#[test]
fn bits_of_integers_survive_loads() {
    struct On([u64; LANES]);
    impl Kernel for On {
        type Output = [f64; LANES];
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [f64; LANES] {
            (U64::load(simd, &self.0) + U64::splat(simd, 0).constant(1)).as_f64_bits().to_array()
        }
    }
    let bits = std::array::from_fn(|i| (i as u64) << 52 | 0xffff_ffff);
    for level in levels() {
        let result = level.run(On(bits)).map(f64::to_bits);
        assert_eq!(result, bits.map(|bits| bits + 1), "{level}");
    }
}
