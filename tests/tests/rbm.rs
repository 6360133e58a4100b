//! The RBM against its definition: one step of CD-1 in `f64`, features, first biases, learning.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{Locator, batches::permutation, load};
use halfwave_kernels::{
    Level,
    rng::{self, NoisePlan},
    units::{self, Unit},
};
use halfwave_tests::inputs::uniform;
use halfwave_trainer::{
    observe::{Epoch, Observer, Silent},
    optim::Schedule,
    rbm::{Centring, Rbm, RbmConfig, Sparsity, States, Visible},
};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// a [m, k] · b [k, n] + bias [n].
fn affine(a: &[f64], b: &[f64], bias: &[f64]) -> Vec<f64> {
    let (k, n) = (b.len() / bias.len(), bias.len());
    a.chunks(k)
        .flat_map(|row| {
            (0..n).map(|j| {
                bias[j] + row.iter().enumerate().map(|(i, a)| a * b[i * n + j]).sum::<f64>()
            })
        })
        .collect()
}

fn transposed(w: &[f64], columns: usize) -> Vec<f64> {
    (0..w.len()).map(|i| w[i % (w.len() / columns) * columns + i / (w.len() / columns)]).collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= 1e-6 + 1e-4 * expected.abs(), "{what} {i}: {found} is not {expected}");
    }
}

/// One epoch of one batch, v ← x: every parameter after the first step.
#[test]
fn one_step_is_that_of_the_definition() {
    let (rows, visible_units, hidden_units, seed) = (13, 6, 5, 11);
    for (visible, hidden) in [
        (Visible::Bernoulli, Unit::Bernoulli),
        (Visible::Bernoulli, Unit::Nrelu),
        (Visible::Gaussian, Unit::Bernoulli),
        (Visible::Gaussian, Unit::Nrelu),
        (Visible::Bernoulli, Unit::Binomial { trials: 3 }),
        (Visible::Bernoulli, Unit::Ssu { copies: 4 }),
        (Visible::Gaussian, Unit::TruncatedGaussian),
        (Visible::Bernoulli, Unit::Drelu { gamma: 4.0, theta: 0.5 }),
    ] {
        let config = RbmConfig {
            learning_rate: 0.3,
            weight_decay: 0.01,
            batch: rows,
            epochs: 1,
            ..RbmConfig::new(visible, hidden, hidden_units)
        };
        let x: Vec<f32> =
            (0..rows * visible_units).map(|i| 0.5 + 0.5 * (1.3 * i as f32).sin()).collect();
        let mut rbm = Rbm::new(&config, visible_units, seed).unwrap();
        let first = wide(rbm.weights());
        rbm.fit(Level::best(), &x, "one step", &mut Silent).unwrap();

        let mut plan = NoisePlan::builder(seed);
        let first_weights = plan.before((visible_units * hidden_units) as u64);
        let samples = plan.each_step((rows * hidden_units) as u64 * u64::from(hidden.draws()));
        let plan = plan.build(1).unwrap();
        let mut normal = vec![0.0; first.len()];
        rng::normal(Level::best(), plan.once(first_weights), &mut normal);
        assert_close(&normal, &first.iter().map(|w| w / 0.01).collect::<Vec<_>>(), "first weights");

        let order = permutation(rows, seed, 0);
        let v0: Vec<f64> = order
            .iter()
            .flat_map(|&row| wide(&x[row as usize * visible_units..][..visible_units]))
            .collect();
        let sum = |x: &[f64], width: usize| -> Vec<f64> {
            (0..width).map(|j| x.iter().skip(j).step_by(width).sum()).collect()
        };
        let n = rows as f64;
        let b: Vec<f64> = sum(&v0, visible_units)
            .iter()
            .map(|&sum| {
                let gaussian = visible == Visible::Gaussian;
                if gaussian { sum / n } else { ((sum + 1.0) / (n - sum + 1.0)).ln() }
            })
            .collect();
        let c = vec![0.0; hidden_units];
        let f = |x: &f64| {
            let mut mean = [0.0];
            units::mean(Level::best(), hidden, &[*x as f32], &mut mean);
            if hidden == Unit::Nrelu { x.max(0.0) } else { f64::from(mean[0]) }
        };

        let x0 = affine(&v0, &first, &c);
        let a0: Vec<f64> = x0.iter().map(f).collect();
        let mut s = vec![0.0; x0.len()];
        let x0: Vec<f32> = x0.iter().map(|&x| x as f32).collect();
        units::sample(Level::best(), hidden, plan.at(samples, 0), &x0, &mut s);
        let mut v1 = affine(&wide(&s), &transposed(&first, hidden_units), &b);
        if visible == Visible::Bernoulli {
            v1.iter_mut().for_each(|v| *v = sigmoid(*v));
        }
        let a1: Vec<f64> = affine(&v1, &first, &c).iter().map(f).collect();

        let statistics = |v: &[f64], a: &[f64]| -> Vec<f64> {
            (0..first.len())
                .map(|k| {
                    let (i, j) = (k / hidden_units, k % hidden_units);
                    (0..rows).map(|r| v[r * visible_units + i] * a[r * hidden_units + j]).sum()
                })
                .collect()
        };
        let step = |w: &[f64], decay: f64, data: Vec<f64>, reconstruction: Vec<f64>| -> Vec<f64> {
            let both = data.iter().zip(&reconstruction);
            w.iter().zip(both).map(|(w, (d, r))| w + 0.3 * ((d - r) / n - decay * w)).collect()
        };
        let (w, vb, hb) = (rbm.weights(), rbm.visible_bias(), rbm.hidden_bias());
        let name = format!("{visible:?} {hidden}");
        assert_close(w, &step(&first, 0.01, statistics(&v0, &a0), statistics(&v1, &a1)), &name);
        assert_close(vb, &step(&b, 0.0, sum(&v0, visible_units), sum(&v1, visible_units)), &name);
        assert_close(hb, &step(&c, 0.0, sum(&a0, hidden_units), sum(&a1, hidden_units)), &name);
    }
}

