//! What [`F32`](super::super::F32) adds to the trait, and the sums of lanes.

use std::marker::PhantomData;

use super::{
    super::{F32, LANES, Simd, reduce},
    levels,
    memory::on,
    operand::SPECIALS,
};
use crate::dispatch::Kernel;

/// Blocks of special values, both signs.
fn blocks() -> impl Iterator<Item = [f32; LANES]> {
    let specials: Vec<f32> = SPECIALS.iter().flat_map(|&x| [x, -x]).collect();
    (0..specials.len())
        .map(move |start| std::array::from_fn(|i| specials[(start + i) % specials.len()]))
}

#[test]
fn signs_are_bits() {
    on! { Signs(x: &'a [f32; LANES]) -> [[f32; LANES]; 3], |simd| {
        let x = F32::load(simd, x);
        [(-x).to_array(), x.abs().to_array(), x.abs().with_sign_of(-x).to_array()]
    }}
    for level in levels() {
        for x in blocks() {
            let [negated, magnitude, signed] = level.run(Signs(&x, PhantomData));
            for i in 0..LANES {
                let bits = x[i].to_bits();
                assert_eq!(negated[i].to_bits(), bits ^ 0x8000_0000, "−x on {level}, {bits:#x}");
                assert_eq!(magnitude[i].to_bits(), bits & 0x7fff_ffff, "|x| on {level}, {bits:#x}");
                assert_eq!(signed[i].to_bits(), bits ^ 0x8000_0000, "sign on {level}, {bits:#x}");
            }
        }
    }
}

#[test]
fn powers_of_two_are_exact() {
    on! { Exp2(n: f32) -> f32, |simd| F32::splat(simd, n).exp2_of_integer().to_array()[0] }
    for level in levels() {
        for n in -126..=127_i32 {
            let power = level.run(Exp2(n as f32, PhantomData));
            assert_eq!(power, 2_f32.powi(n), "2^{n} on {level}");
        }
    }
}

#[test]
fn lanes_are_folded_in_one_tree() {
    on! { Fold(x: &'a [f32; LANES]) -> (f32, f32), |simd| {
        let x = F32::load(simd, x);
        (reduce::sum(x), reduce::max(x))
    }}
    fn tree(x: &[f32], f: impl Fn(f32, f32) -> f32 + Copy) -> f32 {
        match x {
            [x] => *x,
            _ => {
                let (low, high) = x.split_at(x.len() / 2);
                let halves: Vec<f32> = low.iter().zip(high).map(|(&a, &b)| f(a, b)).collect();
                tree(&halves, f)
            }
        }
    }
    // Numbers of very different size: another order gives another sum.
    let x = std::array::from_fn(|i| (i as f32 + 0.3) * 10_f32.powi((i as i32 * 5) % 9 - 4));
    assert_ne!(tree(&x, |a, b| a + b), x.iter().sum::<f32>());
    for level in levels() {
        for x in blocks().chain([x]) {
            let (sum, max) = level.run(Fold(&x, PhantomData));
            let expected = tree(&x, |a, b| a + b);
            assert!(sum == expected || sum.is_nan() && expected.is_nan(), "{level}: {sum} {x:?}");
            let expected = tree(&x, |a, b| if a > b { a } else { b });
            assert!(max == expected || max.is_nan() && expected.is_nan(), "{level}: {max} {x:?}");
        }
    }
}
