//! 784–500 RBMs on MNIST by CD-1, with Bernoulli and NReLU hidden units; features for logistic regression.

use halfwave_datasets::load;
use serde::Deserialize;

use super::{
    Context, Run,
    features::{self, Logistic, Parts},
};
use crate::{
    Error,
    observe::Recorder,
    rbm::RbmConfig,
    result::{Figure, Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    bernoulli: RbmConfig,
    nrelu: RbmConfig,
    logistic: Logistic,
}

const SETTING: &str = "MNIST, 10,000 test images; logistic regression on";

const LINEAR: &str = "LeCun, Bottou, Bengio, Haffner 1998: linear classifier, test error 12.0 %";

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        let loaded = load("mnist", locator)?;
        let (train, test) = (loaded.train, super::published_test("mnist", loaded.test)?);
        let shape = train.shape.clone();
        let mut parts = Parts::new(train, test);
        let mut recorder = Recorder::new(&mut **observer);
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        let mut reached = [const { Vec::new() }; 3];
        for &seed in seeds {
            parts.divide(self.logistic.validation_fraction, seed)?;
            let logistic = &self.logistic;
            reached[0].push(features::pixels(level, &parts, logistic, seed, &mut recorder)?);
            for (i, config) in [&self.bernoulli, &self.nrelu].into_iter().enumerate() {
                let (rbm, accuracy) =
                    features::rbm(level, &parts, config, logistic, seed, &mut recorder)?;
                reached[i + 1].push(accuracy);
                if seed == seeds[0] {
                    outcome.figures.push(features::filters("mnist", config, &rbm, &shape));
                }
            }
        }
        let models =
            ["pixels".into(), features::name(&self.bernoulli), features::name(&self.nrelu)];
        for (model, reached) in models.iter().zip(&reached) {
            outcome.rows.push(Row::percent(SETTING, model, "accuracy", reached));
        }
        outcome.rows[0] = outcome.rows[0].clone().beside(88.0, None, LINEAR);
        outcome.figures.push(Figure::Curves {
            name: "mnist-reconstruction".into(),
            title: "MNIST: reconstruction error of the RBMs".into(),
            y: "mean squared error of a pixel".into(),
            series: recorder.series("reconstruction_error"),
        });
        Ok(outcome)
    }
}

impl Config {
    fn notes(&self) -> Vec<String> {
        vec![format!(
            "MNIST: CD-1 on pixels in [0, 1] as probabilities, all 60,000 training images, {} and {} hidden units; \
             logistic regression by Adam on standardised features or pixels, {} epochs, its learning rate chosen \
             on {:.0} % of the training rows; the test is read once. No published figure was found for NReLU \
             features with this protocol.",
            self.bernoulli.hidden_units,
            self.nrelu.hidden_units,
            self.logistic.epochs,
            100.0 * self.logistic.validation_fraction
        )]
    }
}
