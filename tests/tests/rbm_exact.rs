//! Free energies, gradients and samples of tiny RBMs against sums over all their states, and integrals.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_kernels::{
    Level,
    rng::{Noise, Stream},
    units::{self, Unit},
};
use halfwave_tests::{
    boltzmann::Tiny,
    inputs,
    statistics::{FAILS_BELOW, chi_square_of, largest},
};
use halfwave_trainer::{
    TrainError,
    observe::Silent,
    rbm::{Centring, Chains, Rbm, RbmConfig, States, Visible, log_partition},
};

const BERNOULLI: Unit = Unit::Bernoulli;
const BINOMIAL: Unit = Unit::Binomial { trials: 2 };
const SSU: Unit = Unit::Ssu { copies: 3 };
const DRELU: Unit = Unit::Drelu { gamma: 2.0, theta: -0.5 };
const POTTS: Visible = Visible::Potts { categories: 3 };

/// Every pair whose sums are finite, or integrals over one unit.
const MACHINES: [(Visible, Unit); 18] = [
    (Visible::Bernoulli, BERNOULLI),
    (Visible::Bernoulli, BINOMIAL),
    (Visible::Bernoulli, SSU),
    (Visible::Bernoulli, Unit::Gaussian),
    (Visible::Bernoulli, Unit::TruncatedGaussian),
    (Visible::Bernoulli, DRELU),
    (POTTS, BERNOULLI),
    (POTTS, BINOMIAL),
    (POTTS, SSU),
    (POTTS, Unit::Gaussian),
    (POTTS, Unit::TruncatedGaussian),
    (POTTS, DRELU),
    (Visible::Gaussian, BERNOULLI),
    (Visible::Gaussian, BINOMIAL),
    (Visible::Gaussian, SSU),
    (Visible::Gaussian, Unit::Gaussian),
    (Visible::Gaussian, Unit::TruncatedGaussian),
    (Visible::Gaussian, DRELU),
];

/// A machine with weights up to `size`.
fn tiny(visible: Visible, hidden: Unit, size: f32) -> Tiny {
    let v = if visible == POTTS { 6 } else { 4 };
    let continuous = matches!(hidden, Unit::Gaussian | Unit::TruncatedGaussian | DRELU);
    let h = match (visible, continuous) {
        // One hidden unit, a 1-D integral; it has a density for |W| < 1.
        (Visible::Gaussian, true) => 1,
        _ => 3,
    };
    let bound = if h == 1 { 0.45 } else { size };
    Tiny {
        visible,
        hidden,
        w: inputs::uniform(v * h, 1, -bound, bound),
        b: inputs::uniform(v, 2, -0.5, 0.5),
        c: inputs::uniform(h, 3, -0.5, 0.5),
        sigma: None,
    }
}

/// Every pair, and those with Gaussian visible units again with σ, with weights up to `size`.
fn machines(size: impl Fn(Visible) -> f32) -> Vec<Tiny> {
    let plain = MACHINES.map(|(visible, hidden)| tiny(visible, hidden, size(visible)));
    let with_sigma = plain.iter().filter(|tiny| tiny.visible == Visible::Gaussian).map(|tiny| {
        Tiny { sigma: Some(inputs::uniform(tiny.b.len(), 4, 0.5, 2.0)), ..tiny.clone() }
    });
    plain.iter().cloned().chain(with_sigma).collect()
}

fn name(tiny: &Tiny) -> String {
    let Tiny { visible, hidden, sigma, .. } = tiny;
    format!("{visible} {hidden}{}", if sigma.is_some() { " with σ" } else { "" })
}

/// Distinct rows of data that are not the model's.
fn data(tiny: &Tiny) -> Vec<Vec<f32>> {
    match tiny.visible {
        Visible::Gaussian => {
            (0..5).map(|i| inputs::uniform(tiny.b.len(), 10 + i, -1.5, 1.5)).collect()
        }
        _ => [0, 3, 5, 7].map(|i| tiny.visible_states()[i].clone()).to_vec(),
    }
}

