//! Convolution and max-pooling against seven loops in `f64`, central differences of them, and PyTorch.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use std::collections::HashMap;

use halfwave_kernels::{
    Kind, Level, backward_in_place,
    conv::{
        self, Conv2d, GeometryError, MaxPool2d, Padding, Workspace, max_pool, max_pool_backward,
    },
    forward_in_place,
    gemm::{Epilogue, MatRef},
    rng::Stream,
    units::{self, Unit},
};
use halfwave_tests::{
    compare::{assert_same_bits, levels, scalar},
    inputs,
};

/// What [`Conv2d::new`] takes.
#[derive(Clone, Copy, Debug)]
struct Layer {
    x: [usize; 4],
    weights: [usize; 4],
    stride: [usize; 2],
    padding: Padding,
}

const fn layer(x: [usize; 4], weights: [usize; 4], stride: [usize; 2], padding: Padding) -> Layer {
    Layer { x, weights, stride, padding }
}

/// One of each kind: several slots and parts, strides, both paddings, direct products.
const LAYERS: [Layer; 12] = [
    layer([20, 28, 28, 1], [3, 3, 1, 32], [1, 1], Padding::Valid),
    layer([9, 14, 13, 17], [3, 3, 17, 33], [1, 1], Padding::Same),
    layer([16, 12, 12, 16], [5, 3, 16, 20], [2, 1], Padding::Same),
    layer([2, 30, 31, 3], [7, 7, 3, 16], [3, 2], Padding::Valid),
    layer([33, 9, 9, 24], [1, 1, 24, 40], [1, 1], Padding::Same),
    layer([33, 9, 9, 24], [1, 1, 24, 40], [2, 2], Padding::Valid),
    layer([70, 6, 5, 17], [6, 5, 17, 20], [1, 1], Padding::Valid),
    layer([40, 8, 6, 9], [4, 6, 9, 30], [4, 1], Padding::Valid),
    layer([40, 6, 8, 9], [1, 4, 9, 30], [1, 4], Padding::Same),
    layer([1, 40, 40, 8], [3, 3, 8, 16], [1, 1], Padding::Valid),
    layer([3, 4, 4, 2], [2, 2, 2, 3], [5, 7], Padding::Same),
    layer([3, 2, 3, 2], [6, 7, 2, 3], [1, 2], Padding::Same),
];

