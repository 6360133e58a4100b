//! Settings and data that make no sense, and divergence: errors that say what and where.

use halfwave_kernels::{rng::Stream, units::Unit};

use super::*;
use crate::{
    observe::{Epoch, Silent},
    optim::Schedule,
};

fn config() -> RbmConfig {
    RbmConfig { batch: 4, epochs: 3, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 3) }
}

fn persistent() -> RbmConfig {
    RbmConfig { chains: Chains::Persistent, ..config() }
}

fn sparse(target: f32, decay: f32, cost: f32) -> RbmConfig {
    RbmConfig { sparsity: Some(Sparsity { target, decay, cost }), ..config() }
}

fn centred(rate: f32) -> RbmConfig {
    RbmConfig { centring: Some(Centring { rate }), ..config() }
}

fn data() -> Vec<f32> {
    (0..20).map(|i| 0.5 + 0.5 * (i as f32).sin()).collect()
}

fn fit(config: &RbmConfig, x: &[f32]) -> Result<(), TrainError> {
    Rbm::new(config, 2, 1)?.fit(Level::best(), x, "test", &mut Silent)
}

fn learned_sigma() -> RbmConfig {
    RbmConfig {
        visible: Visible::Gaussian,
        learning_rate: 1e-3,
        sigma_rate: 1.0,
        visible_states: None,
        ..config()
    }
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
        ("l1", RbmConfig { l1: f32::INFINITY, ..config() }),
        ("l1", RbmConfig { l1: -1e-4, ..config() }),
        ("max_norm", RbmConfig { max_norm: Some(0.0), ..config() }),
        ("max_norm", RbmConfig { max_norm: Some(f32::NAN), ..config() }),
        ("steps", RbmConfig { steps: 0, ..config() }),
        ("states", RbmConfig { hidden_states: States::Mean, ..persistent() }),
        ("states", RbmConfig { visible_states: Some(States::Mean), ..persistent() }),
        ("sigma_rate", RbmConfig { sigma_rate: 0.1, ..config() }),
        ("sigma_rate", RbmConfig { sigma_rate: -0.1, ..learned_sigma() }),
        ("sigma_rate", RbmConfig { sigma_rate: f32::NAN, ..learned_sigma() }),
        ("schedule.epochs", RbmConfig { schedule: Schedule::Linear { epochs: 0 }, ..config() }),
        ("schedule.epochs", RbmConfig { schedule: Schedule::Cosine { epochs: 0 }, ..config() }),
        ("schedule.epochs", RbmConfig { schedule: Schedule::Inverse { epochs: 0 }, ..config() }),
        ("sparsity.target", sparse(0.0, 0.9, 0.1)),
        ("sparsity.decay", sparse(0.1, 1.0, 0.1)),
        ("sparsity.cost", sparse(0.1, 0.9, f32::NAN)),
        ("centring.rate", centred(0.0)),
        ("centring.rate", centred(1.5)),
        ("centring.rate", centred(f32::NAN)),
        ("hidden", RbmConfig { hidden: Unit::Ssu { copies: 0 }, ..config() }),
        ("hidden", RbmConfig { hidden: Unit::Drelu { gamma: 0.0, theta: 0.0 }, ..config() }),
        ("nrelu_noise", RbmConfig { nrelu_noise: NreluNoise::One, ..config() }),
        ("visible", RbmConfig { visible: Visible::Potts { categories: 1 }, ..config() }),
        ("visible units", RbmConfig { visible: Visible::Potts { categories: 3 }, ..config() }),
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

#[test]
fn states_of_potts_units_are_one_hot() {
    let config = RbmConfig { visible: Visible::Potts { categories: 2 }, batch: 2, ..config() };
    assert_eq!(fit(&config, &[1.0, 0.0, 0.0, 1.0]), Ok(()));
    for bad in [[1.0, 1.0], [0.0, 0.0], [0.5, 0.5], [2.0, -1.0]] {
        let error = fit(&config, &[&[1.0, 0.0], &bad[..]].concat()).unwrap_err();
        assert_eq!(error, TrainError::OneHot { row: 1, column: 0, categories: 2 });
        let rbm = Rbm::new(&config, 2, 1).unwrap();
        assert!(matches!(rbm.free_energy(&bad), Err(TrainError::OneHot { .. })));
    }
}

#[test]
fn constant_columns_are_errors_for_gaussian_units() {
    let mut x = data();
    x.iter_mut().skip(1).step_by(2).for_each(|x| *x = 0.25);
    assert_eq!(fit(&config(), &x), Ok(()));
    let gaussian = RbmConfig { visible: Visible::Gaussian, ..config() };
    for config in [gaussian, learned_sigma()] {
        let error = fit(&config, &x).unwrap_err();
        assert_eq!(error, TrainError::Constant { column: 1, value: 0.25 });
    }
}

/// σ starts at the deviation of the data, and columns that have none that it can be are errors.
#[test]
fn sigma_starts_at_the_deviation_of_the_data() {
    let x: Vec<f32> = (0..40).map(|i| [3.0, -0.5, 4.0, 0.5][i % 4]).collect();
    let config = RbmConfig { epochs: 0, batch: 5, ..learned_sigma() };
    let mut rbm = Rbm::new(&config, 2, 1).unwrap();
    rbm.fit(Level::best(), &x, "start", &mut Silent).unwrap();
    assert_eq!((rbm.visible_bias(), rbm.sigma()), (&[3.5, 0.0][..], Some(&[0.5, 0.5][..])));
    // A row of weight 3 is three rows.
    let rows = [0.0, 0.0, 4.0, 4.0];
    let mut rbm = Rbm::new(&RbmConfig { batch: 2, ..config.clone() }, 2, 1).unwrap();
    rbm.fit_weighted(Level::best(), &rows, &[3.0, 1.0], "start", &mut Silent).unwrap();
    assert_eq!((rbm.visible_bias()[0], rbm.sigma().unwrap()[0]), (1.0, 3.0_f32.sqrt()));
    for factor in [1e-4, 1e5] {
        let x: Vec<f32> =
            x.iter().enumerate().map(|(i, x)| if i % 2 == 1 { x * factor } else { *x }).collect();
        let mut rbm = Rbm::new(&config, 2, 1).unwrap();
        let error = rbm.fit(Level::best(), &x, "start", &mut Silent).unwrap_err();
        assert!(matches!(error, TrainError::Deviation { column: 1, .. }), "{error}");
        assert!(error.to_string().contains("scale the column"), "{error}");
    }
}

/// σ that was given is where training goes on from, with the biases of the data.
#[test]
fn sigma_that_was_given_is_not_set_by_the_data() {
    let x: Vec<f32> = (0..40).map(|i| [3.0, -0.5, 4.0, 0.5][i % 4]).collect();
    let given = [7.0, 0.25];
    let config = RbmConfig { epochs: 0, batch: 5, ..learned_sigma() };
    let mut rbm = Rbm::new(&config, 2, 1).unwrap().with_sigma(&given).unwrap();
    rbm.fit(Level::best(), &x, "given", &mut Silent).unwrap();
    assert_eq!((rbm.visible_bias(), rbm.sigma()), (&[3.5, 0.0][..], Some(&given[..])));

    // The first step has these biases, whether σ is learned or stays.
    for sigma_rate in [0.0, 1.0] {
        let config = RbmConfig { epochs: 1, sigma_rate, ..config.clone() };
        let new = Rbm::new(&config, 2, 1).unwrap();
        let (w, c) = (new.weights().to_vec(), new.hidden_bias().to_vec());
        let of_parameters = Rbm::from_parameters(&config, &w, &[3.5, 0.0], &c, 1).unwrap();
        let ends = [new, of_parameters].map(|rbm| {
            let mut rbm = rbm.with_sigma(&given).unwrap();
            rbm.fit(Level::best(), &x, "given", &mut Silent).unwrap();
            (rbm.weights().to_vec(), rbm.visible_bias().to_vec(), rbm.sigma().unwrap().to_vec())
        });
        assert_eq!(ends[0], ends[1], "{sigma_rate}");
    }
}

#[test]
fn sigma_that_does_not_fit_is_an_error() {
    let machine = |visible| {
        let config = RbmConfig { visible, ..config() };
        Rbm::from_parameters(&config, &[0.0; 6], &[0.0; 2], &[0.0; 3], 1).unwrap()
    };
    let gaussian = machine(Visible::Gaussian);
    assert_eq!(gaussian.sigma(), None);
    let short = gaussian.clone().with_sigma(&[1.0]).unwrap_err();
    assert_eq!(short, TrainError::Shape { name: "sigma", expected: 2, found: 1 });
    for bad in [0.0, -1.0, 5e-4, 2e3, f32::NAN] {
        let error = gaussian.clone().with_sigma(&[1.0, bad]).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: "sigma", .. }), "{error}");
    }
    let error = machine(Visible::Bernoulli).with_sigma(&[1.0; 2]).unwrap_err();
    assert!(matches!(error, TrainError::Setting { name: "sigma", .. }), "{error}");
}

