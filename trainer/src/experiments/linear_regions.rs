//! Into how many linear regions do N zero-bias rectifiers cut d dimensions, and real data in them?
//!
//! Nair & Hinton 2010, section 7, name 2ᴺ regions. N hyperplanes through the origin of d dimensions in general
//! position make
//!
//! ```text
//! 2 Σ C(N − 1, i), i = 0 … d − 1
//! ```
//!
//! (Schläfli 1850; Cover 1965), which is 2ᴺ for N ≤ d only. A region is a set of active units: patterns that occur
//! on data are counted, on random directions, with random and with trained weights.

use std::collections::HashSet;

use halfwave_datasets::preprocess::{Pca, Standardiser};
use halfwave_kernels::{
    Level,
    gemm::{self, Epilogue},
    rng::{self, Stream},
};
use serde::Deserialize;

use super::{
    Context, Run,
    sets::{self, Set, first_found},
};
use crate::{
    Error,
    buffers::{matrix, matrix_mut},
    rbm::{Rbm, RbmConfig},
    result::{Figure, Line, Outcome, Row, Stroke},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    sets: Vec<Set>,
    rows: usize,
    dimensions: Vec<usize>,
    units: Vec<usize>,
    directions: usize,
    rbm: RbmConfig,
}

/// Most units: a pattern is a 64-bit number.
const MOST_UNITS: usize = 64;

/// 2 Σ C(n − 1, i), i = 0 … d − 1: regions of n ≥ 1 hyperplanes through the origin of d dimensions in general
/// position. At most 2⁶⁴ for n ≤ 64.
fn bound(n: usize, d: usize) -> u128 {
    let mut choose = 1_u128;
    let mut sum = 0;
    for i in 0..d.min(n) {
        sum += choose;
        // C(n − 1, i + 1), a whole number; 0 from i + 1 = n on.
        choose = choose * (n - 1 - i) as u128 / (i as u128 + 1);
    }
    2 * sum
}

/// Number of sets of active units, x W > 0, over the rows of `x [rows, d]`, with `weights [d, n]`.
fn patterns(level: Level, x: &[f32], d: usize, weights: &[f32]) -> usize {
    let n = weights.len() / d;
    let mut h = vec![0.0; x.len() / d * n];
    let out = matrix_mut(&mut h, n);
    gemm::matmul(level, matrix(x, d), matrix(weights, n), out, Epilogue::None);
    let pattern = |h: &[f32]| h.iter().fold(0_u64, |bits, &h| bits << 1 | u64::from(h > 0.0));
    h.chunks_exact(n).map(pattern).collect::<HashSet<u64>>().len()
}

/// Normal variates; as rows, directions that are uniform on the sphere.
fn normal(level: Level, seed: u64, from: u64, count: usize) -> Vec<f32> {
    let mut x = vec![0.0; count];
    rng::normal(level, Stream::new(seed).at(from), &mut x);
    x
}

/// Regions that were met with n units in d dimensions, a value for each seed.
#[derive(Clone, Debug, Default)]
struct Regions {
    n: usize,
    /// On random directions, with random weights.
    directions: Vec<f64>,
    /// On data, with the same weights.
    random: Vec<f64>,
    /// On data, with trained weights.
    trained: Vec<f64>,
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let (set, parts) =
            first_found(&self.sets, |set| sets::Parts::load(set, [self.rows, 0], 0, locator))?;
        let images = parts.train;
        let mut outcome = Outcome::default();
        for &d in &self.dimensions {
            if d > images.width {
                let expected = images.width;
                let text = format!("dimensions: expected 1 to {expected}, found {d}");
                return Err(Error::Usage(text));
            }
            let mut x = Pca::fit(&images.x, images.width, d)?.apply(&images.x)?;
            Standardiser::fit(&x, d)?.apply(&mut x)?;
            let mut all = Vec::new();
            for &n in &self.units {
                let mut regions = Regions { n, ..Regions::default() };
                for &seed in seeds {
                    // Weights first, then directions; the weights of n units are the first of those of more.
                    let columns = normal(level, seed, 0, n * d);
                    let weights: Vec<f32> =
                        (0..d * n).map(|at| columns[at % n * d + at / n]).collect();
                    let from = (MOST_UNITS * d) as u64;
                    let directions = normal(level, seed, from, self.directions * d);
                    let count = |x: &[f32], w: &[f32]| patterns(level, x, d, w) as f64;
                    regions.directions.push(count(&directions, &weights));
                    regions.random.push(count(&x, &weights));
                    let config = RbmConfig { hidden_units: n, ..self.rbm.clone() };
                    let mut rbm = Rbm::new(&config, d, seed)?;
                    rbm.fit(level, &x, &format!("d = {d}, N = {n}, seed {seed}"), &mut **observer)?;
                    regions.trained.push(count(&x, rbm.weights()));
                }
                all.push(regions);
            }
            outcome.rows.extend(rows(set, d, &all));
            outcome.figures.push(figure(set, d, images.rows(), &all));
        }
        outcome.notes.push(format!(
            "{}: {} images along the d axes of largest variance, centred and each of unit variance; {} random \
             directions. Random weights are normal variates; trained ones those of an NReLU RBM without hidden biases \
             (CD-1, {} epochs). What is met on data is at most the regions that there are, and at most the images.",
            set.name(),
            images.rows(),
            self.directions,
            self.rbm.epochs
        ));
        Ok(outcome)
    }
}

