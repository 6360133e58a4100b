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
        sets::{Parts, Set},
    },
    Model, Protocol, Tested, name, one_network,
};
use crate::{
    Error,
    network::{Head, Network, NetworkConfig},
    observe::{Observer, Recorder},
    optim::Optimiser,
    result::{Figure, Outcome},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    set: Set,
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
            y: "loss".into(),
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
        let (train, test) = config.prepared(train, test)?;
        let folds = stratified_folds(&train.labels, config.folds, seed)?;
        for kind in tested {
            let mut network = Network::new(&config.network(kind.model, kind.head), seed)?;
            let run = format!("{}, seed {seed}", kind.name());
            let of_folds = one_network(level, &mut network, &train, &folds, &run, observer)?;
            if let Some(last) = kind.folds.last_mut() {
                *last = of_folds;
            }
            kind.test.push(network.evaluate(level, &test)?);
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
        let mut fresh = |kind: &Tested, parts: &(Dataset, Dataset), what: &str| {
            let mut network = Network::new(&config.network(kind.model, kind.head), seed)?;
            let run = format!("{}, seed {seed}, {what}", kind.name());
            network.fit(level, &parts.0, None, &run, observer)?;
            Ok::<_, Error>(network.evaluate(level, &parts.1)?)
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
            let evaluation = fresh(kind, &parts, "test")?;
            kind.test.push(evaluation);
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
                kinds.push(Tested::new(self.set.name(), model, head));
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

    /// The images of the configuration, pixels in [0, 1].
    fn images(&self, locator: &Locator) -> Result<(Dataset, Dataset), Error> {
        let [train, test] = self.images;
        let most = [self.left_out.saturating_add(train), test];
        let Parts { train, test } = Parts::load(self.set, most, 0, locator)?;
        let rows: Vec<usize> = (self.left_out.min(train.rows())..train.rows()).collect();
        Ok((train.subset(&rows), test))
    }

    /// Principal components of both, by what the training images say.
    fn prepared(&self, train: &Dataset, test: &Dataset) -> Result<(Dataset, Dataset), Error> {
        let (mut x, mut of_test) = (train.x.clone(), test.x.clone());
        let standardiser = Standardiser::fit(&x, train.width)?;
        standardiser.apply(&mut x)?;
        standardiser.apply(&mut of_test)?;
        let pca = Pca::fit(&x, train.width, self.components)?;
        let of = |data: &Dataset, x: &[f32]| -> Result<Dataset, Error> {
            let (z, labels) = (pca.apply(x)?, data.labels.clone());
            Ok(Dataset::new(z, &[self.components], labels, &data.class_names)?)
        };
        Ok((of(train, &x)?, of(test, &of_test)?))
    }

    fn notes(&self, tested: &[Tested]) -> Result<Vec<String>, Error> {
        let protocol = match self.protocol {
            Protocol::Published => {
                "one network goes through all folds with its weights and the state of its optimiser, so that from \
                 the second fold on it is tested on images that it has trained on: only fold 1 says how good it is \
                 on images that it has not seen. Pixels are standardised, and components found, on all training \
                 images, those of the folds' tests among them. The test images are read once, after the last fold."
            }
            Protocol::Honest => {
                "fresh weights for each fold, and for the network that is tested, which is trained on all training \
                 images. Standardisation and components come from the training images of each. Nothing is selected; \
                 the test images are read once."
            }
        };
        let title = self.set.title();
        let mut notes = vec![
            format!(
                "{title}, {}: {protocol} {} folds, {} epochs each, batches of {}. As TensorFlow's loader does, the \
                 first {} training images are left out. The components are not whitened.",
                self.protocol.name(),
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
