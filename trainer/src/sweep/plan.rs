//! The cells of a sweep: all points of the grid, or random ones.

use std::fmt;

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{Axis, SweepError, SweepOptions, Values};
use crate::{
    Error,
    config::{self, Override},
    experiments::Experiment,
    run,
};

/// Most cells.
const MOST: u64 = 10_000;

/// Where the draws of the points stand in the stream of the seed: beyond those of any training run (2⁴⁸).
const POINTS: u64 = 0x2_9e37_79b9_7f4b;

/// What a sweep consists of: `sweep.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the experiment.
    pub experiment: String,
    /// All keys with their values where the grid says nothing else.
    pub configuration: Table,
    /// What varies.
    pub grid: Vec<Axis>,
    /// How many random points were taken.
    pub sample: Option<usize>,
    /// The seeds of each cell.
    pub seeds: Vec<u64>,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// A point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// From 1.
    pub number: usize,
    /// The settings that vary, in the order of the grid.
    pub settings: Vec<Override>,
    /// All keys with the values of this cell.
    pub configuration: Table,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings.iter().map(|Override { key, value }| format!("{key}={value}"));
        f.write_str(&settings.collect::<Vec<_>>().join(", "))
    }
}

impl Plan {
    /// The cells in their order, the last setting fastest. The configuration of each is checked.
    ///
    /// # Errors
    /// [`SweepError`], and the [`ConfigError`](config::ConfigError) of the first cell that has one.
    pub fn new(options: &SweepOptions) -> Result<Self, Error> {
        let SweepOptions { run, grid, sample, .. } = options;
        let configuration = run.configuration_from(unread_test(run.experiment))?;
        if grid.is_empty() {
            return Err(SweepError::NoGrid.into());
        }
        for (i, axis) in grid.iter().enumerate() {
            if grid[..i].iter().any(|before| before.key == axis.key) {
                return Err(SweepError::Repeated(axis.key.clone()).into());
            }
        }
        let seeds = run::seeds(run)?;
        let points = match sample {
            Some(count) => random(grid, &configuration, *count, run.seed)?,
            None => all(grid)?,
        };
        let cell = |(number, values): (usize, Vec<String>)| {
            let settings = grid.iter().map(|axis| axis.key.clone()).zip(values);
            let settings: Vec<Override> =
                settings.map(|(key, value)| Override { key, value }).collect();
            let mut configuration = configuration.clone();
            settings.iter().try_for_each(|change| config::set(&mut configuration, change))?;
            drop(run.experiment.prepare(configuration.clone())?);
            Ok(Cell { number, settings, configuration })
        };
        let cells = (1..).zip(points).map(cell).collect::<Result<_, Error>>()?;
        let (experiment, grid) = (run.experiment.name.into(), grid.clone());
        Ok(Self { experiment, configuration, grid, sample: *sample, seeds, cells })
    }

    /// What another plan has that this one has not, for people; none if they are the same.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if other.experiment != self.experiment {
            return Some(format!("the experiment {}", other.experiment));
        }
        if other.grid != self.grid || other.sample != self.sample {
            return Some("another grid".into());
        }
        if other.seeds != self.seeds {
            return Some("other seeds".into());
        }
        (other != self).then(|| "other settings".into())
    }
}

/// A sweep is there to choose settings by, which test data are not: where an experiment can leave them unread, it does so
/// unless it is told otherwise.
fn unread_test(experiment: &Experiment) -> Vec<Override> {
    let part = experiment.defaults().contains_key("part");
    part.then(|| Override { key: "part".into(), value: "validation".into() }).into_iter().collect()
}

fn all(grid: &[Axis]) -> Result<Vec<Vec<String>>, SweepError> {
    let lists = grid.iter().map(|axis| match &axis.values {
        Values::List(values) => Ok(values),
        Values::Range { .. } => Err(SweepError::NeedsSample(axis.key.clone())),
    });
    let lists = lists.collect::<Result<Vec<_>, _>>()?;
    let cells = lists.iter().try_fold(1_u64, |cells, list| cells.checked_mul(list.len() as u64));
    let cells = cells.unwrap_or(u64::MAX);
    if cells > MOST {
        return Err(SweepError::TooLarge { cells, most: MOST });
    }
    let mut points = vec![Vec::new()];
    for list in lists {
        let longer = |point: Vec<String>| {
            list.iter().map(move |value| [&point[..], std::slice::from_ref(value)].concat())
        };
        points = points.into_iter().flat_map(longer).collect();
    }
    Ok(points)
}

/// `count` points, each setting drawn by itself: a draw for each, point after point.
fn random(
    grid: &[Axis],
    configuration: &Table,
    count: usize,
    seed: u64,
) -> Result<Vec<Vec<String>>, SweepError> {
    let mut draws = vec![0.0; count * grid.len()];
    // Variates have the same bits on every level.
    rng::uniform(Level::best(), Stream::new(seed).at(POINTS), &mut draws);
    let whole: Vec<bool> = grid
        .iter()
        .map(|axis| config::get(configuration, &axis.key).is_some_and(Value::is_integer))
        .collect();
    if let Some((axis, _)) = grid.iter().zip(&whole).find(|(axis, whole)| !axis.values.has(**whole))
    {
        return Err(SweepError::NoWhole(axis.key.clone()));
    }
    let point = |draws: &[f32]| {
        let settings = grid.iter().zip(&whole).zip(draws);
        settings.map(|((axis, &whole), &u)| axis.values.at(f64::from(u), whole)).collect()
    };
    Ok(draws.chunks_exact(grid.len()).map(point).collect())
}
