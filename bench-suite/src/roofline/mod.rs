//! How far from the machine's limits kernels and training steps are, each limit probed in turns with them.
//!
//! [`probes`] look for the limits, [`elements`] and [`products`] measure, [`figures`] draw.

pub mod elements;
pub mod figures;
pub mod probes;
pub mod products;

use std::time::Duration;

use halfwave_kernels::Level;
use halfwave_trainer::machine::{self, Machine};
use serde::Serialize;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Turns of each contestant.
    pub rounds: usize,
    /// Of each turn.
    pub slice: Duration,
    /// Whether arrays beyond all caches and [large](crate::shapes::Shape::is_large) products are measured, too.
    pub large: bool,
}

impl Effort {
    /// Everything once, as a test.
    pub const TEST: Self = Self { rounds: 1, slice: Duration::ZERO, large: false };
    /// Less than a minute.
    pub const QUICK: Self = Self { rounds: 3, slice: Duration::from_millis(3), large: false };
    /// A few minutes.
    pub const USUAL: Self = Self { rounds: 7, slice: Duration::from_millis(8), large: false };
    /// For the record.
    pub const FULL: Self = Self { rounds: 11, slice: Duration::from_millis(15), large: true };
}

/// What was measured of a machine.
#[derive(Debug, Serialize)]
pub struct Report {
    /// In UTC.
    pub day: String,
    /// Where.
    pub machine: Machine,
    /// The best level, on which all is measured that names no other.
    pub level: &'static str,
    /// Multiply-adds in registers.
    pub peaks: Vec<Peak>,
    /// Copies.
    pub copies: Vec<Bandwidth>,
    /// Kernels and steps.
    pub rows: Vec<Measured>,
}

impl Report {
    /// Of this machine, today, without figures.
    #[must_use]
    pub fn new() -> Self {
        Self {
            day: machine::today(),
            machine: Machine::current(),
            level: Level::best().name(),
            peaks: Vec::new(),
            copies: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

/// The peak of fused multiply-adds.
#[derive(Clone, Debug, Serialize)]
pub struct Peak {
    /// Its level.
    pub level: &'static str,
    /// On so many threads.
    pub threads: usize,
    /// Floating-point operations in a second.
    pub flop_per_second: f64,
}

/// A copy of one array to another.
#[derive(Clone, Debug, Serialize)]
pub struct Bandwidth {
    /// Where both arrays are meant to be.
    pub memory: &'static str,
    /// Elements of an array of one thread.
    pub elements: usize,
    /// Whether the stores went past the caches.
    pub past_caches: bool,
    /// On so many threads, each with arrays of its own.
    pub threads: usize,
    /// Read and written in a second.
    pub bytes_per_second: f64,
}

/// A kernel or a step that was timed.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// `elements`, `products`, `faer`, `steps` or `convolutions`.
    pub part: &'static str,
    /// What.
    pub name: String,
    /// Its level.
    pub level: &'static str,
    /// On so many threads.
    pub threads: usize,
    /// Elements of an array, where these are passed over one by one.
    pub elements: Option<usize>,
    /// Median seconds of a call, or of a step.
    pub seconds: f64,
    /// Floating-point operations of its products.
    pub flop: Option<f64>,
    /// Bytes that must be moved: each operand once, each result once.
    pub bytes: f64,
    /// Share of the limit, 1 being as fast as it.
    pub share: f64,
}

impl Measured {
    /// Floating-point operations in a second.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.flop.map(|flop| flop / self.seconds)
    }
}
