//! The directory of a sweep: whose it is, which cells are done, and the table.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{Became, Cell, Plan, SweepError, table};
use crate::{
    Error, config, output,
    result::Report,
    run::{self, Options},
};

/// What was asked for.
const PLAN: &str = "sweep.json";

/// The directory of a sweep, which no other process works on as long as this lives.
pub(super) struct Folder<'a> {
    path: &'a Path,
    plan: &'a Plan,
    _lock: File,
}

impl<'a> Folder<'a> {
    /// Makes the directory, or opens that of the same sweep.
    pub(super) fn open(path: &'a Path, plan: &'a Plan) -> Result<Self, Error> {
        let place = path.join(PLAN);
        let io = |action| move |error| output::OutputError::Io { path: path.into(), action, error };
        let mut bytes = serde_json::to_vec_pretty(plan)
            .map_err(|error| io("describe the sweep")(io::Error::other(error)))?;
        bytes.push(b'\n');
        if !place.try_exists().map_err(io("look at it"))? {
            make(path)?;
            output::write_file(&place, false, |out| out.write_all(&bytes))?;
        }
        let lock = output::locked(path, PLAN)?;
        // Both are read from JSON: decimal numbers are read to the last bit but one.
        let parse = |bytes: &[u8]| serde_json::from_slice::<Plan>(bytes);
        let file = |error: &dyn ToString| SweepError::File {
            path: place.clone(),
            reason: error.to_string(),
        };
        let there = fs::read(&place).map_err(io("read its sweep.json"))?;
        let there = parse(&there).map_err(|error| file(&error))?;
        let wanted = parse(&bytes).map_err(|error| file(&error))?;
        match wanted.difference(&there) {
            Some(what) => Err(SweepError::Other { path: path.into(), what }.into()),
            None => Ok(Self { path, plan, _lock: lock }),
        }
    }

    fn place(&self, cell: &Cell) -> PathBuf {
        self.path.join(format!("cell-{:04}", cell.number))
    }

    /// The result of the cell, if it has one.
    pub(super) fn done(&self, cell: &Cell) -> Result<Option<Report>, Error> {
        let path = self.place(cell).join("result.json");
        // What else is wrong with it, reading says.
        if let Ok(false) = path.try_exists() {
            return Ok(None);
        }
        let report = Report::read(&path)?;
        if !report.is_of(&self.plan.experiment, &cell.configuration, &self.plan.seeds) {
            return Err(SweepError::Cell(path).into());
        }
        Ok(Some(report))
    }

    /// Runs the cell.
    pub(super) fn run(&self, cell: &Cell, options: &Options) -> Result<Became, Error> {
        let place = self.place(cell);
        output::remove_partial(&place, None)?;
        let options = Options {
            config: None,
            full: false,
            epochs: None,
            overrides: config::changes(&cell.configuration),
            out: Some(place),
            ..options.clone()
        };
        match run::run_or_resume(&options) {
            Ok(done) => {
                let report = Report::read(&done.directory.join("result.json"))?;
                Ok(Became::Done(Box::new(report)))
            }
            // The sweep goes on by its own command, and the cell with it.
            Err(error) if error.signal().is_some() => Err(error.cause()),
            Err(error) => match error.cause() {
                Error::Train(error) => Ok(Became::Failed(error)),
                error => Err(error),
            },
        }
    }

    /// Writes the table of the first cells; returns it in Markdown.
    pub(super) fn write_table(&self, plan: &Plan, became: &[Became]) -> Result<String, Error> {
        let (csv, markdown) = (table::csv(plan, became), table::markdown(plan, became));
        output::write_file(&self.path.join("sweep.csv"), true, |out| out.write_all(&csv?))?;
        output::write_file(&self.path.join("sweep.md"), true, |out| {
            out.write_all(markdown.as_bytes())
        })?;
        Ok(markdown)
    }
}

/// Makes the directory; one that is there has to be empty.
fn make(path: &Path) -> Result<(), output::OutputError> {
    let io = |action, error| output::OutputError::Io { path: path.into(), action, error };
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            output::OutputError::NotADirectory(path.into())
        }
        _ => io("make this directory", error),
    })?;
    let mut entries = fs::read_dir(path).map_err(|error| io("read this directory", error))?;
    if entries.next().is_some() {
        return Err(output::OutputError::NotASweep(path.into()));
    }
    Ok(())
}
