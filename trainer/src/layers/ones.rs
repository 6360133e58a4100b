//! Rows of zeros and ones below a dense layer: only the ones are multiplied and updated, with the bits of the dense
//! products.

use halfwave_kernels::{
    Level,
    sparse::{self, BinaryRows, Columns},
};

/// The ones of a mini-batch, and what becomes of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ones {
    /// Whether the rows at hand are of zeros and ones.
    binary: bool,
    width: usize,
    offsets: Vec<usize>,
    columns: Vec<u32>,
    transposed: Columns,
    /// Of the weights' rows that have a one: `[transposed.columns(), outputs]`.
    gradient: Vec<f32>,
}

impl Ones {
    /// Finds the ones of `x [_, width]`. None if there is another number than 0 and 1.
    pub(super) fn compress(&mut self, x: &[f32], width: usize) -> Option<BinaryRows<'_>> {
        self.width = width;
        self.offsets.clear();
        self.offsets.push(0);
        self.columns.clear();
        self.binary = x.chunks_exact(width).all(|row| {
            let mut binary = true;
            for (column, &x) in (0..).zip(row) {
                if x != 0.0 {
                    binary &= x == 1.0;
                    self.columns.push(column);
                }
            }
            self.offsets.push(self.columns.len());
            binary
        });
        self.rows()
    }

    fn rows(&self) -> Option<BinaryRows<'_>> {
        self.binary.then(|| BinaryRows::new(self.width, &self.offsets, &self.columns))
    }

    /// Of the weights, from `dz [rows, outputs]`.
    pub(super) fn backward(&mut self, level: Level, dz: &[f32], outputs: usize) {
        if !self.binary {
            return;
        }
        self.transposed.fill(BinaryRows::new(self.width, &self.offsets, &self.columns));
        self.gradient.resize(self.transposed.columns().len() * outputs, 0.0);
        sparse::product(level, self.transposed.rows(), dz, &mut self.gradient);
    }

    /// The rows of the weights that have a gradient, ascending, and their gradients. None where these are dense.
    pub(super) fn gradient(&self) -> Option<(&[u32], &[f32])> {
        self.binary.then(|| (self.transposed.columns(), &self.gradient[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zeros_and_ones_are_compressed() {
        let mut ones = Ones::default();
        let rows = ones.compress(&[0.0, 1.0, 1.0, -0.0, 0.0, 0.0], 3).expect("zeros and ones");
        assert_eq!((rows.rows(), rows.row(0), rows.row(1)), (2, &[1, 2][..], &[][..]));
        ones.backward(Level::best(), &[3.0, 4.0], 1);
        assert_eq!(ones.gradient(), Some((&[1, 2][..], &[3.0, 3.0][..])));
        for other in [0.5, -1.0, f32::NAN] {
            assert!(ones.compress(&[1.0, other], 2).is_none());
            ones.backward(Level::best(), &[3.0], 1);
            assert_eq!(ones.gradient(), None);
        }
    }
}
