//! `halfwave apply`: any kernel on a `.npy` file.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use halfwave_kernels::{
    Kind, Level, LevelError, Saved, backward_in_place, forward_in_place,
    learned::{self, LearnedKind},
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// An activation function.
    Activation(Kind),
    /// A function with learned parameters: one value each.
    Learned(LearnedKind),
    /// A stochastic unit: the input is its pre-activation, the output a sample.
    Unit(Unit),
}

impl Function {
    /// All names, in the order of the documentation; units with a parameter at one of its values.
    #[must_use]
    pub fn names() -> Vec<String> {
        let activations = Kind::ALL.iter().map(|kind| kind.name().into());
        let learned = LearnedKind::ALL.iter().map(|kind| kind.name().into());
        activations.chain(learned).chain(Unit::ALL.iter().map(Unit::to_string)).collect()
    }
}

impl FromStr for Function {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        name.parse()
            .map(Self::Activation)
            .or_else(|_| name.parse().map(Self::Learned))
            .or_else(|_| name.parse().map(Self::Unit))
            .map_err(|_| UnknownName::new("kind", name, Self::names()))
    }
}

/// `name=value`, a parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The parameter.
    pub name: String,
    /// Its value.
    pub value: f32,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or("expected NAME=VALUE, for example beta=1.7")?;
        let value = value.parse().map_err(|_| format!("`{value}` is not a number"))?;
        Ok(Self { name: name.into(), value })
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
    /// Parameters of a learned function, where they are not the initial ones.
    pub parameters: Vec<Assignment>,
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
/// [`Error::Usage`] for a seed without, or a derivative of, a stochastic unit, and for parameters that the
/// function has not or that are outside of its domain; bad input
/// ([`Error::Npy`], [`Error::Shape`]); [`Error::Output`]. Nothing is left behind then.
pub fn apply(job: &Job) -> Result<Vec<usize>, Error> {
    let parameters = check(job)?;
    let parameters: Vec<&[f32]> = parameters.iter().map(std::slice::from_ref).collect();
    output::check_file(&job.output, job.force)?;
    output::ending(&job.output, &[".npy"])?;
    let Array { shape, data: mut x } = npy::read(&job.input)?;
    let level = job.level;
    let data = match (job.function, &job.backward) {
        (Function::Activation(kind), None) => {
            forward_in_place(level, kind, &mut x);
            x
        }
        (Function::Learned(kind), None) => {
            learned::forward_in_place(level, kind, &parameters, &mut x).map_err(usage)?;
            x
        }
        (Function::Learned(kind), Some(path)) => {
            let mut dy = read_dy(job, path, &shape)?;
            // The gradients of the parameters, sums over everything, are not asked for.
            let mut gradients = vec![[0.0]; parameters.len()];
            let mut gradients: Vec<&mut [f32]> =
                gradients.iter_mut().map(<[f32; 1]>::as_mut_slice).collect();
            learned::backward_in_place(level, kind, &parameters, &x, &mut dy.data, &mut gradients)
                .map_err(usage)?;
            dy.data
        }
        (Function::Activation(kind), Some(path)) => {
            let mut dy = read_dy(job, path, &shape)?;
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

/// dy, of the shape of x.
fn read_dy(job: &Job, path: &Path, shape: &[usize]) -> Result<Array, Error> {
    let dy = npy::read(path)?;
    if dy.shape != shape {
        return Err(Error::Shape {
            what: path.display().to_string(),
            expected: format!("{} of {}", npy::shape_text(shape), job.input.display()),
            found: npy::shape_text(&dy.shape),
        });
    }
    Ok(dy)
}

fn usage(error: learned::ParameterError) -> Error {
    Error::Usage(format!("{error} (--parameter)"))
}

/// The values of all parameters of a learned function.
fn parameters(kind: LearnedKind, given: &[Assignment]) -> Result<Vec<f32>, Error> {
    let known = kind.parameters();
    let mut values: Vec<f32> = known.iter().map(|parameter| parameter.initial).collect();
    for Assignment { name, value } in given {
        match known.iter().position(|parameter| parameter.name == name) {
            Some(i) => values[i] = *value,
            None => {
                let names = known.iter().map(|parameter| parameter.name);
                return Err(UnknownName::new("parameter", name, names).into());
            }
        }
    }
    let slices: Vec<&[f32]> = values.iter().map(std::slice::from_ref).collect();
    kind.check(&slices).map_err(usage)?;
    Ok(values)
}

/// Whether the flags fit the function; the values of its parameters.
fn check(job: &Job) -> Result<Vec<f32>, Error> {
    if let Function::Learned(kind) = job.function {
        if job.seed.is_some() {
            return Err(Error::Usage(format!(
                "--seed is for stochastic units; `{kind}` draws no random numbers"
            )));
        }
        return parameters(kind, &job.parameters);
    }
    if let [given, ..] = &job.parameters[..] {
        return Err(Error::Usage(format!(
            "--parameter {}: this function has no parameters; those with some are {}",
            given.name,
            LearnedKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
        )));
    }
    match job.function {
        Function::Activation(kind) if job.seed.is_some() => Err(Error::Usage(format!(
            "--seed is for stochastic units; `{kind}` draws no random numbers"
        ))),
        Function::Unit(unit) if job.backward.is_some() => Err(Error::Usage(format!(
            "--backward is for activation functions; `{unit}` is a stochastic unit and has no derivative"
        ))),
        _ => Ok(Vec::new()),
    }
}
