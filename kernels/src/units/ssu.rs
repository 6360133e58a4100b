//! SSU(N), the stepped sigmoid unit: the exact sum of N Bernoulli copies with pᵢ = σ(x − i + ½),
//! i = 1 … N, which have the same weights and biases that differ by fixed steps (Nair & Hinton, ICML 2010,
//! section 2); N draws an element.
//!
//! mean      Σ pᵢ           → ln(1 + eˣ) for N → ∞, to within .0106: [`Kind::Softplus`]
//! variance  Σ pᵢ (1 − pᵢ)  → σ(x), to within .0042: [`Kind::Sigmoid`]
//!
//! 1/pᵢ = 1 + e^(i − ½) e⁻ˣ, so thirty-two copies share one exponential, and a copy fires where
//! v + v e^(i − ½) e⁻ˣ ≤ 2³¹, without a quotient; v as in [`bernoulli`](super::bernoulli).

use super::{
    StochasticUnit,
    bernoulli::{SCALE, uniform_v, zero_or_nan},
};
use crate::{
    activations::Kind,
    math::{exp, exp_f64},
    rng::Lanes,
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Ssu {
    pub(super) copies: u32,
}

/// Copies that share an exponential.
const SHARE: usize = 32;

/// e^(i + ½).
const ODDS_F64: [f64; SHARE] = {
    // √e.
    let mut odds = [1.648_721_270_700_128_2; SHARE];
    let mut i = 1;
    while i < SHARE {
        odds[i] = odds[i - 1] * std::f64::consts::E;
        i += 1;
    }
    odds
};

const ODDS: [f32; SHARE] = {
    let mut odds = [0.0; SHARE];
    let mut i = 0;
    while i < SHARE {
        odds[i] = ODDS_F64[i] as f32;
        i += 1;
    }
    odds
};

/// Beyond, a copy's mean is below the smallest `f32`, and four factors 1/p are still below 10³⁰⁸.
const LIMIT: f64 = 140.0;

impl Ssu {
    /// e^(first − x) and e^(i + ½) for the copies from `first` on that share it.
    #[inline(always)]
    fn shares<S: Simd>(self, x: F64<S>) -> impl Iterator<Item = (F64<S>, &'static [f64])> {
        let copies = self.copies as usize;
        (0..copies).step_by(SHARE).map(
            #[inline(always)]
            move |first| {
                let t = x.constant(first as f64) - x;
                let odds = exp_f64(t.constant(LIMIT).min(t));
                (odds, &ODDS_F64[..SHARE.min(copies - first)])
            },
        )
    }

    /// Σ pᵢ (1 − pᵢ).
    #[inline(always)]
    pub(super) fn variance<S: Simd>(self, x: F32<S>) -> F32<S> {
        let x = x.widen();
        let (mut sum, one) = (x.constant(0.0), x.constant(1.0));
        for (share, odds) in self.shares(x) {
            for &odds in odds {
                let odds = share * x.constant(odds);
                let p = one / (odds + one);
                sum = (odds * p).mul_add(p, sum);
            }
        }
        sum.narrow()
    }
}

impl StochasticUnit for Ssu {
    const NAME: &'static str = "ssu";
    const ACTIVATION: Option<Kind> = Some(Kind::Softplus);

    #[inline(always)]
    fn draws(self) -> u32 {
        self.copies
    }
    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        let x = x.widen();
        let (mut sum, one) = (x.constant(0.0), x.constant(1.0));
        for (share, odds) in self.shares(x) {
            for odds in odds.chunks(4) {
                // n/d + 1/q = (n q + d) / (d q): one quotient for four copies.
                let (mut numerator, mut denominator) = (x.constant(0.0), one);
                for &odds in odds {
                    let q = share.mul_add(x.constant(odds), one);
                    numerator = numerator.mul_add(q, denominator);
                    denominator = denominator * q;
                }
                sum = sum + numerator / denominator;
            }
        }
        sum.narrow()
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        let (zero, one, scale) = (x.constant(0.0), x.constant(1.0), x.constant(SCALE));
        let (mut count, mut share) = (zero_or_nan(x), zero);
        for i in 0..self.copies {
            let place = i as usize % SHARE;
            if place == 0 {
                share = exp(x.constant(i as f32) - x);
            }
            let v = uniform_v(lanes.draw(i + 1 == self.copies));
            let fires = v.mul_add(share * x.constant(ODDS[place]), v).le(scale);
            count = count + fires.select(one, zero);
        }
        count
    }
}
