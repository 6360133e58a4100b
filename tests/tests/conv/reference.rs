//! Layers, their sums as seven loops in `f64`, and numbers of PyTorch.

use std::collections::HashMap;

use halfwave_kernels::{
    Level,
    conv::{self, Conv2d, GeometryError, Padding, Workspace},
    gemm::Epilogue,
};
use halfwave_tests::{compare::levels, inputs};

/// What [`Conv2d::new`] takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) x: [usize; 4],
    pub(crate) weights: [usize; 4],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
}

pub(crate) const fn layer(
    x: [usize; 4],
    weights: [usize; 4],
    stride: [usize; 2],
    padding: Padding,
) -> Layer {
    Layer { x, weights, stride, padding }
}

/// One of each kind: several slots and parts, strides, both paddings, direct products.
pub(crate) const LAYERS: [Layer; 12] = [
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
pub(crate) fn random_layers(count: usize) -> impl Iterator<Item = Layer> {
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

pub(crate) fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Output size and padding before the input, by TensorFlow's rule.
pub(crate) fn reference_axis(
    input: usize,
    kernel: usize,
    stride: usize,
    padding: Padding,
) -> (usize, usize) {
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
    pub(crate) fn shape(self) -> Result<Conv2d, GeometryError> {
        Conv2d::new(self.x, self.weights, self.stride, self.padding)
    }

    /// Calls `f` with the indices into (x, w, y) of every product.
    pub(crate) fn each_product(self, mut f: impl FnMut(usize, usize, usize)) {
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
pub(crate) struct Sums {
    pub(crate) values: Vec<f64>,
    pub(crate) terms: Vec<f64>,
    pub(crate) sizes: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(n: usize) -> Self {
        Self { values: vec![0.0; n], terms: vec![0.0; n], sizes: vec![0.0; n] }
    }
    pub(crate) fn add(&mut self, at: usize, product: f64) {
        self.values[at] += product;
        self.terms[at] += 1.0;
        self.sizes[at] += product.abs();
    }
    /// A sum of k products in any order is within (k + 1) 2⁻²⁴ Σ |product|, here doubled.
    #[track_caller]
    pub(crate) fn check(&self, what: &str, layer: Layer, found: &[f32]) {
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
pub(crate) struct Run {
    pub(crate) layer: Layer,
    pub(crate) shape: Conv2d,
    pub(crate) x: Vec<f32>,
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) y: Vec<f32>,
    pub(crate) dy: Vec<f32>,
    pub(crate) dw: Vec<f32>,
    pub(crate) db: Vec<f32>,
    pub(crate) dx: Vec<f32>,
    pub(crate) workspace: Workspace,
}

/// What must be overwritten.
pub(crate) const OLD: f32 = 77.25;

impl Run {
    pub(crate) fn new(layer: Layer) -> Self {
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

    pub(crate) fn forward(&mut self, level: Level, epilogue: Epilogue<'_>) {
        let Self { shape, x, weights, y, workspace, .. } = self;
        conv::forward(level, shape, x, weights, y, epilogue, workspace);
    }

    pub(crate) fn backward_input(&mut self, level: Level, epilogue: Epilogue<'_>) {
        let Self { shape, weights, dy, dx, workspace, .. } = self;
        conv::backward_input(level, shape, dy, weights, dx, epilogue, workspace);
    }

    pub(crate) fn all(&mut self, level: Level) {
        let Self { shape, x, weights, bias, y, dy, dw, db, dx, workspace, .. } = self;
        conv::forward(level, shape, x, weights, y, Epilogue::Bias(bias), workspace);
        conv::backward_weights(level, shape, x, dy, dw, Some(db), workspace);
        conv::backward_input(level, shape, dy, weights, dx, Epilogue::None, workspace);
    }

    pub(crate) fn check(&mut self) {
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
        for level in levels() {
            self.all(level);
            for (what, sums, found) in [
                ("y", &y, &mut self.y),
                ("dw", &dw, &mut self.dw),
                ("db", &db, &mut self.db),
                ("dx", &dx, &mut self.dx),
            ] {
                sums.check(&format!("{what} on {level}"), self.layer, found);
                found.fill(OLD);
            }
        }
    }
}

/// The arrays of `tests/data/torch_conv.txt`, written by the script beside it.
pub(crate) fn torch() -> HashMap<(&'static str, &'static str), Vec<f64>> {
    let lines = include_str!("../../data/torch_conv.txt").lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let key = (words.next().unwrap(), words.next().unwrap());
            (key, words.map(|number| number.parse().unwrap()).collect())
        })
        .collect()
}

/// The inputs of that script: sin(phase + step · i).
pub(crate) fn sines(x: &mut [f32], phase: f64, step: f64) {
    for (i, x) in x.iter_mut().enumerate() {
        *x = (phase + step * i as f64).sin() as f32;
    }
}

#[track_caller]
pub(crate) fn assert_close(what: (&str, &str), found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what:?}");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= 1e-5, "{what:?}[{i}]: {found}, torch has {expected}");
    }
}
