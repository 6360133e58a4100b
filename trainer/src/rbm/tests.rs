//! Settings and data that make no sense, and divergence: errors that say what and where.

use halfwave_kernels::units::Unit;

use super::*;
use crate::observe::{Epoch, Silent};

fn config() -> RbmConfig {
    RbmConfig { batch: 4, epochs: 3, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 3) }
}

fn data() -> Vec<f32> {
    (0..20).map(|i| 0.5 + 0.5 * (i as f32).sin()).collect()
}

fn fit(config: &RbmConfig, x: &[f32]) -> Result<(), TrainError> {
    Rbm::new(config, 2, 1)?.fit(Level::best(), x, "test", &mut Silent)
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    for (name, bad) in [
        ("hidden_units", RbmConfig { hidden_units: 0, ..config() }),
        ("batch", RbmConfig { batch: 0, ..config() }),
        ("learning_rate", RbmConfig { learning_rate: -1.0, ..config() }),
        ("initial_momentum", RbmConfig { initial_momentum: 1.0, ..config() }),
        ("final_momentum", RbmConfig { final_momentum: f32::NAN, ..config() }),
        ("weight_decay", RbmConfig { weight_decay: -0.1, ..config() }),
    ] {
        let error = Rbm::new(&bad, 2, 1).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
    }
    assert!(matches!(Rbm::new(&config(), 0, 1), Err(TrainError::Setting { .. })));
    let huge = RbmConfig { hidden_units: 1 << 40, ..config() };
    assert!(matches!(Rbm::new(&huge, 1 << 7, 1), Err(TrainError::Memory { .. })));
    let endless = RbmConfig { epochs: usize::MAX, ..config() };
    assert!(matches!(fit(&endless, &data()), Err(TrainError::Noise(_))));
}

#[test]
fn data_that_do_not_fit_are_errors() {
    assert_eq!(fit(&config(), &data()), Ok(()));
    assert_eq!(fit(&config(), &[]), Err(TrainError::Empty));
    assert!(matches!(fit(&config(), &data()[1..]), Err(TrainError::Shape { .. })));
    let batch = RbmConfig { batch: 11, ..config() };
    assert_eq!(fit(&batch, &data()), Err(TrainError::Batch { batch: 11, rows: 10 }));
    let with = |at: usize, value: f32, visible: Visible| {
        let mut x = data();
        x[at] = value;
        fit(&RbmConfig { visible, learning_rate: 1e-3, ..config() }, &x)
    };
    for visible in [Visible::Bernoulli, Visible::Gaussian] {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = with(7, bad, visible).unwrap_err();
            assert!(matches!(error, TrainError::NotFinite { row: 3, column: 1, .. }), "{error}");
        }
    }
    for bad in [-0.001, 1.001, 255.0] {
        let error = with(7, bad, Visible::Bernoulli).unwrap_err();
        assert_eq!(error, TrainError::Visible { row: 3, column: 1, value: bad });
        assert_eq!(with(7, bad.min(3.0), Visible::Gaussian), Ok(()));
    }
}

/// Remembers whether any metric was not finite.
struct Finite(bool);

impl Observer for Finite {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.0 &= epoch.metrics.iter().all(|(_, value)| value.is_finite());
    }
}

#[test]
fn divergence_is_an_error_that_says_what_to_lower() {
    for visible in [Visible::Bernoulli, Visible::Gaussian] {
        for &hidden in Unit::ALL {
            let config = RbmConfig { visible, hidden, learning_rate: 1e6, epochs: 50, ..config() };
            let (mut rbm, mut finite) = (Rbm::new(&config, 2, 1).unwrap(), Finite(true));
            let error = rbm.fit(Level::best(), &data(), "wild", &mut finite).unwrap_err();
            let TrainError::Diverged { run, epoch: 1.., step: 1.., lower, .. } = &error else {
                panic!("{error}");
            };
            assert_eq!((run.as_str(), lower.as_str()), ("wild", "the learning rate (now 1000000)"));
            assert!(finite.0, "{visible:?} {hidden}: {error}");
        }
    }
}

/// Statistics that are not finite stop the run before a weight is touched.
#[test]
fn weights_are_as_they_were_before_the_step_that_diverged() {
    let config = RbmConfig { visible: Visible::Gaussian, hidden: Unit::Nrelu, ..config() };
    let mut rbm = Rbm::new(&config, 2, 1).unwrap();
    let x: Vec<f32> = (0..20).map(|i| 3e38 * (i as f32).sin()).collect();
    let before = rbm.weights().to_vec();
    let error = rbm.fit(Level::best(), &x, "huge", &mut Silent).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, step: 1, .. }), "{error}");
    assert!(before == rbm.weights());
}

#[test]
fn settings_are_read_and_written() {
    let text = toml::to_string(&config()).unwrap();
    assert!(text.contains("visible = \"bernoulli\"") && text.contains("hidden = \"bernoulli\""));
    assert_eq!(toml::from_str::<RbmConfig>(&text).unwrap(), config());
    assert!(toml::from_str::<RbmConfig>(&format!("surprise = 1\n{text}")).is_err());
}