/// σ outside of its bounds stops the run before any parameter has moved.
#[test]
fn sigma_that_leaves_its_bounds_is_divergence() {
    let config = RbmConfig { sigma_rate: 1e6, ..learned_sigma() };
    let start = Rbm::from_parameters(&config, &[0.1; 6], &[0.0; 2], &[0.0; 3], 1).unwrap();
    let mut rbm = start.clone();
    let error = rbm.fit(Level::best(), &data(), "wild", &mut Silent).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, step: 1, .. }), "{text}");
    let lower = "lower the learning rate (now 0.001) or sigma_rate (now 1000000)";
    assert!(text.contains("σ of visible unit") && text.contains(lower), "{text}");
    assert_eq!((rbm.weights(), rbm.sigma()), (start.weights(), start.sigma()));
    assert_eq!(rbm.visible_bias(), start.visible_bias());
}

/// Given and not learned, σ stays, and what moves is as in units of σ.
#[test]
fn sigma_can_be_given() {
    let config = RbmConfig { sigma_rate: 0.0, ..learned_sigma() };
    let start = Rbm::from_parameters(&config, &[0.1; 6], &[0.5; 2], &[0.0; 3], 1).unwrap();
    let mut scaled = Rbm::from_parameters(&config, &[0.1; 6], &[1.0; 2], &[0.0; 3], 1)
        .and_then(|rbm| rbm.with_sigma(&[2.0; 2]))
        .unwrap();
    let mut one = start;
    let doubled: Vec<f32> = data().iter().map(|x| 2.0 * x).collect();
    one.fit(Level::best(), &data(), "one", &mut Silent).unwrap();
    scaled.fit(Level::best(), &doubled, "two", &mut Silent).unwrap();
    assert_eq!(scaled.sigma(), Some(&[2.0; 2][..]));
    assert_eq!(scaled.weights(), one.weights());
    let halves: Vec<f32> = scaled.visible_bias().iter().map(|b| 0.5 * b).collect();
    assert_eq!(halves, one.visible_bias());
}