/// A mini-batch of means both ways, from σ that are not 1, in `f64`.
#[test]
fn one_step_of_sigma_is_that_of_the_definition() {
    let sigma = [0.5, 1.0, 2.0, 0.7, 1.3];
    let config = RbmConfig { sigma_rate: 0.5, ..mean_field(Visible::Gaussian, Unit::Bernoulli, 6) };
    let x = uniform(6 * 5, 1, -2.0, 2.0);
    let before = machine(&config).with_sigma(&sigma).unwrap();
    let mut rbm = before.clone();
    rbm.fit(Level::best(), &x, "step", &mut Silent).unwrap();
    let (w, b, c) =
        (wide(before.weights()), wide(before.visible_bias()), wide(before.hidden_bias()));
    let s = wide(&sigma);
    let each = |x: &[f64], f: fn(f64, f64) -> f64, y: &[f64]| -> Vec<f64> {
        x.iter().zip(y.iter().cycle()).map(|(x, y)| f(*x, *y)).collect()
    };
    let a = each(&b, |b, s| b / s, &s);
    let hidden = |u: &[f64]| -> Vec<f64> { affine(u, &w, &c).into_iter().map(sigmoid).collect() };
    let down = |h: &[f64], bias: &[f64]| affine(h, &transposed(&w, 4), bias);
    let u0 = each(&wide(&x), |v, s| v / s, &s);
    let h0 = hidden(&u0);
    let u1 = down(&h0, &a);
    let h1 = hidden(&u1);
    let z = |u: &[f64], h: &[f64], variance: f64| -> Vec<f64> {
        let t = down(h, &[0.0; 5]);
        let term = |at: usize| 0.5 * ((u[at] - a[at % 5]).powi(2) + variance - u[at] * t[at]);
        (0..5).map(|i| (0..6).map(|row| term(row * 5 + i)).sum()).collect()
    };
    let sum =
        |u: &[f64]| -> Vec<f64> { (0..5).map(|i| u.iter().skip(i).step_by(5).sum()).collect() };
    let of_z = each(&z(&u0, &h0, 0.0), |a, b| a - b, &z(&u1, &h1, 1.0));
    let expected: Vec<f64> =
        (0..5).map(|i| s[i] * (0.5 * 0.25 * 0.5 / 6.0 * of_z[i]).exp()).collect();
    assert_close(rbm.sigma().unwrap(), &expected, "sigma");
    let of_a = each(&sum(&u0), |a, b| a - b, &sum(&u1));
    let expected: Vec<f64> = (0..5).map(|i| b[i] + 0.25 / 6.0 * s[i] * of_a[i]).collect();
    assert_close(rbm.visible_bias(), &expected, "visible bias");
    let expected: Vec<f64> = (0..20)
        .map(|k| {
            let (i, j) = (k / 4, k % 4);
            let term = |r: usize| u0[r * 5 + i] * h0[r * 4 + j] - u1[r * 5 + i] * h1[r * 4 + j];
            w[k] + 0.25 / 6.0 * (0..6).map(term).sum::<f64>()
        })
        .collect();
    assert_close(rbm.weights(), &expected, "weights");
}

