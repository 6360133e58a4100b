//! Worst and mean error of every activation against its exact definition, in units in the last place: ours, those
//! that std, `wide`, and, where they are installed, numpy and torch have or are written with.
//!
//! `cargo run --release -p halfwave-tests --example accuracy [STRIDE]` prints a table of Markdown, over every
//! STRIDE-th of all 2³² inputs (4093 unless told). `PYTHON` names the interpreter that has numpy and torch.
//!
//! A second table has ours with learned parameters, at the values that training begins with: these, and gradients.
//!
//! Where a library has no such function, the formula is what a user would write; functions of another definition are
//! left out. Not all agree about NaN, which is no input here. Means leave out what is infinitely wrong (a number
//! where NaN or infinity belongs, or the reverse), which is counted instead.

use std::{env, error::Error, fs, path::Path, process::Command};

use halfwave_kernels::{
    Kind, Level, backward, forward,
    learned::{self, LearnedKind, ParameterError},
};
use halfwave_tests::ulp::{error_in_ulp, in_range_of_saved};
use rayon::prelude::*;
use wide::f32x16;

/// A function of a peer, and which of ours it is.
type Function<X> = (Kind, fn(X) -> X);

/// What std has, or is written with.
const STD: &[Function<f32>] = &[
    (Kind::Relu, |x| x.max(0.0)),
    (Kind::Relu6, |x| x.clamp(0.0, 6.0)),
    (Kind::Abs, f32::abs),
    (Kind::Elu, |x| if x > 0.0 { x } else { x.exp_m1() }),
    (Kind::GeluTanh, |x| 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh())),
    (Kind::Silu, |x| x / (1.0 + (-x).exp())),
    (Kind::Mish, |x| x * x.exp().ln_1p().tanh()),
    (Kind::HardSwish, |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
    (Kind::HardSigmoid, |x| (x + 3.0).clamp(0.0, 6.0) / 6.0),
    (Kind::Softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
    (Kind::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
    (Kind::Tanh, f32::tanh),
    (Kind::TanhRelu, |x| x.tanh().max(0.0)),
    (Kind::Softsign, |x| x / (1.0 + x.abs())),
    (Kind::Exp, f32::exp),
    (Kind::Log1p, f32::ln_1p),
];

/// The same of `wide`.
const WIDE: &[Function<f32x16>] = &[
    (Kind::Relu, |x| x.max(f32x16::ZERO)),
    (Kind::Abs, f32x16::abs),
    (Kind::Elu, |x| x.max(f32x16::ZERO) + x.min(f32x16::ZERO).exp_m1()),
    (Kind::Silu, |x| x / (f32x16::ONE + (-x).exp())),
    (Kind::Softplus, |x| x.max(f32x16::ZERO) + (-x.abs()).exp().ln_1p()),
    (Kind::Sigmoid, |x| f32x16::ONE / (f32x16::ONE + (-x).exp())),
    (Kind::Tanh, f32x16::tanh),
    (Kind::Softsign, |x| x / (f32x16::ONE + x.abs())),
    (Kind::Exp, f32x16::exp),
    (Kind::Log1p, f32x16::ln_1p),
];

/// Inputs that are taken together: a multiple of sixteen.
const BLOCK: usize = 1 << 14;

/// Errors over all inputs.
#[derive(Clone, Copy, Default)]
struct Errors {
    worst: f64,
    /// Of results that are no subnormal numbers.
    normal: f64,
    sum: f64,
    finite: u64,
    infinite: u64,
}

impl Errors {
    fn of(exact: impl Fn(f64) -> f64, x: &[f32], y: &[f32]) -> Self {
        let mut errors = Self::default();
        for (&x, &y) in x.iter().zip(y) {
            let exact = exact(f64::from(x));
            let error = error_in_ulp(y, exact);
            if error.is_finite() {
                errors.worst = errors.worst.max(error);
                if exact == 0.0 || exact.abs() >= f64::from(f32::MIN_POSITIVE) {
                    errors.normal = errors.normal.max(error);
                }
                errors.sum += error;
                errors.finite += 1;
            } else {
                errors.infinite += 1;
            }
        }
        errors
    }

    fn and(self, other: Self) -> Self {
        Self {
            worst: self.worst.max(other.worst),
            normal: self.normal.max(other.normal),
            sum: self.sum + other.sum,
            finite: self.finite + other.finite,
            infinite: self.infinite + other.infinite,
        }
    }

    fn cell(self) -> String {
        let mean = self.sum / self.finite.max(1) as f64;
        let mut cell = format!("{} / {}", digits(self.worst, 2), digits(mean, 3));
        let normal = digits(self.normal, 2);
        if normal != digits(self.worst, 2) {
            cell += &format!(" ({normal})");
        }
        if self.infinite > 0 {
            cell += &format!(", {} × ∞", self.infinite);
        }
        cell
    }
}

/// So many after the point, unless it is large.
fn digits(x: f64, digits: usize) -> String {
    if x < 1000.0 { format!("{x:.digits$}") } else { format!("{x:.1e}") }
}

/// Errors of `run`, which fills a block.
fn measure(
    x: &[f32],
    exact: impl Fn(f64) -> f64 + Sync,
    run: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Errors {
    let block = |x: &[f32]| {
        let mut y = vec![0.0; x.len()];
        run(x, &mut y);
        Errors::of(&exact, x, &y)
    };
    x.par_chunks(BLOCK).map(block).reduce(Errors::default, Errors::and)
}

/// Errors of results that a peer left in a file; none if it has no such function.
fn of_file(x: &[f32], kind: Kind, directory: &Path) -> Result<Option<Errors>, Box<dyn Error>> {
    let file = directory.join(format!("{kind}.f32"));
    if !file.exists() {
        return Ok(None);
    }
    let bytes = fs::read(&file)?;
    let (numbers, rest) = bytes.as_chunks();
    let y: Vec<f32> = numbers.iter().map(|&bytes| f32::from_ne_bytes(bytes)).collect();
    if y.len() != x.len() || !rest.is_empty() {
        return Err(format!("{}: expected {} numbers", file.display(), x.len()).into());
    }
    let blocks = x.par_chunks(BLOCK).zip(y.par_chunks(BLOCK));
    let errors = blocks.map(|(x, y)| Errors::of(|x| kind.definition(x), x, y));
    Ok(Some(errors.reduce(Errors::default, Errors::and)))
}

/// Errors of a function with learned parameters, at its initial ones: of y, of dx for dy = 1, and of the gradients of all parameters.
fn measure_learned(
    x: &[f32],
    level: Level,
    kind: LearnedKind,
) -> Result<[Errors; 3], ParameterError> {
    let initial: Vec<f32> = kind.parameters().iter().map(|parameter| parameter.initial).collect();
    let exact: Vec<f64> = initial.iter().copied().map(f64::from).collect();
    let shared: Vec<&[f32]> = initial.iter().map(std::slice::from_ref).collect();
    let block = |x: &[f32]| {
        // One row, every element a channel: each gradient of a parameter is one term.
        let n = x.len();
        let channels: Vec<Vec<f32>> = initial.iter().map(|&value| vec![value; n]).collect();
        let channels: Vec<&[f32]> = channels.iter().map(Vec::as_slice).collect();
        let (mut y, mut dx) = (vec![0.0; n], vec![0.0; n]);
        let mut gradients = vec![vec![0.0; n]; initial.len()];
        let mut slices: Vec<&mut [f32]> = gradients.iter_mut().map(Vec::as_mut_slice).collect();
        learned::forward(level, kind, &shared, x, &mut y)?;
        learned::backward(level, kind, &channels, x, &vec![1.0; n], &mut dx, &mut slices)?;
        let of_parameters = gradients.iter().enumerate().map(|(k, gradient)| {
            let exact = |x| {
                let mut all = vec![0.0; exact.len()];
                kind.parameter_derivatives(x, &exact, &mut all);
                all[k]
            };
            Errors::of(exact, x, gradient)
        });
        Ok([
            Errors::of(|x| kind.definition(x, &exact), x, &y),
            Errors::of(|x| kind.derivative(x, &exact), x, &dx),
            of_parameters.fold(Errors::default(), Errors::and),
        ])
    };
    let none = || [Errors::default(); 3];
    x.par_chunks(BLOCK)
        .map(block)
        .try_reduce(none, |a, b| Ok(std::array::from_fn(|i| a[i].and(b[i]))))
}

/// Has the peer compute all its functions, and returns its name and version; says so if it cannot.
fn ask(peer: &str, inputs: &Path, directory: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench-suite/peers/accuracy.py");
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    fs::create_dir_all(directory)?;
    let output = Command::new(python).arg(script).arg(peer).args([inputs, directory]).output();
    let why = match output {
        Ok(output) if output.status.success() => {
            return Ok(Some(String::from_utf8(output.stdout)?.trim().into()));
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("accuracy: {peer} is SKIPPED: {}", why.lines().last().unwrap_or_default());
    Ok(None)
}

fn main() -> Result<(), Box<dyn Error>> {
    let stride: usize = env::args().nth(1).map_or(Ok(4093), |stride| stride.parse())?;
    if stride == 0 {
        return Err("the stride must be at least 1".into());
    }
    let inputs = (0..=u32::MAX).step_by(stride).map(f32::from_bits);
    let x: Vec<_> = inputs.filter(|x| !x.is_nan()).collect();
    let scratch = tempfile::tempdir()?;
    let inputs = scratch.path().join("inputs.f32");
    fs::write(&inputs, x.iter().flat_map(|x| x.to_ne_bytes()).collect::<Vec<_>>())?;
    let mut peers = Vec::new();
    for peer in ["numpy", "torch"] {
        let directory = scratch.path().join(peer);
        if let Some(name) = ask(peer, &inputs, &directory)? {
            peers.push((name, directory));
        }
    }

    let level = Level::best();
    println!(
        "Worst / mean error in ULP over {} inputs, which are every {stride}th of all f32 without NaN; ours on {level}.",
        x.len()
    );
    println!(
        "In brackets the worst where the result is no subnormal number, if that is less; n × ∞: how often a number stands"
    );
    println!("for NaN or infinity, or the reverse.\n");
    let names: String = peers.iter().map(|(peer, _)| format!(" {peer} |")).collect();
    println!("| function | halfwave | its backward | std | wide |{names}");
    println!("|---|---|---|---|---|{}", "---|".repeat(peers.len()));
    for &kind in Kind::ALL {
        let exact = |x| kind.definition(x);
        let ours = measure(&x, exact, |x, y| forward(level, kind, x, y));
        let saved: Vec<_> = x.iter().copied().filter(|&x| in_range_of_saved(kind, x)).collect();
        let gradient = measure(
            &saved,
            |saved| kind.derivative(saved),
            |saved, dx| backward(level, kind, saved, &vec![1.0; saved.len()], dx),
        );
        let std = STD.iter().find(|(of, _)| *of == kind).map(|(_, function)| {
            measure(&x, exact, |x, y| {
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = function(x));
            })
        });
        let wide = WIDE.iter().find(|(of, _)| *of == kind).map(|(_, function)| {
            measure(&x, exact, |x, y| {
                for (x, y) in x.chunks(16).zip(y.chunks_mut(16)) {
                    let mut lanes = [0.0; 16];
                    lanes[..x.len()].copy_from_slice(x);
                    y.copy_from_slice(&function(f32x16::new(lanes)).to_array()[..x.len()]);
                }
            })
        });
        let mut cells = vec![Some(ours), Some(gradient), std, wide];
        for (_, directory) in &peers {
            cells.push(of_file(&x, kind, directory)?);
        }
        let cells: String = cells
            .into_iter()
            .map(|errors| format!(" {} |", errors.map_or("–".into(), Errors::cell)))
            .collect();
        println!("| `{kind}` |{cells}");
    }
    println!(
        "\n| with learned parameters, at their initial values | halfwave | its dx | its gradients of parameters |"
    );
    println!("|---|---|---|---|");
    for &kind in LearnedKind::ALL {
        let errors = measure_learned(&x, level, kind)?.map(Errors::cell);
        println!("| `{kind}` | {} |", errors.join(" | "));
    }
    Ok(())
}