#[test]
fn weights_of_samples_that_make_no_sense_are_errors() {
    let weighted = |weights: &[f32]| {
        let mut rbm = Rbm::new(&config(), 2, 1).unwrap();
        let before = rbm.visible_bias().to_vec();
        let result = rbm.fit_weighted(Level::best(), &data(), weights, "test", &mut Silent);
        assert!(result.is_ok() || before == rbm.visible_bias());
        result
    };
    assert_eq!(weighted(&[0.5; 10]), Ok(()));
    let error = weighted(&[1.0; 9]).unwrap_err();
    assert_eq!(error, TrainError::Shape { name: "weights of rows", expected: 10, found: 9 });
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let mut weights = [1.0; 10];
        weights[3] = bad;
        let error = weighted(&weights).unwrap_err();
        assert!(matches!(error, TrainError::SampleWeight { row: 3, .. }), "{error}");
    }
}

#[test]
fn parameters_that_do_not_fit_are_errors() {
    let of =
        |w: &[f32], b: &[f32], c: &[f32]| Rbm::from_parameters(&config(), w, b, c, 1).map(|_| ());
    assert_eq!(of(&[0.0; 6], &[0.0; 2], &[0.0; 3]), Ok(()));
    assert!(matches!(
        of(&[0.0; 5], &[0.0; 2], &[0.0; 3]),
        Err(TrainError::Shape { name: "weights", .. })
    ));
    assert!(matches!(
        of(&[0.0; 6], &[0.0; 2], &[0.0; 2]),
        Err(TrainError::Shape { name: "hidden_bias", .. })
    ));
    assert!(matches!(
        of(&[], &[], &[0.0; 3]),
        Err(TrainError::Setting { name: "visible units", .. })
    ));
    let nan = of(&[0.0; 6], &[0.0, f32::NAN], &[0.0; 3]);
    assert!(matches!(nan, Err(TrainError::Setting { name: "visible_bias", .. })));
}

