//! Where the random numbers of an MLP stand: each layer's weights before step 0, then in each step
//! each hidden layer's dropout mask.

use halfwave_kernels::rng::{Block, Noise, NoisePlan, NoisePlanBuilder, PlanError};

use super::MlpConfig;

/// The plan of the draws of one MLP.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    builder: NoisePlanBuilder,
    plan: NoisePlan,
    weights: Vec<Block>,
    masks: Vec<Block>,
}

impl Draws {
    pub(super) fn new(config: &MlpConfig, seed: u64) -> Result<Self, PlanError> {
        let product = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
        let sizes = &config.sizes;
        let mut builder = NoisePlan::builder(seed);
        let weights = sizes.windows(2).map(|s| builder.before(product(s[0], s[1]))).collect();
        let hidden = &sizes[1..sizes.len() - 1];
        let masks = hidden.iter().map(|&s| builder.each_step(product(config.batch, s))).collect();
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

    /// For the mask of hidden layer `l` in `step`.
    pub(super) fn mask(&self, l: usize, step: u64) -> Noise {
        self.plan.at(self.masks[l], step)
    }
}
