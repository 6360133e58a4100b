//! Annealing against sums over all states, orders of weighing and moving that are wrong, and bad input.

use halfwave_kernels::{Level, rng, units::Unit};

use super::{
    super::{Chains, RbmConfig},
    annealing::Annealing,
    *,
};

/// A machine with weights N(0, spread²) and biases N(0, 1).
fn machine(visible: Visible, hidden: Unit, sizes: [usize; 2], spread: f32) -> Rbm {
    let normal = |n: usize, at: u64, spread: f32| {
        let mut x = vec![0.0; n];
        rng::normal(Level::best(), rng::Stream::new(42).at(at), &mut x);
        x.iter_mut().for_each(|x| *x *= spread);
        x
    };
    let [v, h] = sizes;
    let config = RbmConfig::new(visible, hidden, h);
    let (w, b, c) = (normal(v * h, 0, spread), normal(v, 10_000, 1.0), normal(h, 20_000, 1.0));
    Rbm::from_parameters(&config, &w, &b, &c, 1).unwrap()
}

fn bernoulli() -> Rbm {
    machine(Visible::Bernoulli, Unit::Bernoulli, [10, 8], 1.0)
}

fn ais(steps: usize, chains: usize, seed: u64) -> AisConfig {
    AisConfig { chains, temperatures: Temperatures::Linear { steps }, base: None, seed }
}

/// Mean, and how many standard errors it is above `expected`.
fn deviation(values: &[f64], expected: f64) -> (f64, f64) {
    let Average { mean, standard_error, .. } = Average::of(values);
    (mean, (mean - expected) / standard_error)
}

const POTTS: Visible = Visible::Potts { categories: 3 };

/// One layer is discrete, and the annealed machine is not trivial.
fn machines() -> Vec<Rbm> {
    let binomial = Unit::Binomial { trials: 2 };
    let ssu = Unit::Ssu { copies: 3 };
    [
        (Visible::Bernoulli, Unit::Bernoulli, [10, 8], 1.0),
        (Visible::Bernoulli, binomial, [10, 6], 0.7),
        (Visible::Bernoulli, ssu, [10, 6], 0.7),
        (Visible::Bernoulli, Unit::Gaussian, [10, 6], 0.4),
        (Visible::Bernoulli, Unit::TruncatedGaussian, [10, 6], 0.4),
        (Visible::Bernoulli, Unit::Drelu { gamma: 2.0, theta: -0.5 }, [10, 6], 0.4),
        (POTTS, Unit::Bernoulli, [9, 6], 1.0),
        (POTTS, ssu, [9, 5], 0.7),
        (Visible::Gaussian, Unit::Bernoulli, [6, 6], 0.5),
        (Visible::Gaussian, binomial, [6, 5], 0.4),
    ]
    .map(|(visible, hidden, sizes, spread)| machine(visible, hidden, sizes, spread))
    .to_vec()
}

#[test]
fn weights_of_annealing_have_no_bias() {
    for rbm in machines() {
        let what = format!("{} {}", rbm.config.visible, rbm.config.hidden);
        let log_z = rbm.log_z_exact().unwrap();
        let base = Some((0..rbm.visible_units).map(|i| 0.3 - 0.1 * i as f32).collect());
        let config = AisConfig { base, ..ais(20, 20_000, 5) };
        let up = rbm.ais(Level::best(), &config).unwrap();
        let ratios: Vec<f64> = up.log_weights.iter().map(|w| (w - log_z).exp()).collect();
        let (mean, off) = deviation(&ratios, 1.0);
        assert!(off.abs() < 5.0 && (mean - 1.0).abs() < 0.1, "{what}, up: {mean}, {off}");

        let start = rbm.exact_samples(Level::best(), 20_000, 6).unwrap();
        let down = rbm.reverse_ais(Level::best(), &config, &start).unwrap();
        let ratios: Vec<f64> = down.log_weights.iter().map(|w| (w + log_z).exp()).collect();
        let (mean, off) = deviation(&ratios, 1.0);
        assert!(off.abs() < 5.0 && (mean - 1.0).abs() < 0.1, "{what}, down: {mean}, {off}");
    }
}