/// A machine whose steps draw nothing: means drive both ways.
fn mean_field(visible: Visible, hidden: Unit, batch: usize) -> RbmConfig {
    RbmConfig {
        learning_rate: 0.25,
        initial_momentum: 0.0,
        weight_decay: 0.0,
        hidden_states: States::Mean,
        visible_states: Some(States::Mean),
        batch,
        epochs: 1,
        ..RbmConfig::new(visible, hidden, 4)
    }
}

/// A machine of 5 visible units with these settings.
fn machine(config: &RbmConfig) -> Rbm {
    let (w, b) = (uniform(20, 5, -1.0, 1.0), uniform(5, 6, -1.0, 1.0));
    Rbm::from_parameters(config, &w, &b, &[0.1, -0.2, 0.3, 0.0], 1).unwrap()
}

/// The same, trained on `x`.
fn trained(config: &RbmConfig, x: &[f32], weights: Option<&[f32]>) -> Rbm {
    let mut rbm = machine(config);
    let level = Level::best();
    match weights {
        Some(weights) => rbm.fit_weighted(level, x, weights, "weighted", &mut Silent).unwrap(),
        None => rbm.fit(level, x, "plain", &mut Silent).unwrap(),
    }
    rbm
}

#[track_caller]
fn assert_same(found: &Rbm, expected: &Rbm) {
    assert_close(found.weights(), &wide(expected.weights()), "weights");
    assert_close(found.visible_bias(), &wide(expected.visible_bias()), "visible biases");
    assert_close(found.hidden_bias(), &wide(expected.hidden_bias()), "hidden biases");
    let sigma = expected.sigma().unwrap_or_default();
    assert_close(found.sigma().unwrap_or_default(), &wide(sigma), "σ");
}

/// Also with centring and a target of activity, whose running means are weighted too.
#[test]
fn a_row_of_weight_three_is_three_rows() {
    let x = uniform(6 * 5, 1, 0.0, 1.0);
    let weights = [1.0, 3.0, 2.0, 1.0, 4.0, 1.0];
    let repeated: Vec<f32> =
        x.chunks(5).zip(weights).flat_map(|(row, w)| row.repeat(w as usize)).collect();
    let centring = Some(Centring { rate: 0.5 });
    let sparsity = Some(Sparsity { target: 0.1, decay: 0.5, cost: 0.3 });
    for (visible, hidden) in
        [(Visible::Bernoulli, Unit::Bernoulli), (Visible::Gaussian, Unit::Nrelu)]
    {
        for (centring, sparsity) in
            [(None, None), (centring, None), (None, sparsity), (centring, sparsity)]
        {
            let config = |batch| RbmConfig {
                centring,
                sparsity,
                sigma_rate: if visible == Visible::Gaussian { 0.3 } else { 0.0 },
                steps: 3,
                ..mean_field(visible, hidden, batch)
            };
            let weighted = trained(&config(6), &x, Some(&weights));
            assert_same(&weighted, &trained(&config(12), &repeated, None));
            assert!(weighted.weights() != trained(&config(6), &x, None).weights());
            // Only their ratios count.
            let halves = weights.map(|w| 0.5 * w);
            assert_same(&trained(&config(6), &x, Some(&halves)), &weighted);
        }
    }
}

