//! Agarap's networks on 256 principal components of MNIST and Fashion-MNIST: Tables 3 to 8.
//!
//! Pixels are standardised; components are not whitened. The CNN sees them as images of 16 × 16, in the order of
//! their variance.

use halfwave_datasets::{
    Dataset, Locator,
    preprocess::{Pca, Standardiser},
    split::stratified_folds,
};
use halfwave_kernels::Level;
use serde::Deserialize;

use super::{
    super::{
        Context, Run,
        classifier::{self, Layers},
        part::Part,
        sets::{Parts, Set},
    },
    Model, Protocol, Tested, name, one_network,
};
use crate::{
    Error,
    network::{Head, Network, NetworkConfig},
    observe::{
        Observer, Recorder,
        models::{Trained, trained},
    },
    optim::Optimiser,
    own::Preprocessing,
    result::{Figure, Outcome},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    set: Set,
    part: Part,
    protocol: Protocol,
    models: Vec<Model>,
    heads: Vec<Head>,
    folds: usize,
    components: usize,
    left_out: usize,
    images: [usize; 2],
    batch: usize,
    epochs: usize,
    optimiser: Optimiser,
    ffnn: Layers,
    cnn: Layers,
}

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let mut tested = self.kinds()?;
        let (train, test) = self.images(context.locator)?;
        let Context { seeds, ref mut observer, .. } = *context;
        let mut recorder = Recorder::new(&mut **observer);
        for &seed in seeds {
            tested.iter_mut().for_each(|kind| kind.folds.push(Vec::new()));
            let run = Runs { config: self, level: context.level, seed };
            match self.protocol {
                Protocol::Published => run.published(&train, &test, &mut tested, &mut recorder)?,
                Protocol::Honest => run.honest(&train, &test, &mut tested, &mut recorder)?,
            }
        }
        let title = self.set.title();
        let mut outcome = Outcome { notes: self.notes(&tested)?, ..Outcome::default() };
        for kind in &tested {
            outcome.rows.extend(kind.rows(title, self.protocol));
            outcome.figures.extend(kind.heat_maps(title, self.protocol, &test));
        }
        let file = |what: &str| format!("{}-{what}", self.set.name());
        outcome.figures.push(Figure::Lines {
            name: file("folds"),
            title: format!("{title}: accuracy by fold, {}", self.protocol.name()),
            x: "fold".into(),
            y: "accuracy (%)".into(),
            logarithmic: false,
            lines: tested.iter().enumerate().flat_map(|(i, kind)| kind.lines(i)).collect(),
        });
        outcome.figures.push(Figure::Curves {
            name: file("loss"),
            title: format!("{title}: training loss, all folds and seeds"),
            y: "loss (nats)".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

/// The networks of one seed.
#[derive(Clone, Copy)]
struct Runs<'a> {
    config: &'a Config,
    level: Level,
    seed: u64,
}

/// Training and test rows, and what they have passed.
type Prepared = (Dataset, Dataset, Preprocessing);

impl Runs<'_> {
    /// One network through all folds, then the test.
    fn published(
        self,
        train: &Dataset,
        test: &Dataset,
        tested: &mut [Tested],
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        let Self { config, level, seed } = self;
        let (train, test, preprocessing) = config.prepared(train, test)?;
        let folds = stratified_folds(&train.labels, config.folds, seed)?;
        for kind in tested {
            let mut network = Network::new(&config.network(kind.model, kind.head), seed)?;
            let run = format!("{}, seed {seed}", kind.name());
            let of_folds = one_network(level, &mut network, &train, &folds, &run, observer)?;
            if let Some(last) = kind.folds.last_mut() {
                *last = of_folds;
            }
            kind.measured.push(network.evaluate(level, &test)?);
            let done = Trained::network(&run, &network, &train).after(&preprocessing);
            trained(observer, level, &done)?;
        }
        Ok(())
    }

    /// A network for each fold, and one for the test.
    fn honest(
        self,
        train: &Dataset,
        test: &Dataset,
        tested: &mut [Tested],
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        let Self { config, level, seed } = self;
        let mut fresh = |kind: &Tested, parts: &Prepared, what: &str| {
            let mut network = Network::new(&config.network(kind.model, kind.head), seed)?;
            let run = format!("{}, seed {seed}, {what}", kind.name());
            let (train, test, preprocessing) = parts;
            network.fit(level, train, None, &run, observer)?;
            // Each fold has a network too, but none that is better.
            if what == config.part.name() {
                let done = Trained::network(&run, &network, train).after(preprocessing);
                trained(observer, level, &done)?;
            }
            Ok::<_, Error>(network.evaluate(level, test)?)
        };
        for (i, fold) in stratified_folds(&train.labels, config.folds, seed)?.iter().enumerate() {
            let parts = config.prepared(&train.subset(&fold.train), &train.subset(&fold.test))?;
            for kind in &mut *tested {
                let evaluation = fresh(kind, &parts, &format!("fold {}", i + 1))?;
                kind.folds.last_mut().into_iter().for_each(|folds| folds.push(evaluation.clone()));
            }
        }
        let parts = config.prepared(train, test)?;
        for kind in tested {
            let evaluation = fresh(kind, &parts, config.part.name())?;
            kind.measured.push(evaluation);
        }
        Ok(())
    }
}