/// The same estimate from weights that are taken after the move, from moves at the temperature before, and
/// from the uniform distribution in place of the base-rate model.
#[test]
fn a_wrong_order_is_found_out() {
    let rbm = bernoulli();
    let log_z = rbm.log_z_exact().unwrap();
    let config = AisConfig { base: Some(vec![0.5; 10]), ..ais(20, 20_000, 5) };
    let betas = config.temperatures.betas().unwrap();
    let off = |run: &dyn Fn(&mut Annealing<'_>)| {
        let mut chains = Annealing::new(&rbm, Level::best(), &config, 100).unwrap();
        run(&mut chains);
        let base = chains.base_log_z();
        let ratio = |w: &f64| (base + w - log_z).exp();
        deviation(&chains.log_weights.iter().map(ratio).collect::<Vec<_>>(), 1.0).1
    };
    let right = off(&|chains| {
        chains.step(0.0, 0);
        for (i, pair) in betas.windows(2).enumerate() {
            chains.weigh(pair[0], pair[1]);
            chains.step(pair[1], i + 1);
        }
    });
    assert!(right.abs() < 5.0, "{right}");
    let after = off(&|chains| {
        chains.step(0.0, 0);
        for (i, pair) in betas.windows(2).enumerate() {
            chains.weigh(pair[0], pair[0]);
            chains.step(pair[1], i + 1);
            chains.weigh(pair[0], pair[1]);
        }
    });
    let late = off(&|chains| {
        chains.step(0.0, 0);
        for (i, pair) in betas.windows(2).enumerate() {
            chains.weigh(pair[0], pair[1]);
            let next = betas.get(i + 2).copied().unwrap_or(1.0);
            chains.step(next, i + 1);
        }
    });
    let uniform = off(&|chains| {
        chains.v.iter_mut().enumerate().for_each(|(i, v)| *v = f32::from(u8::from(i % 3 == 0)));
        for (i, pair) in betas.windows(2).enumerate() {
            chains.weigh(pair[0], pair[1]);
            chains.step(pair[1], i + 1);
        }
    });
    for (what, off) in [("after", after), ("late", late), ("start", uniform)] {
        assert!(off.abs() > 5.0, "{what}: {off} standard errors");
    }
}

/// Few temperatures and one chain: Jensen's gap is there to be seen.
#[test]
fn the_bounds_enclose_the_exact_value_in_expectation() {
    let rbm = machine(Visible::Bernoulli, Unit::Bernoulli, [10, 8], 2.0);
    let (level, log_z) = (Level::best(), rbm.log_z_exact().unwrap());
    let start = rbm.exact_samples(level, 2000, 3).unwrap();
    // One chain is a run: its own ln of its weight is its estimate.
    let up = rbm.ais(level, &ais(10, 2000, 8)).unwrap().log_weights;
    let down = rbm.reverse_ais(level, &ais(10, 2000, 9), &start).unwrap().log_weights;
    let down: Vec<f64> = down.into_iter().map(|w| -w).collect();
    let (low, below) = deviation(&up, log_z);
    let (high, above) = deviation(&down, log_z);
    assert!(below < -5.0 && above > 5.0, "{low} {log_z} {high}");
    // More temperatures, less of a gap.
    let closer = Average::of(&rbm.ais(level, &ais(200, 2000, 8)).unwrap().log_weights);
    assert!(low + 0.1 < closer.mean && closer.mean < log_z, "{low} {} {log_z}", closer.mean);
}

#[test]
fn intervals_cover_the_exact_value() {
    let (level, rbm) = (Level::best(), bernoulli());
    let log_z = rbm.log_z_exact().unwrap();
    let covered = |z: &LogZ| (z.interval.0..=z.interval.1).contains(&log_z);
    let mut count = 0;
    for seed in 0..50 {
        let up = rbm.ais(level, &ais(100, 100, seed)).unwrap();
        let start = rbm.exact_samples(level, 100, 100 + seed).unwrap();
        let down = rbm.reverse_ais(level, &ais(100, 100, 1000 + seed), &start).unwrap();
        assert!(up.interval.0 < up.log_z && up.log_z < up.interval.1);
        assert!(down.interval.0 < down.log_z && down.log_z < down.interval.1);
        assert!(up.effective_samples > 10.0 && up.effective_samples <= 100.0);
        count += usize::from(covered(&up)) + usize::from(covered(&down));
    }
    assert!(count >= 95, "{count} of 100 intervals of three standard errors");
}

