//! Random numbers: the stream against `rand_pcg`, and the distribution of uniform and normal variates.
//!
//! Each statistical test is shown to fail on a generator that is broken on purpose.

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
};
use halfwave_tests::{
    compare::{levels, scalar},
    statistics::{
        FAILS_BELOW, anderson_darling, chi_square, kolmogorov_smirnov, lag_correlation, largest,
        normal_cdf, normal_density, p_of_mean, worst_p,
    },
};
use rand_pcg::{Pcg32, rand_core::Rng};

const SEED: u64 = 20_260_101;

#[track_caller]
fn passes(test: &str, p: f64) {
    assert!(p >= FAILS_BELOW, "{test}: p = {p:e}");
}

#[track_caller]
fn fails(test: &str, broken: &str, p: f64) {
    assert!(p < FAILS_BELOW, "{test} does not notice a generator with {broken}: p = {p:e}");
}

fn bits(n: usize) -> Vec<u32> {
    let mut out = vec![0; n];
    rng::bits(Level::best(), Stream::new(SEED).at(0), &mut out);
    out
}

fn uniform(n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n];
    rng::uniform(Level::best(), Stream::new(SEED).at(0), &mut out);
    out
}

fn normal(n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n];
    rng::normal(Level::best(), Stream::new(SEED).at(0), &mut out);
    out
}

#[test]
fn a_million_outputs_are_those_of_rand_pcg() {
    let stream = Stream::new(SEED);
    for level in levels() {
        let mut out = vec![0; 1_000_003];
        rng::bits(level, stream.at(0), &mut out);
        let mut reference = stream.pcg32();
        for (i, &bits) in out.iter().enumerate() {
            assert_eq!(bits, reference.next_u32(), "output {i} on {level}");
        }
    }
}

#[test]
fn jumps_are_those_of_rand_pcg() {
    let addresses = [0, 1, 15, 16, 17, 1 << 20, (1 << 40) + 3, 1 << 48, u64::MAX - 5, u64::MAX];
    for seed in [0, 1, SEED, u64::MAX] {
        let stream = Stream::new(seed);
        for level in levels() {
            for address in addresses {
                let mut out = [0; 40];
                rng::bits(level, stream.at(address), &mut out);
                let mut reference = stream.pcg32();
                reference.advance(address);
                for (i, &bits) in out.iter().enumerate() {
                    assert_eq!(
                        bits,
                        reference.next_u32(),
                        "seed {seed}, address {address} + {i} on {level}"
                    );
                }
                for skip in [1, 16, 1 << 33] {
                    let skipped = stream.at(address).skip(skip);
                    assert_eq!(skipped, stream.at(address.wrapping_add(skip)));
                }
            }
        }
    }
}

/// The definition of the uniform variate, from the raw bits.
#[test]
fn uniform_variates_are_the_upper_bits() {
    for level in levels() {
        let mut out = vec![0.0; 1000];
        rng::uniform(level, Stream::new(SEED).at(0), &mut out);
        for (i, (&u, bits)) in out.iter().zip(bits(1000)).enumerate() {
            assert_eq!(u, (bits >> 8) as f32 / 16_777_216.0, "variate {i} on {level}");
        }
    }
}

#[test]
fn uniform_variates_fill_all_cells() {
    let test = |u: &mut dyn Iterator<Item = f32>| {
        let mut counts = vec![0; 1 << 12];
        for u in u {
            counts[(u * 4096.0) as usize] += 1;
        }
        chi_square(&counts)
    };
    let u = uniform(1 << 22);
    assert!(u.iter().all(|&u| (0.0..1.0).contains(&u)));
    passes("χ² on 4096 cells", test(&mut u.iter().copied()));
    let grid = &mut u.iter().map(|&u| (u * 2048.0).floor() / 2048.0);
    fails("χ² on 4096 cells", "eleven bits", test(grid));
    let biased = &mut u.iter().map(|&u| u * (1.0 - 1e-3));
    fails("χ² on 4096 cells", "the last thousandth left out", test(biased));
    let lattice = &mut (0..1_u32 << 22).map(|i| i as f32 / 4_194_304.0);
    fails("χ² on 4096 cells", "equal distances", test(lattice));
}

