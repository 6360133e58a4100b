//! halfwave on its best level, and on the level that is the reference of all others.

use halfwave_kernels::{
    Kind, Level, forward,
    gemm::{self, MatMut},
    rng::{self, Stream},
    units::{self, Unit},
};

use super::{Map, Peer, Train};
use crate::{
    product::Product,
    scalar,
    steps::{Result, STEPS},
};

pub(super) const BEST: Peer = Peer {
    activation: |kind| Some(map(Level::best(), kind)),
    normal: Some(|out| rng::normal(Level::best(), Stream::new(3).at(0), out)),
    nrelu: Some(|x, h| units::sample(Level::best(), Unit::Nrelu, Stream::new(3).at(0), x, h)),
    product: Some(|operands| Box::new(|out| product(operands, out))),
    mlp: Some(mlp),
    ..Peer::named("halfwave")
};

pub(super) const SCALAR: Peer = Peer {
    activation: |kind| Some(map(scalar(), kind)),
    normal: Some(|out| rng::normal(scalar(), Stream::new(3).at(0), out)),
    nrelu: Some(|x, h| units::sample(scalar(), Unit::Nrelu, Stream::new(3).at(0), x, h)),
    ..Peer::named("halfwave, level scalar")
};

fn map(level: Level, kind: Kind) -> Map {
    Box::new(move |x, y| forward(level, kind, x, y))
}

fn mlp(steps: usize) -> Result<Train> {
    let mut model = (STEPS[0].new)(steps)?;
    Ok(Box::new(move || model.train(Level::best()).unwrap_or_else(|error| panic!("{error}"))))
}

fn product(operands: &Product<'_>, out: &mut [f32]) {
    let (a, b) = operands.operands();
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.ncols());
    gemm::matmul(Level::best(), a, b, out, gemm::Epilogue::None);
}
