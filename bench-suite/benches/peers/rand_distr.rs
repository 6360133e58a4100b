//! `rand_distr`: its normal numbers (a ziggurat) from the generator that is ours, too, in one lane.

use halfwave_bench_suite::contest::Peer;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg32;

pub(super) const PEER: Peer =
    Peer { normal: Some(normal), nrelu: Some(nrelu), ..Peer::named("rand_distr") };

fn generator() -> Pcg32 {
    Pcg32::new(3, 0)
}

fn normal(out: &mut [f32]) {
    let mut generator = generator();
    out.fill_with(|| StandardNormal.sample(&mut generator));
}

fn nrelu(x: &[f32], h: &mut [f32]) {
    let mut generator = generator();
    for (x, h) in x.iter().zip(h) {
        let noise: f32 = StandardNormal.sample(&mut generator);
        *h = (x + noise / (1.0 + (-x).exp()).sqrt()).max(0.0);
    }
}
