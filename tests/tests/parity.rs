//! Every function on every level against the scalar reference, by bits (NaN is one value).
//!
//! `portable` is compared by bits where its target has fused multiply-add; elsewhere within a tolerance here, and its
//! functions within their units in the last place in `accuracy.rs`.

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
};
use halfwave_tests::{
    cases::{self, Case},
    compare::{assert_same_bits, bits, fused_levels, levels, scalar},
    guard_page::{Guarded, Side},
    inputs,
};

fn run<'a>(case: &Case, level: Level, arrays: impl IntoIterator<Item = &'a mut [f32]>) {
    (case.run)(level, &mut arrays.into_iter().collect::<Vec<_>>());
}

/// The case on every fused level, from the same arrays.
fn same_on_all_levels(case: &Case, arrays: &[Vec<f32>]) {
    let expected = case.result(scalar(), arrays);
    for level in fused_levels() {
        let result = case.result(level, arrays);
        for (which, (result, expected)) in result.iter().zip(&expected).enumerate() {
            let what = || format!("{} on {level}, array {which}", case.name);
            assert_same_bits(what, result, expected);
        }
    }
}

#[test]
fn a_million_bit_patterns() {
    // 4093 is odd: the low bits take all values.
    let patterns = inputs::every(4093);
    assert!(patterns.len() >= 1_000_000);
    for case in cases::all() {
        same_on_all_levels(&case, &case.pattern_arrays(&patterns));
    }
}

/// How far results without fused multiply-add may be off, in parts of their size, or of 1 where they are smaller. Of
/// products, whose sums cancel, the size is that of the largest.
const UNFUSED: f32 = 1e-6;

#[test]
fn portable_without_fused_multiply_add_is_near() {
    for level in levels().into_iter().filter(|level| !level.is_fused()) {
        for case in cases::all() {
            let arrays = case.moderate_arrays(5000, 3);
            let (found, expected) = (case.result(level, &arrays), case.result(scalar(), &arrays));
            for (which, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let product = case.name.starts_with("conv::");
                let least = expected.iter().fold(1.0_f32, |least, y| match product {
                    true => least.max(y.abs()),
                    false => least,
                });
                for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                    let near = (found - expected).abs() <= UNFUSED * expected.abs().max(least);
                    assert!(
                        near || bits(found) == bits(expected),
                        "{} on {level}, array {which}, element {i}: {found:e}, expected {expected:e}",
                        case.name
                    );
                }
            }
        }
    }
}

#[test]
fn special_values_in_every_lane() {
    let specials = inputs::specials();
    for case in cases::all().iter().filter(|case| !case.moderate) {
        // All pairs of the first two arrays; the third and fourth go along.
        let arrays: Vec<Vec<f32>> = (case.lengths)(specials.len() * specials.len())
            .into_iter()
            .enumerate()
            .map(|(j, length)| {
                let pick = |i: usize| match j {
                    0 => i % specials.len(),
                    1 => i / specials.len() % specials.len(),
                    _ => (i * (2 * j + 1) + i / specials.len()) % specials.len(),
                };
                (0..length).map(|i| specials[pick(i)]).collect()
            })
            .collect();
        same_on_all_levels(case, &arrays);
    }
}

#[test]
fn all_lengths_and_starts_between_guard_pages() {
    for case in cases::all() {
        for n in 0..=67 {
            let before = case.mixed_arrays(n, n as u64 + 100);
            let expected = case.result(scalar(), &before);
            // `portable` too: without fused multiply-add its bits may differ, but not its reach.
            for level in levels() {
                for side in [Side::Front, Side::Back] {
                    let mut guarded: Vec<_> =
                        before.iter().map(|values| Guarded::new(side, values)).collect();
                    run(&case, level, guarded.iter_mut().map(Guarded::as_mut_slice));
                    if !level.is_fused() {
                        continue;
                    }
                    for (result, expected) in guarded.iter().zip(&expected) {
                        let what = || format!("{} on {level}, n = {n}, {side:?}", case.name);
                        assert_same_bits(what, result.as_slice(), expected);
                    }
                }
            }
        }
    }
}

#[test]
fn unaligned_starts_and_neighbours_are_untouched() {
    const MARK: f32 = 1234.5;
    for case in cases::all() {
        for n in [1, 15, 16, 17, 33, 67] {
            let before = case.mixed_arrays(n, n as u64 + 200);
            let expected = case.result(scalar(), &before);
            for level in levels() {
                for start in 0..16 {
                    // Arrays start at different offsets from each other.
                    let starts = (0..before.len()).map(|j| (start + 5 * j) % 16 + 1);
                    let mut framed: Vec<Vec<f32>> = before
                        .iter()
                        .zip(starts.clone())
                        .map(|(values, start)| {
                            [&vec![MARK; start], values.as_slice(), &[MARK; 20]].concat()
                        })
                        .collect();
                    let inner = framed.iter_mut().zip(starts.clone()).zip(&before);
                    run(
                        &case,
                        level,
                        inner.map(|((framed, start), values)| &mut framed[start..][..values.len()]),
                    );
                    for ((framed, start), expected) in framed.iter().zip(starts).zip(&expected) {
                        let what = || format!("{} on {level}, n = {n}, start {start}", case.name);
                        let (inner, behind) = framed[start..].split_at(expected.len());
                        let frame = framed[..start].iter().chain(behind);
                        assert!(frame.into_iter().all(|&x| x == MARK), "{}: neighbours", what());
                        if level.is_fused() {
                            assert_same_bits(what, inner, expected);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn random_bits_stay_between_guard_pages() {
    let noise = Stream::new(3).at(1);
    let mut expected = vec![0; 67];
    rng::bits(scalar(), noise, &mut expected);
    for level in levels() {
        for n in 0..=67 {
            for side in [Side::Front, Side::Back] {
                let mut out = Guarded::new(side, &vec![0_u32; n]);
                rng::bits(level, noise, out.as_mut_slice());
                assert_eq!(out.as_slice(), &expected[..n], "{level}, n = {n}, {side:?}");
            }
        }
    }
}
