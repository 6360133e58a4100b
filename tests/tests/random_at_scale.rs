//! The same statistical tests of the generator at 2²² draws, on each run, and at 2²⁸, when asked for:
//! `cargo test --release -p halfwave-tests --test random_at_scale -- --ignored`.
//!
//! Three generators that are broken on purpose, as published ones were, must be noticed: lanes that start 2⁴⁰
//! apart and normal variates from 24 bits here, an NReLU with the variance for the deviation in
//! `unit_distributions`.

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
};
use halfwave_tests::statistics::{
    FAILS_BELOW, anderson_darling, chi_square, hamming, kolmogorov_smirnov, normal_cdf,
    normal_density, p_of_z, worst_p,
};
use rand_pcg::{Pcg32, rand_core::Rng};
use rayon::prelude::*;

const SEED: u64 = 20_260_402;

/// Draws that are tested at once.
const BLOCK: usize = 1 << 22;

/// A generator: block after block of its draws.
type Generator<'a> = dyn FnMut() -> Vec<u32> + 'a;

fn ours() -> impl FnMut() -> Vec<u32> {
    let mut address = 0;
    move || {
        let mut out = vec![0; BLOCK];
        rng::bits(Level::best(), Stream::new(SEED).at(address), &mut out);
        address += BLOCK as u64;
        out
    }
}

/// Sixteen lanes of PCG32, each 2^`power` draws from the next.
fn lanes_apart(power: u32) -> impl FnMut() -> Vec<u32> {
    let mut lanes: Vec<Pcg32> = (0..16)
        .map(|lane| {
            let mut generator = Stream::new(SEED).pcg32();
            generator.advance(lane << power);
            generator
        })
        .collect();
    move || {
        let mut out = Vec::with_capacity(BLOCK);
        for _ in 0..BLOCK / 16 {
            out.extend(lanes.iter_mut().map(Rng::next_u32));
        }
        out
    }
}

/// The normal variates of the bits.
fn normal(bits: &[u32]) -> Vec<f32> {
    let mut z = vec![0.0; bits.len()];
    rng::normal_of_bits(Level::best(), bits, &mut z);
    z
}

/// Those of 24 bits: ±|z| of which the tail probability is a multiple of 2⁻²⁴, as where the uniform variate
/// comes before its transform.
fn normal_of_24_bits(bits: &[u32]) -> Vec<f32> {
    normal(&bits.iter().map(|bits| bits & 0xffff_ff00 | 0x80).collect::<Vec<_>>())
}

/// p-values by name, the worst of all blocks for tests that work on one.
#[derive(Debug)]
struct Battery {
    cells: f64,
    kolmogorov_smirnov: f64,
    anderson_darling: f64,
    lags: f64,
    lanes: f64,
    tail: f64,
}

impl Battery {
    fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("χ² on 4096 cells", self.cells),
            ("Kolmogorov–Smirnov", self.kolmogorov_smirnov),
            ("Anderson–Darling", self.anderson_darling),
            ("correlation at lags 1 to 64", self.lags),
            ("bits that lanes share", self.lanes),
            ("fine tail", self.tail),
        ]
    }
}

/// Runs all tests on `blocks` blocks.
fn battery(
    blocks: usize,
    generator: &mut Generator<'_>,
    transform: fn(&[u32]) -> Vec<f32>,
) -> Battery {
    let mut cells = vec![0; 1 << 12];
    let mut lags = [0.0; 65];
    let (mut distances, mut fractions) = (Vec::new(), Vec::new());
    let (mut ks, mut ad) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..blocks {
        let bits = generator();
        for bits in &bits {
            cells[(bits >> 20) as usize] += 1;
        }
        let u: Vec<f32> =
            bits.iter().map(|&bits| (bits >> 8) as f32 / 16_777_216.0 - 0.5).collect();
        let sums: Vec<f64> = (1..=64)
            .into_par_iter()
            .map(|lag| {
                let rows = u.chunks(1 << 12).zip(u[lag..].chunks(1 << 12));
                rows.map(|(a, b)| f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>())).sum()
            })
            .collect();
        lags[1..].iter_mut().zip(sums).for_each(|(lag, sum)| *lag += sum);
        let pairs = bits.chunks_exact(16).flat_map(|step| step.windows(2).map(|w| (w[0], w[1])));
        distances.push(hamming(pairs));
        let z = transform(&bits);
        let mut ranks: Vec<f64> = z.par_iter().map(|&z| normal_cdf(f64::from(z))).collect();
        fractions.extend(
            ranks
                .iter()
                .map(|u| u.min(1.0 - u) * 16_777_216.0)
                .filter(|&u| u < 64.0)
                .map(f64::fract),
        );
        ranks.par_sort_unstable_by(f64::total_cmp);
        ks = worst_p([ks, kolmogorov_smirnov(&mut ranks) * blocks as f64]);
        ad = worst_p([ad, anderson_darling(&mut ranks) * blocks as f64]);
    }
    let draws = (blocks * BLOCK) as f64;
    let lag = |sum: &f64| p_of_z(sum * 12.0 / draws.sqrt()) * 64.0;
    Battery {
        cells: chi_square(&cells),
        kolmogorov_smirnov: ks,
        anderson_darling: ad,
        lags: worst_p(lags[1..].iter().map(lag)),
        lanes: worst_p(distances.iter().map(|p| p * blocks as f64)),
        tail: kolmogorov_smirnov(&mut fractions),
    }
}

#[track_caller]
fn passes(battery: &Battery) {
    println!("{battery:?}");
    for (test, p) in battery.named() {
        assert!(p >= FAILS_BELOW, "{test}: p = {p:e}");
    }
}

#[test]
fn the_generator_passes_at_2_to_the_22_draws() {
    passes(&battery(1, &mut ours(), normal));
}