#[test]
fn the_mean_is_the_derivative_of_the_log_partition_function() {
    const STEP: f64 = 1e-4;
    let leaky = Unit::Drelu { gamma: 100.0, theta: 1.0 };
    for unit in [BERNOULLI, BINOMIAL, SSU, Unit::Gaussian, Unit::TruncatedGaussian, DRELU, leaky] {
        for i in 0..=240 {
            let x = -12.0 + 0.1 * f64::from(i as f32);
            let x = f64::from(x as f32);
            let difference =
                log_partition(unit, x + STEP).unwrap() - log_partition(unit, x - STEP).unwrap();
            let mut mean = [0.0];
            units::mean(Level::best(), unit, &[x as f32], &mut mean);
            let (found, expected) = (difference / (2.0 * STEP), f64::from(mean[0]));
            assert!(
                (found - expected).abs() < 1e-6 * expected.max(1.0),
                "{unit} at {x}: {found} {expected}"
            );
        }
    }
    assert_eq!(log_partition(Unit::Nrelu, 1.0), None);
}

#[test]
fn free_energy_is_that_of_all_hidden_states() {
    for tiny in machines(|_| 1.5) {
        let rows = data(&tiny);
        let config = RbmConfig::new(tiny.visible, tiny.hidden, tiny.c.len());
        let found = tiny.rbm(&config, 1).unwrap().free_energy(&rows.concat()).unwrap();
        for (row, found) in rows.iter().zip(found) {
            let expected = tiny.free_energy(row);
            assert!((found - expected).abs() < 1e-10, "{}: {found} {expected}", name(&tiny));
        }
    }
}

/// The gradients that training is held against are the differences of the exact likelihood.
#[test]
fn the_exact_gradient_is_the_derivative_of_the_likelihood() {
    const STEP: f32 = 1.0 / 512.0;
    for tiny in machines(|_| 0.5) {
        let rows = data(&tiny);
        let log_p = |tiny: &Tiny| {
            let energies: f64 = rows.iter().map(|row| tiny.free_energy(row)).sum();
            -energies / rows.len() as f64 - tiny.log_z()
        };
        let (w, b, c) = (tiny.w.len(), tiny.b.len(), tiny.c.len());
        let exact = tiny.gradient(&rows);
        // The last weight, bias and σ.
        for (at, change) in [
            (w - 1, (|tiny, i, step| tiny.w[i] += step) as fn(&mut Tiny, usize, f32)),
            (w + b - 1, |tiny, _, step| *tiny.b.last_mut().unwrap() += step),
            (w + b + c - 1, |tiny, _, step| *tiny.c.last_mut().unwrap() += step),
            (w + b + c + b - 1, |tiny, _, step| {
                *tiny.sigma.as_mut().unwrap().last_mut().unwrap() *= (0.5 * step).exp();
            }),
        ] {
            let Some(expected) = exact.get(at) else { continue };
            let moved = |step| {
                let mut tiny = tiny.clone();
                change(&mut tiny, at, step);
                log_p(&tiny)
            };
            let found = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
            assert!((found - expected).abs() < 1e-4, "{}, {at}: {found} {expected}", name(&tiny));
        }
    }
}

#[test]
fn nrelu_has_no_free_energy() {
    let rbm = Rbm::new(&RbmConfig::new(Visible::Bernoulli, Unit::Nrelu, 3), 4, 1).unwrap();
    let error = rbm.free_energy(&[0.0; 4]).unwrap_err();
    assert_eq!(error, TrainError::NoEnergy { hidden: "nrelu" });
    assert!(error.to_string().contains("ssu(N)"), "{error}");
}

/// Rows of a mini-batch.
const BATCH: usize = 2000;

/// A step size at which a step's change of W has digits, and is small.
const RATE: f32 = 1.0 / 1024.0;

