//! `halfwave plot activations`: every function and its derivative, one figure a family, drawn from the
//! kernels themselves.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use halfwave_kernels::{
    Kind, Level, Saved, backward_in_place, forward,
    learned::{self, LearnedKind, ParameterError},
};

use crate::{
    Error,
    output::Directory,
    report::plot::{self, Graph},
};

/// Functions that are drawn together.
pub struct Family {
    /// The file's name, without `.svg`.
    pub name: &'static str,
    title: &'static str,
    /// Heights that are drawn.
    y: Range<f64>,
    /// Functions without parameters.
    pub fixed: &'static [Kind],
    /// Functions with parameters, at their initial values.
    pub learned: &'static [LearnedKind],
}

/// All of them; every function is in one.
pub const FAMILIES: &[Family] = &[
    family(
        "rectifiers",
        "Rectifiers",
        -1.0..6.5,
        &[Kind::Relu, Kind::Relu6, Kind::LeakyRelu, Kind::Abs],
        &[],
    ),
    family(
        "exponential",
        "Exponential units",
        -2.0..4.0,
        &[Kind::Elu, Kind::Selu, Kind::Celu],
        &[],
    ),
    family(
        "gated",
        "Gated units",
        -0.5..3.0,
        &[Kind::Gelu, Kind::GeluTanh, Kind::GeluQuick, Kind::Silu, Kind::Mish, Kind::HardSwish],
        &[],
    ),
    family(
        "softplus",
        "Smooth rectifiers",
        -0.2..3.0,
        &[Kind::Softplus, Kind::RescaledSoftplus, Kind::Lif],
        &[],
    ),
    family(
        "sigmoid",
        "Sigmoid units",
        -1.2..1.3,
        &[Kind::Sigmoid, Kind::HardSigmoid, Kind::Tanh, Kind::TanhRelu, Kind::Softsign, Kind::Erf],
        &[],
    ),
    family(
        "elementary",
        "Elementary functions",
        -3.0..4.0,
        &[Kind::Identity, Kind::Exp, Kind::Log1p],
        &[],
    ),
    family(
        "learned-rectifiers",
        "Learned rectifiers",
        -1.2..4.0,
        &[],
        &[LearnedKind::Prelu, LearnedKind::ReluN, LearnedKind::ShiLu, LearnedKind::LeLeLu],
    ),
    family(
        "learned-smooth",
        "Learned smooth units",
        -1.2..4.0,
        &[],
        &[
            LearnedKind::TrainableElu,
            LearnedKind::Swish,
            LearnedKind::Apalu,
            LearnedKind::Delu,
            LearnedKind::CosLu,
            LearnedKind::SinLu,
        ],
    ),
    family(
        "learned-saturating",
        "Learned saturating units",
        -1.2..2.0,
        &[],
        &[
            LearnedKind::ScaledSoftsign,
            LearnedKind::Dyt,
            LearnedKind::LinComb,
            LearnedKind::NormLinComb,
        ],
    ),
];

const fn family(
    name: &'static str,
    title: &'static str,
    y: Range<f64>,
    fixed: &'static [Kind],
    learned: &'static [LearnedKind],
) -> Family {
    Family { name, title, y, fixed, learned }
}

/// Places that are drawn: multiples of 1/128, between −X and X.
const X: f32 = 6.0;

fn places() -> Vec<f32> {
    let n = (X * 128.0) as i32;
    (-n..=n).map(|i| i as f32 / 128.0).collect()
}

fn graph(label: &str, x: &[f32], y: &[f32], slope: &[f32]) -> Graph {
    let points = |y: &[f32]| x.iter().zip(y).map(|(&x, &y)| (x.into(), y.into())).collect();
    Graph { label: label.into(), values: points(y), slopes: points(slope) }
}

fn fixed(kind: Kind) -> Graph {
    let (level, x) = (Level::best(), places());
    let (mut y, mut slope) = (vec![0.0; x.len()], vec![1.0; x.len()]);
    forward(level, kind, &x, &mut y);
    let saved = if kind.saved() == Saved::Output { &y } else { &x };
    backward_in_place(level, kind, saved, &mut slope);
    graph(kind.name(), &x, &y, &slope)
}

fn learned(kind: LearnedKind) -> Result<Graph, ParameterError> {
    let (level, x) = (Level::best(), places());
    let (mut y, mut slope) = (x.clone(), vec![1.0; x.len()]);
    let initial: Vec<[f32; 1]> = kind.parameters().iter().map(|p| [p.initial]).collect();
    let parameters: Vec<&[f32]> = initial.iter().map(<[f32; 1]>::as_slice).collect();
    let mut gradients = vec![[0.0]; parameters.len()];
    let mut gradients: Vec<&mut [f32]> =
        gradients.iter_mut().map(<[f32; 1]>::as_mut_slice).collect();
    learned::forward_in_place(level, kind, &parameters, &mut y)?;
    learned::backward_in_place(level, kind, &parameters, &x, &mut slope, &mut gradients)?;
    Ok(graph(kind.name(), &x, &y, &slope))
}

/// Writes a figure for each of [`FAMILIES`] into `directory`, which is made if it is not there; returns
/// the files.
///
/// # Errors
/// [`Error::Output`]; a figure that is there already is kept without `force`.
pub fn write(directory: &Path, force: bool) -> Result<Vec<PathBuf>, Error> {
    let names: Vec<String> = FAMILIES.iter().map(|family| format!("{}.svg", family.name)).collect();
    let files = names.iter().map(|name| directory.join(name)).collect();
    let output = Directory::open(directory, force)?;
    for (family, name) in FAMILIES.iter().zip(&names) {
        let mut graphs: Vec<Graph> = family.fixed.iter().map(|&kind| fixed(kind)).collect();
        for &kind in family.learned {
            graphs.push(learned(kind).map_err(|error| Error::Usage(error.to_string()))?);
        }
        let svg = plot::graphs(family.title, family.y.clone(), &graphs).map_err(Error::Usage)?;
        output.write(name, |out| out.write_all(svg.as_bytes()))?;
    }
    output.complete(&names)?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_in_one_family() {
        for kind in Kind::ALL {
            let families = FAMILIES.iter().filter(|family| family.fixed.contains(kind));
            assert_eq!(families.count(), 1, "{kind}");
        }
        for kind in LearnedKind::ALL {
            let families = FAMILIES.iter().filter(|family| family.learned.contains(kind));
            assert_eq!(families.count(), 1, "{kind}");
        }
    }

    #[test]
    fn slopes_are_those_of_the_graphs() {
        for graph in FAMILIES.iter().flat_map(|family| {
            let learned = family.learned.iter().map(|&kind| learned(kind).unwrap());
            family.fixed.iter().map(|&kind| fixed(kind)).chain(learned).collect::<Vec<_>>()
        }) {
            // Between kinks, which are at whole numbers; LIF has a pole next to one.
            for (values, slope) in graph.values.windows(3).zip(&graph.slopes[1..]) {
                let [(x0, y0), (x, _), (x1, y1)] = values else { unreachable!() };
                let kink = (x - x.round()).abs() < 0.1;
                if kink || y0.is_nan() || y1.is_nan() {
                    continue;
                }
                let difference = (y1 - y0) / (x1 - x0);
                let error = (difference - slope.1).abs() / difference.abs().max(1.0);
                assert!(error < 4e-3, "{} at {x}: {difference}, {}", graph.label, slope.1);
            }
        }
    }
}
