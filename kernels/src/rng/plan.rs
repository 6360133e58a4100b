//! Where in the stream each draw of a training run stands.
//!
//! Draws are laid end to end: first the blocks that are used once (initialisation, evaluation), then
//! step after step, each with the blocks of a step in order. Never one stream per row, never bit fields
//! in the address: streams that share low state bits are correlated.

use super::{Noise, Stream};

/// Draws that a plan may lay out at most: 2⁴⁸ of the stream's 2⁶⁴.
const MAX_DRAWS: u64 = 1 << 48;

/// Why a plan cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The run would use too much of the stream.
    #[error("the run needs more than 2^48 random numbers; take fewer steps or a smaller network")]
    TooLarge,
}

/// The draws of one purpose in a [`NoisePlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    offset: u64,
    each_step: bool,
}

/// The layout of all random numbers of a run.
///
/// ```
/// use halfwave_kernels::rng::NoisePlan;
/// let mut builder = NoisePlan::builder(42);
/// let weights = builder.before(784 * 500);
/// let hidden = builder.each_step(100 * 500);
/// let plan = builder.build(10_000)?;
/// let (start, first, second) = (plan.once(weights), plan.at(hidden, 0), plan.at(hidden, 1));
/// assert_eq!(first, start.skip(784 * 500));
/// assert_eq!(second, first.skip(100 * 500));
/// # Ok::<(), halfwave_kernels::rng::PlanError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoisePlan {
    stream: Stream,
    before: u64,
    step: u64,
}

/// Collects the purposes of a [`NoisePlan`].
#[derive(Clone, Copy, Debug)]
pub struct NoisePlanBuilder {
    plan: NoisePlan,
}

impl NoisePlan {
    /// An empty plan on the stream of `seed`.
    #[must_use]
    pub fn builder(seed: u64) -> NoisePlanBuilder {
        NoisePlanBuilder { plan: Self { stream: Stream::new(seed), before: 0, step: 0 } }
    }

    /// The draws of a block that is used once.
    ///
    /// # Panics
    /// If the block is one of each step.
    #[must_use]
    pub fn once(&self, block: Block) -> Noise {
        assert!(!block.each_step, "the block is drawn each step: its place needs a step");
        self.stream.at(block.offset)
    }

    /// The draws of a block in `step`.
    ///
    /// # Panics
    /// If the block is used once only.
    #[must_use]
    pub fn at(&self, block: Block, step: u64) -> Noise {
        assert!(block.each_step, "the block is drawn once: it has no steps");
        let start = self.before.wrapping_add(step.wrapping_mul(self.step));
        self.stream.at(start.wrapping_add(block.offset))
    }
}

impl NoisePlanBuilder {
    /// Reserves `draws` that are used once, before step 0.
    pub fn before(&mut self, draws: u64) -> Block {
        let block = Block { offset: self.plan.before, each_step: false };
        self.plan.before = self.plan.before.saturating_add(draws);
        block
    }

    /// Reserves `draws` in each step.
    pub fn each_step(&mut self, draws: u64) -> Block {
        let block = Block { offset: self.plan.step, each_step: true };
        self.plan.step = self.plan.step.saturating_add(draws);
        block
    }

    /// The plan for a run of `steps` steps.
    ///
    /// # Errors
    /// If it lays out more than 2⁴⁸ draws.
    pub fn build(self, steps: u64) -> Result<NoisePlan, PlanError> {
        let draws = self.plan.step.checked_mul(steps).and_then(|d| d.checked_add(self.plan.before));
        match draws {
            Some(draws) if draws <= MAX_DRAWS => Ok(self.plan),
            _ => Err(PlanError::TooLarge),
        }
    }
}
