//! What an experiment is. Adding one: its file, its TOML file, one entry of [`TABLE`].

mod agarap;
mod classifier;
mod documented;
mod equivariance;
mod features;
mod glorot;
mod glorot_sentiment;
mod images_cnn;
mod lab;
mod linear_regions;
mod mnist_mlp;
mod mnist_pretrain;
mod mnist_rbm;
mod mnist_rbm_likelihood;
mod nair_hinton_figures;
mod nair_hinton_lfw;
mod nair_hinton_norb;
mod noise_ablation;
mod optdigits_rbm;
pub(crate) mod paired;
mod part;
mod pretraining;
mod sets;
mod table;
mod tour;

use halfwave_datasets::{Dataset, Locator, registry};
use halfwave_kernels::Level;
use serde::de::DeserializeOwned;
use serde_json::json;
use toml::{Table, Value};

use crate::{
    Error,
    config::{self, ConfigError, Override},
    data::presence,
    names::UnknownName,
    observe::Observer,
    rbm::RbmConfig,
    report::table::wrap,
    result::Outcome,
};

pub use documented::{schema, show};
pub use table::TABLE;

/// An experiment.
#[derive(Debug)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Data sets that it needs; none where it can make its own.
    pub data: &'static [&'static str],
    /// Data sets of which it takes the first that is there in place of those.
    pub prefers: &'static [&'static str],
    /// Number of seeds where `--seeds` does not say.
    pub seeds: usize,
    /// The keys that `--epochs` sets.
    pub epochs: &'static [&'static str],
    /// Whether `--save-models` finds any.
    pub keeps_models: bool,
    defaults: &'static [Text],
    /// What `--full` changes, where that is something.
    full: Option<&'static str>,
    prepare: fn(Table) -> Result<Job, ConfigError>,
}

/// The table that it is, empty for the whole configuration, and its TOML, of which later ones change earlier ones. The
/// first comment, up to an empty line, is about the file.
type Text = (&'static str, &'static str);

/// An experiment with its configuration, ready to run.
pub type Job = Box<dyn FnOnce(&mut Context<'_>) -> Result<Outcome, Error> + Send>;

/// What an experiment runs with.
pub struct Context<'a> {
    /// Instruction set of the kernels.
    pub level: Level,
    /// One repetition each.
    pub seeds: &'a [u64],
    /// Where data sets are.
    pub locator: &'a Locator,
    /// Is told of every epoch.
    pub observer: &'a mut dyn Observer,
}

/// The configuration of an experiment, which knows how to run.
trait Run: DeserializeOwned + Send + 'static {
    /// Whether it tells of the models at the end of their trainings, so that they can be kept.
    const KEEPS_MODELS: bool = false;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error>;
}

/// The published test part, which this set has.
fn published_test(name: &str, test: Option<Dataset>) -> Result<Dataset, Error> {
    test.ok_or_else(|| Error::NoTest(name.into()))
}

/// The keys that are not written, of the tables that are a machine's settings.
fn optional(table: &Table) -> Vec<String> {
    let machines = table.iter().filter(|(_, value)| is_machine(value));
    machines.flat_map(|(name, _)| RbmConfig::OPTIONAL.map(|key| format!("{name}.{key}"))).collect()
}

/// Whether a table has the settings of an RBM.
fn is_machine(value: &Value) -> bool {
    value.clone().try_into::<RbmConfig>().is_ok()
}

/// A TOML file that is part of the program.
fn embedded(text: &str) -> Table {
    text.parse().expect("embedded configurations are valid, a test reads them all")
}

impl Experiment {
    /// All keys with their defaults.
    #[must_use]
    pub fn defaults(&self) -> Table {
        self.defaults.iter().fold(Table::new(), |all, (name, text)| {
            let table = embedded(text);
            let nested = |table| Table::from_iter([(name.to_string(), Value::Table(table))]);
            config::merge(all, if name.is_empty() { table } else { nested(table) })
        })
    }

    /// All keys with the values to use: defaults, then, if that is asked for, those of the `full` size, then
    /// `epochs`, then `overrides` in their order.
    ///
    /// # Errors
    /// [`ConfigError`] for a key or type that the experiment does not have, or if it has no other size.
    pub fn configure(
        &self,
        full: bool,
        epochs: Option<usize>,
        overrides: &[Override],
    ) -> Result<Table, ConfigError> {
        let mut table = self.defaults();
        if full {
            let full = self.full.ok_or(ConfigError::NoFull(self.name))?;
            table = config::merge(table, embedded(full));
        }
        for key in self.epochs.iter().filter(|_| epochs.is_some()) {
            let value = epochs.unwrap_or_default().to_string();
            config::set(&mut table, &Override { key: (*key).into(), value })?;
        }
        let optional = optional(&table);
        for change in overrides {
            config::set_or_add(&mut table, change, &optional)?;
        }
        Ok(table)
    }

    /// The settings that are neither the experiment's own nor those of its full size, as `key = value`, but for those that
    /// choose among its parts.
    #[must_use]
    pub fn changes(&self, configuration: &Table) -> Vec<String> {
        /// Of what they choose, each row says itself what it can be compared with.
        const CHOICES: [&str; 9] =
            ["protocol", "part", "set", "sets", "models", "heads", "variants", "alphas", "shares"];
        let from = |full| -> Option<Vec<String>> {
            let own = self.configure(full, None, &[]).ok()?;
            let keys = config::keys(configuration).into_iter();
            let changed = keys.filter(|key| {
                !CHOICES.contains(&key.as_str())
                    && config::get(configuration, key) != config::get(&own, key)
            });
            let value = |key: &str| config::get(configuration, key).map(Value::to_string);
            Some(
                changed.map(|key| format!("{key} = {}", value(&key).unwrap_or_default())).collect(),
            )
        };
        let sizes = [Some(false), self.full.map(|_| true)];
        sizes.into_iter().flatten().filter_map(from).min_by_key(Vec::len).unwrap_or_default()
    }