impl Config {
    /// The networks, each of which is checked before any data are read.
    fn kinds(&self) -> Result<Vec<Tested>, Error> {
        let mut kinds = Vec::new();
        for &model in &self.models {
            for &head in &self.heads {
                let network = self.network(model, head);
                let inputs: usize = network.input.iter().product();
                if inputs != self.components {
                    return Err(Error::Usage(format!(
                        "{}: an input of {:?} does not take {} components",
                        model.name(),
                        network.input,
                        self.components
                    )));
                }
                Network::new(&network, 0)?;
                kinds.push(Tested::new(self.set.name(), model, head, self.part));
            }
        }
        if kinds.is_empty() {
            return Err(Error::Usage("models, heads: expected at least one each".into()));
        }
        Ok(kinds)
    }

    fn network(&self, model: Model, head: Head) -> NetworkConfig {
        let layers = match model {
            Model::Ffnn => &self.ffnn,
            Model::Cnn => &self.cnn,
        };
        layers.network(head, self.optimiser, self.batch, self.epochs)
    }

    /// The images of the configuration to train on and to measure on, pixels in [0, 1].
    fn images(&self, locator: &Locator) -> Result<(Dataset, Dataset), Error> {
        let [train, test] = self.images;
        let most = [self.left_out.saturating_add(train), test];
        let Parts { train, test } = Parts::load(self.set, most, 0, locator)?;
        let rows: Vec<usize> = (self.left_out.min(train.rows())..train.rows()).collect();
        Ok(self.part.divide(train.subset(&rows), test, 0)?.into())
    }

    /// Principal components of both, by what the training images say, and how they are found.
    fn prepared(&self, train: &Dataset, test: &Dataset) -> Result<Prepared, Error> {
        let (mut x, mut of_test) = (train.x.clone(), test.x.clone());
        let standardiser = Standardiser::fit(&x, train.width)?;
        standardiser.apply(&mut x)?;
        standardiser.apply(&mut of_test)?;
        let pca = Pca::fit(&x, train.width, self.components)?;
        let of = |data: &Dataset, x: &[f32]| -> Result<Dataset, Error> {
            let (z, labels) = (pca.apply(x)?, data.labels.clone());
            Ok(Dataset::new(z, &[self.components], labels, &data.class_names)?)
        };
        let parts = (of(train, &x)?, of(test, &of_test)?);
        let preprocessing = Preprocessing { standardiser: Some(standardiser), pca: Some(pca) };
        Ok((parts.0, parts.1, preprocessing))
    }

