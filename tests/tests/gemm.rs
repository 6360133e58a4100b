//! Products against `f64`, and epilogues against the same functions after the product, by bits.

use halfwave_kernels::{
    Kind, Level, backward_in_place, forward_in_place,
    gemm::{Epilogue, MatMut, MatRef, matmul, matmul_add},
    rng::Stream,
    units::{self, Unit},
};
use halfwave_tests::{
    compare::{assert_same_bits, levels, scalar},
    inputs,
};

/// How an operand lies in memory.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Rows,
    /// The transpose of rows.
    Transposed,
    /// Rows with gaps between them.
    Gaps,
    /// Last row and last column first: negative strides.
    Reversed,
}

const LAYOUTS: [Layout; 4] = [Layout::Rows, Layout::Transposed, Layout::Gaps, Layout::Reversed];

/// A matrix that knows its layout.
struct Operand {
    layout: Layout,
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Operand {
    fn new(layout: Layout, rows: usize, columns: usize, seed: u64) -> Self {
        let size = match layout {
            Layout::Gaps => rows * (columns + 3),
            _ => rows * columns,
        };
        Self { layout, rows, columns, values: inputs::uniform(size, seed, -1.0, 1.0) }
    }

    fn view(&self) -> MatRef<'_, f32> {
        let (m, n) = (self.rows, self.columns);
        match self.layout {
            Layout::Rows => MatRef::from_row_major_slice(&self.values, m, n),
            Layout::Transposed => MatRef::from_row_major_slice(&self.values, n, m).transpose(),
            Layout::Gaps => MatRef::from_row_major_slice(&self.values, m, n + 3).subcols(1, n),
            Layout::Reversed => {
                MatRef::from_row_major_slice(&self.values, m, n).reverse_rows_and_cols()
            }
        }
    }
}

/// Row-major storage with gaps whose content must stay.
struct Out {
    rows: usize,
    columns: usize,
    gap: usize,
    values: Vec<f32>,
}

const GAP: f32 = 77.25;

impl Out {
    fn new(rows: usize, columns: usize, gap: usize) -> Self {
        Self { rows, columns, gap, values: vec![GAP; rows * (columns + gap)] }
    }
    fn view(&mut self) -> MatMut<'_, f32> {
        let width = self.columns + self.gap;
        MatMut::from_row_major_slice_mut(&mut self.values, self.rows, width)
            .subcols_mut(0, self.columns)
    }
    fn row(&self, i: usize) -> &[f32] {
        let (inner, gap) = self.values[i * (self.columns + self.gap)..][..self.columns + self.gap]
            .split_at(self.columns);
        assert!(gap.iter().all(|&x| x == GAP), "the gap behind row {i} is overwritten");
        inner
    }
    fn dense(&self) -> Vec<f32> {
        (0..self.rows).flat_map(|i| self.row(i).to_vec()).collect()
    }
}

/// Σ a·b and Σ |a·b| of an element, in `f64`.
fn exact(a: MatRef<'_, f32>, b: MatRef<'_, f32>, i: usize, j: usize) -> (f64, f64) {
    (0..a.ncols()).fold((0.0, 0.0), |(sum, size), k| {
        let product = f64::from(a[(i, k)]) * f64::from(b[(k, j)]);
        (sum + product, size + product.abs())
    })
}

/// Shapes: the corners, then random ones.
fn shapes() -> Vec<(usize, usize, usize)> {
    let corners = [0, 1, 2, 16, 130];
    let mut shapes: Vec<_> = corners
        .iter()
        .flat_map(|&m| corners.iter().flat_map(move |&n| corners.map(|k| (m, n, k))))
        .collect();
    let random = inputs::uniform(3 * 60, 5, 0.0, 130.999);
    shapes.extend(random.chunks_exact(3).map(|s| (s[0] as usize, s[1] as usize, s[2] as usize)));
    shapes
}

/// The error of a sum of k products, rounded at most k + 1 times: (k + 1) 2⁻²⁴ Σ |a·b|.
#[test]
fn products_are_within_the_bound_of_their_length() {
    for (case, (m, n, k)) in shapes().into_iter().enumerate() {
        let (la, lb) = (LAYOUTS[case % 4], LAYOUTS[case / 4 % 4]);
        let (a, b) = (Operand::new(la, m, k, 1), Operand::new(lb, k, n, 2));
        let (a, b) = (a.view(), b.view());
        let bias = inputs::uniform(n, 3, -1.0, 1.0);
        let gap = case % 3;
        let [mut plain, mut biased, mut added] = [0; 3].map(|_| Out::new(m, n, gap));
        matmul(Level::best(), a, b, plain.view(), Epilogue::None);
        matmul(Level::best(), a, b, biased.view(), Epilogue::Bias(&bias));
        added.view().fill(0.5);
        matmul_add(-0.25, a, b, added.view());
        for i in 0..m {
            for (j, &bias) in bias.iter().enumerate() {
                let (sum, size) = exact(a, b, i, j);
                let bound = |start: f64| (k as f64 + 1.0) * (size + start.abs()) * 2_f64.powi(-24);
                let what = format!("{m}×{n}×{k}, {la:?} · {lb:?}, element ({i}, {j})");
                let check = |y: f32, exact: f64, bound: f64, what: &str| {
                    let error = (f64::from(y) - exact).abs();
                    assert!(error <= bound, "{what}: {y}, exact {exact}, bound {bound:e}");
                };
                check(plain.row(i)[j], sum, bound(0.0), &what);
                let start = f64::from(bias);
                check(biased.row(i)[j], sum + start, 2.0 * bound(start), &format!("bias, {what}"));
                let exact = 0.5 - 0.25 * sum;
                check(added.row(i)[j], exact, 2.0 * bound(0.5), &format!("add, {what}"));
            }
        }
    }
}