/// Draws at distance 1 to 64, so lanes against lanes and vectors against vectors.
#[test]
fn draws_are_not_correlated() {
    let smallest = |u: &[f32]| worst_p((1..=64).map(|lag| lag_correlation(u, lag) * 64.0));
    passes("lag correlations", smallest(&uniform(1 << 22)));
    // Sixteen lanes that start one draw apart and then step by one.
    let sequence = uniform((1 << 16) + 16);
    let overlapping: Vec<f32> = (0..1 << 20).map(|i| sequence[i / 16 + i % 16]).collect();
    fails("lag correlations", "lanes that overlap", smallest(&overlapping));
    // An alternating bias, as of two streams with different bits.
    let biased: Vec<f32> = uniform(1 << 22)
        .iter()
        .enumerate()
        .map(|(i, &u)| if i % 16 == 0 { u } else { u * 0.9 + 0.1 })
        .collect();
    fails("lag correlations", "a lane that differs", smallest(&biased));
}

/// χ² of (five bits of lane i, five bits of lane j, the same step), the worst of all pairs of lanes.
fn across_lanes(bits: &[u32]) -> f64 {
    let pairs = (0..16).flat_map(|i| (0..i).map(move |j| (i, j)));
    worst_p(pairs.map(|(i, j)| {
        let mut counts = [0; 1024];
        for step in bits.chunks_exact(16) {
            counts[(step[i] >> 27 << 5 | step[j] >> 27) as usize] += 1;
        }
        chi_square(&counts) * 120.0
    }))
}

/// Sixteen lanes of PCG32, each `distance` draws from the next.
fn lanes_apart(distance: u64, n: usize) -> Vec<u32> {
    let mut lanes: Vec<Pcg32> = (0..16)
        .map(|lane| {
            let mut generator = Stream::new(SEED).pcg32();
            generator.advance(distance.wrapping_mul(lane));
            generator
        })
        .collect();
    (0..n).map(|i| lanes[i % 16].next_u32()).collect()
}

#[test]
fn lanes_are_independent() {
    let n = 1 << 21;
    passes("χ² across lanes", across_lanes(&bits(n)));
    // At 2⁴⁰ it takes PractRand and 16 MiB.
    for power in [61, 56] {
        let p = across_lanes(&lanes_apart(1 << power, n));
        fails("χ² across lanes", &format!("lanes 2^{power} apart"), p);
    }
}

/// p-values of the first four moments.
fn moments(z: &[f32]) -> f64 {
    let power = |k: i32| z.iter().map(move |&z| f64::from(z).powi(k));
    let moments = [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)];
    worst_p(moments.map(|(k, m)| p_of_mean(power(k), m) * 4.0))
}

/// A sum of twelve uniform variates: mean 0, variance 1, and no tails.
fn twelve_uniforms(n: usize) -> Vec<f32> {
    uniform(12 * n).chunks_exact(12).map(|u| u.iter().sum::<f32>() - 6.0).collect()
}

#[test]
fn normal_variates_have_the_moments() {
    let n = 1 << 20;
    passes("moments", moments(&normal(n)));
    fails("moments", "a sum of twelve uniforms", moments(&twelve_uniforms(n)));
    let scaled: Vec<f32> = normal(n).iter().map(|&z| z * 1.005).collect();
    fails("moments", "a standard deviation of 1.005", moments(&scaled));
}

#[test]
fn normal_variates_have_the_distribution() {
    let n = 1 << 20;
    let ranks = |z: &[f32]| z.iter().map(|&z| normal_cdf(f64::from(z))).collect::<Vec<_>>();
    let (mut ours, mut broken) = (ranks(&normal(n)), ranks(&twelve_uniforms(n)));
    passes("Kolmogorov–Smirnov", kolmogorov_smirnov(&mut ours));
    passes("Anderson–Darling", anderson_darling(&mut ours));
    fails("Kolmogorov–Smirnov", "a sum of twelve uniforms", kolmogorov_smirnov(&mut broken));
    fails("Anderson–Darling", "a sum of twelve uniforms", anderson_darling(&mut broken));
}

