//! 784–512–512–10 on MNIST: ReLU, Adam, batches of 128.

use serde::Deserialize;

use super::{
    Context, Run,
    classifier::{self, Classifier},
    part::Part,
    sets::{Parts, Set},
};
use crate::{
    Error,
    network::Head,
    observe::{
        Recorder,
        models::{Trained, trained},
    },
    result::{Figure, Outcome},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    part: Part,
    heads: Vec<Head>,
    mlp: Classifier,
}

const KERAS: &str = "Keras example mnist_mlp.py (784-512-512-10, ReLU, batches of 128, but dropout .2, RMSprop \
    and 20 epochs), as stated in its first lines";
const AGARAP: &str = "Agarap 2018, arXiv:1803.08375v2, table 3: another network (256 principal components, three \
    hidden layers of 512)";

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Parts { train, test } = Parts::load(Set::Mnist, [usize::MAX; 2], 0, context.locator)?;
        let [train, measured] = self.part.divide(train, test, 0)?;
        let mut recorder = Recorder::new(context.observer);
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        for &head in &self.heads {
            let (model, mut tested) = (classifier::name(head), Vec::new());
            for &seed in context.seeds {
                let run = format!("{model}, seed {seed}");
                let sets = [&train, &measured];
                let level = context.level;
                let (network, evaluation) =
                    self.mlp.evaluation(level, head, sets, seed, &run, &mut recorder)?;
                trained(&mut recorder, level, &Trained::network(&run, &network, &train))?;
                tested.push(evaluation.confusion);
            }
            let setting = self.part.images("MNIST", measured.rows());
            let mut rows = classifier::rows(&setting, model, &tested);
            let published = match head {
                Head::Softmax => Some((98.40, KERAS)),
                Head::NormalisedRelu => Some((97.77, AGARAP)),
                Head::Logistic | Head::SquaredError => None,
            };
            if let Some((value, source)) = published {
                rows[0] = self.part.beside(rows[0].clone(), value, source);
            }
            outcome.rows.extend(rows);
            let file = format!("mnist-confusion-{}", model.replace(' ', "-").to_lowercase());
            let title = format!("MNIST, {model} (all seeds)");
            outcome.figures.push(classifier::heat_map(file, title, &measured, &tested));
        }
        outcome.figures.push(Figure::Curves {
            name: "mnist-mlp-loss".into(),
            title: "MNIST: training loss".into(),
            y: "loss (nats)".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

impl Config {
    fn notes(&self) -> Vec<String> {
        vec![format!(
            "MNIST, ours: pixels in [0, 1], {} epochs of batches of {}, learning rate {:?} \
             by schedule {:?} (from practice, not tuned); the last epoch counts; {}.",
            self.mlp.epochs,
            self.mlp.batch,
            self.mlp.optimiser.learning_rate(),
            self.mlp.schedule,
            self.part.note()
        )]
    }
}