fn settings(tiny: &Tiny, steps: usize, chains: Chains) -> RbmConfig {
    RbmConfig {
        steps,
        chains,
        visible_states: Some(States::Sample),
        learning_rate: RATE,
        sigma_rate: if tiny.sigma.is_some() { 1.0 } else { 0.0 },
        initial_momentum: 0.0,
        final_momentum: 0.0,
        weight_decay: 0.0,
        batch: BATCH,
        epochs: 1,
        ..RbmConfig::new(tiny.visible, tiny.hidden, tiny.c.len())
    }
}

/// W, b, c and, where σ is learned, ln σ².
fn parameters(rbm: &Rbm) -> Vec<f64> {
    let plain = [rbm.weights(), rbm.visible_bias(), rbm.hidden_bias()].concat();
    let sigma = rbm.sigma().unwrap_or_default();
    plain.into_iter().map(f64::from).chain(sigma.iter().map(|&s| 2.0 * f64::from(s).ln())).collect()
}

/// What step number `steps` adds to the parameters, in units of the step size, and the machine before it.
fn estimate(
    tiny: &Tiny,
    config: &RbmConfig,
    rows: &[Vec<f32>],
    steps: usize,
    seed: u64,
) -> (Vec<f64>, Tiny) {
    let x = rows.iter().cycle().take(BATCH).cloned().collect::<Vec<_>>().concat();
    let mut rbm = tiny.rbm(config, seed).unwrap();
    for _ in 1..steps {
        rbm.fit(Level::best(), &x, "before", &mut Silent).unwrap();
    }
    let before = parameters(&rbm);
    let (w, b, c) =
        (rbm.weights().to_vec(), rbm.visible_bias().to_vec(), rbm.hidden_bias().to_vec());
    let sigma = rbm.sigma().map(<[f32]>::to_vec);
    rbm.fit(Level::best(), &x, "step", &mut Silent).unwrap();
    let pairs = parameters(&rbm).into_iter().zip(before);
    let change = pairs.map(|(a, b)| (a - b) / f64::from(config.learning_rate));
    let mut change: Vec<f64> = change.collect();
    // b's step is its gradient times σ².
    for (change, sigma) in change[w.len()..].iter_mut().zip(sigma.iter().flatten()) {
        *change /= f64::from(*sigma).powi(2);
    }
    (change, Tiny { w, b, c, sigma, ..tiny.clone() })
}

/// The largest |mean − 0| in standard errors over the `differences` of each parameter.
fn worst(differences: &[Vec<f64>]) -> f64 {
    let n = differences.len() as f64;
    let of = |k: usize| {
        let mean = differences.iter().map(|d| d[k]).sum::<f64>() / n;
        let variance = differences.iter().map(|d| (d[k] - mean).powi(2)).sum::<f64>() / (n - 1.0);
        mean.abs() / (variance / n).sqrt()
    };
    largest((0..differences[0].len()).map(|k| (of(k), k))).0
}

/// Estimates minus the exact gradient, in standard errors, at step `steps`, over 40 seeds.
fn deviation(tiny: &Tiny, config: &RbmConfig, steps: usize) -> f64 {
    let rows = data(tiny);
    assert!(BATCH.is_multiple_of(rows.len()), "every row as often as every other");
    let differences: Vec<Vec<f64>> = (0..40)
        .map(|seed| {
            let (found, at) = estimate(tiny, config, &rows, steps, 1000 + seed);
            found.iter().zip(at.gradient(&rows)).map(|(found, exact)| found - exact).collect()
        })
        .collect();
    worst(&differences)
}

/// Moderate weights: chains mix within 40 steps, and hardly lag behind parameters that move.
fn moderate() -> Vec<Tiny> {
    machines(|visible| if visible == Visible::Gaussian { 0.5 } else { 0.8 })
}

#[test]
fn cd_with_many_steps_is_the_gradient_of_the_likelihood() {
    for tiny in moderate() {
        let found = deviation(&tiny, &settings(&tiny, 50, Chains::Data), 1);
        assert!(found < 5.0, "{}: {found} standard errors", name(&tiny));
    }
}

