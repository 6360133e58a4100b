//! faer's product, without an epilogue.

use faer::{Accum, MatMut, Par, linalg::matmul::matmul};
use halfwave_bench_suite::product::Product;

use super::Peer;

pub(super) const PEER: Peer = Peer { product: Some(product), ..Peer::named("faer") };

fn product(operands: &Product<'_>, out: &mut [f32]) {
    let (a, b) = operands.operands();
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.ncols());
    matmul(out, Accum::Replace, a, b, 1.0, Par::Seq);
}
