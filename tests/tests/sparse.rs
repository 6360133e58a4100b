//! Rows of zeros and ones times weights: against f64, against the dense product by bits, gradients.

use halfwave_kernels::{
    Kind, Level,
    gemm::{self, Epilogue, MatMut, MatRef},
    sparse::{self, BinaryRows, Columns},
};
use halfwave_tests::{compare::assert_same_bits, inputs::smooth};

/// Compressed rows: offsets and columns.
type Compressed = (Vec<usize>, Vec<u32>);

/// [rows, width] with about every `nth` value a one; the first row has none.
fn compressed(rows: usize, width: usize, nth: usize) -> Compressed {
    let (mut offsets, mut columns) = (vec![0], Vec::new());
    for i in 0..rows {
        let one = |j: &u32| i > 0 && (i * 7919 + *j as usize * 104_729).is_multiple_of(nth + i % 3);
        columns.extend((0..width as u32).filter(one));
        offsets.push(columns.len());
    }
    (offsets, columns)
}

fn dense(x: BinaryRows<'_>) -> Vec<f32> {
    let mut values = vec![0.0; x.rows() * x.width()];
    for i in 0..x.rows() {
        x.row(i).iter().for_each(|&j| values[i * x.width() + j as usize] = 1.0);
    }
    values
}

/// [rows, width, outputs, one in so many].
const SHAPES: [[usize; 4]; 7] = [
    [1, 1, 1, 1],
    [3, 5, 7, 2],
    [4, 40, 16, 3],
    [8, 33, 64, 5],
    [5, 300, 65, 9],
    [20, 1000, 129, 50],
    [33, 2000, 300, 40],
];

fn matrix(values: &[f32], columns: usize) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(values, values.len() / columns, columns)
}

fn matrix_mut(values: &mut [f32], columns: usize) -> MatMut<'_, f32> {
    let rows = values.len() / columns;
    MatMut::from_row_major_slice_mut(values, rows, columns)
}

/// Each addition of a sum of k terms rounds once: the error is at most k · 2⁻²⁴ Σ |w|.
#[test]
fn sums_are_those_of_f64() {
    for [rows, width, outputs, nth] in SHAPES {
        let (offsets, columns) = compressed(rows, width, nth);
        let x = BinaryRows::new(width, &offsets, &columns);
        let (weights, bias) = (smooth(width * outputs, 1), smooth(outputs, 2));
        let mut z = vec![f32::NAN; rows * outputs];
        sparse::affine(Level::best(), x, &weights, &bias, Kind::Identity, &mut z);
        for (i, z) in z.chunks(outputs).enumerate() {
            for (o, &z) in z.iter().enumerate() {
                let w = || x.row(i).iter().map(|&j| f64::from(weights[j as usize * outputs + o]));
                let exact = w().sum::<f64>() + f64::from(bias[o]);
                let scale = w().map(f64::abs).sum::<f64>() + f64::from(bias[o].abs());
                let bound = (x.row(i).len() + 1) as f64 * 2f64.powi(-24) * scale;
                assert!((f64::from(z) - exact).abs() <= bound, "{z} is not {exact}");
            }
        }
    }
}

/// The promise of the module: nobody can tell a sparse layer from a dense one.
#[test]
fn bits_are_those_of_the_dense_product() {
    for level in Level::available_or_required().expect("the levels that are required") {
        for [rows, width, outputs, nth] in SHAPES {
            let (offsets, columns) = compressed(rows, width, nth);
            let x = BinaryRows::new(width, &offsets, &columns);
            let values = dense(x);
            let (weights, bias) = (smooth(width * outputs, 3), smooth(outputs, 4));
            let length = rows * outputs;
            let (mut y, mut expected) = (vec![f32::NAN; length], vec![0.0; length]);
            let (values, w) = (matrix(&values, width), matrix(&weights, outputs));
            for kind in [Kind::Identity, Kind::Relu, Kind::Tanh] {
                sparse::affine(level, x, &weights, &bias, kind, &mut y);
                let epilogue = Epilogue::BiasActivation { bias: &bias, kind };
                gemm::matmul(level, values, w, matrix_mut(&mut expected, outputs), epilogue);
                assert_same_bits(
                    || format!("{kind} on {level}, {rows}×{width}×{outputs}"),
                    &y,
                    &expected,
                );
            }
            let (mut z, mut both) = (y.clone(), y.clone());
            let out = [&mut z[..], &mut both[..]];
            sparse::affine_both(level, x, &weights, &bias, Kind::Silu, out);
            sparse::affine(level, x, &weights, &bias, Kind::Identity, &mut y);
            assert_same_bits(|| format!("z on {level}"), &z, &y);
            sparse::affine(level, x, &weights, &bias, Kind::Silu, &mut y);
            assert_same_bits(|| format!("f(z) on {level}"), &both, &y);
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_dense_product() {
    let mut transposed = Columns::default();
    for level in Level::available_or_required().expect("the levels that are required") {
        for [rows, width, outputs, nth] in SHAPES {
            let (offsets, columns) = compressed(rows, width, nth);
            let x = BinaryRows::new(width, &offsets, &columns);
            let (values, dz) = (dense(x), smooth(rows * outputs, 5));
            let mut expected = vec![0.0; width * outputs];
            let (xt, dz_matrix) = (matrix(&values, width).transpose(), matrix(&dz, outputs));
            let out = matrix_mut(&mut expected, outputs);
            gemm::matmul(level, xt, dz_matrix, out, Epilogue::None);

            transposed.fill(x);
            let touched = transposed.columns();
            assert!(touched.is_sorted_by(|a, b| a < b));
            let mut gradient = vec![f32::NAN; touched.len() * outputs];
            sparse::product(level, transposed.rows(), &dz, &mut gradient);
            let mut all = vec![0.0; width * outputs];
            for (&column, row) in touched.iter().zip(gradient.chunks(outputs)) {
                all[column as usize * outputs..][..outputs].copy_from_slice(row);
            }
            assert_same_bits(|| format!("{level}, {rows}×{width}×{outputs}"), &all, &expected);
        }
    }
}

#[test]
fn what_does_not_fit_panics() {
    let panics = |f: &(dyn Fn() + std::panic::RefUnwindSafe)| std::panic::catch_unwind(f).is_err();
    let level = Level::best();
    assert!(panics(&|| _ = BinaryRows::new(2, &[], &[])));
    assert!(panics(&|| _ = BinaryRows::new(2, &[1, 1], &[0])));
    assert!(panics(&|| _ = BinaryRows::new(2, &[0, 2, 1], &[0])));
    assert!(panics(&|| _ = BinaryRows::new(2, &[0, 1], &[0, 1])));
    assert!(panics(&|| _ = BinaryRows::new(2, &[0, 1], &[2])));
    let x = BinaryRows::new(2, &[0, 1], &[1]);
    assert!(panics(&|| sparse::product(level, x, &[0.0; 3], &mut [0.0])));
    assert!(panics(&|| sparse::product(level, x, &[0.0; 2], &mut [0.0; 2])));
    assert!(panics(&|| sparse::affine(level, x, &[0.0; 2], &[], Kind::Relu, &mut [0.0])));
    sparse::product(level, BinaryRows::new(0, &[0], &[]), &[], &mut []);
    sparse::product(level, Columns::default().rows(), &[], &mut []);
}