    /// The data sets that this configuration needs: those of the experiment, unless it names one `set`, or only some
    /// of these `sets`.
    #[must_use]
    pub fn data_of(&self, configuration: &Table) -> Vec<String> {
        if let Some(set) = configuration.get("set").and_then(Value::as_str) {
            return vec![set.into()];
        }
        let all = || self.data.iter().map(ToString::to_string);
        let sets = configuration.get("sets").and_then(Value::as_array);
        let named = |name: &String| {
            sets.is_none_or(|sets| sets.iter().any(|set| set.as_str() == Some(name)))
        };
        let some: Vec<String> = all().filter(named).collect();
        if some.is_empty() { all().collect() } else { some }
    }

    /// Checks the configuration as a whole.
    ///
    /// # Errors
    /// [`ConfigError::Value`].
    pub fn prepare(&self, configuration: Table) -> Result<Job, ConfigError> {
        (self.prepare)(configuration)
    }
}

/// All names, in the order of the table.
#[must_use]
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|experiment| experiment.name).collect()
}

/// The experiment of this name.
///
/// # Errors
/// The nearest right name for an unknown one.
pub fn find(name: &str) -> Result<&'static Experiment, UnknownName> {
    TABLE
        .iter()
        .find(|experiment| experiment.name == name)
        .ok_or_else(|| UnknownName::new("experiment", name, names()))
}

/// All experiments, with what they need.
#[must_use]
pub fn list(locator: &Locator) -> String {
    let mut text = String::new();
    for Experiment { name, summary, data, prefers, .. } in TABLE {
        let here = |names: &[&str]| -> Vec<String> {
            let entries = names.iter().filter_map(|name| registry::find(name).ok());
            entries.map(|entry| format!("{} ({})", entry.name, presence(entry, locator))).collect()
        };
        let needs = if data.is_empty() { "synthetic".into() } else { here(data).join(", ") };
        let needs = [here(prefers), vec![needs]].concat().join(", else ");
        text.push_str(&wrap(&format!("{name:<22}"), &format!("{summary} Data: {needs}.")));
    }
    let how = "`halfwave run NAME` runs one; `halfwave config show NAME` shows its keys.";
    format!("{text}\n{}", wrap("", how))
}

/// The same for programs: an array with the name, summary, seeds and data of each, and whether these are here.
#[must_use]
pub fn list_json(locator: &Locator) -> serde_json::Value {
    let experiment = |experiment: &Experiment| {
        let Experiment { name, summary, data, prefers, seeds, full, keeps_models, .. } = experiment;
        let here = |names: &[&str]| -> Vec<_> {
            let entries = names.iter().filter_map(|name| registry::find(name).ok());
            entries
                .map(|entry| json!({ "name": entry.name, "here": presence(entry, locator) }))
                .collect()
        };
        json!({
            "name": name, "summary": summary, "seeds": seeds, "full": full.is_some(), "data": here(data),
            "prefers": here(prefers), "keeps_models": keeps_models
        })
    };
    TABLE.iter().map(experiment).collect()
}

/// The defaults in `text` with one `KEY=VALUE` changed.
#[cfg(test)]
fn changed<C: DeserializeOwned>(text: &str, change: &str) -> C {
    let mut table = embedded(text);
    config::set(&mut table, &change.parse().unwrap()).unwrap();
    config::typed(table).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_and_choices_are_none() {
        let changes = |name: &str, set: &[&str]| {
            let set: Vec<_> = set.iter().map(|text| text.parse().unwrap()).collect();
            let experiment = find(name).unwrap();
            experiment.changes(&experiment.configure(false, None, &set).unwrap())
        };
        let choices = ["sets=[\"mnist\"]", "models=[\"tanh\"]", "part=\"validation\""];
        assert!(changes("glorot-images", &choices).is_empty());
        let smaller = ["most_training_images=500", "auto_encoder.masking=0.0"];
        assert_eq!(
            changes("glorot-images", &smaller),
            ["auto_encoder.masking = 0.0", "most_training_images = 500"]
        );
        assert!(changes("agarap-mnist", &["protocol=\"honest\""]).is_empty());
        assert_eq!(changes("agarap-mnist", &["images=[300,100]"]), ["images = [300, 100]"]);
    }

    #[test]
    fn every_default_configuration_is_complete_and_knows_its_epochs() {
        for experiment in TABLE {
            let table = experiment.configure(false, Some(3), &[]).unwrap();
            let job = experiment.prepare(table);
            assert!(job.is_ok(), "{}: {:?}", experiment.name, job.err());
            if let Some(full) = experiment.full {
                let table = experiment.configure(true, None, &[]).unwrap();
                assert_eq!(config::keys(&table), config::keys(&experiment.defaults()));
                assert!(!embedded(full).is_empty() && experiment.prepare(table).is_ok());
            }
            assert!(!experiment.epochs.is_empty() && experiment.seeds > 0);
            for full in [false, true] {
                let own = experiment.configure(full && experiment.full.is_some(), None, &[]);
                assert!(experiment.changes(&own.unwrap()).is_empty());
            }
            let known = halfwave_datasets::registry::names();
            let mut data = experiment.data.iter().chain(experiment.prefers);
            assert!(data.clone().count() > 0 && data.all(|name| known.contains(name)));
        }
    }
}
