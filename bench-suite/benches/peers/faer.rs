//! faer's product, without an epilogue.

use faer::{Accum, MatMut, Par, linalg::matmul::matmul};
use halfwave_bench_suite::{contest::Peer, product::Product};

pub(super) const PEER: Peer = Peer {
    product: Some(|operands| Box::new(|out| product(operands, out))),
    ..Peer::named("faer")
};

fn product(operands: &Product<'_>, out: &mut [f32]) {
    let (a, b) = operands.operands();
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.ncols());
    matmul(out, Accum::Replace, a, b, 1.0, Par::Seq);
}
