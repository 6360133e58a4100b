//! The RBM against its definition: one step of CD-1 in `f64`, features, first biases, learning.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{Locator, batches::permutation, load};
use halfwave_kernels::{
    Level,
    rng::{self, NoisePlan},
    units::{self, Unit},
};
use halfwave_trainer::{
    observe::{Epoch, Observer, Silent},
    rbm::{Rbm, RbmConfig, Visible},
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
        let samples = plan.each_step((rows * hidden_units) as u64);
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
            .map(|&sum| match visible {
                Visible::Bernoulli => ((sum + 1.0) / (n - sum + 1.0)).ln(),
                Visible::Gaussian => sum / n,
            })
            .collect();
        let c = vec![0.0; hidden_units];
        let f = |x: &f64| if hidden == Unit::Nrelu { x.max(0.0) } else { sigmoid(*x) };

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
