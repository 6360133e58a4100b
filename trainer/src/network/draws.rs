//! Where the random numbers of a network stand: each layer's weights before step 0, then in each step
//! each layer's masks.

use halfwave_kernels::rng::{Block, Noise, NoisePlan, NoisePlanBuilder, PlanError};

use crate::layers::Plan;

/// The plan of the draws of one network.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    builder: NoisePlanBuilder,
    plan: NoisePlan,
    weights: Vec<Block>,
    masks: Vec<Block>,
}

impl Draws {
    pub(super) fn new(layers: &[Plan], batch: usize, seed: u64) -> Result<Self, PlanError> {
        let mut builder = NoisePlan::builder(seed);
        let weights = layers.iter().map(|plan| builder.before(plan.weights)).collect();
        let mut masks = |plan: &Plan| builder.each_step(plan.masks.saturating_mul(batch as u64));
        let masks = layers.iter().map(&mut masks).collect();
        Ok(Self { builder, plan: builder.build(0)?, weights, masks })
    }

    /// That the stream is long enough for `steps` steps.
    pub(super) fn check(&self, steps: u64) -> Result<(), PlanError> {
        self.builder.build(steps).map(|_| ())
    }

    /// For the weights of layer `l`.
    pub(super) fn weights(&self, l: usize) -> Noise {
        self.plan.once(self.weights[l])
    }

    /// For the masks of layer `l` in `step`.
    pub(super) fn mask(&self, l: usize, step: u64) -> Noise {
        self.plan.at(self.masks[l], step)
    }
}