#[test]
fn without_weights_every_estimate_is_exact() {
    for visible in [Visible::Bernoulli, Visible::Gaussian, POTTS] {
        let rbm = machine(visible, Unit::Bernoulli, [12, 5], 0.0);
        let log_z = rbm.log_z_exact().unwrap();
        let base = Some(rbm.visible_bias.clone());
        let config = AisConfig { base, ..ais(1000, 10, 1) };
        let up = rbm.ais(Level::best(), &config).unwrap();
        let start = rbm.exact_samples(Level::best(), 10, 3).unwrap();
        let down = rbm.reverse_ais(Level::best(), &config, &start).unwrap();
        for found in [up.log_z, down.log_z] {
            assert!((found - log_z).abs() < 1e-6, "{visible}: {found} {log_z}");
        }
        assert!((up.effective_samples - 10.0).abs() < 1e-6);
    }
}

/// 784 × 500 with weights as after training: what 10⁴ small differences in `f32` add up to.
#[test]
fn small_differences_keep_their_digits() {
    for unit in [Unit::Bernoulli, Unit::Binomial { trials: 3 }, Unit::Ssu { copies: 5 }] {
        let mut x = vec![0.0; 500];
        rng::normal(Level::best(), rng::Stream::new(1).at(0), &mut x);
        x.iter_mut().for_each(|x| *x *= 6.0);
        let gamma = |x: f64| super::super::log_partition(unit, x).unwrap();
        for steps in [1, 10, 20_000] {
            let betas = Temperatures::Linear { steps }.betas().unwrap();
            let (mut a, mut b) = (vec![0.0; 500], vec![0.0; 500]);
            let found: f64 = betas
                .windows(2)
                .map(|pair| {
                    let betas = [pair[0], pair[1]];
                    let memory = [&mut a[..], &mut b[..]];
                    differences::log_partition_difference(Level::best(), unit, betas, &x, memory)
                })
                .sum();
            let expected: f64 = x.iter().map(|&x| gamma(x.into()) - gamma(0.0)).sum();
            let error = (found - expected).abs();
            assert!(error < 2e-4, "{unit}, {steps} steps: {found} {expected}");
            let (mut a, mut b) = (vec![0.0; 500], vec![0.0; 500]);
            let back = differences::log_partition_difference(
                Level::best(),
                unit,
                [1.0, 0.0],
                &x,
                [&mut a, &mut b],
            );
            assert!((back + expected).abs() < 2e-4, "{unit}: {back} {expected}");
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let rbm = machine(Visible::Bernoulli, Unit::Ssu { copies: 2 }, [70, 45], 0.3);
    let all = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let level = Level::best();
            let small = machine(Visible::Bernoulli, Unit::Bernoulli, [60, 12], 0.3);
            let mut start = small.exact_samples(level, 33, 4).unwrap();
            start.resize(33 * 70, 0.0);
            let up = rbm.ais(level, &ais(50, 33, 1)).unwrap();
            let down = rbm.reverse_ais(level, &ais(50, 33, 1), &start).unwrap();
            let pseudo = rbm.pseudo_likelihood_exact(level, &start).unwrap();
            [up.log_weights, down.log_weights, pseudo, vec![small.log_z_exact().unwrap()]].concat()
        })
    };
    let bits = |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let expected = bits(all(1));
    for threads in [2, 3] {
        assert_eq!(bits(all(threads)), expected, "{threads} threads");
    }
}

