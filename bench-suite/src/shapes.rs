//! Shapes of matrix products: the TOML tables in `shapes/`.

use serde::Deserialize;

/// The files; a new one is a line here.
const FILES: [(&str, &str); 3] = [
    ("square.toml", include_str!("../shapes/square.toml")),
    ("rbm.toml", include_str!("../shapes/rbm.toml")),
    ("mlp.toml", include_str!("../shapes/mlp.toml")),
];

/// Those whose instructions are counted; they are not timed.
const CALLGRIND: (&str, &str) = ("callgrind.toml", include_str!("../shapes/callgrind.toml"));

/// One product `[m, k] · [k, n]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// How the bench is called.
    pub name: String,
    /// Rows of the result.
    pub m: usize,
    /// Length of the sums.
    pub k: usize,
    /// Columns of the result.
    pub n: usize,
    /// Which operand is a transposed view.
    pub layout: Layout,
    /// What is done to the result.
    pub epilogues: Vec<Epilogue>,
}

/// Which operand is a transposed view of row-major storage.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// x · W: none.
    Forward,
    /// dy · Wᵀ: the right one.
    Backward,
    /// xᵀ · dy: the left one.
    Gradient,
}

/// What is done to the result of a product.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Epilogue {
    /// Nothing.
    None,
    /// Bias and ReLU.
    BiasRelu,
    /// Bias and a sample of NReLU.
    Sample,
    /// Bias and GELU, with what goes into it as a second result.
    InputAndGelu,
    /// The derivative of ReLU at what is saved.
    ReluBackward,
    /// A step of momentum, of which the product is the gradient.
    Momentum,
    /// A step of Adam.
    Adam,
}

impl Epilogue {
    /// As in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BiasRelu => "bias-relu",
            Self::Sample => "sample",
            Self::InputAndGelu => "input-and-gelu",
            Self::ReluBackward => "relu-backward",
            Self::Momentum => "momentum",
            Self::Adam => "adam",
        }
    }

    /// Arrays of the optimiser's state.
    #[must_use]
    pub fn states(self) -> usize {
        match self {
            Self::None
            | Self::BiasRelu
            | Self::Sample
            | Self::InputAndGelu
            | Self::ReluBackward => 0,
            Self::Momentum => 1,
            Self::Adam => 2,
        }
    }

    /// How often an array of the size of the result is read or written: weights and states of an optimiser there and back.
    fn passes(self) -> usize {
        match self {
            Self::None | Self::BiasRelu | Self::Sample => 1,
            Self::InputAndGelu | Self::ReluBackward => 2,
            Self::Momentum | Self::Adam => 2 * (1 + self.states()),
        }
    }
}

impl Shape {
    /// Whether it takes so long that it is measured as seldom as can be.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.flop() > 1e10
    }

    /// Floating-point operations of the product.
    #[must_use]
    pub fn flop(&self) -> f64 {
        2.0 * self.m as f64 * self.k as f64 * self.n as f64
    }

    /// Bytes that it must move: operands once, and arrays of the result's size as often as the epilogue needs them.
    #[must_use]
    pub fn bytes(&self, epilogue: Epilogue) -> f64 {
        let elements = self.m * self.k + self.k * self.n + epilogue.passes() * self.m * self.n;
        (size_of::<f32>() * elements) as f64
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    gemm: Vec<Shape>,
}

/// All shapes that are timed.
///
/// # Panics
/// If a table is wrong: the message names the file and the line.
#[must_use]
pub fn gemm() -> Vec<Shape> {
    FILES.into_iter().flat_map(parse).collect()
}

/// All shapes whose instructions are counted.
///
/// # Panics
/// As [`gemm`].
#[must_use]
pub fn callgrind() -> Vec<Shape> {
    parse(CALLGRIND)
}

fn parse((name, text): (&str, &str)) -> Vec<Shape> {
    match toml::from_str::<File>(text) {
        Ok(file) => file.gemm,
        Err(error) => panic!("shapes/{name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_parse_and_name_each_shape_once() {
        let shapes = [gemm(), callgrind()].concat();
        let mut names: Vec<_> = shapes.iter().map(|shape| &shape.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), shapes.len());
        assert!(shapes.iter().all(|shape| shape.flop() > 0.0 && !shape.epilogues.is_empty()));
    }
}