/// One Gibbs step a training step: the chains must have gone on from step to step.
#[test]
fn persistent_chains_come_to_the_gradient_of_the_likelihood() {
    for tiny in moderate() {
        let found = deviation(&tiny, &settings(&tiny, 1, Chains::Persistent), 40);
        assert!(found < 5.0, "{}: {found} standard errors", name(&tiny));
    }
}

#[test]
fn cd_1_is_biased() {
    for (visible, hidden) in
        [(Visible::Bernoulli, BERNOULLI), (POTTS, SSU), (Visible::Gaussian, BERNOULLI)]
    {
        let tiny = tiny(visible, hidden, 2.0);
        let found = deviation(&tiny, &settings(&tiny, 1, Chains::Data), 1);
        assert!(found > 5.0, "{visible} {hidden}: {found} standard errors");
    }
}

/// Chains by means whose missing variance is not made up for would be far off; with it they are nearer the gradient.
#[test]
fn the_gradient_of_sigma_takes_the_variance_of_means_into_account() {
    let tiny = machines(|_| 0.05).pop().unwrap();
    let config =
        RbmConfig { visible_states: Some(States::Mean), ..settings(&tiny, 1, Chains::Data) };
    let rows = data(&tiny);
    let (found, at) = estimate(&tiny, &config, &rows, 1, 1);
    let exact = at.gradient(&rows);
    let z = found.len() - tiny.b.len();
    let pairs = found[z..].iter().zip(&exact[z..]);
    let (worst, _) = largest(pairs.map(|(found, exact)| ((found - exact).abs(), exact)));
    // Without, each would be off by ½.
    assert!(worst < 0.2, "{worst}");
}

/// Centring changes the direction of a step, by a linear map: G_b ↦ G_b − G_W λ and so on. Where the exact
/// gradient is 0, so is the centred one; elsewhere it is that of the map.
#[test]
fn the_centred_gradient_is_that_of_the_centred_machine() {
    let tiny = tiny(Visible::Bernoulli, BERNOULLI, 0.8);
    let config =
        RbmConfig { centring: Some(Centring { rate: 1.0 }), ..settings(&tiny, 50, Chains::Data) };
    let rows = data(&tiny);
    let (v, h) = (tiny.b.len(), tiny.c.len());
    let rbm = tiny.rbm(&config, 1).unwrap();
    let mean = |x: &[f32], width: usize| -> Vec<f64> {
        let n = (x.len() / width) as f64;
        (0..width)
            .map(|j| x.iter().skip(j).step_by(width).map(|&x| f64::from(x)).sum::<f64>() / n)
            .collect()
    };
    let x = rows.concat();
    let (mu, lambda) = (mean(&x, v), mean(&rbm.hidden_mean(Level::best(), &x), h));
    let exact = tiny.gradient(&rows);
    let (gw, gb, gc) = (&exact[..v * h], &exact[v * h..][..v], &exact[v * h + v..]);
    // ⟨(v − μ)(h − λ)ᵀ⟩ = G_W − G_b λᵀ − μ G_cᵀ for the differences of the phases.
    let centred = |i: usize, j: usize| gw[i * h + j] - gb[i] * lambda[j] - mu[i] * gc[j];
    let w = (0..v * h).map(|k| centred(k / h, k % h));
    let b = (0..v).map(|i| gb[i] - (0..h).map(|j| centred(i, j) * lambda[j]).sum::<f64>());
    let c = (0..h).map(|j| gc[j] - (0..v).map(|i| centred(i, j) * mu[i]).sum::<f64>());
    let expected: Vec<f64> = w.chain(b).chain(c).collect();
    let differences: Vec<Vec<f64>> = (0..40)
        .map(|seed| {
            let (found, _) = estimate(&tiny, &config, &rows, 1, seed);
            found.iter().zip(&expected).map(|(found, expected)| found - expected).collect()
        })
        .collect();
    assert!(worst(&differences) < 5.0, "{} standard errors", worst(&differences));
    let plain: Vec<Vec<f64>> = (0..40)
        .map(|seed| {
            let (found, _) = estimate(&tiny, &config, &rows, 1, seed);
            found.iter().zip(&exact).map(|(found, exact)| found - exact).collect()
        })
        .collect();
    assert!(worst(&plain) > 5.0, "centring must do something");
}

