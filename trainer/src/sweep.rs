//! `halfwave sweep`: an experiment over a grid of settings, or over random points, and seeds.
//!
//! ```text
//! DIR/sweep.json                what was asked for, written before the first cell
//! DIR/cell-0001/result.json …   each cell is a run of its own, over all seeds
//! DIR/sweep.csv, DIR/sweep.md   the table of all cells that are done, written after each
//! ```
//!
//! A sweep that was interrupted goes on with the first cell that has no `result.json`.

mod axis;
mod folder;
mod plan;
mod table;

use std::path::PathBuf;

pub use axis::{Axis, Values};
use folder::Folder;
pub use plan::{Cell, Plan};
pub use table::{csv, markdown};

use halfwave_datasets::Locator;

use crate::{
    Error, TrainError, apply,
    result::Report,
    run::{self, Options},
};

/// What to sweep over.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    /// The run of each cell; `out` and `force` are the sweep's.
    pub run: Options,
    /// The settings that vary.
    pub grid: Vec<Axis>,
    /// How many random points are taken of the grid, in place of all of it.
    pub sample: Option<usize>,
    /// Where the cells and the table are.
    pub out: PathBuf,
}

/// Why there is no sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// `--grid` of another form.
    #[error(
        "--grid {0}: expected KEY=VALUE,VALUE,… or KEY=LOW..HIGH, e.g. mlp.dropout=0,0.5 or \
         mlp.optimiser.learning_rate=1e-4..1e-1:log"
    )]
    Form(String),
    /// Ends that are no range.
    #[error("--grid {0}: expected finite ends, the first below the second, and above 0 with :log")]
    Range(String),
    /// A range of a setting that takes whole numbers, without any.
    #[error("--grid {0}: there is no whole number in the range")]
    NoWhole(String),
    /// No setting varies.
    #[error("a sweep needs at least one --grid KEY=VALUE,VALUE,…")]
    NoGrid,
    /// A key that stands twice.
    #[error("--grid {0}: stands twice; give all its values in one")]
    Repeated(String),
    /// A range in a sweep over all points of a grid.
    #[error("--grid {0}: a range has no end of values; say --sample N, or list values")]
    NeedsSample(String),
    /// More cells than anybody waits for.
    #[error(
        "the grid has {cells} cells, at most {most} are taken; --sample N takes N of them at random"
    )]
    TooLarge {
        /// How many there are: more than can be counted is [`u64::MAX`].
        cells: u64,
        /// How many there may be.
        most: u64,
    },
    /// A directory of another sweep.
    #[error("{}: holds a sweep with {what}; choose another --out", path.display())]
    Other {
        /// The directory.
        path: PathBuf,
        /// What is different.
        what: String,
    },
    /// A file that no sweep wrote.
    #[error("{}: expected the file that a sweep writes, found: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A result that is not the cell's.
    #[error(
        "{}: the result of another configuration is where a cell's should be; move it away",
        .0.display()
    )]
    Cell(PathBuf),
    /// Cells that could not be trained, other than by divergence.
    #[error("{failed} of {cells} cells failed; the first: {first}")]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many.
        cells: usize,
        /// The message of the first.
        first: String,
    },
}

impl SweepError {
    pub(crate) fn is_usage(&self) -> bool {
        !matches!(
            self,
            Self::Other { .. } | Self::File { .. } | Self::Cell(_) | Self::Failed { .. }
        )
    }
}

/// What became of a cell.
#[derive(Clone, Debug)]
pub enum Became {
    /// It ran, now or before.
    Done(Box<Report>),
    /// It could not be trained.
    Failed(TrainError),
}

/// What has been done.
#[derive(Clone, Debug)]
pub struct Swept {
    /// The table, as `sweep.md` has it.
    pub table: String,
    /// Cells that ran now.
    pub ran: usize,
    /// Cells that had been done before.
    pub kept: usize,
    /// [`SweepError::Failed`], if cells failed for another reason than divergence.
    pub failure: Option<SweepError>,
}

/// Runs all cells that are not done yet; `announce` is told of each before it runs. A cell whose training fails
/// is noted in the table and tried again by the next call; all other errors end the sweep.
///
/// # Errors
/// [`SweepError`], a bad configuration of any cell, missing data: before the first cell runs; and what a run meets.
pub fn sweep(options: &SweepOptions, announce: &mut dyn FnMut(&str)) -> Result<Swept, Error> {
    let plan = Plan::new(options)?;
    apply::level_from_env()?;
    let locator = Locator::new(options.run.host.data_dir.clone());
    let needed = |cell: &Cell| options.run.experiment.data_of(&cell.configuration);
    let mut sets: Vec<String> = plan.cells.iter().flat_map(needed).collect();
    sets.sort_unstable();
    sets.dedup();
    run::check_data(&sets, &locator)?;
    let folder = Folder::open(&options.out, &plan)?;
    let mut became = Vec::new();
    let (mut ran, mut kept) = (0, 0);
    let mut table = String::new();
    for cell in &plan.cells {
        if let Some(report) = folder.done(cell)? {
            kept += 1;
            became.push(Became::Done(Box::new(report)));
        } else {
            announce(&format!("cell {} of {}: {cell}", cell.number, plan.cells.len()));
            became.push(folder.run(cell, &options.run)?);
            ran += 1;
        }
        table = folder.write_table(&plan, &became)?;
    }
    let mut failures = became.iter().filter_map(|became| match became {
        Became::Failed(error) if !matches!(error, TrainError::Diverged { .. }) => Some(error),
        _ => None,
    });
    let failure = failures.next().map(|first| SweepError::Failed {
        failed: 1 + failures.count(),
        cells: plan.cells.len(),
        first: first.to_string(),
    });
    Ok(Swept { table, ran, kept, failure })
}
