//! Every public function on slices as one thing: what it does to a few arrays.

mod conv;
mod elementwise;
mod learned;
mod random;
mod rows;

use halfwave_kernels::{Kind, Level};

pub use conv::convolutions;
pub use elementwise::{activations, masks, updates};
pub use learned::learned;
pub use random::random;
pub use rows::{normalisations, rows, sparse_products};

use crate::inputs;

/// What a case does to its arrays.
type Run = dyn Fn(Level, &mut [&mut [f32]]) + Sync;

/// A call of a public function.
pub struct Case {
    /// The function and its constants.
    pub name: String,
    /// Lengths of its arrays for size `n`.
    pub lengths: fn(usize) -> Vec<usize>,
    /// Whether numbers in \[−16, 16\] are its only useful input: one NaN makes a whole row NaN.
    pub moderate: bool,
    /// The call; changes some of the arrays.
    pub run: Box<Run>,
}

impl Case {
    /// The arrays after a call on copies of `arrays`.
    #[must_use]
    pub fn result(&self, level: Level, arrays: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let mut arrays = arrays.to_vec();
        (self.run)(level, &mut arrays.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
        arrays
    }

    /// Arrays that `seed` chooses, for size `n`.
    #[must_use]
    pub fn mixed_arrays(&self, n: usize, seed: u64) -> Vec<Vec<f32>> {
        if self.moderate {
            return self.moderate_arrays(n, seed);
        }
        let lengths = (self.lengths)(n).into_iter().zip(seed * 8..);
        lengths.map(|(length, seed)| inputs::mixed(length, seed)).collect()
    }

    /// Arrays of numbers in \[−16, 16\] that `seed` chooses, for size `n`.
    #[must_use]
    pub fn moderate_arrays(&self, n: usize, seed: u64) -> Vec<Vec<f32>> {
        let lengths = (self.lengths)(n).into_iter().zip(seed * 8..);
        lengths.map(|(length, seed)| inputs::uniform(length, seed, -16.0, 16.0)).collect()
    }

    /// Arrays of all `patterns`, each array in another order; chosen ones for a case that works on
    /// rows.
    #[must_use]
    pub fn pattern_arrays(&self, patterns: &[f32]) -> Vec<Vec<f32>> {
        let n = patterns.len();
        let lengths = (self.lengths)(n);
        if self.moderate || lengths.iter().any(|&length| length != n) {
            return self.mixed_arrays(n / ROWS, 1);
        }
        let shuffled = |j: usize| {
            let step = [1, 7, 15, 22][j];
            (0..n).map(|i| patterns[i * step % n]).collect()
        };
        (0..lengths.len()).map(shuffled).collect()
    }
}

/// Rows of a case that works on rows.
const ROWS: usize = 3;

fn case(
    name: impl Into<String>,
    lengths: fn(usize) -> Vec<usize>,
    run: impl Fn(Level, &mut [&mut [f32]]) + Sync + 'static,
) -> Case {
    Case { name: name.into(), lengths, moderate: false, run: Box::new(run) }
}

/// All functions with all their table entries; element-wise ones have size `n`, others rows of `n`.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut cases = activations();
    cases.extend(convolutions());
    cases.extend(learned());
    cases.extend(masks());
    cases.extend(random());
    cases.extend(rows());
    cases.extend(normalisations());
    cases.extend(sparse_products());
    cases.extend(updates());
    cases
}

/// All activations, or the one that `HALFWAVE_KIND` names: sweeps of all inputs take minutes each.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    match std::env::var("HALFWAVE_KIND") {
        Ok(name) => vec![name.parse().unwrap_or_else(|error| panic!("HALFWAVE_KIND: {error}"))],
        Err(_) => Kind::ALL.to_vec(),
    }
}