#[test]
fn a_target_of_activity_moves_biases_and_weights() {
    let x = uniform(6 * 5, 1, 0.0, 1.0);
    let plain = mean_field(Visible::Bernoulli, Unit::Bernoulli, 6);
    let sparsity = Some(Sparsity { target: 0.1, decay: 0.9, cost: 0.3 });
    let (with, without) =
        (trained(&RbmConfig { sparsity, ..plain.clone() }, &x, None), trained(&plain, &x, None));
    let start = trained(&RbmConfig { epochs: 0, ..plain }, &x, None);
    let means = |x: &[f32], n: usize| -> Vec<f64> {
        let rows = (x.len() / n) as f64;
        (0..n).map(|j| wide(x).iter().skip(j).step_by(n).sum::<f64>() / rows).collect()
    };
    let (v, q) = (means(&x, 5), means(&start.hidden_mean(Level::best(), &x), 4));
    // The first running mean is the batch's.
    let push: Vec<f64> = q.iter().map(|q| 0.25 * 0.3 * (q - 0.1)).collect();
    let biases = wide(without.hidden_bias());
    let biases: Vec<f64> = biases.iter().zip(&push).map(|(c, push)| c - push).collect();
    assert_close(with.hidden_bias(), &biases, "hidden bias");
    let weights = wide(without.weights());
    let weights: Vec<f64> =
        weights.iter().enumerate().map(|(k, w)| w - v[k / 4] * push[k % 4]).collect();
    assert_close(with.weights(), &weights, "weight");
    assert_close(with.visible_bias(), &wide(without.visible_bias()), "visible bias");
}

#[test]
fn penalties_act_on_weights_only() {
    let x = uniform(6 * 5, 1, 0.0, 1.0);
    let plain = mean_field(Visible::Bernoulli, Unit::Bernoulli, 6);
    let start = trained(&RbmConfig { epochs: 0, ..plain.clone() }, &x, None);
    let without = trained(&plain, &x, None);
    let with = trained(&RbmConfig { l1: 0.1, ..plain.clone() }, &x, None);
    let pairs = wide(without.weights()).into_iter().zip(wide(start.weights()));
    let expected: Vec<f64> = pairs.map(|(w, old)| w - 0.25 * 0.1 * old.signum()).collect();
    assert_close(with.weights(), &expected, "weight");
    assert_eq!(with.hidden_bias(), without.hidden_bias());

    let limited = trained(&RbmConfig { max_norm: Some(0.7), ..plain }, &x, None);
    let norms = |rbm: &Rbm| -> Vec<f64> {
        let of = |j: usize| {
            rbm.weights().iter().skip(j).step_by(4).map(|w| f64::from(w * w)).sum::<f64>()
        };
        (0..4).map(|j| of(j).sqrt()).collect()
    };
    assert!(norms(&without).iter().all(|&norm| norm > 0.8), "{:?}", norms(&without));
    assert!(norms(&limited).iter().all(|&norm| (norm - 0.7).abs() < 1e-6), "{:?}", norms(&limited));
    assert_eq!(limited.visible_bias(), without.visible_bias());
}

/// Steps of the second epoch are half as long, of the third none.
#[test]
fn a_schedule_scales_the_steps() {
    let x = uniform(6 * 5, 1, 0.0, 1.0);
    let schedule = Schedule::Linear { epochs: 2 };
    let config = |epochs| RbmConfig {
        schedule,
        epochs,
        ..mean_field(Visible::Bernoulli, Unit::Bernoulli, 6)
    };
    let [first, second, third] = [1, 2, 3].map(|epochs| trained(&config(epochs), &x, None));
    let constant = RbmConfig { schedule: Schedule::Constant, learning_rate: 0.125, ..config(1) };
    let (w, b, c) = (first.weights(), first.visible_bias(), first.hidden_bias());
    let mut half = Rbm::from_parameters(&constant, w, b, c, 1).unwrap();
    half.fit(Level::best(), &x, "half", &mut Silent).unwrap();
    assert_same(&second, &half);
    assert_eq!(third.weights(), second.weights());
}