    fn notes(&self, tested: &[Tested]) -> Result<Vec<String>, Error> {
        let protocol = match self.protocol {
            Protocol::Published => {
                "one network goes through all folds with its weights and the state of its optimiser, so that from \
                 the second fold on it is tested on images that it has trained on: only fold 1 says how good it is \
                 on images that it has not seen. Pixels are standardised, and components found, on all training \
                 images, those of the folds' tests among them."
            }
            Protocol::Honest => {
                "fresh weights for each fold, and for the network that is tested, which is trained on all training \
                 images; those of one seed begin with the same. Standardisation and components come from the \
                 training images of each. Nothing is selected."
            }
        };
        let title = self.set.title();
        let mut notes = vec![
            format!(
                "{title}, {}: {protocol} Of accuracies that are not of folds: {}. {} folds, {} epochs each, batches of {}. As TensorFlow's loader does, the \
                 first {} training images are left out. The components are not whitened.",
                self.protocol.name(),
                self.part.note(),
                self.folds,
                self.epochs,
                self.batch,
                self.left_out
            ),
            format!(
                "{title}: the paper's text has two hidden layers, the notebooks three. Folds differ from the \
                 notebooks', whose shuffle was scikit-learn's. Adam's epsilon stands where its authors have it."
            ),
            format!(
                "{title}, ReLU head: class scores are max(0, z) divided by their sum, with cross-entropy, which is \
                 what Keras 2.1.2 computes for the paper's equations 6-8. An image whose true class has a score of \
                 0 gives no gradient, so classes can die. Where all outputs are 0, Keras has 0/0; here the \
                 probability is clipped to 1e-7 as elsewhere: a loss of 16.118, no gradient, and class 0 is named. \
                 Precision, recall and F1 are weighted by support."
            ),
        ];
        for kind in tested.iter().filter(|kind| kind.head == tested[0].head) {
            let network = Network::new(&self.network(kind.model, kind.head), 0)?;
            let layers = classifier::layers(&network);
            notes.push(format!("{title}, {}: {layers}.", name(kind.model, kind.head)));
        }
        Ok(notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Epoch;

    /// Small networks on the embedded digits.
    const DIGITS: &str = r#"
        set = "optdigits"
        part = "test"
        protocol = "published"
        models = ["ffnn", "cnn"]
        heads = ["softmax", "normalised_relu"]
        folds = 3
        components = 16
        left_out = 50
        images = [300, 100]
        batch = 20
        epochs = 4
        optimiser = { name = "adam" }
        ffnn = { input = [16], layers = [
            { name = "dense", units = 20, activation = "relu" }, { name = "dense", units = 10 },
        ] }
        cnn = { input = [4, 4, 1], layers = [
            { name = "conv", channels = 8, kernel = [2, 2], activation = "relu" },
            { name = "flatten" },
            { name = "dense", units = 10 },
        ] }
    "#;

    /// Runs, and the loss of each epoch.
    #[derive(Default)]
    struct Losses(Vec<(String, f64)>);

    impl Observer for Losses {
        fn epoch(&mut self, epoch: &Epoch<'_>) {
            self.0.push((epoch.run.into(), epoch.metrics[0].1));
        }
    }

    fn run(protocol: &str) -> (Outcome, Losses) {
        let config = DIGITS.replace("\"published\"", protocol);
        let config: Config = toml::from_str(&config).unwrap();
        let (locator, mut losses) = (Locator::new(None), Losses::default());
        let (level, seeds, observer) = (Level::best(), &[1, 2][..], &mut losses);
        let outcome = config.run(&mut Context { level, seeds, locator: &locator, observer });
        (outcome.unwrap(), losses)
    }

    #[test]
    fn one_network_goes_on_from_fold_to_fold_and_fresh_ones_begin_anew() {
        let first_losses = |losses: &Losses, fold: &str| -> Vec<f64> {
            let of_fold = losses.0.iter().step_by(4).filter(|(run, _)| run.ends_with(fold));
            of_fold.filter(|(run, _)| run.contains("softmax")).map(|(_, loss)| *loss).collect()
        };
        let (published, losses) = run("'published'");
        assert_eq!(losses.0.len(), 2 * 4 * 3 * 4, "seeds, networks, folds, epochs");
        let (first, last) = (first_losses(&losses, "fold 1"), first_losses(&losses, "fold 3"));
        assert_eq!((first.len(), last.len()), (4, 4));
        assert!(
            first.iter().zip(&last).all(|(first, last)| *last < 0.8 * first),
            "{first:?} {last:?}"
        );

        let (honest, losses) = run("'honest'");
        assert_eq!(losses.0.len(), 2 * 4 * (3 + 1) * 4, "seeds, networks, folds and test, epochs");
        let (first, last) = (first_losses(&losses, "fold 1"), first_losses(&losses, "fold 3"));
        assert!(
            first.iter().zip(&last).all(|(first, last)| *last > 0.8 * first),
            "{first:?} {last:?}"
        );

        for outcome in [&published, &honest] {
            assert!(outcome.rows.iter().all(|row| row.value.is_finite()));
            let tested = outcome.rows.iter().filter(|row| row.setting.contains("test"));
            assert_eq!(tested.count(), 4 * 5);
        }
        let accuracy = |outcome: &Outcome| {
            let row = |row: &&crate::result::Row| row.metric == "accuracy";
            outcome.rows.iter().find(row).map(|row| (row.value, row.n)).unwrap()
        };
        assert_eq!((accuracy(&published).1, accuracy(&honest).1), (6, 6));
        assert!(accuracy(&published).0 > accuracy(&honest).0);
    }

    /// What a fold is tested on has no say in its components.
    #[test]
    fn components_are_of_training_rows() {
        let config: Config = toml::from_str(DIGITS).unwrap();
        let (train, mut test) = config.images(&Locator::new(None)).unwrap();
        assert_eq!((train.rows(), test.rows()), (300, 100));
        let (before, ..) = config.prepared(&train, &test).unwrap();
        test.x.iter_mut().for_each(|x| *x = 1.0 - *x);
        let (after, ..) = config.prepared(&train, &test).unwrap();
        assert_eq!(before, after);
        assert_eq!(before.width, 16);
    }
}
