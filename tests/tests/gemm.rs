//! Products against `f64`, and epilogues against the same functions after the product, by bits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use halfwave_kernels::{
    Kind, Level, backward_in_place, forward_in_place,
    gemm::{
        Both, Epilogue, MatMut, MatRef, Update, matmul, matmul_add, matmul_both, matmul_update,
    },
    rng::Stream,
    units::{self, Unit},
    update,
};
use halfwave_tests::{
    compare::{assert_same_bits, levels},
    guard_page::{Guarded, Side},
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
        // Without fused multiply-add, too: there products are rounded, but the first sum, from 0, is exact.
        let outs = levels().into_iter().map(|level| {
            let [mut plain, mut biased, mut added] = [0; 3].map(|_| Out::new(m, n, gap));
            matmul(level, a, b, plain.view(), Epilogue::None);
            matmul(level, a, b, biased.view(), Epilogue::Bias(&bias));
            added.view().fill(0.5);
            matmul_add(level, -0.25, a, b, added.view(), Epilogue::None);
            (level, plain, biased, added)
        });
        let outs: Vec<_> = outs.collect();
        for i in 0..m {
            for (j, &bias) in bias.iter().enumerate() {
                let (sum, size) = exact(a, b, i, j);
                let bound = |start: f64| (k as f64 + 1.0) * (size + start.abs()) * 2_f64.powi(-24);
                for (level, plain, biased, added) in &outs {
                    let check = |what: &str, y: f32, exact: f64, bound: f64| {
                        let error = (f64::from(y) - exact).abs();
                        assert!(
                            error <= bound,
                            "{what}, {m}×{n}×{k} on {level}, {la:?} · {lb:?}, element ({i}, {j}): {y}, exact {exact}, \
                             bound {bound:e}"
                        );
                    };
                    check("plain", plain.row(i)[j], sum, bound(0.0));
                    let start = f64::from(bias);
                    check("bias", biased.row(i)[j], sum + start, 2.0 * bound(start));
                    check("add", added.row(i)[j], sum - 0.25 * 0.5, 2.0 * bound(0.5));
                }
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

        for epilogue in epilogues {
            let mut reference: Option<Vec<f32>> = None;
            for level in levels() {
                let mut product = Out::new(m, n, 0);
                matmul(level, a, b, product.view(), Epilogue::None);
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
fn two_results_are_the_same_functions_on_every_level() {
    for (m, n, k) in [(3, 37, 5), (515, 259, 7), (130, 600, 20), (4, 5, 0), (0, 5, 4), (5, 0, 4)] {
        let (a, b) = (Operand::new(Layout::Rows, m, k, 1), Operand::new(Layout::Gaps, k, n, 2));
        let (a, b) = (a.view(), b.view());
        let bias = inputs::uniform(n, 3, -2.0, 2.0);
        let noise = Stream::new(11).at(1 << 33);
        let mut all: Vec<_> =
            Kind::ALL.iter().map(|&kind| Both::InputAndActivation(kind)).collect();
        for &unit in Unit::ALL {
            all.push(Both::MeanAndSample { unit, noise });
            let kind = unit.activation().unwrap_or(Kind::Softplus);
            all.push(Both::ActivationAndSample { kind, unit, noise });
        }
        for both in all {
            for level in levels() {
                let mut z = Out::new(m, n, 0);
                matmul(level, a, b, z.view(), Epilogue::Bias(&bias));
                let z = z.dense();
                let (mut first, mut second) = (z.clone(), z.clone());
                match both {
                    Both::InputAndActivation(kind) => forward_in_place(level, kind, &mut second),
                    Both::MeanAndSample { unit, noise } => {
                        units::sample_with_mean(level, unit, noise, &z, &mut first, &mut second);
                    }
                    Both::ActivationAndSample { kind, unit, noise } => {
                        forward_in_place(level, kind, &mut first);
                        units::sample_in_place(level, unit, noise, &mut second);
                    }
                }
                let [mut fused, mut fused_second] = [n % 3, 2].map(|gap| Out::new(m, n, gap));
                let outs = [fused.view(), fused_second.view()];
                matmul_both(level, a, b, &bias, outs, both);
                let what = |name| move || format!("{name}, {m}×{n}×{k} on {level}, {both:?}");
                assert_same_bits(what("first"), &fused.dense(), &first);
                assert_same_bits(what("second"), &fused_second.dense(), &second);
            }
        }
    }
}

/// Same bits: each element is the sum that its documentation says, whatever level, tile or layout it is in.
#[test]
fn products_are_chains_of_multiply_adds_on_every_level() {
    let mut shapes = shapes();
    shapes.extend([(100, 400, 500), (530, 50, 193), (17, 900, 192), (1, 1, 1000)]);
    // One vector of columns, in several parts of the sum.
    shapes.extend([(600, 10, 500), (33, 15, 170), (100, 3, 400), (1000, 1, 161)]);
    for (case, (m, n, k)) in shapes.into_iter().enumerate() {
        let (la, lb) = (LAYOUTS[case % 4], LAYOUTS[case / 4 % 4]);
        let (mut a, mut b) = (Operand::new(la, m, k, 1), Operand::new(lb, k, n, 2));
        if case % 5 == 0 {
            for (operand, odd) in [(&mut a, f32::INFINITY), (&mut b, f32::NAN)] {
                let middle = operand.values.len() / 2;
                operand.values.iter_mut().skip(middle).step_by(97).take(3).for_each(|x| *x = odd);
            }
        }
        let (a, b) = (a.view(), b.view());
        let element =
            |i: usize, j: usize| (0..k).fold(0.0_f32, |sum, l| a[(i, l)].mul_add(b[(l, j)], sum));
        let expected: Vec<f32> =
            (0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| element(i, j)).collect();
        for level in levels().into_iter().filter(|level| level.is_fused()) {
            let mut out = Out::new(m, n, case % 3);
            matmul(level, a, b, out.view(), Epilogue::None);
            let what = || format!("{m}×{n}×{k} on {level}, {la:?} · {lb:?}");
            for (i, (y, expected)) in out.dense().iter().zip(&expected).enumerate() {
                let same = y.to_bits() == expected.to_bits() || y.is_nan() && expected.is_nan();
                assert!(same, "{}, element {i}: {y}, expected {expected}", what());
            }
        }
    }
}

/// Operands and output that touch inaccessible pages, from either side.
#[test]
fn products_stay_between_guard_pages() {
    let shapes = [(1, 1, 1), (7, 5, 3), (16, 16, 16), (33, 49, 17), (9, 10, 512), (130, 67, 200)];
    for (m, n, k) in shapes {
        let values = |length, seed| inputs::uniform(length, seed, -1.0, 1.0);
        let (a, b, bias) = (values(m * k, 1), values(k * n, 2), values(n, 3));
        let mut expected = vec![0.0; m * n];
        let bias_ = Epilogue::Bias(&bias);
        let (a_, b_) =
            (MatRef::from_row_major_slice(&a, m, k), MatRef::from_row_major_slice(&b, k, n));
        matmul(Level::best(), a_, b_, view(&mut expected, (m, n)), bias_);
        for (level, side) in levels().into_iter().flat_map(|l| [(l, Side::Front), (l, Side::Back)])
        {
            if !level.is_fused() {
                continue;
            }
            let [a, b, bias] = [&a, &b, &bias].map(|x| Guarded::new(side, x));
            let mut out = Guarded::new(side, &vec![GAP; m * n]);
            let a = MatRef::from_row_major_slice(a.as_slice(), m, k);
            let b = MatRef::from_row_major_slice(b.as_slice(), k, n);
            let bias = Epilogue::Bias(bias.as_slice());
            matmul(level, a, b, view(out.as_mut_slice(), (m, n)), bias);
            let what = || format!("{m}×{n}×{k} on {level}, {side:?}");
            assert_same_bits(what, out.as_slice(), &expected);
            // Transposed: yᵀ = bᵀ aᵀ.
            let mut out = Guarded::new(side, &vec![GAP; m * n]);
            matmul(
                level,
                b.transpose(),
                a.transpose(),
                view(out.as_mut_slice(), (n, m)),
                Epilogue::None,
            );
            let mut plain = vec![0.0; m * n];
            matmul(level, a, b, view(&mut plain, (m, n)), Epilogue::None);
            let transposed: Vec<f32> =
                (0..m).flat_map(|i| out.as_slice()[i..].iter().step_by(m).copied()).collect();
            assert_same_bits(what, &transposed, &plain);
        }
    }
}

fn view(x: &mut [f32], (rows, columns): (usize, usize)) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(x, rows, columns)
}

#[test]
fn updates_have_the_bits_of_a_product_and_an_update() {
    let momentum = update::Momentum {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 1e-3,
        l1: 0.02,
        nesterov: true,
    };
    let adam = update::Adam {
        learning_rate: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.1,
    };
    let (scale, t) = (-0.125, 3);
    let narrow = [(520, 10, 256), (3, 5, 0)];
    let wide = [(1, 1, 1), (37, 67, 10), (600, 130, 20), (5, 900, 200)];
    for (m, n, k) in wide.into_iter().chain(narrow) {
        let (a, b) =
            (Operand::new(Layout::Transposed, m, k, 1), Operand::new(Layout::Rows, k, n, 2));
        let (a, b) = (a.view(), b.view());
        let start = |seed| inputs::uniform(m * n, seed, 0.0, 1.0);
        let shape = (m, n);
        for level in levels() {
            let mut gradient = vec![0.0; m * n];
            matmul(level, a, b, view(&mut gradient, shape), Epilogue::None);
            let ([mut v, mut w], [mut fv, mut fw]) = ([3, 4].map(start), [3, 4].map(start));
            update::momentum(level, momentum, scale, &gradient, &mut v, &mut w);
            let fused = Update::Momentum { step: momentum, scale, velocity: view(&mut fv, shape) };
            matmul_update(level, a, b, fused, view(&mut fw, shape));
            let what = |name| move || format!("{name}, {m}×{n}×{k} on {level}");
            assert_same_bits(what("velocity"), &fv, &v);
            assert_same_bits(what("weights"), &fw, &w);

            let [mut first, mut second, mut w] = [3, 5, 4].map(start);
            let [mut f_first, mut f_second, mut fw] = [3, 5, 4].map(start);
            update::adam(level, adam, t, scale, &gradient, &mut first, &mut second, &mut w);
            let (m, v) = (view(&mut f_first, shape), view(&mut f_second, shape));
            matmul_update(
                level,
                a,
                b,
                Update::Adam { step: adam, t, scale, m, v },
                view(&mut fw, shape),
            );
            assert_same_bits(what("m"), &f_first, &first);
            assert_same_bits(what("v"), &f_second, &second);
            assert_same_bits(what("weights by Adam"), &fw, &w);
        }
    }
}

#[test]
#[should_panic(expected = "`velocity` is (3, 2), `weights` is (2, 2)")]
fn a_state_of_another_shape_is_refused() {
    let (a, b, mut w, mut v) = ([0.0; 4], [0.0; 4], [0.0; 4], [0.0; 6]);
    let (a, b) = (MatRef::from_row_major_slice(&a, 2, 2), MatRef::from_row_major_slice(&b, 2, 2));
    let step = update::Momentum {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 0.0,
        l1: 0.0,
        nesterov: false,
    };
    let velocity = MatMut::from_row_major_slice_mut(&mut v, 3, 2);
    let update = Update::Momentum { step, scale: 1.0, velocity };
    matmul_update(Level::best(), a, b, update, MatMut::from_row_major_slice_mut(&mut w, 2, 2));
}

#[test]
#[should_panic(expected = "the shapes do not fit")]
fn shapes_that_do_not_fit_are_refused() {
    let (a, b, mut out) = ([0.0; 6], [0.0; 6], [0.0; 4]);
    let (a, b) = (MatRef::from_row_major_slice(&a, 2, 3), MatRef::from_row_major_slice(&b, 2, 3));
    let out = MatMut::from_row_major_slice_mut(&mut out, 2, 2);
    matmul(Level::best(), a, b, out, Epilogue::None);
}

/// Nothing is written before.
#[test]
fn a_unit_out_of_range_is_refused_before_anything_is_computed() {
    let a = MatRef::from_row_major_slice(&[1.0, 2.0], 1, 2);
    let mut out = [9.0; 1];
    let view = MatMut::from_row_major_slice_mut(&mut out, 1, 1);
    let (unit, noise) = (Unit::Binomial { trials: 0 }, Stream::new(1).at(0));
    let epilogue = Epilogue::BiasSample { bias: &[0.0], unit, noise };
    let run = AssertUnwindSafe(|| matmul(Level::best(), a, a.transpose(), view, epilogue));
    assert!(catch_unwind(run).is_err());
    let mut second = [9.0; 1];
    let outs = [&mut out, &mut second].map(|out| MatMut::from_row_major_slice_mut(out, 1, 1));
    let both = Both::MeanAndSample { unit, noise };
    let run = || matmul_both(Level::best(), a, a.transpose(), &[0.0], outs, both);
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!((out, second), ([9.0], [9.0]));
}

#[test]
#[should_panic(expected = "steps of Adam are counted from 1")]
fn adam_has_no_step_0() {
    let step = update::Adam {
        learning_rate: 0.1,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.0,
    };
    update::adam(Level::best(), step, 0, 1.0, &[1.0], &mut [0.0], &mut [0.0], &mut [1.0]);
}

#[test]
#[should_panic(expected = "`out` must be row-major")]
fn a_transposed_output_is_refused() {
    let (a, b, mut out) = ([0.0; 6], [0.0; 6], [0.0; 4]);
    let (a, b) = (MatRef::from_row_major_slice(&a, 2, 3), MatRef::from_row_major_slice(&b, 3, 2));
    let out = MatMut::from_row_major_slice_mut(&mut out, 2, 2).transpose_mut();
    matmul(Level::best(), a, b, out, Epilogue::None);
}