/// What the epilogue does, by the public functions on slices, after the product.
fn unfused(level: Level, epilogue: Epilogue<'_>, product: &[f32], n: usize) -> Vec<f32> {
    let mut out = product.to_vec();
    let add = |out: &mut Vec<f32>, bias: &[f32]| {
        for (i, y) in out.iter_mut().enumerate() {
            *y += bias[i % n];
        }
    };
    match epilogue {
        Epilogue::None => {}
        Epilogue::Bias(bias) => add(&mut out, bias),
        Epilogue::BiasActivation { bias, kind } => {
            add(&mut out, bias);
            forward_in_place(level, kind, &mut out);
        }
        Epilogue::BiasSample { bias, unit, noise } => {
            add(&mut out, bias);
            units::sample_in_place(level, unit, noise, &mut out);
        }
        Epilogue::Backward { kind, saved } => {
            let saved: Vec<f32> =
                (0..saved.nrows()).flat_map(|i| saved.row(i).iter().copied()).collect();
            backward_in_place(level, kind, &saved, &mut out);
        }
    }
    out
}

#[test]
fn epilogues_are_the_same_functions_on_every_level() {
    // All widths around vectors; more than one tile in both directions; nothing to sum.
    let mut shapes: Vec<_> = (0..=67).map(|n| (3, n, 5)).collect();
    shapes.extend([(515, 259, 7), (1, 600, 3), (1100, 2, 3), (4, 5, 0), (0, 5, 4)]);
    for (m, n, k) in shapes {
        let (a, b) = (Operand::new(Layout::Rows, m, k, 1), Operand::new(Layout::Gaps, k, n, 2));
        let (a, b) = (a.view(), b.view());
        let bias = inputs::uniform(n, 3, -2.0, 2.0);
        let saved = Operand::new(Layout::Gaps, m, n, 4);
        let noise = Stream::new(11).at(1 << 33);
        let mut epilogues = vec![Epilogue::None, Epilogue::Bias(&bias)];
        for &kind in Kind::ALL {
            epilogues.push(Epilogue::BiasActivation { bias: &bias, kind });
            epilogues.push(Epilogue::Backward { kind, saved: saved.view() });
        }
        let sample = |&unit| Epilogue::BiasSample { bias: &bias, unit, noise };
        epilogues.extend(Unit::ALL.iter().map(sample));

        let mut product = Out::new(m, n, 0);
        matmul(scalar(), a, b, product.view(), Epilogue::None);
        for epilogue in epilogues {
            let mut reference: Option<Vec<f32>> = None;
            for level in levels() {
                let mut fused = Out::new(m, n, n % 3);
                matmul(level, a, b, fused.view(), epilogue);
                let what = || format!("{m}×{n}×{k} on {level}, {:.70}", format!("{epilogue:?}"));
                let fused = fused.dense();
                assert_same_bits(what, &fused, &unfused(level, epilogue, &product.dense(), n));
                if level.is_fused() {
                    let reference = reference.get_or_insert_with(|| fused.clone());
                    assert_same_bits(what, &fused, reference);
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "the shapes do not fit")]
fn shapes_that_do_not_fit_are_refused() {
    let (a, b, mut out) = ([0.0; 6], [0.0; 6], [0.0; 4]);
    let (a, b) = (MatRef::from_row_major_slice(&a, 2, 3), MatRef::from_row_major_slice(&b, 2, 3));
    let out = MatMut::from_row_major_slice_mut(&mut out, 2, 2);
    matmul(Level::best(), a, b, out, Epilogue::None);
}

#[test]
#[should_panic(expected = "out must be row-major")]
fn a_transposed_output_is_refused() {
    let (a, b, mut out) = ([0.0; 6], [0.0; 6], [0.0; 4]);
    let (a, b) = (MatRef::from_row_major_slice(&a, 2, 3), MatRef::from_row_major_slice(&b, 3, 2));
    let out = MatMut::from_row_major_slice_mut(&mut out, 2, 2).transpose_mut();
    matmul(Level::best(), a, b, out, Epilogue::None);
}
