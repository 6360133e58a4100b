//! Every kernel at one size: what callgrind counts, and what is timed of two commits in turns.
//!
//! Rows follow from the tables (`Kind::ALL`, `LearnedKind::ALL`, `Unit::ALL`, `shapes/`): what is added there is
//! counted and timed.

mod elementwise;
mod products;
mod rows;
mod training;

pub use elementwise::IN_PLACE;

use halfwave_kernels::Level;

use crate::check;

/// Elements of the arrays: callgrind is some fifty times as slow as the machine.
const SIZE: usize = 4096;
/// Columns, where an array has rows.
const COLUMNS: usize = 64;

/// A kernel with all that it reads and writes.
pub trait Work: Send {
    /// Computes it.
    fn run(&mut self, level: Level);
    /// What it computed.
    fn result(&self) -> &[f32];
}

/// A kernel that fills a slice.
struct Fill<F> {
    out: Vec<f32>,
    run: F,
}

impl<F: FnMut(Level, &mut [f32]) + Send> Work for Fill<F> {
    fn run(&mut self, level: Level) {
        (self.run)(level, &mut self.out);
    }

    fn result(&self) -> &[f32] {
        &self.out
    }
}

/// `run(level, out)`, where `out` has so many elements.
fn fill(elements: usize, run: impl FnMut(Level, &mut [f32]) + Send + 'static) -> Box<dyn Work> {
    Box::new(Fill { out: vec![0.0; elements], run })
}

/// A line of the table.
pub struct Row {
    name: String,
    streams: Option<Streams>,
    prepare: Box<dyn Fn(usize) -> Box<dyn Work> + Send + Sync>,
}

/// Arrays that a kernel passes over once, each of as many `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Streams {
    /// Arrays that are read.
    pub read: u8,
    /// Arrays that are written.
    pub written: u8,
}

impl Streams {
    /// Bytes of an element, of all arrays.
    #[must_use]
    pub fn bytes(self) -> usize {
        size_of::<f32>() * usize::from(self.read + self.written)
    }
}

impl Row {
    /// Of a size of its own.
    fn new(
        name: impl Into<String>,
        prepare: impl Fn() -> Box<dyn Work> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), streams: None, prepare: Box::new(move |_| prepare()) }
    }

    /// Of any number of elements that [`COLUMNS`] divides, which reads and writes so many arrays of them.
    fn sized(
        name: impl Into<String>,
        (read, written): (u8, u8),
        prepare: impl Fn(usize) -> Box<dyn Work> + Send + Sync + 'static,
    ) -> Self {
        let streams = Some(Streams { read, written });
        Self { name: name.into(), streams, prepare: Box::new(prepare) }
    }

    /// What it moves, if its size can be chosen.
    #[must_use]
    pub fn streams(&self) -> Option<Streams> {
        self.streams
    }

    /// As in `forward/relu`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kernel, with its arrays.
    #[must_use]
    pub fn prepare(&self) -> Box<dyn Work> {
        self.prepare_at(SIZE)
    }

    /// The same with arrays of so many elements, where [`Row::streams`] are known.
    #[must_use]
    pub fn prepare_at(&self, elements: usize) -> Box<dyn Work> {
        (self.prepare)(elements)
    }

    /// Runs twice, of which the second time is to be counted: the first sets up what is set up once.
    pub fn count(&self, level: Level) {
        let mut kernel = self.prepare();
        kernel.run(level);
        counted_region(&mut *kernel, level);
    }

    /// That `level` gives the bits of `reference`, the first time and the second.
    ///
    /// # Panics
    /// If it does not.
    pub fn check(&self, level: Level, reference: Level) {
        self.check_at(level, reference, SIZE);
    }

    /// The same with arrays of so many elements: those past the caches are stored in another way.
    ///
    /// # Panics
    /// If it does not.
    pub fn check_at(&self, level: Level, reference: Level, elements: usize) {
        let (mut got, mut expected) = (self.prepare_at(elements), self.prepare_at(elements));
        for _ in 0..2 {
            got.run(level);
            expected.run(reference);
            check::same_as_scalar(&self.name, level, got.result(), expected.result());
        }
    }
}

/// The function that callgrind counts, with all that it calls.
pub const REGION: &str = "*counted_region*";

/// See [`REGION`].
#[inline(never)]
fn counted_region(kernel: &mut dyn Work, level: Level) {
    kernel.run(level);
}

/// The rows whose instructions are counted; nothing is allocated before one of them is prepared.
#[must_use]
pub fn counted() -> Vec<Row> {
    let parts = [elementwise::rows(), rows::rows(), products::counted(), training::counted()];
    parts.into_iter().flatten().collect()
}

/// The rows that are timed: the same, and products and training steps as in the experiments.
#[must_use]
pub fn timed() -> Vec<Row> {
    let parts = [counted(), products::timed(), training::timed()];
    parts.into_iter().flatten().collect()
}

/// The parallel forms of the kernels of one element at a time, for the current rayon pool.
#[must_use]
pub fn parallel() -> Vec<Row> {
    elementwise::parallel()
}

/// The levels that are counted, the reference first. Valgrind hides AVX-512, and nobody runs `portable` where
/// there is a better level.
#[must_use]
pub fn counted_levels() -> Vec<Level> {
    let mut levels = Level::available();
    levels.retain(|level| !["portable", "avx512"].contains(&level.name()));
    levels
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let rows = timed();
        let names: BTreeSet<_> = rows.iter().map(Row::name).collect();
        assert_eq!(names.len(), rows.len());
        assert!(names.contains("forward/relu") && names.contains("sample/nrelu"));
        let spaces = |name: &str| name.contains(char::is_whitespace);
        assert!(!names.into_iter().any(spaces), "a name is one word of the file of counts");
    }
}