/// Names of metrics and their last values.
#[derive(Default)]
struct Last(Vec<(String, f64)>);

impl Observer for Last {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0 = epoch.metrics.iter().map(|&(name, value)| (name.to_string(), value)).collect();
    }
}

/// Where units have no bound, the largest singular value of W; the error by means is the user's own.
#[test]
fn metrics_are_what_they_say() {
    let x = uniform(6 * 5, 1, 0.0, 1.0);
    for hidden in [Unit::Nrelu, Unit::Bernoulli] {
        let config = RbmConfig {
            learning_rate: 1e-9,
            steps: 4,
            visible_states: None,
            hidden_states: States::Sample,
            ..mean_field(Visible::Gaussian, hidden, 6)
        };
        // W of rank 1: its norm is the product of those of its factors.
        let w: Vec<f32> =
            (1..=5).flat_map(|i| (1..=4).map(move |j| 0.01 * (i * j) as f32)).collect();
        let mut rbm = Rbm::from_parameters(&config, &w, &[0.0; 5], &[0.0; 4], 1).unwrap();
        let mut last = Last::default();
        rbm.fit(Level::best(), &x, "metrics", &mut last).unwrap();
        let v = rbm.reconstruct(Level::best(), &x);
        let error = x.iter().zip(&v).map(|(x, v)| f64::from((x - v) * (x - v))).sum::<f64>() / 30.0;
        assert_eq!(last.0[0].0, "reconstruction_error");
        assert!((last.0[0].1 - error).abs() < 1e-6, "{} {error}", last.0[0].1);
        if hidden == Unit::Bernoulli {
            assert_eq!(last.0.len(), 1);
        } else {
            assert_eq!(last.0[1].0, "spectral_norm");
            let expected = 0.01 * 55.0_f64.sqrt() * 30.0_f64.sqrt();
            assert!((last.0[1].1 - expected).abs() < 1e-4, "{} {expected}", last.0[1].1);
        }
    }
}

#[derive(Default)]
struct Errors(Vec<f64>);

impl Observer for Errors {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0.extend(epoch.metrics.iter().map(|(_, value)| value));
    }
}

#[test]
fn reconstructions_get_better() {
    let mut x = load("optdigits", &Locator::new(None)).unwrap().train.x;
    x.iter_mut().for_each(|x| *x /= 16.0);
    for hidden in [Unit::Bernoulli, Unit::Nrelu] {
        let learning_rate = if hidden == Unit::Nrelu { 0.01 } else { 0.1 };
        let config = RbmConfig {
            learning_rate,
            batch: 20,
            ..RbmConfig::new(Visible::Bernoulli, hidden, 100)
        };
        let mut rbm = Rbm::new(&config, 64, 1).unwrap();
        let mut errors = Errors::default();
        rbm.fit(Level::best(), &x, "rbm", &mut errors).unwrap();
        assert_eq!(errors.0.len(), 10);
        assert!(errors.0[9] < 0.5 * errors.0[0], "{hidden}: {:?}", errors.0);
        let v = rbm.reconstruct(Level::best(), &x);
        let error = x.iter().zip(&v).map(|(x, v)| f64::from((x - v) * (x - v))).sum::<f64>();
        assert!(error / (x.len() as f64) < errors.0[9] * 1.2, "{hidden}: {error}");
    }
}

/// The mean of Bernoulli units, max(0, x) of NReLU.
#[test]
fn features_are_those_of_the_deterministic_unit() {
    for hidden in [Unit::Bernoulli, Unit::Nrelu] {
        let rbm = Rbm::new(&RbmConfig::new(Visible::Gaussian, hidden, 7), 3, 5).unwrap();
        let v: Vec<f32> = (0..12).map(|i| 20.0 * (i as f32).sin()).collect();
        let x = affine(&wide(&v), &wide(rbm.weights()), &[0.0; 7]);
        let f = |x: &f64| if hidden == Unit::Nrelu { x.max(0.0) } else { sigmoid(*x) };
        let expected: Vec<f64> = x.iter().map(f).collect();
        assert_close(&rbm.features(Level::best(), &v), &expected, hidden.name());
    }
}
