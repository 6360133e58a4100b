//! `halfwave apply`: any kernel on a `.npy` file.

use std::{path::PathBuf, str::FromStr};

use halfwave_kernels::{
    Kind, Level, LevelError, Saved, backward_in_place, forward_in_place,
    rng::Stream,
    units::{self, Unit},
};

use crate::{
    Error,
    names::UnknownName,
    npy::{self, Array},
    output,
};

/// What is applied, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// An activation function.
    Activation(Kind),
    /// A stochastic unit: the input is its pre-activation, the output a sample.
    Unit(Unit),
}

impl Function {
    /// All names, in the order of the documentation.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let activations = Kind::ALL.iter().map(|kind| kind.name());
        activations.chain(Unit::ALL.iter().map(|unit| unit.name())).collect()
    }
}

impl FromStr for Function {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let unit = || name.parse().map(Self::Unit);
        name.parse()
            .map(Self::Activation)
            .or_else(|_| unit())
            .map_err(|_| UnknownName::new("kind", name, Self::names()))
    }
}

/// A level by its name.
///
/// # Errors
/// The nearest right name for an unknown one; which levels there are for one that this machine lacks.
pub fn level(name: &str) -> Result<Level, Error> {
    name.parse().map_err(nearest)
}

/// The level that `HALFWAVE_LEVEL` names, else the fastest.
///
/// # Errors
/// As [`level`].
pub fn level_from_env() -> Result<Level, Error> {
    Level::from_env().map_err(nearest)
}

fn nearest(error: LevelError) -> Error {
    match error {
        LevelError::Unknown(name) => {
            let known = ["scalar", "portable", "neon", "avx2", "avx512"];
            UnknownName::new("level", &name, known).into()
        }
        error => error.into(),
    }
}

/// What to apply, to what, and where to write.
#[derive(Clone, Debug)]
pub struct Job {
    /// The function.
    pub function: Function,
    /// x, any shape.
    pub input: PathBuf,
    /// y = f(x), or dx = f'(x) · dy; the shape of x.
    pub output: PathBuf,
    /// dy, the shape of x.
    pub backward: Option<PathBuf>,
    /// Seed of a stochastic unit.
    pub seed: Option<u64>,
    /// Instruction set.
    pub level: Level,
    /// Whether an existing output is replaced.
    pub force: bool,
}

/// The seed where none is given.
pub const SEED: u64 = 1;

/// Runs it; returns the shape.
///
/// # Errors
/// [`Error::Usage`] for a seed without, or a derivative of, a stochastic unit; bad input
/// ([`Error::Npy`], [`Error::Shape`]); [`Error::Output`]. Nothing is left behind then.
pub fn apply(job: &Job) -> Result<Vec<usize>, Error> {
    check(job)?;
    output::check_file(&job.output, job.force)?;
    let Array { shape, data: mut x } = npy::read(&job.input)?;
    let level = job.level;
    let data = match (job.function, &job.backward) {
        (Function::Activation(kind), None) => {
            forward_in_place(level, kind, &mut x);
            x
        }
        (Function::Activation(kind), Some(path)) => {
            let mut dy = npy::read(path)?;
            if dy.shape != shape {
                return Err(Error::Shape {
                    what: path.display().to_string(),
                    expected: format!("{} of {}", npy::shape_text(&shape), job.input.display()),
                    found: npy::shape_text(&dy.shape),
                });
            }
            // The input is always x: functions that save y run forward first.
            if kind.saved() == Saved::Output {
                forward_in_place(level, kind, &mut x);
            }
            backward_in_place(level, kind, &x, &mut dy.data);
            dy.data
        }
        (Function::Unit(unit), _) => {
            let noise = Stream::new(job.seed.unwrap_or(SEED)).at(0);
            units::sample_in_place(level, unit, noise, &mut x);
            x
        }
    };
    let array = Array { shape, data };
    output::write_file(&job.output, job.force, |out| npy::write(&array, out))?;
    Ok(array.shape)
}

fn check(job: &Job) -> Result<(), Error> {
    match job.function {
        Function::Activation(kind) if job.seed.is_some() => Err(Error::Usage(format!(
            "--seed is for stochastic units; `{kind}` draws no random numbers"
        ))),
        Function::Unit(unit) if job.backward.is_some() => Err(Error::Usage(format!(
            "--backward is for activation functions; `{unit}` is a stochastic unit and has no derivative"
        ))),
        _ => Ok(()),
    }
}
