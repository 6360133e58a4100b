//! matrixmultiply's product, through ndarray: its own interface takes pointers.

use halfwave_bench_suite::{contest::Peer, product::Product};
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

pub(super) const PEER: Peer = Peer {
    product: Some(|operands| Box::new(|out| product(operands, out))),
    ..Peer::named("matrixmultiply (ndarray)")
};

fn product(operands: &Product<'_>, out: &mut [f32]) {
    let [a, b] = operands.stored().map(|(x, shape, transposed)| {
        let stored = ArrayView2::from_shape(shape, x).expect("the slice has this shape");
        if transposed { stored.reversed_axes() } else { stored }
    });
    let shape = (a.nrows(), b.ncols());
    let mut out = ArrayViewMut2::from_shape(shape, out).expect("so has the result");
    general_mat_mul(1.0, &a, &b, 0.0, &mut out);
}
