//! Experiments and the data sets that they need.

use std::{env, ffi::OsStr, path::PathBuf};

use clap::{
    Arg, Args, Subcommand,
    builder::{PossibleValue, TypedValueParser},
};
use halfwave_datasets::{fetch, norb::Limit, registry, synthetic::norb};
use halfwave_trainer::{
    config::Override,
    experiments::{self, Experiment},
    names::UnknownName,
    reproductions::Rows,
    run::{Host, Options},
    sweep::{Axis, SweepOptions},
};

use super::{CheckpointEvery, Threads, counted};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave run                                            the tour, into runs/tour-1
  halfwave run agarap-wdbc --set mlp.optimiser.learning_rate=0.01 --set folds=5
  halfwave run agarap-mnist --protocol honest
  halfwave run mnist-mlp --data-dir ~/data --epochs 5 --out /tmp/mnist
  halfwave run --resume /tmp/mnist                        after Ctrl-C, a crash or a power cut
  halfwave run agarap-wdbc --set 'mlp.optimiser={name=\"sgd\", learning_rate=0.1, momentum=0.9}'

`halfwave config show EXPERIMENT` shows its keys with their defaults.")]
pub(crate) struct Run {
    /// Which experiment (see `halfwave list`)
    #[arg(default_value = "tour", value_parser = EXPERIMENT, hide_possible_values = true)]
    pub(crate) experiment: &'static Experiment,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Output directory [default: the first free of runs/EXPERIMENT-1, -2, …]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace files in a directory that is not empty, and remove plots and models of the run that was there; one that was stopped in it begins anew
    #[arg(long)]
    pub(crate) force: bool,
    /// Go on with the run that was stopped in this directory, by its configuration: the result is the same, bit by bit
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["experiment", "out", "force", "dry_run", "seed", "seeds", "full", "epochs", "protocol", "config", "set"]
    )]
    pub(crate) resume: Option<PathBuf>,
    /// Print what would be run: all settings, sizes, and what time and memory it would take, from a few steps of each
    /// training; the output is a file for --config
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How an experiment is run.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// First seed: the same seed gives the same metrics at any number of threads
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Number of seeds S, S+1, …: results become means [default: the experiment's]
    #[arg(long, value_name = "N", value_parser = counted::<10_000>)]
    seeds: Option<usize>,
    #[command(flatten)]
    threads: Threads,
    /// The published sizes, where the defaults are smaller
    #[arg(long)]
    full: bool,
    /// Number of epochs of everything that is trained [default: the experiment's]
    #[arg(long, value_name = "N", value_parser = counted::<1_000_000>)]
    epochs: Option<usize>,
    /// As published or honest, where an experiment has both: short for --set protocol=PROTOCOL
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
    /// Directory with a folder for each data set
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Changes of the configuration as a TOML file: the keys that `halfwave config show EXPERIMENT` shows, or some of them
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Change a key of the configuration, after those of --config; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Override>,
    #[command(flatten)]
    checkpoint_every: CheckpointEvery,
    /// Keep the models in models/NAME-seedN.safetensors of the output directory: for predict (networks) and features (RBMs)
    #[arg(long)]
    save_models: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave sweep agarap-wdbc --grid mlp.dropout=0,0.1,0.3 --grid 'mlp.hidden=[64],[64,64]' --seeds 5 --out wdbc
  halfwave sweep optdigits-rbm --sample 20 --grid nrelu.learning_rate=1e-3..1e-1:log --grid nrelu.epochs=5..30 --out r

Each cell is a run over all seeds, in DIR/cell-0001, …; DIR/sweep.csv and sweep.md have the table. The same command \
goes on with a sweep that was interrupted. Cells whose training diverges are noted and the sweep goes on. Experiments \
with a key `part` are measured on validation data and leave the test unread, unless --set part=test says otherwise.
`halfwave config show EXPERIMENT` shows the keys.")]
pub(crate) struct Sweep {
    /// Which experiment (see `halfwave list`)
    #[arg(value_parser = EXPERIMENT, hide_possible_values = true)]
    experiment: &'static Experiment,
    /// A key with its values, or with a range for --sample, uniform or logarithmic (:log); may be repeated
    #[arg(
        long,
        value_name = "KEY=V,V,…|LOW..HIGH[:log]",
        required = true,
        allow_hyphen_values = true
    )]
    grid: Vec<Axis>,
    /// Take N random points, by the first seed, in place of the whole grid
    #[arg(long, value_name = "N", value_parser = counted::<10_000>)]
    sample: Option<usize>,
    #[command(flatten)]
    settings: Settings,
    /// Directory of the sweep: a new one, or that of this sweep
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave table runs/*/result.json
  halfwave table docs/results/*.json --headlines --into README.md

The table goes between a line that begins with `<!-- table of reproductions` and the line \
`<!-- end of the table of reproductions -->`; nothing else in the file changes.")]
pub(crate) struct Table {
    /// Results, in the order of the table
    #[arg(value_name = "RESULT.json", required = true)]
    pub(crate) results: Vec<PathBuf>,
    /// Rows without a published number too
    #[arg(long)]
    all: bool,
    /// Only what can be compared with a published number: of each model in each setting the first, and of the same in
    /// several results that of the most runs
    #[arg(long, conflicts_with = "all")]
    headlines: bool,
    /// Put the table into this Markdown file in place of printing it
    #[arg(long, value_name = "FILE.md")]
    pub(crate) into: Option<PathBuf>,
    /// Write nothing; fail if the table in the file is another one
    #[arg(long, requires = "into")]
    pub(crate) check: bool,
}

impl Table {
    pub(crate) fn rows(&self) -> Rows {
        match (self.all, self.headlines) {
            (true, _) => Rows::All,
            (_, true) => Rows::Headlines,
            (false, false) => Rows::Published,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave report runs/mnist-mlp-1                     what the run has found
  halfwave report runs/mnist-mlp-1 runs/mnist-mlp-2    the second beside the first, and whether they differ
  halfwave report runs/mnist-mlp-* --markdown --out compared.md")]
pub(crate) struct Compare {
    /// Directories of runs, or their result.json: the first is what the others are compared with
    #[arg(value_name = "DIR", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Markdown in place of aligned columns
    #[arg(long)]
    markdown: bool,
    /// JSON for programs
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Write it into this file in place of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// How a comparison is written.
pub(crate) enum Form {
    Text,
    Markdown,
    Json,
}

impl Compare {
    pub(crate) fn form(&self) -> Form {
        match (self.markdown, self.json) {
            (true, _) => Form::Markdown,
            (_, true) => Form::Json,
            (false, false) => Form::Text,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Directory with a folder for each data set
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// JSON for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave data fetch mnist fashion-mnist           into the cache directory
  halfwave data fetch cifar10 --data-dir ~/data     into ~/data/cifar10
  halfwave data fetch mnist --mirror https://host/mnist

A file is whole or not there. After Ctrl-C or a lost connection the same command goes on where it ended; what is here \
already is not downloaded again. HALFWAVE_OFFLINE=1 is --offline.")]
pub(crate) struct Fetch {
    /// Data sets (see `halfwave data list`)
    #[arg(
        value_name = "NAME",
        required_unless_present = "all",
        value_parser = DATA_SET,
        hide_possible_values = true
    )]
    pub(crate) names: Vec<String>,
    /// All data sets: some gigabytes
    #[arg(long, conflicts_with_all = ["names", "mirror"])]
    pub(crate) all: bool,
    /// Directory with a folder for each data set [default: HALFWAVE_DATA, or the cache directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address of a folder with the published files, tried before the mirrors that are known
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Download nothing: fail if something is missing
    #[arg(long)]
    offline: bool,
    /// Replace files that are not the published ones
    #[arg(long)]
    force: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  halfwave data generate norb-synthetic ~/data/norb --training-files 2
  halfwave run nair-hinton-norb --data-dir ~/data

A file has 29,160 pairs of images and 680 MB; the published set has 10 and 2 of them. The same seed makes the same bytes.")]
pub(crate) struct Generate {
    /// Which set: norb-synthetic
    #[arg(value_parser = ["norb-synthetic"], hide_possible_values = true)]
    set: String,
    /// The folder, which is made if it is not there
    #[arg(value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Files of the training part, from 1 to 10
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = counted::<10>)]
    training_files: usize,
    /// Files of the test part, 1 or 2
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = counted::<2>)]
    test_files: usize,
    /// Pairs of each file
    #[arg(long, value_name = "N", default_value_t = norb::PAIRS, value_parser = counted::<{ norb::PAIRS }>)]
    pub(crate) pairs: usize,
    /// Seed of toys, poses and backgrounds
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Generate {
    pub(crate) fn files(&self) -> Limit {
        Limit { training: self.training_files, testing: self.test_files }
    }
}

impl Fetch {
    pub(crate) fn options(&self) -> fetch::Options {
        let variable = env::var_os("HALFWAVE_OFFLINE").unwrap_or_default();
        fetch::Options {
            offline: self.offline || !(variable.is_empty() || variable == "0"),
            force: self.force,
            mirror: self.mirror.clone(),
            ..fetch::Options::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Show its keys with their defaults, in TOML: what --config takes, and --set changes
    Show {
        /// Which experiment (see `halfwave list`)
        #[arg(value_parser = EXPERIMENT, hide_possible_values = true)]
        experiment: &'static Experiment,
    },
    /// Show them as a JSON schema, for editors and programs
    Schema {
        /// Which experiment (see `halfwave list`)
        #[arg(value_parser = EXPERIMENT, hide_possible_values = true)]
        experiment: &'static Experiment,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Download data sets: from mirrors, checked against published sizes and SHA-256
    Fetch(Fetch),
    /// Make a data set: norb-synthetic, stereo pairs of synthetic toys in the files and format of NORB
    Generate(Generate),
    /// List the data sets, and whether they are here
    List {
        /// Directory with a folder for each data set
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// Compare the files of a data set, or of all that are here, with their published sizes and SHA-256
    Verify {
        /// A data set (see `halfwave data list`)
        #[arg(value_parser = DATA_SET, hide_possible_values = true)]
        name: Option<String>,
        /// Directory with a folder for each data set
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Show the folders that are searched; for a data set: its files, or how to get them
    Path {
        /// A data set (see `halfwave data list`)
        #[arg(value_parser = DATA_SET, hide_possible_values = true)]
        name: Option<String>,
        /// Directory with a folder for each data set
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

/// A name of a table: `parse` says what is wrong with another, and shells complete those that there are.
#[derive(Clone)]
struct Named<T> {
    parse: fn(&str) -> Result<T, UnknownName>,
    names: fn() -> Vec<&'static str>,
}

const EXPERIMENT: Named<&'static Experiment> =
    Named { parse: experiments::find, names: experiments::names };

/// What is wrong with a name is said where the set is looked for.
const DATA_SET: Named<String> = Named { parse: |name| Ok(name.into()), names: registry::names };

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Named<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        self.parse.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.names)().into_iter().map(PossibleValue::new)))
    }
}

impl Settings {
    pub(crate) fn host(&self) -> Host {
        Host {
            threads: self.threads.number,
            data_dir: self.data_dir.clone(),
            checkpoint_every: self.checkpoint_every.duration(),
            quiet: self.quiet,
            save_models: self.save_models,
        }
    }

    fn options(
        self,
        experiment: &'static Experiment,
        out: Option<PathBuf>,
        force: bool,
    ) -> Options {
        let host = self.host();
        let Self { seed, seeds, full, epochs, config, set, protocol, .. } = self;
        let protocol = protocol.map(|value| Override { key: "protocol".into(), value });
        let overrides = protocol.into_iter().chain(set).collect();
        Options { experiment, epochs, config, overrides, seed, full, seeds, host, out, force }
    }
}

impl Run {
    pub(crate) fn options(self) -> Options {
        let Self { experiment, settings, out, force, .. } = self;
        settings.options(experiment, out, force)
    }
}

impl Sweep {
    pub(crate) fn options(self) -> SweepOptions {
        let Self { experiment, grid, sample, settings, out } = self;
        SweepOptions { run: settings.options(experiment, None, false), grid, sample, out }
    }
}