#[test]
fn bad_input_is_a_typed_error() {
    let level = Level::best();
    let rbm = bernoulli();
    let setting = |found: Result<LogZ, TrainError>, expected: &str| match found {
        Err(TrainError::Setting { name, .. }) => assert_eq!(name, expected),
        other => panic!("{other:?}"),
    };
    setting(rbm.ais(level, &ais(0, 10, 1)), "temperatures.steps");
    setting(rbm.ais(level, &ais(10, 0, 1)), "chains");
    let three = Temperatures::ThreePieces { steps: 28 };
    setting(
        rbm.ais(level, &AisConfig { temperatures: three, ..ais(1, 1, 1) }),
        "temperatures.steps",
    );
    for betas in
        [vec![], vec![0.0, 0.5], vec![0.1, 1.0], vec![0.0, 0.7, 0.7, 1.0], vec![0.0, f32::NAN, 1.0]]
    {
        let temperatures = Temperatures::List { betas };
        setting(rbm.ais(level, &AisConfig { temperatures, ..ais(1, 1, 1) }), "temperatures.betas");
    }
    setting(rbm.ais(level, &AisConfig { base: Some(vec![f32::NAN; 10]), ..ais(1, 1, 1) }), "base");
    let short = rbm.ais(level, &AisConfig { base: Some(vec![0.0; 9]), ..ais(1, 1, 1) });
    assert!(matches!(short, Err(TrainError::Shape { expected: 10, found: 9, .. })), "{short:?}");
    let few = rbm.reverse_ais(level, &ais(10, 10, 1), &[0.0; 90]);
    assert!(matches!(few, Err(TrainError::Shape { expected: 10, found: 9, .. })), "{few:?}");
    let half = rbm.reverse_ais(level, &ais(10, 1, 1), &[0.5; 10]);
    assert!(matches!(half, Err(TrainError::NotBinary { row: 0, column: 0, .. })), "{half:?}");
    let many = rbm.ais(level, &ais(1_000_000, 4_000_000_000, 1));
    assert!(matches!(many, Err(TrainError::Noise(_))), "{:?}", many.map(|z| z.log_z));

    let half = [[0.0; 9].as_slice(), &[0.5]].concat();
    let not_binary = TrainError::NotBinary { row: 0, column: 9, value: 0.5 };
    assert_eq!(rbm.log_likelihood(&half, 0.0), Err(not_binary.clone()));
    assert_eq!(rbm.pseudo_likelihood(level, &half, 1), Err(not_binary.clone()));
    assert_eq!(rbm.pseudo_likelihood_exact(level, &half), Err(not_binary));
    assert_eq!(rbm.activity(level, &[]), Err(TrainError::Empty));

    let nrelu = machine(Visible::Bernoulli, Unit::Nrelu, [4, 3], 1.0);
    let none = TrainError::NoEnergy { hidden: "nrelu" };
    assert_eq!(nrelu.log_z_exact(), Err(none.clone()));
    assert_eq!(nrelu.ais(level, &ais(10, 10, 1)), Err(none.clone()));
    assert_eq!(nrelu.reverse_ais(level, &ais(10, 1, 1), &[0.0; 4]), Err(none.clone()));
    assert_eq!(nrelu.pseudo_likelihood(level, &[0.0; 4], 1), Err(none.clone()));
    assert_eq!(nrelu.log_likelihood(&[0.0; 4], 0.0), Err(none));

    let large = machine(Visible::Bernoulli, Unit::Bernoulli, [21, 21], 1.0);
    assert_eq!(large.log_z_exact(), Err(TrainError::TooManyStates { limit: 1 << 20 }));
    let gaussian = machine(Visible::Gaussian, Unit::Gaussian, [4, 3], 0.1);
    assert_eq!(gaussian.log_z_exact(), Err(TrainError::TooManyStates { limit: 1 << 20 }));
    assert!(gaussian.ais(level, &ais(10, 10, 1)).is_ok());
    let wild = machine(Visible::Gaussian, Unit::Gaussian, [4, 3], 2.0);
    let found = wild.ais(level, &ais(10, 10, 1));
    assert!(matches!(found, Err(TrainError::NoDensity { hidden: "gaussian", .. })), "{found:?}");
    // A soft negative side bounds the norm below 1.
    let soft = Unit::Drelu { gamma: 0.01, theta: 0.0 };
    let found = machine(Visible::Gaussian, soft, [4, 3], 0.1).ais(level, &ais(10, 10, 1));
    assert!(matches!(found, Err(TrainError::NoDensity { limit: 0.0..0.11, .. })), "{found:?}");
    let wrong = gaussian.pseudo_likelihood(level, &[0.0; 4], 1);
    assert!(matches!(wrong, Err(TrainError::Setting { name: "visible", .. })), "{wrong:?}");
}