#[test]
#[ignore = "2^28 draws, a minute: cargo test --release -p halfwave-tests --test random_at_scale -- --ignored"]
fn the_generator_passes_at_2_to_the_28_draws() {
    passes(&battery(64, &mut ours(), normal));
}

#[test]
fn lanes_2_to_the_40_apart_are_noticed() {
    let found = battery(1, &mut lanes_apart(40), normal);
    println!("{found:?}");
    assert!(found.lanes < FAILS_BELOW, "bits that lanes share: p = {:e}", found.lanes);
    // At 2⁵⁶ they are so alike that their correlation shows it.
    let found = battery(1, &mut lanes_apart(56), normal);
    println!("{found:?}");
    assert!(found.lags < FAILS_BELOW, "correlation at lags 1 to 64: p = {:e}", found.lags);
}

#[test]
#[ignore = "2^28 draws, a minute: cargo test --release -p halfwave-tests --test random_at_scale -- --ignored"]
fn lanes_2_to_the_40_apart_are_noticed_at_2_to_the_28_draws() {
    let found = battery(64, &mut lanes_apart(40), normal);
    println!("{found:?}");
    assert!(found.lanes < FAILS_BELOW, "bits that lanes share: p = {:e}", found.lanes);
    assert!(found.lags < FAILS_BELOW, "correlation at lags 1 to 64: p = {:e}", found.lags);
}

#[test]
fn normal_variates_of_24_bits_are_noticed() {
    let found = battery(4, &mut ours(), normal_of_24_bits);
    println!("{found:?}");
    assert!(found.tail < FAILS_BELOW, "fine tail: p = {:e}", found.tail);
    let counts = tails(normal_of_24_bits, (0..1 << 20).chain(1 << 31..(1 << 31) + (1 << 20)));
    assert!(!tails_are_right(&counts, 3.6), "the exact counts do not notice 24 bits");
}

/// Where tails are counted: σ/8 from 0 to 6.375.
const PLACES: usize = 52;

fn place(i: usize) -> f64 {
    i as f64 / 8.0
}

/// How many variates of these bits are above place i, and below minus place i.
fn tails(transform: fn(&[u32]) -> Vec<f32>, bits: impl Iterator<Item = u32>) -> [[u64; 2]; PLACES] {
    let bits: Vec<u32> = bits.collect();
    bits.par_chunks(1 << 16)
        .map(|bits| {
            // Counts of eighths, then their sums from above.
            let mut counts = [[0_u64; 2]; PLACES];
            for z in transform(bits) {
                let i = (z.abs() * 8.0) as usize;
                counts[i.min(PLACES - 1)][usize::from(z < 0.0)] += 1;
            }
            for i in (0..PLACES - 1).rev() {
                let [upper, lower] = counts[i + 1];
                counts[i][0] += upper;
                counts[i][1] += lower;
            }
            counts
        })
        .reduce(|| [[0; 2]; PLACES], sum)
}

fn sum(mut a: [[u64; 2]; PLACES], b: [[u64; 2]; PLACES]) -> [[u64; 2]; PLACES] {
    a.iter_mut().flatten().zip(b.iter().flatten()).for_each(|(a, b)| *a += b);
    a
}

/// Whether the counts, of all 2³² bits, are those of the normal distribution from `first` σ on: 2³² Φ(−a),
/// give or take one, and what the accuracy of a variate moves over the border.
fn tails_are_right(counts: &[[u64; 2]; PLACES], first: f64) -> bool {
    const ACCURACY: f64 = 1.3e-6;
    (0..PLACES).filter(|&i| place(i) >= first).all(|i| {
        let (a, all) = (place(i), 4_294_967_296.0);
        let expected = all * normal_cdf(-a);
        let allowed = 1.0 + all * normal_density(a) * ACCURACY;
        counts[i].iter().all(|&count| {
            let right = (count as f64 - expected).abs() <= allowed;
            if !right {
                println!("beyond {a} sigma: {count}, expected {expected:.2} ± {allowed:.2}");
            }
            right
        })
    })
}

/// All bits that give variates beyond 3.49σ: the smallest v, with both signs.
#[test]
fn tails_beyond_3_5_sigma_are_exact() {
    let counts = tails(normal, (0..1 << 20).chain(1 << 31..(1 << 31) + (1 << 20)));
    assert!(tails_are_right(&counts, 3.5));
    // 2³² Φ(−6) = 4.2.
    assert_eq!(counts[48], [4; 2]);
}

#[test]
#[ignore = "all 2^32 inputs, a minute: cargo test --release -p halfwave-tests --test random_at_scale -- --ignored"]
fn tails_of_all_2_to_the_32_inputs_are_exact() {
    let mut counts = [[0; 2]; PLACES];
    for block in 0..1_u64 << 8 {
        let bits = (block << 24..(block + 1) << 24).map(|bits| bits as u32);
        counts = sum(counts, tails(normal, bits));
    }
    println!("beyond k/8 sigma: {counts:?}");
    assert!(tails_are_right(&counts, 0.1));
    // Rounding next to the median may give the other sign.
    assert_eq!(counts[0].iter().sum::<u64>(), 1 << 32);
}

/// Of every octave of the normal transform's inputs, ends included.
#[test]
fn no_input_is_infinite() {
    let bits: Vec<u32> = (0..32)
        .flat_map(|k| [1_u32 << k, (1 << k) - 1, (1_u32 << k).wrapping_add(1), !0 << k, !(!0 << k)])
        .flat_map(|bits| [bits, bits ^ 1 << 31])
        .collect();
    let z = normal(&bits);
    for (z, bits) in z.iter().zip(bits) {
        assert!(z.is_finite() && z.abs() < 6.34, "{z} of {bits:#x}");
    }
}
