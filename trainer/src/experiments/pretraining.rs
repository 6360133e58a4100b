//! RBMs layer by layer, all hidden units of one kind: what `mnist-pretrain` and `nair-hinton-norb` have in common.

use halfwave_kernels::units::Unit;
use serde::Deserialize;

use crate::rbm::{RbmConfig, Visible};

/// `first_rate` is for the RBM on pixels, `rate` for those above.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pretraining {
    first_rate: f32,
    rate: f32,
    weight_decay: f32,
    batch: usize,
    pub(super) epochs: usize,
}

impl Pretraining {
    /// A machine for each layer: on pixels that are `visible` units, then on the layer below, whose units are
    /// Bernoulli or, as they have no upper bound, taken for Gaussian.
    pub(super) fn machines(
        &self,
        visible: Visible,
        unit: Unit,
        hidden: &[usize],
    ) -> Vec<RbmConfig> {
        let Self { first_rate, rate, weight_decay, batch, epochs } = *self;
        let above = if unit == Unit::Bernoulli { Visible::Bernoulli } else { Visible::Gaussian };
        let machine = |(layer, &hidden): (usize, &usize)| {
            let (visible, learning_rate) =
                if layer == 0 { (visible, first_rate) } else { (above, rate) };
            RbmConfig {
                learning_rate,
                weight_decay,
                batch,
                epochs,
                ..RbmConfig::new(visible, unit, hidden)
            }
        };
        hidden.iter().enumerate().map(machine).collect()
    }
}
