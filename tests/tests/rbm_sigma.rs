//! The noise of Gaussian visible units: a change of units, and something that data say. What a step of it is,
//! `rbm.rs` has; its gradient is in `rbm_exact.rs`, its likelihood in `rbm_likelihood.rs`.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_kernels::{Level, rng::Stream, units::Unit};
use halfwave_tests::{boltzmann::Tiny, inputs};
use halfwave_trainer::{
    observe::Silent,
    optim::Schedule,
    rbm::{AisConfig, Rbm, RbmConfig, Temperatures, Visible},
};

/// In units of σ all is as with σ = 1. Powers of two, so that the bits are the same.
#[test]
fn sigma_is_a_change_of_units() {
    let sigma = vec![0.5, 2.0, 0.25, 4.0];
    let level = Level::best();
    for hidden in [Unit::Ssu { copies: 3 }, Unit::Nrelu] {
        let tiny = Tiny {
            visible: Visible::Gaussian,
            hidden,
            w: inputs::uniform(12, 1, -0.5, 0.5),
            b: inputs::uniform(4, 2, -0.5, 0.5),
            c: inputs::uniform(3, 3, -0.5, 0.5),
            sigma: None,
        };
        let config = RbmConfig::new(Visible::Gaussian, hidden, 3);
        let by = |x: &[f32], f: fn(f32, f32) -> f32| -> Vec<f32> {
            x.iter().zip(sigma.iter().cycle()).map(|(&x, &s)| f(x, s)).collect()
        };
        let (times, over) = (|x, s| x * s, |x, s| x / s);
        let one = tiny.rbm(&config, 1).unwrap();
        let other = Tiny { b: by(&tiny.b, times), sigma: Some(sigma.clone()), ..tiny.clone() };
        let other = other.rbm(&config, 1).unwrap();
        let u = inputs::uniform(40, 9, -2.0, 2.0);
        let v = by(&u, times);
        let noise = Stream::new(5).at(0);
        assert_eq!(one.features(level, &u), other.features(level, &v));
        assert_eq!(one.hidden_mean(level, &u), other.hidden_mean(level, &v));
        assert_eq!(one.activity(level, &u), other.activity(level, &v));
        let h = one.hidden_sample(level, noise, &u);
        assert_eq!(h, other.hidden_sample(level, noise, &v));
        let restored = |v: Vec<f32>| by(&v, over);
        assert_eq!(one.visible_mean(level, &h), restored(other.visible_mean(level, &h)));
        let samples = [&one, &other].map(|rbm| rbm.visible_sample(level, noise, &h));
        assert_eq!(samples[0], by(&samples[1], over));
        assert_eq!(one.reconstruct(level, &u), restored(other.reconstruct(level, &v)));
        let (mut chain, mut scaled) = (u.clone(), v.clone());
        let ends =
            [one.gibbs(level, noise, 3, &mut chain), other.gibbs(level, noise, 3, &mut scaled)];
        assert_eq!(ends[0], ends[1]);
        assert_eq!(chain, by(&scaled, over));
        let products =
            one.weights().chunks(3).zip(&sigma).flat_map(|(w, s)| w.iter().map(move |w| w / s));
        assert_eq!(other.input_weights(), products.collect::<Vec<f32>>());
        if hidden == Unit::Nrelu {
            continue;
        }
        assert_eq!(one.free_energy(&u), other.free_energy(&v));
        let volume: f64 = sigma.iter().map(|&s| f64::from(s).ln()).sum();
        let logs = [&one, &other].map(|rbm| rbm.log_z_exact().unwrap());
        assert!((logs[0] + volume - logs[1]).abs() < 1e-12, "{logs:?}");
        let ais = |rbm: &Rbm, base: &[f32]| {
            let config = AisConfig {
                chains: 10,
                temperatures: Temperatures::Linear { steps: 20 },
                base: Some(base.to_vec()),
                seed: 3,
            };
            let start = rbm.exact_samples(level, 10, 4).unwrap();
            [rbm.ais(level, &config), rbm.reverse_ais(level, &config, &start)]
                .map(|z| z.unwrap().log_z)
        };
        let base = [0.5, -0.25, 1.0, 0.0];
        for (one, other) in ais(&one, &base).into_iter().zip(ais(&other, &by(&base, times))) {
            assert!((one + volume - other).abs() < 1e-9, "{one} {other}");
        }
        let found = one.exact_samples(level, 10, 4).unwrap();
        assert_eq!(found, by(&other.exact_samples(level, 10, 4).unwrap(), over));
    }
}

/// Four causes of three pixels each, the pixels with noise of their own: a machine that has never seen it
/// finds the noise, which no column shows, since most of its variance is the cause's.
#[test]
fn noise_of_each_pixel_is_found() {
    let (pixels, causes) = (12, 4);
    let truth: Vec<f32> =
        (0..pixels).map(|i| [0.4, 0.7, 1.0][i % 3] * (1.0 + 0.1 * (i / 3) as f32)).collect();
    // 2 apart, in the data's units.
    let w: Vec<f32> = (0..pixels * causes)
        .map(|k| if k % causes == k / causes / 3 { 2.0 / truth[k / causes] } else { 0.0 })
        .collect();
    // Every cause on in half of the rows.
    let c: Vec<f32> = (0..causes)
        .map(|j| {
            let column = w.iter().skip(j).step_by(causes);
            -0.5 * column.map(|w| w * w).sum::<f32>()
        })
        .collect();
    let config = RbmConfig::new(Visible::Gaussian, Unit::Bernoulli, causes);
    let teacher = Rbm::from_parameters(&config, &w, &vec![0.0; pixels], &c, 1).unwrap();
    let teacher = teacher.with_sigma(&truth).unwrap();
    let x = teacher.exact_samples(Level::best(), 4000, 1).unwrap();
    let config = RbmConfig {
        learning_rate: 0.05,
        sigma_rate: 1.0,
        weight_decay: 0.0,
        hidden_units: 8,
        steps: 5,
        batch: 100,
        epochs: 200,
        schedule: Schedule::Linear { epochs: 200 },
        ..config
    };
    let mut rbm = Rbm::new(&config, pixels, 7).unwrap();
    rbm.fit(Level::best(), &x, "noise", &mut Silent).unwrap();
    let ratios: Vec<f32> = rbm.sigma().unwrap().iter().zip(&truth).map(|(s, t)| s / t).collect();
    println!("{ratios:?}");
    assert!(ratios.iter().all(|r| (0.9..1.1).contains(r)), "{ratios:?}");
}