/// Small geometries of all kinds, some without a place for the kernel.
fn random_layers(count: usize) -> impl Iterator<Item = Layer> {
    let numbers = inputs::uniform(count * 11, 77, 0.0, 0.999_9);
    (0..count).map(move |i| {
        let n = &numbers[i * 11..][..11];
        let pick =
            |at: usize, low: usize, high: usize| low + (n[at] * (high - low + 1) as f32) as usize;
        let channels = [0, 1, 1, 2, 3, 16, 17];
        let c = channels[pick(6, 0, 6)];
        Layer {
            x: [pick(0, 0, 3), pick(1, 1, 9), pick(2, 1, 9), c],
            weights: [pick(3, 1, 4), pick(4, 1, 4), c, channels[pick(7, 0, 6)]],
            stride: [pick(8, 1, 3), pick(9, 1, 3)],
            padding: if n[10] < 0.5 { Padding::Valid } else { Padding::Same },
        }
    })
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Output size and padding before the input, by TensorFlow's rule.
fn reference_axis(input: usize, kernel: usize, stride: usize, padding: Padding) -> (usize, usize) {
    match padding {
        Padding::Valid => (1 + (input - kernel) / stride, 0),
        Padding::Same => {
            let output = input.div_ceil(stride);
            let needed = (output - 1) * stride + kernel;
            (output, needed.saturating_sub(input) / 2)
        }
    }
}

impl Layer {
    fn shape(self) -> Result<Conv2d, GeometryError> {
        Conv2d::new(self.x, self.weights, self.stride, self.padding)
    }

    /// Calls `f` with the indices into (x, w, y) of every product.
    fn each_product(self, mut f: impl FnMut(usize, usize, usize)) {
        let [batch, height, width, channels] = self.x;
        let [kernel_h, kernel_w, _, outputs] = self.weights;
        let (out_h, top) = reference_axis(height, kernel_h, self.stride[0], self.padding);
        let (out_w, left) = reference_axis(width, kernel_w, self.stride[1], self.padding);
        for n in 0..batch {
            for i in 0..out_h {
                for j in 0..out_w {
                    for ky in 0..kernel_h {
                        for kx in 0..kernel_w {
                            let y = (i * self.stride[0] + ky).wrapping_sub(top);
                            let x = (j * self.stride[1] + kx).wrapping_sub(left);
                            if y >= height || x >= width {
                                continue;
                            }
                            for c in 0..channels {
                                for o in 0..outputs {
                                    f(
                                        ((n * height + y) * width + x) * channels + c,
                                        ((ky * kernel_w + kx) * channels + c) * outputs + o,
                                        ((n * out_h + i) * out_w + j) * outputs + o,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Sums of products, how many they are, and Σ of their magnitudes.
struct Sums {
    values: Vec<f64>,
    terms: Vec<f64>,
    sizes: Vec<f64>,
}

impl Sums {
    fn new(n: usize) -> Self {
        Self { values: vec![0.0; n], terms: vec![0.0; n], sizes: vec![0.0; n] }
    }
    fn add(&mut self, at: usize, product: f64) {
        self.values[at] += product;
        self.terms[at] += 1.0;
        self.sizes[at] += product.abs();
    }
    /// A sum of k products in any order is within (k + 1) 2⁻²⁴ Σ |product|, here doubled.
    #[track_caller]
    fn check(&self, what: &str, layer: Layer, found: &[f32]) {
        assert_eq!(found.len(), self.values.len(), "{what} of {layer:?}");
        for (i, &found) in found.iter().enumerate() {
            let (exact, bound) =
                (self.values[i], (self.terms[i] + 1.0) * self.sizes[i] * 2_f64.powi(-23));
            let error = (f64::from(found) - exact).abs();
            assert!(
                error <= bound,
                "{what}[{i}] of {layer:?}: {found}, exact {exact}, bound {bound:e}"
            );
        }
    }
}

/// All arrays of a layer, with chosen inputs.
struct Run {
    layer: Layer,
    shape: Conv2d,
    x: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    y: Vec<f32>,
    dy: Vec<f32>,
    dw: Vec<f32>,
    db: Vec<f32>,
    dx: Vec<f32>,
    workspace: Workspace,
}

/// What must be overwritten.
const OLD: f32 = 77.25;

impl Run {
    fn new(layer: Layer) -> Self {
        let shape = layer.shape().unwrap_or_else(|error| panic!("{layer:?}: {error}"));
        let [inputs, weights, outputs] =
            [shape.input(), shape.weights(), shape.output()].map(|s| s.iter().product::<usize>());
        let channels = shape.output()[3];
        Self {
            layer,
            shape,
            x: inputs::uniform(inputs, 1, -1.0, 1.0),
            weights: inputs::uniform(weights, 2, -1.0, 1.0),
            bias: inputs::uniform(channels, 3, -1.0, 1.0),
            y: vec![OLD; outputs],
            dy: inputs::uniform(outputs, 4, -1.0, 1.0),
            dw: vec![OLD; weights],
            db: vec![OLD; channels],
            dx: vec![OLD; inputs],
            workspace: Workspace::new(&shape),
        }
    }

    fn forward(&mut self, level: Level, epilogue: Epilogue<'_>) {
        let Self { shape, x, weights, y, workspace, .. } = self;
        conv::forward(level, shape, x, weights, y, epilogue, workspace);
    }

    fn all(&mut self, level: Level) {
        let Self { shape, x, weights, bias, y, dy, dw, db, dx, workspace, .. } = self;
        conv::forward(level, shape, x, weights, y, Epilogue::Bias(bias), workspace);
        conv::backward_weights(level, shape, x, dy, dw, Some(db), workspace);
        conv::backward_input(level, shape, dy, weights, dx, workspace);
    }

    fn check(&mut self) {
        self.all(Level::best());
        let [mut y, mut dw, mut dx] = [&self.y, &self.dw, &self.dx].map(|v| Sums::new(v.len()));
        let (x, w, dys) = (wide(&self.x), wide(&self.weights), wide(&self.dy));
        self.layer.each_product(|i, j, k| {
            y.add(k, x[i] * w[j]);
            dw.add(j, x[i] * dys[k]);
            dx.add(i, dys[k] * w[j]);
        });
        let (channels, mut db) = (self.bias.len(), Sums::new(self.bias.len()));
        for (k, &dy) in dys.iter().enumerate() {
            y.add(k, f64::from(self.bias[k % channels]));
            db.add(k % channels, dy);
        }
        y.check("y", self.layer, &self.y);
        dw.check("dw", self.layer, &self.dw);
        db.check("db", self.layer, &self.db);
        dx.check("dx", self.layer, &self.dx);
    }
}

#[test]
fn random_geometries_are_seven_loops() {
    let mut refused = 0;
    for layer in random_layers(1500) {
        let [_, height, width, _] = layer.x;
        let too_large = layer.weights[0] > height || layer.weights[1] > width;
        if layer.padding == Padding::Valid && too_large {
            assert!(matches!(layer.shape(), Err(GeometryError::WindowTooLarge { .. })));
            refused += 1;
        } else {
            Run::new(layer).check();
        }
    }
    assert!((50..500).contains(&refused), "{refused} refused");
}

#[test]
fn layers_of_several_slots_and_parts_are_seven_loops() {
    for layer in LAYERS {
        Run::new(layer).check();
    }
}

#[test]
fn gradients_are_central_differences_of_the_definition() {
    const EPS: f64 = 1e-6;
    let small = random_layers(400).filter(|layer| {
        let size = |shape: [usize; 4]| shape.iter().product::<usize>();
        (1..200).contains(&size(layer.x)) && (1..200).contains(&size(layer.weights))
    });
    let mut checked = 0;
    for layer in small.filter(|layer| layer.shape().is_ok()).take(40) {
        let mut run = Run::new(layer);
        run.all(Level::best());
        let channels = run.bias.len();
        let dy = wide(&run.dy);
        // Σ dy · y, for numbers (x, w, b) one behind the other.
        let (inputs, weights) = (run.x.len(), run.weights.len());
        let all = [wide(&run.x), wide(&run.weights), wide(&run.bias)].concat();
        let loss = |all: &[f64]| {
            let bias = &all[inputs + weights..];
            let mut sum: f64 = dy.iter().enumerate().map(|(k, dy)| dy * bias[k % channels]).sum();
            layer.each_product(|i, j, k| sum += all[i] * all[inputs + j] * dy[k]);
            sum
        };
        let gradients = [&run.dx[..], &run.dw, &run.db].concat();
        for (at, &found) in gradients.iter().enumerate() {
            let moved = |by: f64| {
                let mut all = all.clone();
                all[at] += by;
                loss(&all)
            };
            let expected = (moved(EPS) - moved(-EPS)) / (2.0 * EPS);
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= 1e-5 + 1e-5 * expected.abs(),
                "gradient {at} of {layer:?}: {found}, by difference {expected}"
            );
            checked += 1;
        }
    }
    assert!(checked > 2000, "only {checked} numbers");
}

/// The arrays of `tests/data/torch_conv.txt`, written by the script beside it.
fn torch() -> HashMap<(&'static str, &'static str), Vec<f64>> {
    let lines = include_str!("../data/torch_conv.txt").lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let key = (words.next().unwrap(), words.next().unwrap());
            (key, words.map(|number| number.parse().unwrap()).collect())
        })
        .collect()
}

/// The inputs of that script: sin(phase + step · i).
fn sines(x: &mut [f32], phase: f64, step: f64) {
    for (i, x) in x.iter_mut().enumerate() {
        *x = (phase + step * i as f64).sin() as f32;
    }
}

#[track_caller]
fn assert_close(what: (&str, &str), found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what:?}");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= 1e-5, "{what:?}[{i}]: {found}, torch has {expected}");
    }
}

#[test]
fn convolutions_are_those_of_torch() {
    let torch = torch();
    for (name, layer) in [
        ("valid", layer([2, 5, 6, 3], [3, 3, 3, 4], [1, 1], Padding::Valid)),
        ("strided", layer([2, 7, 6, 2], [3, 2, 2, 5], [2, 1], Padding::Valid)),
        ("same", layer([1, 5, 4, 2], [3, 3, 2, 3], [1, 1], Padding::Same)),
        ("same_even", layer([2, 4, 5, 1], [2, 4, 1, 2], [1, 1], Padding::Same)),
        ("pointwise", layer([2, 3, 3, 4], [1, 1, 4, 5], [1, 1], Padding::Valid)),
        ("whole", layer([3, 4, 3, 2], [4, 3, 2, 6], [1, 1], Padding::Valid)),
    ] {
        let mut run = Run::new(layer);
        sines(&mut run.x, 0.3, 1.7);
        sines(&mut run.weights, 1.1, 2.3);
        sines(&mut run.bias, 0.5, 0.9);
        sines(&mut run.dy, 2.0, 1.3);
        run.all(Level::best());
        for (what, found) in [("y", &run.y), ("dw", &run.dw), ("db", &run.db), ("dx", &run.dx)] {
            assert_close((name, what), found, &torch[&(name, what)]);
        }
    }
}

#[test]
fn pooling_is_that_of_torch() {
    let torch = torch();
    for (name, x_shape, window, stride) in
        [("halves", [2, 5, 4, 3], [2, 2], [2, 2]), ("overlapping", [1, 6, 7, 2], [3, 3], [2, 1])]
    {
        let mut pool = Pool::new(x_shape, window, stride, Padding::Valid);
        sines(&mut pool.x, 0.3, 1.7);
        sines(&mut pool.dy, 2.0, 1.3);
        pool.run(Level::best());
        assert_close((name, "y"), &pool.y, &torch[&(name, "y")]);
        assert_close((name, "dx"), &pool.dx, &torch[&(name, "dx")]);
    }
}

/// What the epilogue does, by the public functions on slices, after the product.
fn unfused(level: Level, epilogue: Epilogue<'_>, product: &[f32], n: usize) -> Vec<f32> {
    let mut out = product.to_vec();
    if let Epilogue::Bias(bias)
    | Epilogue::BiasActivation { bias, .. }
    | Epilogue::BiasSample { bias, .. } = epilogue
    {
        out.iter_mut().enumerate().for_each(|(i, y)| *y += bias[i % n]);
    }
    match epilogue {
        Epilogue::BiasActivation { kind, .. } => forward_in_place(level, kind, &mut out),
        Epilogue::BiasSample { unit, noise, .. } => {
            units::sample_in_place(level, unit, noise, &mut out);
        }
        Epilogue::Backward { kind, saved } => {
            let saved: Vec<f32> =
                (0..saved.nrows()).flat_map(|i| saved.row(i).iter().copied()).collect();
            backward_in_place(level, kind, &saved, &mut out);
        }
        _ => {}
    }
    out
}

#[test]
fn epilogues_see_the_whole_output_in_every_part() {
    for layer in LAYERS {
        let mut run = Run::new(layer);
        let (pixels, n) = (run.y.len() / run.bias.len(), run.bias.len());
        let bias = run.bias.clone();
        let saved = inputs::uniform(run.y.len(), 9, -2.0, 2.0);
        let saved = MatRef::from_row_major_slice(&saved, pixels, n);
        let noise = Stream::new(11).at(1 << 33);
        let mut epilogues = vec![Epilogue::Bias(&bias)];
        for kind in [Kind::Relu, Kind::Gelu] {
            epilogues.push(Epilogue::BiasActivation { bias: &bias, kind });
            epilogues.push(Epilogue::Backward { kind, saved });
        }
        for &unit in Unit::ALL {
            epilogues.push(Epilogue::BiasSample { bias: &bias, unit, noise });
        }
        for level in levels() {
            run.forward(level, Epilogue::None);
            let product = run.y.clone();
            for &epilogue in &epilogues {
                run.forward(level, epilogue);
                let what = || format!("{layer:?} on {level}, {:.70}", format!("{epilogue:?}"));
                assert_same_bits(what, &run.y, &unfused(level, epilogue, &product, n));
            }
        }
    }
}

#[test]
fn patches_and_sums_have_the_same_bits_on_every_level() {
    for layer in LAYERS {
        let mut expected = Run::new(layer);
        expected.all(scalar());
        for level in levels().into_iter().filter(|level| level.is_fused()) {
            let mut run = Run::new(layer);
            run.all(level);
            let what = |array| move || format!("{array} of {layer:?} on {level}");
            assert_same_bits(what("y"), &run.y, &expected.y);
            assert_same_bits(what("dw"), &run.dw, &expected.dw);
            assert_same_bits(what("db"), &run.db, &expected.db);
            assert_same_bits(what("dx"), &run.dx, &expected.dx);
        }
    }
}

fn on_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for layer in LAYERS {
        let result = || {
            let mut run = Run::new(layer);
            run.all(Level::best());
            [run.y, run.dw, run.db, run.dx].concat()
        };
        let expected = on_threads(1, result);
        for threads in 2..=4 {
            let what = || format!("{layer:?} on {threads} threads");
            assert_same_bits(what, &on_threads(threads, result), &expected);
        }
    }
    let result = || {
        let mut pool = Pool::new([7, 40, 40, 17], [3, 2], [2, 1], Padding::Same);
        pool.run(Level::best());
        [pool.y, pool.dx].concat()
    };
    let expected = on_threads(1, result);
    for threads in 2..=4 {
        assert_same_bits(|| format!("{threads}"), &on_threads(threads, result), &expected);
    }
}

#[test]
fn nan_and_infinity_stay_in_their_windows() {
    for layer in LAYERS {
        let mut run = Run::new(layer);
        run.all(Level::best());
        let clean = (run.y.clone(), run.dx.clone());
        for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut run = Run::new(layer);
            let (at_x, at_dy) = (run.x.len() / 2, run.dy.len() / 3);
            (run.x[at_x], run.dy[at_dy]) = (poison, poison);
            run.all(Level::best());
            let (mut y_covered, mut dx_covered) =
                (vec![false; run.y.len()], vec![false; run.x.len()]);
            layer.each_product(|i, _, k| {
                y_covered[k] |= i == at_x;
                dx_covered[i] |= k == at_dy;
            });
            for (covered, found, clean) in
                [(y_covered, &run.y, &clean.0), (dx_covered, &run.dx, &clean.1)]
            {
                for (i, covered) in covered.into_iter().enumerate() {
                    if covered {
                        assert!(!found[i].is_finite(), "{layer:?}, {poison}: {i} is {}", found[i]);
                    } else {
                        assert_eq!(
                            found[i].to_bits(),
                            clean[i].to_bits(),
                            "{layer:?}, {poison}: {i}"
                        );
                    }
                }
            }
            assert!(run.db.iter().filter(|db| !db.is_finite()).count() == 1, "{layer:?}");
        }
    }
}

#[test]
fn a_workspace_serves_smaller_batches() {
    let mut layers = LAYERS.to_vec();
    layers.push(layer([500, 28, 28, 3], [3, 3, 3, 512], [1, 1], Padding::Same));
    layers.push(layer([40, 9, 9, 300], [5, 5, 300, 700], [1, 1], Padding::Same));
    for layer in layers {
        let shape = layer.shape().unwrap();
        let workspace = Workspace::new(&shape);
        for batch in 0..=layer.x[0] {
            assert!(workspace.fits(&shape.with_batch(batch).unwrap()), "{batch} of {layer:?}");
        }
    }
    let large = layer([9, 14, 13, 17], [3, 3, 17, 33], [1, 1], Padding::Same);
    let mut run = Run::new(Layer { x: [4, 14, 13, 17], ..large });
    run.workspace = Workspace::new(&large.shape().unwrap());
    run.check();
}

#[test]
fn without_a_bias_only_the_weights_are_summed() {
    let mut run = Run::new(LAYERS[1]);
    run.all(Level::best());
    let mut dw = vec![OLD; run.dw.len()];
    let Run { shape, x, dy, workspace, .. } = &mut run;
    conv::backward_weights(Level::best(), shape, x, dy, &mut dw, None, workspace);
    assert_same_bits(|| "dw".into(), &dw, &run.dw);
}

#[test]
fn geometries_that_cannot_be_say_why() {
    let message = |x, weights, stride, padding| {
        Conv2d::new(x, weights, stride, padding).unwrap_err().to_string()
    };
    let (x, w) = ([1, 5, 5, 2], [3, 3, 2, 4]);
    for (found, expected) in [
        (message(x, w, [0, 1], Padding::Same), "the height of the stride is 0"),
        (message(x, [3, 0, 2, 4], [1, 1], Padding::Same), "the width of the window is 0"),
        (message([1, 0, 5, 2], w, [1, 1], Padding::Same), "the height of the input is 0"),
        (message(x, [3, 3, 1, 4], [1, 1], Padding::Same), "x has 2 channels, the weights take 1"),
        (
            message(x, [3, 6, 2, 4], [1, 1], Padding::Valid),
            "the width of the window is 6, of the input only 5: take a smaller window",
        ),
        (
            message([usize::MAX, 5, 5, 0], [3, 3, 0, 4], [1, 1], Padding::Same),
            "more than memory can hold",
        ),
        (
            message([1, 5, 5, 1], [usize::MAX, usize::MAX, 1, 1], [1, 1], Padding::Same),
            "the weights is",
        ),
        (
            MaxPool2d::new([1, 50, 50, 1], [16, 17], [1, 1], Padding::Same)
                .unwrap_err()
                .to_string(),
            "16 × 17 has more than 256 positions",
        ),
    ] {
        assert!(found.contains(expected), "`{found}` is not `{expected}`");
    }
    // Strides beyond all sizes are fine: one window.
    let shape = Conv2d::new(x, w, [usize::MAX; 2], Padding::Same).unwrap();
    assert_eq!(shape.output(), [1, 1, 1, 4]);
}

fn small() -> Run {
    Run::new(layer([2, 5, 5, 3], [3, 3, 3, 4], [1, 1], Padding::Valid))
}

#[test]
#[should_panic(expected = "`x` has 149 elements, but [2, 5, 5, 3] has 150")]
fn an_input_that_does_not_fit_is_refused() {
    let mut run = small();
    run.x.pop();
    run.all(Level::best());
}

#[test]
#[should_panic(expected = "`out` has 73 elements, but [2, 3, 3, 4] has 72")]
fn an_output_that_does_not_fit_is_refused() {
    let mut run = small();
    run.y.push(0.0);
    run.all(Level::best());
}

#[test]
#[should_panic(expected = "`db` has 3 elements, but [4] has 4")]
fn a_bias_gradient_that_does_not_fit_is_refused() {
    let mut run = small();
    run.db.pop();
    run.all(Level::best());
}

#[test]
#[should_panic(expected = "`saved` is (19, 4), out is (18, 4)")]
fn saved_values_of_another_shape_are_refused() {
    let saved = [0.0; 19 * 4];
    let saved = MatRef::from_row_major_slice(&saved, 19, 4);
    small().forward(Level::best(), Epilogue::Backward { kind: Kind::Relu, saved });
}

#[test]
#[should_panic(expected = "the workspace is for a smaller shape")]
fn a_workspace_of_another_layer_is_refused() {
    let mut run = small();
    let other = layer([2, 5, 5, 1], [1, 1, 1, 1], [1, 1], Padding::Valid);
    run.workspace = Workspace::new(&other.shape().unwrap());
    run.all(Level::best());
}

/// All arrays of a pooling layer.
struct Pool {
    stride: [usize; 2],
    padding: Padding,
    window: [usize; 2],
    shape: MaxPool2d,
    x: Vec<f32>,
    y: Vec<f32>,
    indices: Vec<u8>,
    dy: Vec<f32>,
    dx: Vec<f32>,
}

impl Pool {
    fn new(x: [usize; 4], window: [usize; 2], stride: [usize; 2], padding: Padding) -> Self {
        let shape = MaxPool2d::new(x, window, stride, padding).unwrap();
        let [inputs, outputs] = [shape.input(), shape.output()].map(|s| s.iter().product());
        Self {
            stride,
            padding,
            window,
            shape,
            x: inputs::uniform(inputs, 1, -1.0, 1.0),
            y: vec![OLD; outputs],
            indices: vec![255; outputs],
            dy: inputs::uniform(outputs, 4, -1.0, 1.0),
            dx: vec![OLD; inputs],
        }
    }

    fn run(&mut self, level: Level) {
        let Self { shape, x, y, indices, dy, dx, .. } = self;
        max_pool(level, shape, x, y, indices);
        max_pool_backward(level, shape, indices, dy, dx);
    }

    /// y, indices and dx, one element after the other.
    fn reference(&self) -> (Vec<f32>, Vec<u8>, Vec<f32>) {
        let [batch, height, width, channels] = self.shape.input();
        let (out_h, top) = reference_axis(height, self.window[0], self.stride[0], self.padding);
        let (out_w, left) = reference_axis(width, self.window[1], self.stride[1], self.padding);
        assert_eq!(self.shape.output(), [batch, out_h, out_w, channels]);
        let (mut maxima, mut indices, mut dx) = (vec![], vec![], vec![0.0; self.x.len()]);
        for out in 0..batch * out_h * out_w * channels {
            let c = out % channels;
            let j = out / channels % out_w;
            let i = out / channels / out_w % out_h;
            let n = out / channels / out_w / out_h;
            let mut best: Option<(f32, u8, usize)> = None;
            for index in 0..self.window[0] * self.window[1] {
                let (ky, kx) = (index / self.window[1], index % self.window[1]);
                let y = (i * self.stride[0] + ky).wrapping_sub(top);
                let x = (j * self.stride[1] + kx).wrapping_sub(left);
                if y >= height || x >= width {
                    continue;
                }
                let at = ((n * height + y) * width + x) * channels + c;
                let x = self.x[at];
                let better = |(b, _, _): (f32, u8, usize)| !b.is_nan() && (x > b || x.is_nan());
                if best.is_none_or(better) {
                    best = Some((x, index as u8, at));
                }
            }
            let (maximum, index, at) = best.unwrap();
            maxima.push(maximum);
            indices.push(index);
            dx[at] += self.dy[out];
        }
        (maxima, indices, dx)
    }

    fn check(mut self) {
        let (y, indices, dx) = self.reference();
        for level in levels() {
            self.y.fill(OLD);
            self.dx.fill(OLD);
            self.run(level);
            let what = |a: &'static str| move || format!("{a} of {:?} on {level}", self.shape);
            assert_same_bits(what("y"), &self.y, &y);
            assert!(self.indices == indices, "{}", what("indices")());
            assert_same_bits(what("dx"), &self.dx, &dx);
        }
    }
}

#[test]
fn pooling_is_the_first_maximum_of_every_window() {
    let numbers = inputs::uniform(400 * 9, 78, 0.0, 0.999_9);
    for n in numbers.chunks(9) {
        let pick =
            |at: usize, low: usize, high: usize| low + (n[at] * (high - low + 1) as f32) as usize;
        let (height, width) = (pick(0, 1, 9), pick(1, 1, 9));
        let same = n[2] < 0.5;
        let window =
            [pick(3, 1, if same { 4 } else { height }), pick(4, 1, if same { 4 } else { width })];
        let channels = [1, 2, 15, 16, 17, 33][pick(5, 0, 5)];
        let x = [pick(6, 0, 3), height, width, channels];
        let padding = if same { Padding::Same } else { Padding::Valid };
        let mut pool = Pool::new(x, window, [pick(7, 1, 3), pick(8, 1, 3)], padding);
        // Few different numbers: many equal maxima, zeros of both signs.
        pool.x.iter_mut().for_each(|x| *x = (*x * 3.0).trunc());
        pool.check();
    }
    // Beyond the size from which on threads share the work; no channels; a window of 256.
    Pool::new([7, 40, 40, 17], [3, 2], [2, 1], Padding::Same).check();
    Pool::new([150, 32, 32, 1], [2, 2], [2, 2], Padding::Valid).check();
    Pool::new([3, 5, 5, 0], [2, 2], [2, 2], Padding::Valid).check();
    Pool::new([2, 20, 20, 3], [16, 16], [1, 1], Padding::Valid).check();
    // Strides beyond the window.
    Pool::new([2, 20, 20, 3], [2, 1], [5, 7], Padding::Valid).check();
}

#[test]
fn pooling_of_special_values() {
    let mut pool = Pool::new([4, 18, 18, 19], [3, 3], [1, 2], Padding::Same);
    pool.x = inputs::mixed(pool.x.len(), 3);
    pool.check();
    let mut pool = Pool::new([1, 2, 2, 1], [2, 2], [1, 1], Padding::Valid);
    let (first, second) = (f32::from_bits(0x7fc0_0001), f32::from_bits(0x7fc0_0002));
    pool.x = vec![1.0, first, f32::INFINITY, second];
    pool.run(Level::best());
    assert_eq!((pool.y[0].to_bits(), pool.indices[0]), (first.to_bits(), 1));
    pool.x = vec![f32::NEG_INFINITY; 4];
    pool.run(Level::best());
    assert_eq!((pool.y[0], pool.indices[0]), (f32::NEG_INFINITY, 0));
}

#[test]
fn indices_that_are_no_positions_give_no_gradient() {
    let mut pool = Pool::new([1, 3, 3, 1], [2, 2], [1, 1], Padding::Same);
    // Window (2, 2) has its other three positions outside; 4 and 255 are nowhere.
    pool.indices = vec![0, 4, 255, 0, 0, 0, 0, 0, 3];
    pool.dy = vec![1.0; 9];
    max_pool_backward(Level::best(), &pool.shape, &pool.indices, &pool.dy, &mut pool.dx);
    assert_eq!(pool.dx, [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
}