/// Gaussian visible and Gaussian hidden units: ln Z = V/2 ln 2π − ½ ln det(I − WᵀW) + terms of the biases, here 0.
#[test]
fn a_gaussian_machine_has_the_determinant() {
    let config = RbmConfig::new(Visible::Gaussian, Unit::Gaussian, 1);
    let w = [0.5, -0.3, 0.2];
    let rbm = Rbm::from_parameters(&config, &w, &[0.0; 3], &[0.0], 1).unwrap();
    let norm: f64 = w.iter().map(|&w| f64::from(w) * f64::from(w)).sum();
    let expected = 1.5 * std::f64::consts::TAU.ln() - 0.5 * (1.0 - norm).ln();
    let found = rbm.ais(Level::best(), &ais(100, 2000, 1)).unwrap();
    assert!((found.interval.0..=found.interval.1).contains(&expected), "{found:?} {expected}");
    assert!(found.interval.1 - found.interval.0 < 0.1);
}

/// The stochastic form has the exact one as its mean over pixels, and both are those of the definition.
#[test]
fn pseudo_likelihood_is_that_of_the_definition() {
    let (level, rbm) = (Level::best(), bernoulli());
    let x = rbm.exact_samples(level, 5, 1).unwrap();
    let exact = rbm.pseudo_likelihood_exact(level, &x).unwrap();
    for (row, exact) in x.chunks(10).zip(exact) {
        let expected: f64 = (0..10)
            .map(|i| {
                let mut other = row.to_vec();
                other[i] = 1.0 - other[i];
                let f = rbm.free_energy(&[row, &other].concat()).unwrap();
                -(f[0] - f[1]).exp().ln_1p()
            })
            .sum();
        assert!((exact - expected).abs() < 1e-5, "{exact} {expected}");
        let many = row.repeat(20_000);
        let (mean, off) = deviation(&rbm.pseudo_likelihood(level, &many, 3).unwrap(), exact);
        assert!(off.abs() < 5.0, "{mean} {exact}");
    }
}

#[test]
fn likelihoods_add_up_to_one() {
    let rbm = bernoulli();
    let x: Vec<f32> =
        (0..1024).flat_map(|s| (0..10).map(move |i| f32::from((s >> i & 1) as u8))).collect();
    let logs = rbm.log_likelihood(&x, rbm.log_z_exact().unwrap()).unwrap();
    let total: f64 = logs.iter().map(|l| l.exp()).sum();
    assert!((total - 1.0).abs() < 1e-12, "{total}");
}

#[test]
fn exact_samples_have_the_distribution() {
    for visible in [Visible::Bernoulli, POTTS] {
        for sizes in [[6, 8], [6, 2]] {
            let rbm = machine(visible, Unit::Bernoulli, sizes, 1.5);
            let x = rbm.exact_samples(Level::best(), 50_000, 1).unwrap();
            let logs = rbm.log_likelihood(&x, rbm.log_z_exact().unwrap()).unwrap();
            // E[1/p(v)] is the number of states.
            let states = if visible == POTTS { 9.0 } else { 64.0 };
            let inverse: Vec<f64> = logs.iter().map(|l| (-l).exp()).collect();
            let (mean, off) = deviation(&inverse, states);
            assert!(off.abs() < 5.0, "{visible} {sizes:?}: {mean} {states}");
        }
    }
}

#[test]
fn a_gap_opens_on_rows_that_were_not_trained_on() {
    use crate::observe::Silent;
    let rbm = machine(Visible::Bernoulli, Unit::Bernoulli, [20, 4], 1.0);
    let x = rbm.exact_samples(Level::best(), 40, 1).unwrap();
    let (train, other) = x.split_at(10 * 20);
    let config = RbmConfig {
        chains: Chains::Persistent,
        batch: 10,
        epochs: 2000,
        ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 30)
    };
    let mut learner = Rbm::new(&config, 20, 1).unwrap();
    learner.fit(Level::best(), train, "gap", &mut Silent).unwrap();
    let gap = learner.free_energy_gap(train, other).unwrap();
    assert!(gap > 3.0, "{gap}");
    assert_eq!(learner.free_energy_gap(train, train), Ok(0.0));
}
