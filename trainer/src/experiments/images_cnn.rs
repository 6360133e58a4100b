//! A small convolutional network on MNIST and Fashion-MNIST: that of the Keras example, with Adam.

use serde::Deserialize;

use super::{
    Context, Run,
    classifier::{self, Layers},
    part::Part,
    sets::{Parts, Set},
};
use crate::{
    Error,
    metrics::Confusion,
    network::{Head, Network, NetworkConfig},
    observe::{
        Recorder,
        models::{Trained, trained},
    },
    optim::Optimiser,
    result::{Figure, Outcome},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    set: Set,
    part: Part,
    heads: Vec<Head>,
    images: [usize; 2],
    batch: usize,
    epochs: usize,
    optimiser: Optimiser,
    cnn: Layers,
}

const KERAS: &str = "Keras example mnist_cnn.py (the same network, 12 epochs of batches of 128, but Adadelta), as \
    stated in its first lines";

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        // Networks that make no sense are errors before any data are read.
        self.heads.iter().try_for_each(|&head| Network::new(&self.network(head), 0).map(|_| ()))?;
        let Parts { train, test } = Parts::load(self.set, self.images, 0, locator)?;
        let [train, measured] = self.part.divide(train, test, 0)?;
        let mut recorder = Recorder::new(&mut **observer);
        let mut outcome = Outcome { notes: self.notes()?, ..Outcome::default() };
        let title = self.set.title();
        for &head in &self.heads {
            let model = classifier::name(head);
            let mut tested: Vec<Confusion> = Vec::new();
            for &seed in seeds {
                let mut network = Network::new(&self.network(head), seed)?;
                let run = format!("{model}, seed {seed}");
                network.fit(level, &train, None, &run, &mut recorder)?;
                trained(&mut recorder, level, &Trained::network(&run, &network, &train))?;
                tested.push(network.evaluate(level, &measured)?.confusion);
            }
            let setting = self.part.images(title, measured.rows());
            let mut rows = classifier::rows(&setting, model, &tested);
            if (self.set, head) == (Set::Mnist, Head::Softmax) {
                rows[0] = self.part.beside(rows[0].clone(), 99.25, KERAS);
            }
            outcome.rows.extend(rows);
            let file = format!("{}-confusion-{}", self.set.name(), model.replace(' ', "-"));
            let title = format!("{title}, {model} (all seeds)");
            outcome.figures.push(classifier::heat_map(
                file.to_lowercase(),
                title,
                &measured,
                &tested,
            ));
        }
        outcome.figures.push(Figure::Curves {
            name: format!("{}-cnn-loss", self.set.name()),
            title: format!("{title}: training loss"),
            y: "loss (nats)".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

impl Config {
    fn network(&self, head: Head) -> NetworkConfig {
        self.cnn.network(head, self.optimiser, self.batch, self.epochs)
    }

    fn notes(&self) -> Result<Vec<String>, Error> {
        let head = self.heads.first().copied().unwrap_or_default();
        let layers = classifier::layers(&Network::new(&self.network(head), 0)?);
        Ok(vec![format!(
            "{}, ours: pixels in [0, 1], at most {} training images, {} epochs of batches of {}; the last epoch \
             counts; {}. {layers}.",
            self.set.title(),
            self.images[0],
            self.epochs,
            self.batch,
            self.part.note()
        )])
    }
}
