//! Binomial(n): the sum of n Bernoulli units with the same p = σ(x), as n copies with the same weights and
//! bias (Teh & Hinton, NIPS 2001; Nair & Hinton, ICML 2010, section 2); n draws an element.
//!
//! mean n p, variance n p (1 − p). Exact: each trial is that of [`bernoulli`](super::bernoulli).

use super::{
    StochasticUnit,
    bernoulli::{SCALE, uniform_v, zero_or_nan},
};
use crate::{
    activations::{Kind, sigmoid, sigmoid_times},
    rng::Lanes,
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Binomial {
    pub(super) trials: u32,
}

impl StochasticUnit for Binomial {
    const NAME: &'static str = "binomial";
    const ACTIVATION: Option<Kind> = Some(Kind::Sigmoid);

    #[inline(always)]
    fn draws(self) -> u32 {
        self.trials
    }
    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        sigmoid_times(x, self.trials as f32)
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        let (zero, one) = (x.constant(0.0), x.constant(1.0));
        let threshold = sigmoid(x) * x.constant(SCALE);
        let mut count = zero_or_nan(x);
        for i in 1..=self.trials {
            let fires = uniform_v(lanes.draw(i == self.trials)).le(threshold);
            count = count + fires.select(one, zero);
        }
        count
    }
}
