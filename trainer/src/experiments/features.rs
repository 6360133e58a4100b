//! What `optdigits-rbm` and `mnist-rbm` have in common: RBM features for logistic regression, against
//! logistic regression on pixels.

use halfwave_datasets::{Dataset, preprocess::Standardiser, split::stratified_split};
use halfwave_kernels::{Kind, Level, units::Unit};
use serde::Deserialize;

use crate::{
    Error, TrainError,
    metrics::accuracy,
    network::{Head, MlpConfig, Network},
    observe::{
        Observer,
        models::{Trained, trained},
    },
    optim::{Optimiser, Schedule},
    rbm::{Rbm, RbmConfig},
    result::Figure,
};

/// Rows to train and test on, and how the training rows are divided to choose a learning rate.
pub(super) struct Parts {
    /// All training rows.
    pub(super) train: Dataset,
    /// Read once, at the end.
    pub(super) test: Dataset,
    /// Rows of `train` that candidates are trained on.
    pub(super) fit: Vec<usize>,
    /// Rows of `train` that candidates are compared on.
    pub(super) validation: Vec<usize>,
}

impl Parts {
    /// Parts that are not divided yet.
    pub(super) fn new(train: Dataset, test: Dataset) -> Self {
        Self { train, test, fit: Vec::new(), validation: Vec::new() }
    }

    /// Takes a share of each class of the training rows for validation.
    pub(super) fn divide(&mut self, validation_fraction: f64, seed: u64) -> Result<(), Error> {
        let inner = stratified_split(&self.train.labels, validation_fraction, seed)?;
        (self.fit, self.validation) = (inner.train, inner.test);
        Ok(())
    }

    /// The same rows with other features.
    fn map(&self, features: impl Fn(&[f32]) -> Vec<f32>) -> Result<Self, Error> {
        let of = |set: &Dataset| {
            let x = features(&set.x);
            let width = x.len() / set.rows();
            Dataset::new(x, &[width], set.labels.clone(), &set.class_names)
        };
        let (fit, validation) = (self.fit.clone(), self.validation.clone());
        Ok(Self { train: of(&self.train)?, test: of(&self.test)?, fit, validation })
    }

    /// All features of zero mean and unit variance over the training rows; returns how.
    pub(super) fn standardise(&mut self) -> Result<Standardiser, Error> {
        let standardiser = Standardiser::fit(&self.train.x, self.train.width)?;
        standardiser.apply(&mut self.train.x)?;
        standardiser.apply(&mut self.test.x)?;
        Ok(standardiser)
    }
}

/// Multinomial logistic regression by Adam on standardised features, with a learning rate that is chosen
/// on validation rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logistic {
    pub(super) learning_rates: Vec<f32>,
    pub(super) validation_fraction: f64,
    pub(super) batch: usize,
    pub(super) epochs: usize,
}

impl Logistic {
    /// The model of the best rate, trained on all training rows.
    pub(super) fn fit(
        &self,
        level: Level,
        parts: &Parts,
        seed: u64,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<Network, Error> {
        // One rate is no choice.
        let candidates =
            if self.learning_rates.len() == 1 { &[] } else { &self.learning_rates[..] };
        let only = self.learning_rates.first().copied().unwrap_or_default();
        let mut best = (f64::MIN, only);
        let (fit, validation) =
            (parts.train.subset(&parts.fit), parts.train.subset(&parts.validation));
        for &rate in candidates {
            let run = format!("{run}, validation of rate {rate}");
            let mut model = self.model(&fit, rate, seed)?;
            model.fit(level, &fit, Some((&validation).into()), &run, observer)?;
            let reached = accuracy(&validation.labels, &model.predict(level, &validation.x));
            if reached > best.0 {
                best = (reached, rate);
            }
        }
        let mut model = self.model(&parts.train, best.1, seed)?;
        model.fit(level, &parts.train, None, run, observer)?;
        Ok(model)
    }

    /// Its accuracy on the test rows.
    fn accuracy(
        &self,
        level: Level,
        parts: &Parts,
        seed: u64,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<f64, Error> {
        let model = self.fit(level, parts, seed, run, observer)?;
        Ok(accuracy(&parts.test.labels, &model.predict(level, &parts.test.x)))
    }

    fn model(&self, train: &Dataset, learning_rate: f32, seed: u64) -> Result<Network, TrainError> {
        let config = MlpConfig {
            sizes: vec![train.width, train.classes()],
            activation: Kind::Identity,
            dropout: 0.0,
            head: Head::Softmax,
            optimiser: Optimiser::adam_with_rate(learning_rate),
            schedule: Schedule::Constant,
            batch: self.batch.min(train.rows()),
            epochs: self.epochs,
        };
        Network::mlp(&config, seed)
    }
}

/// Accuracy of logistic regression on pixels.
pub(super) fn pixels(
    level: Level,
    parts: &Parts,
    logistic: &Logistic,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<f64, Error> {
    let mut parts = parts.map(<[f32]>::to_vec)?;
    parts.standardise()?;
    logistic.accuracy(level, &parts, seed, &format!("pixels, seed {seed}"), observer)
}

/// Trains an RBM; returns it with the accuracy of logistic regression on its features.
pub(super) fn rbm(
    level: Level,
    parts: &Parts,
    config: &RbmConfig,
    logistic: &Logistic,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<(Rbm, f64), Error> {
    named_rbm(level, parts, (&name(config), config), logistic, seed, observer)
}

/// The same, called by another name in metrics.
pub(super) fn named_rbm(
    level: Level,
    parts: &Parts,
    (name, config): (&str, &RbmConfig),
    logistic: &Logistic,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<(Rbm, f64), Error> {
    let mut rbm = Rbm::new(config, parts.train.width, seed)?;
    let run = format!("{name}, seed {seed}");
    rbm.fit(level, &parts.train.x, &run, observer)?;
    trained(observer, level, &Trained::rbm(&run, &rbm, &parts.train))?;
    let mut features = parts.map(|x| rbm.features(level, x))?;
    features.standardise()?;
    let run = format!("{name} features, seed {seed}");
    let accuracy = logistic.accuracy(level, &features, seed, &run, observer)?;
    Ok((rbm, accuracy))
}

/// What an RBM is called in results.
pub(super) fn name(config: &RbmConfig) -> String {
    let hidden = match config.hidden {
        Unit::Bernoulli => "Bernoulli",
        Unit::Gaussian => "Gaussian",
        Unit::Nrelu => "NReLU",
        other => other.name(),
    };
    format!("{hidden} RBM")
}

/// The weights of the hidden units as an image.
pub(super) fn filters(set: &str, config: &RbmConfig, rbm: &Rbm, shape: &[usize]) -> Figure {
    let name = name(config);
    Figure::Filters {
        name: format!("{set}-filters-{}", config.hidden),
        title: format!("{set}: filters of the {name} (first seed; mid-grey is 0)"),
        weights: rbm.weights().to_vec(),
        shape: [shape[0], shape[1], 1],
    }
}