const CHAINS: usize = 1 << 17;

/// χ² of v and h over all states after 60 steps from 0, a step being `gibbs(step, v)`.
fn joint_p(tiny: &Tiny, rbm: &Rbm, mut gibbs: impl FnMut(usize, &mut Vec<f32>)) -> f64 {
    let states = tiny.visible_states();
    let mut v = states[0].repeat(CHAINS);
    for step in 0..60 {
        gibbs(step, &mut v);
    }
    let h = rbm.hidden_sample(Level::best(), Stream::new(99).at(0), &v);
    let values = match tiny.hidden {
        Unit::Binomial { trials } => trials as usize + 1,
        Unit::Ssu { copies } => copies as usize + 1,
        _ => 2,
    };
    let expected = tiny.joint(values);
    let mut counts = vec![0; expected.len()];
    for (v, h) in v.chunks(tiny.b.len()).zip(h.chunks(tiny.c.len())) {
        let at = states.iter().position(|state| state == v).unwrap();
        counts[h.iter().fold(at, |at, &h| at * values + h as usize)] += 1;
    }
    chi_square_of(&counts, &expected)
}

#[test]
fn gibbs_sampling_keeps_the_distribution() {
    for (visible, hidden) in [
        (Visible::Bernoulli, BERNOULLI),
        (Visible::Bernoulli, BINOMIAL),
        (POTTS, BERNOULLI),
        (POTTS, SSU),
    ] {
        let tiny = tiny(visible, hidden, 1.0);
        let rbm = tiny.rbm(&RbmConfig::new(visible, hidden, tiny.c.len()), 1).unwrap();
        let level = Level::best();
        let mut noise = Stream::new(7).at(0);
        let p = joint_p(&tiny, &rbm, |_, v| noise = rbm.gibbs(level, noise, 1, v).unwrap());
        assert!(p > FAILS_BELOW, "{visible} {hidden}: p = {p}");

        // Every step from the same draws.
        let at = |step: usize| Stream::new(7).at((step * CHAINS * 40) as u64);
        let p = joint_p(&tiny, &rbm, |_, v| _ = rbm.gibbs(level, at(0), 1, v).unwrap());
        assert!(p < FAILS_BELOW, "{visible} {hidden}, shared draws: p = {p}");

        // Means handed on in place of samples.
        let means = |noise: Noise, v: &mut Vec<f32>| {
            *v = rbm.visible_sample(level, noise, &rbm.hidden_mean(level, v));
        };
        let p = joint_p(&tiny, &rbm, |step, v| means(at(step), v));
        assert!(p < FAILS_BELOW, "{visible} {hidden}, means: p = {p}");
    }
}

/// One call of many steps is many calls.
#[test]
fn a_chain_goes_on_where_it_stood() {
    let rbm = tiny(Visible::Gaussian, SSU, 0.5);
    let rbm = rbm.rbm(&RbmConfig::new(Visible::Gaussian, SSU, 3), 1).unwrap();
    let (level, start) = (Level::best(), Stream::new(3).at(17));
    let (mut long, mut short) = (vec![0.5; 40], vec![0.5; 40]);
    let end = rbm.gibbs(level, start, 5, &mut long).unwrap();
    let middle = rbm.gibbs(level, start, 2, &mut short).unwrap();
    assert!(long != short);
    assert_eq!(rbm.gibbs(level, middle, 3, &mut short).unwrap(), end);
    assert_eq!(long, short);
}