const SOURCE: &str =
    "the bound 2 Σ C(N − 1, i), i < d (Schläfli 1850; Cover 1965), reached in general position";

/// The rows of a table: N = d, which has 2ᴺ regions, and the largest N.
fn rows(set: Set, d: usize, all: &[Regions]) -> Vec<Row> {
    let setting = format!("{}, d = {d} dimensions", set.name());
    let largest = all.last().map(|regions| regions.n);
    let mut rows = Vec::new();
    for regions in all.iter().filter(|regions| regions.n == d || Some(regions.n) == largest) {
        let bound = bound(regions.n, d) as f64;
        for (what, values) in [
            ("random weights, random directions", &regions.directions),
            ("random weights, data", &regions.random),
            ("trained weights, data", &regions.trained),
        ] {
            let model = format!("N = {}, {what}", regions.n);
            let row = Row::new(&setting, &model, "regions", "", values);
            rows.push(row.beside(bound, None, SOURCE));
        }
    }
    rows
}

fn figure(set: Set, d: usize, images: usize, all: &[Regions]) -> Figure {
    let line = |label: &str, of: &dyn Fn(&Regions) -> f64| {
        Line::new(label, all.iter().map(|regions| (regions.n as f64, of(regions))).collect())
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let bounds = line(&format!("bound for d = {d}"), &|r| bound(r.n, d) as f64);
    // 2ᴺ as far as the figure goes: far above, it would press all else to the floor.
    let top = all.iter().map(|r| bound(r.n, d)).max().unwrap_or(1) as f64 * 4.0;
    let mut powers = line("2ᴺ", &|r| (r.n as f64).exp2());
    powers.points.retain(|point| point.1 <= top);
    Figure::Lines {
        name: format!("regions-{d}"),
        title: format!(
            "{}: linear regions of N rectifiers in {d} dimensions ({images} images)",
            set.name()
        ),
        x: "N, rectifiers without biases".into(),
        y: "regions".into(),
        logarithmic: true,
        lines: vec![
            Line { stroke: Stroke::Dashed, colour: Some(6), ..powers },
            Line { stroke: Stroke::Dashed, colour: Some(3), ..bounds },
            Line {
                colour: Some(5),
                ..line("random weights, random directions", &|r| mean(&r.directions))
            },
            Line { colour: Some(0), ..line("random weights, images", &|r| mean(&r.random)) },
            Line { colour: Some(1), ..line("trained weights, images", &|r| mean(&r.trained)) },
        ],
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        let usage = |text: &str| Err(Error::Usage(text.into()));
        let whole = |n: &usize| (1..=MOST_UNITS).contains(n);
        if self.units.is_empty() || !self.units.iter().all(whole) || !self.units.is_sorted() {
            return usage("units: expected ascending numbers from 1 to 64");
        }
        if self.dimensions.contains(&0) {
            return usage("dimensions: expected at least 1 each");
        }
        if self.rbm.hidden_biases {
            return usage(
                "rbm: expected hidden_biases = false: the bound is that of planes through the origin",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_two_to_the_n_up_to_d_only() {
        for d in 1..=12 {
            for n in 1..=MOST_UNITS {
                let all = 1_u128 << n;
                assert_eq!(bound(n, d) == all, n <= d, "n = {n}, d = {d}");
                assert!(bound(n, d) <= all);
            }
        }
        // A line has two sides; n lines through a point of the plane make 2 n sectors; great circles n² − n + 2.
        for n in 1..=20_usize {
            assert_eq!(bound(n, 1), 2);
            assert_eq!(bound(n, 2), 2 * n as u128);
            assert_eq!(bound(n, 3), (n * n - n + 2) as u128);
        }
        assert_eq!(bound(64, 64), 1 << 64);
    }

    #[test]
    fn sampled_directions_meet_as_many_regions_as_the_bound() {
        let level = Level::best();
        for d in [2, 3] {
            for n in 1..=6 {
                // Best of a few: some random planes make regions that are too thin to be met.
                let met = (1..=5).map(|seed| {
                    let weights = normal(level, seed, 0, d * n);
                    let directions = normal(level, seed, 1000, 100_000 * d);
                    patterns(level, &directions, d, &weights) as u128
                });
                let met: Vec<u128> = met.collect();
                assert_eq!(met.iter().max(), Some(&bound(n, d)), "d = {d}, n = {n}: {met:?}");
            }
        }
    }

    #[test]
    fn patterns_are_counted_once() {
        // Two units on a line: −, 0 and + are (0 1), (0 0) and (1 0).
        let found = patterns(Level::best(), &[-1.0, -2.0, 0.0, 3.0, 0.5], 1, &[1.0, -1.0]);
        assert_eq!(found, 3);
    }
}