/// Data that are no states are errors to whatever takes states.
#[test]
fn chains_and_energies_check_their_states() {
    use halfwave_kernels::rng::Stream;
    let rbm = Rbm::new(&config(), 2, 1).unwrap();
    for (bad, expected) in [
        (&[][..], TrainError::Empty),
        (&[0.0; 3][..], TrainError::Shape { name: "features of a row", expected: 2, found: 1 }),
        (&[0.0, 1.5][..], TrainError::Visible { row: 0, column: 1, value: 1.5 }),
    ] {
        assert_eq!(rbm.free_energy(bad), Err(expected.clone()));
        let mut v = bad.to_vec();
        let chain = rbm.gibbs(Level::best(), Stream::new(1).at(0), 1, &mut v);
        assert_eq!(chain.err(), Some(expected));
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

/// Statistics that are not finite stop the run before a weight, a chain or a running mean is touched.
#[test]
fn a_machine_is_as_it_was_before_the_step_that_diverged() {
    let gaussian = |config: RbmConfig| RbmConfig {
        visible: Visible::Gaussian,
        hidden: Unit::Nrelu,
        epochs: 1,
        ..config
    };
    let machines = [config(), persistent(), centred(0.1), sparse(0.1, 0.9, 0.1), learned_sigma()];
    for config in machines.map(gaussian) {
        let mut rbm = Rbm::new(&config, 2, 1).unwrap();
        rbm.fit(Level::best(), &data(), "sane", &mut Silent).unwrap();
        let state = |rbm: &Rbm| {
            let Rbm {
                weights, visible_bias, hidden_bias, sigma, velocity, chains, averages, ..
            } = rbm.clone();
            let Velocity { weights: v, biases } = velocity;
            (weights, visible_bias, hidden_bias, v, biases, chains, averages, sigma)
        };
        let before = state(&rbm);
        assert_eq!(!before.5.is_empty(), config.chains == Chains::Persistent);
        let huge: Vec<f32> = (0..20).map(|i| 3e38 * (i as f32).sin()).collect();
        let error = rbm.fit(Level::best(), &huge, "huge", &mut Silent).unwrap_err();
        assert!(matches!(error, TrainError::Diverged { epoch: 1, step: 1, .. }), "{error}");
        assert!(before == state(&rbm), "{config:?}");
    }
}

#[test]
fn settings_are_read_and_written() {
    let text = toml::to_string(&config()).unwrap();
    assert!(text.contains("visible = \"bernoulli\"") && text.contains("hidden = \"bernoulli\""));
    assert_eq!(toml::from_str::<RbmConfig>(&text).unwrap(), config());
    assert!(toml::from_str::<RbmConfig>(&format!("surprise = 1\n{text}")).is_err());
    let all = RbmConfig {
        visible: Visible::Potts { categories: 4 },
        hidden: Unit::Ssu { copies: 3 },
        schedule: Schedule::Cosine { epochs: 7 },
        max_norm: Some(2.0),
        visible_states: Some(States::Sample),
        chains: Chains::Persistent,
        sparsity: Some(Sparsity { target: 0.1, decay: 0.9, cost: 0.2 }),
        centring: Some(Centring { rate: 0.01 }),
        ..config()
    };
    let text = toml::to_string(&all).unwrap();
    assert_eq!(toml::from_str::<RbmConfig>(&text).unwrap(), all);
    assert!(text.contains("visible = \"potts(4)\"") && text.contains("chains = \"persistent\""));
    for (good, bad) in [
        ("\"persistent\"", "\"tempered\""),
        ("\"sample\"", "\"mode\""),
        ("\"cosine\"", "\"sawtooth\""),
        ("potts(4)", "potts(x)"),
        ("rate", "speed"),
    ] {
        assert!(toml::from_str::<RbmConfig>(&text.replace(good, bad)).is_err(), "{bad}");
    }
}

/// The keys of a configuration that knows nothing but CD-1.
#[test]
fn keys_that_came_later_have_defaults() {
    let text = "visible = 'gaussian'\nhidden = 'nrelu'\nhidden_units = 3\nlearning_rate = 0.001\n\
        initial_momentum = 0.5\nfinal_momentum = 0.9\nmomentum_epoch = 5\nweight_decay = 1e-4\n\
        batch = 100\nepochs = 10";
    let expected = RbmConfig::new(Visible::Gaussian, Unit::Nrelu, 3);
    assert_eq!(toml::from_str::<RbmConfig>(text).unwrap(), expected);
}

#[test]
fn hidden_biases_are_trained_unless_there_are_none() {
    for hidden_biases in [true, false] {
        let mut rbm = Rbm::new(&RbmConfig { hidden_biases, ..config() }, 2, 1).unwrap();
        rbm.fit(Level::best(), &data(), "test", &mut Silent).unwrap();
        assert_eq!(rbm.hidden_bias().iter().any(|&c| c != 0.0), hidden_biases);
        assert!(rbm.visible_bias().iter().all(|&b| b != 0.0));
    }
}

#[test]
fn nrelu_without_noise_is_mean_field() {
    let nrelu = RbmConfig { hidden: Unit::Nrelu, ..config() };
    let weights = |config: &RbmConfig| {
        let mut rbm = Rbm::new(config, 2, 1).unwrap();
        rbm.fit(Level::best(), &data(), "test", &mut Silent).unwrap();
        rbm.weights().to_vec()
    };
    let without = weights(&RbmConfig { nrelu_noise: NreluNoise::None, ..nrelu.clone() });
    let mean_field = weights(&RbmConfig { hidden_states: States::Mean, ..nrelu.clone() });
    assert_eq!(without, mean_field);
    for other in [NreluNoise::SigmoidSquared, NreluNoise::Sigmoid, NreluNoise::One] {
        assert_ne!(weights(&RbmConfig { nrelu_noise: other, ..nrelu.clone() }), without);
    }
}

#[test]
fn centring_needs_hidden_biases() {
    let config =
        RbmConfig { hidden_biases: false, centring: Some(Centring { rate: 0.01 }), ..config() };
    let error = Rbm::new(&config, 4, 1).unwrap_err();
    assert!(matches!(error, TrainError::Setting { name: "hidden_biases", .. }), "{error}");
}

/// The metrics of all epochs.
#[derive(Default)]
struct Gaps(Vec<f64>);

impl Observer for Gaps {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let gap = epoch.metrics.iter().find(|(name, _)| *name == "free_energy_gap");
        self.0.extend(gap.map(|(_, gap)| gap));
    }
}

/// The gap is the difference of mean free energies, of rows from the first to the last, and watching changes nothing.
#[test]
fn held_out_rows_are_watched() {
    for (visible, hidden) in
        [(Visible::Bernoulli, Unit::Bernoulli), (Visible::Gaussian, Unit::Binomial { trials: 3 })]
    {
        let config = RbmConfig { visible, hidden, visible_states: None, ..config() };
        let held_out: Vec<f32> = (0..2 * 1003).map(|i| 0.5 + 0.5 * (i as f32).cos()).collect();
        let mut watched = Rbm::new(&config, 2, 1).unwrap();
        let mut plain = watched.clone();
        let mut gaps = Gaps::default();
        watched.fit_watched(Level::best(), &data(), &held_out, "rows", &mut gaps).unwrap();
        plain.fit(Level::best(), &data(), "rows", &mut Silent).unwrap();
        assert_eq!(watched.weights(), plain.weights());

        let mean = |x: &[f32]| {
            let energies = watched.free_energy(x).unwrap();
            energies.iter().sum::<f64>() / energies.len() as f64
        };
        let some: Vec<f32> =
            (0..500).flat_map(|i| held_out[2 * (i * 1003 / 500)..][..2].to_vec()).collect();
        assert_eq!(gaps.0.len(), 3);
        assert_eq!(gaps.0[2], mean(&some) - mean(&data()));
    }
}

/// Rows of chance have nothing in common: what lowers the energy of those trained on does not lower that of others.
#[test]
fn the_gap_grows_when_rows_are_learned_by_heart() {
    let bits = |rows: usize, seed: u64| {
        let mut draws = vec![0.0; 30 * rows];
        rng::uniform(Level::best(), Stream::new(seed).at(0), &mut draws);
        draws.iter().map(|u| u.round()).collect::<Vec<f32>>()
    };
    let (train, held_out) = (bits(20, 1), bits(200, 2));
    let few = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 100);
    let few = RbmConfig { batch: 20, epochs: 300, learning_rate: 0.1, ..few };
    let mut gaps = Gaps::default();
    let mut rbm = Rbm::new(&few, 30, 1).unwrap();
    rbm.fit_watched(Level::best(), &train, &held_out, "by heart", &mut gaps).unwrap();
    let (first, last) = (gaps.0[0], gaps.0[299]);
    assert!(first.abs() < 3.0 && last > 10.0, "{first} {last}");

    // With as many rows of the same kind as nobody could learn by heart, it does not.
    let (train, mut gaps) = (bits(2000, 3), Gaps::default());
    let many = RbmConfig { hidden_units: 2, epochs: 10, ..few };
    let mut rbm = Rbm::new(&many, 30, 1).unwrap();
    rbm.fit_watched(Level::best(), &train, &held_out, "many", &mut gaps).unwrap();
    assert!(gaps.0[9].abs() < 1.0, "{}", gaps.0[9]);
}

#[test]
fn held_out_rows_that_do_not_fit_are_errors() {
    let fit = |config: &RbmConfig, held_out: &[f32]| {
        let mut rbm = Rbm::new(config, 2, 1).unwrap();
        rbm.fit_watched(Level::best(), &data(), held_out, "test", &mut Silent).unwrap_err()
    };
    let found = fit(&config(), &[0.0, 2.0]);
    assert_eq!(found, TrainError::Visible { row: 0, column: 1, value: 2.0 });
    assert!(matches!(fit(&config(), &[0.0; 3]), TrainError::Shape { .. }));
    assert_eq!(fit(&config(), &[]), TrainError::Empty);
    let nrelu = RbmConfig { hidden: Unit::Nrelu, ..config() };
    assert_eq!(fit(&nrelu, &data()), TrainError::NoEnergy { hidden: "nrelu" });
}
