//! The cosine of two rows of features, and its gradient.
//!
//! ```text
//! f [2 pairs, units]: the first images of all pairs, then the second images; d [pairs]
//!
//! forward    d = a · b / (|a| |b|)
//! backward   da = dd (b / |b| − d a / |a|) / |a|        db likewise
//! ```
//!
//! Where a or b is 0, as when no rectifier of an image is active, the angle does not exist: d is 0 there,
//! as for rows at right angles, and both gradients are 0. Norms below [`SMALLEST`] count as 0.
//!
//! Nair & Hinton, ICML 2010, section 6.2: scaling a row by α > 0 changes nothing.

use rayon::prelude::*;

use crate::buffers::dot;

/// Norms below this are taken for 0: their squares leave the range of f32.
const SMALLEST: f32 = 1e-18;

/// Pairs that one task takes.
const PAIRS: usize = 4;

/// What forward leaves for backward: of each pair d, |a| and |b|.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cosine {
    pub(super) d: f32,
    norms: [f32; 2],
}

/// Fills `out [pairs]` from `f [2 pairs, units]`.
pub(super) fn forward(f: &[f32], units: usize, out: &mut [Cosine]) {
    let (a, b) = f.split_at(out.len() * units);
    let rows = (a.par_chunks(PAIRS * units), b.par_chunks(PAIRS * units));
    out.par_chunks_mut(PAIRS).zip(rows).for_each(|(out, (a, b))| {
        for ((out, a), b) in out.iter_mut().zip(a.chunks_exact(units)).zip(b.chunks_exact(units)) {
            *out = Cosine::new(a, b);
        }
    });
}

/// Fills `df [2 pairs, units]` from `dd [pairs]`.
pub(super) fn backward(f: &[f32], units: usize, cosines: &[Cosine], dd: &[f32], df: &mut [f32]) {
    let (a, b) = f.split_at(cosines.len() * units);
    let (da, db) = df.split_at_mut(cosines.len() * units);
    let pairs = (cosines.par_iter(), dd.par_iter());
    let rows = (a.par_chunks_exact(units), b.par_chunks_exact(units));
    let gradients = (da.par_chunks_exact_mut(units), db.par_chunks_exact_mut(units));
    (pairs, rows, gradients).into_par_iter().with_min_len(PAIRS).for_each(
        |((cosine, dd), (a, b), (da, db))| {
            let ([of_a, of_b], both) = cosine.coefficients(*dd);
            for (((da, db), &a), &b) in da.iter_mut().zip(db).zip(a).zip(b) {
                *da = both * b - of_a * a;
                *db = both * a - of_b * b;
            }
        },
    );
}

impl Cosine {
    fn new(a: &[f32], b: &[f32]) -> Self {
        let norms = [dot(a, a).sqrt(), dot(b, b).sqrt()];
        let exists = norms.iter().all(|norm| *norm >= SMALLEST);
        let d = if exists { dot(a, b) / norms[0] / norms[1] } else { 0.0 };
        Self { d, norms }
    }

    /// dd d / |a|², dd d / |b|² and dd / (|a| |b|).
    fn coefficients(self, dd: f32) -> ([f32; 2], f32) {
        let Self { d, norms: [a, b] } = self;
        if a < SMALLEST || b < SMALLEST {
            return ([0.0; 2], 0.0);
        }
        ([dd * d / a / a, dd * d / b / b], dd / a / b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_those_of_the_angles() {
        let f = [3.0, 4.0, 1.0, 0.0, 4.0, 3.0, 0.0, 2.0];
        let mut out = [Cosine::default(); 2];
        forward(&f, 2, &mut out);
        assert!((out[0].d - 0.96).abs() < 1e-6 && out[1].d == 0.0, "{out:?}");
    }

    #[test]
    fn rows_of_zeros_have_cosine_and_gradient_zero() {
        let f = [0.0, 0.0, 1e-30, 0.0, 1.0, 2.0, 1e-30, 0.0];
        let mut out = [Cosine::default(); 2];
        forward(&f, 2, &mut out);
        let mut df = [f32::NAN; 8];
        backward(&f, 2, &out, &[1.0, 1.0], &mut df);
        assert_eq!((out[0].d, out[1].d, df), (0.0, 0.0, [0.0; 8]));
    }
}