/// Whether the tail has more than 24 bits: 2²⁴ Φ(−|z|) below 64 must be uniform between whole numbers.
fn fine_tail(z: impl Iterator<Item = f64>) -> f64 {
    let tail = z.map(|z| {
        assert!(z.is_finite(), "{z}");
        normal_cdf(-z.abs()) * 16_777_216.0
    });
    let tail = tail.filter(|&u| u < 64.0);
    let mut fractions: Vec<f64> = tail.map(f64::fract).collect();
    assert!(fractions.len() > 50, "{} variates in the tail", fractions.len());
    kolmogorov_smirnov(&mut fractions)
}

#[test]
fn the_tail_is_finer_than_24_bits() {
    let n = 1 << 24;
    passes("tail", fine_tail(normal(n).iter().map(|&z| f64::from(z))));
    let coarse = uniform(n)
        .into_iter()
        .map(|u| quantile((f64::from(u) * 16_777_216.0 + 0.5) / 16_777_216.0));
    fails("tail", "24 bits", fine_tail(coarse.filter(|z| z.abs() > 4.0)));
}

/// Φ⁻¹(u), by Newton's method on the tail.
fn quantile(u: f64) -> f64 {
    let tail = u.min(1.0 - u);
    // A start that is right to three digits (Abramowitz & Stegun 26.2.23).
    let t = (-2.0 * tail.ln()).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - numerator / denominator;
    for _ in 0..3 {
        z += (normal_cdf(-z) - tail) / normal_density(z);
    }
    if u < 0.5 { -z } else { z }
}

/// |z − Φ⁻¹| of the variate that is drawn where the stream has these bits.
fn quantile_error(z: f32, bits: u32) -> f64 {
    let tail = (f64::from(bits & 0x7fff_ffff) + 0.5) / 4_294_967_296.0;
    let sign = if bits >> 31 == 1 { 1.0 } else { -1.0 };
    (f64::from(z) - sign * quantile(tail)).abs()
}

/// The documented accuracy of [`rng::normal`].
const NORMAL_ERROR: f64 = 1.3e-6;

#[test]
fn normal_variates_are_the_quantiles_of_the_bits() {
    let n = 1 << 21;
    let pairs = normal(n).into_iter().zip(bits(n));
    let worst = largest(pairs.map(|(z, bits)| (quantile_error(z, bits), bits)));
    println!("worst error of a normal variate: {:e} at bits {:#010x}", worst.0, worst.1);
    assert!(worst.0 <= NORMAL_ERROR, "error {:e} at bits {:#010x}", worst.0, worst.1);
}

/// Every draw among 2²⁸ that lies beyond 5.2σ.
#[test]
fn the_far_tail_is_as_accurate() {
    let stream = Stream::new(SEED);
    let block = 1 << 20;
    let mut out = vec![0; block];
    let (mut found, mut largest) = (0, 0.0_f32);
    for start in (0..1_u64 << 28).step_by(block) {
        rng::bits(Level::best(), stream.at(start), &mut out);
        for (i, &bits) in out.iter().enumerate() {
            if bits & 0x7fff_ffff < 430 {
                let mut z = [0.0];
                rng::normal(scalar(), stream.at(start + i as u64), &mut z);
                let error = quantile_error(z[0], bits);
                assert!(error <= NORMAL_ERROR, "error {error:e} at bits {bits:#010x}");
                found += 1;
                largest = largest.max(z[0].abs());
            }
        }
    }
    println!("{found} variates beyond 5.2 sigma, the largest {largest}");
    // 53.75 ± 7.3 are expected.
    assert!((25..90).contains(&found), "{found} variates beyond 5.2 sigma");
    assert!(largest > 5.5 && largest < 6.34, "the largest is {largest}");
}
