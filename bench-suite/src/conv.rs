//! The arrays of convolution and pooling layers, and the checks of their results.

use halfwave_kernels::{
    Kind, Level,
    conv::{self, Conv2d, GeometryError, MaxPool2d, Padding, Workspace},
    gemm::Epilogue,
};

use crate::{check, inputs, scalar};

/// What is timed of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The bare product.
    Forward,
    /// With bias and ReLU.
    ForwardBiasRelu,
    /// Gradients of weights and biases.
    Weights,
    /// Gradient of the input.
    Input,
}

impl Pass {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Forward, Self::ForwardBiasRelu, Self::Weights, Self::Input];

    /// How the bench is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::ForwardBiasRelu => "forward-bias-relu",
            Self::Weights => "backward-weights",
            Self::Input => "backward-input",
        }
    }
}

/// A convolution with all that it reads and writes.
pub struct Layer {
    /// How the group of benches is called.
    pub name: &'static str,
    /// Its shape.
    pub shape: Conv2d,
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

/// A constant geometry.
#[track_caller]
fn constant<T>(shape: Result<T, GeometryError>) -> T {
    shape.unwrap_or_else(|error| panic!("{error}"))
}

impl Layer {
    fn new(name: &'static str, x: [usize; 4], weights: [usize; 4]) -> Self {
        let shape = constant(Conv2d::new(x, weights, [1, 1], Padding::Valid));
        let [inputs, weights, outputs] =
            [shape.input(), shape.weights(), shape.output()].map(|s| s.iter().product());
        let channels = shape.output()[3];
        Self {
            name,
            shape,
            x: inputs::uniform(4, inputs, -1.0, 1.0),
            weights: inputs::uniform(5, weights, -0.1, 0.1),
            bias: inputs::uniform(6, channels, -1.0, 1.0),
            y: vec![0.0; outputs],
            dy: inputs::uniform(7, outputs, -1.0, 1.0),
            dw: vec![0.0; weights],
            db: vec![0.0; channels],
            dx: vec![0.0; inputs],
            workspace: Workspace::new(&shape),
        }
    }

    /// The two convolutions of Keras' MNIST example, and the four of Agarap 2018, at their mini-batches.
    #[must_use]
    pub fn all() -> [Self; 6] {
        [
            Self::new("28x28x1-3x3x32", [128, 28, 28, 1], [3, 3, 1, 32]),
            Self::new("26x26x32-3x3x64", [128, 26, 26, 32], [3, 3, 32, 64]),
            Self::new("16x16x1-3x3x32", [256, 16, 16, 1], [3, 3, 1, 32]),
            Self::new("14x14x32-3x3x32", [256, 14, 14, 32], [3, 3, 32, 32]),
            Self::new("6x6x32-3x3x64", [256, 6, 6, 32], [3, 3, 32, 64]),
            Self::new("4x4x64-3x3x64", [256, 4, 4, 64], [3, 3, 64, 64]),
        ]
    }

    /// One that is small enough for callgrind, with rows of windows that do not divide by anything.
    #[must_use]
    pub fn small() -> Self {
        Self::new("11x11x16-3x3x32", [2, 11, 11, 16], [3, 3, 16, 32])
    }

    /// What `pass` computed last; of [`Pass::Weights`], the gradient of the weights.
    #[must_use]
    pub fn result(&self, pass: Pass) -> &[f32] {
        match pass {
            Pass::Forward | Pass::ForwardBiasRelu => &self.y,
            Pass::Weights => &self.dw,
            Pass::Input => &self.dx,
        }
    }

    /// Computes it on the current rayon pool.
    pub fn run(&mut self, level: Level, pass: Pass) {
        let Self { shape, x, weights, bias, y, dy, dw, db, dx, workspace, .. } = self;
        match pass {
            Pass::Forward => {
                conv::forward(level, shape, x, weights, y, Epilogue::None, workspace);
            }
            Pass::ForwardBiasRelu => {
                let epilogue = Epilogue::BiasActivation { bias, kind: Kind::Relu };
                conv::forward(level, shape, x, weights, y, epilogue, workspace);
            }
            Pass::Weights => {
                conv::backward_weights(level, shape, x, dy, dw, Some(db), workspace);
            }
            Pass::Input => {
                conv::backward_input(level, shape, dy, weights, dx, Epilogue::None, workspace);
            }
        }
    }

    /// Runs each pass once: of two images, all arrays against the scalar level's bits; of all, some elements of y, all of
    /// dw's last row and Σ dx against sums in `f64`, and the epilogue against the bare product's bits.
    ///
    /// # Panics
    /// If a result is wrong.
    pub fn check(&mut self, level: Level) {
        let [_, height, width, channels] = self.shape.input();
        let [found, expected] = [level, scalar()].map(|level| {
            let mut few = Self::new(self.name, [2, height, width, channels], self.shape.weights());
            Pass::ALL.iter().for_each(|&pass| few.run(level, pass));
            few
        });
        for pass in Pass::ALL {
            check::same_as_scalar(self.name, level, found.result(pass), expected.result(pass));
        }
        check::same_as_scalar(self.name, level, &found.db, &expected.db);

        self.run(level, Pass::Forward);
        let mut expected = self.y.clone();
        for pixel in expected.chunks_exact_mut(self.bias.len()) {
            pixel.iter_mut().zip(&self.bias).for_each(|(y, bias)| *y = (*y + bias).max(0.0));
        }
        for pass in [Pass::ForwardBiasRelu, Pass::Weights, Pass::Input] {
            self.run(level, pass);
        }
        check::same_as_scalar(self.name, level, &self.y, &expected);
        let [kernel_h, kernel_w, _, outputs] = self.shape.weights();
        let [batch, out_h, out_w, _] = self.shape.output();
        // (n, i, j), ky, kx and c to an element of x.
        let x = |pixel: usize, ky: usize, kx: usize, c: usize| {
            let (n, i, j) = (pixel / out_w / out_h, pixel / out_w % out_h, pixel % out_w);
            f64::from(self.x[((n * height + i + ky) * width + j + kx) * channels + c])
        };
        let pixels = batch * out_h * out_w;
        for pixel in (0..pixels).step_by(997) {
            let o = pixel % outputs;
            let mut exact = f64::from(self.bias[o]);
            for at in 0..kernel_h * kernel_w * channels {
                let (ky, kx, c) =
                    (at / channels / kernel_w, at / channels % kernel_w, at % channels);
                exact += x(pixel, ky, kx, c) * f64::from(self.weights[at * outputs + o]);
            }
            let y = f64::from(self.y[pixel * outputs + o]);
            check::within("y", y, exact.max(0.0), 1e-4);
        }
        for o in 0..outputs {
            let last = self.dw.len() - outputs + o;
            let exact: f64 = (0..pixels)
                .map(|pixel| {
                    let dy = f64::from(self.dy[pixel * outputs + o]);
                    x(pixel, kernel_h - 1, kernel_w - 1, channels - 1) * dy
                })
                .sum();
            check::within("dw", f64::from(self.dw[last]), exact, 0.05);
        }
        // Σ dx = Σ dy[o] · Σ w[o]: without padding every product counts once.
        let of_channel = |values: &[f32], o: usize| -> f64 {
            values.iter().skip(o).step_by(outputs).map(|&x| f64::from(x)).sum()
        };
        let exact: f64 =
            (0..outputs).map(|o| of_channel(&self.dy, o) * of_channel(&self.weights, o)).sum();
        let sum: f64 = self.dx.iter().map(|&x| f64::from(x)).sum();
        check::within("sum of dx", sum, exact, 1e-3 * exact.abs().max(1.0));
    }
}

/// A pooling layer with all that it reads and writes.
pub struct Pool {
    shape: MaxPool2d,
    x: Vec<f32>,
    y: Vec<f32>,
    indices: Vec<u8>,
    dx: Vec<f32>,
}

impl Pool {
    /// The pooling of Keras' MNIST example.
    #[must_use]
    pub fn keras_mnist() -> Self {
        Self::halving([128, 24, 24, 64])
    }

    /// One that is small enough for callgrind.
    #[must_use]
    pub fn small() -> Self {
        Self::halving([2, 12, 12, 16])
    }

    /// Windows of 2×2 that cover each input once.
    fn halving(x: [usize; 4]) -> Self {
        let shape = constant(MaxPool2d::new(x, [2, 2], [2, 2], Padding::Valid));
        let [inputs, outputs] = [shape.input(), shape.output()].map(|s| s.iter().product());
        Self {
            shape,
            x: inputs::uniform(8, inputs, -1.0, 1.0),
            y: vec![0.0; outputs],
            indices: vec![0; outputs],
            dx: vec![0.0; inputs],
        }
    }

    /// The gradient, or the maxima.
    #[must_use]
    pub fn result(&self, backward: bool) -> &[f32] {
        if backward { &self.dx } else { &self.y }
    }

    /// Elements of the input.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.x.len()
    }

    /// Maxima and where they are.
    pub fn forward(&mut self, level: Level) {
        conv::max_pool(level, &self.shape, &self.x, &mut self.y, &mut self.indices);
    }

    /// The gradient, y itself being that of the output.
    pub fn backward(&mut self, level: Level) {
        conv::max_pool_backward(level, &self.shape, &self.indices, &self.y, &mut self.dx);
    }

    /// Runs both once: the bits of the scalar level, and every maximum back at its place.
    ///
    /// # Panics
    /// If a result is wrong.
    pub fn check(&mut self, level: Level) {
        self.forward(scalar());
        self.backward(scalar());
        let (y, dx) = (self.y.clone(), self.dx.clone());
        self.forward(level);
        self.backward(level);
        check::same_as_scalar("maxima", level, &self.y, &y);
        check::same_as_scalar("gradient of pooling", level, &self.dx, &dx);
        let at_its_place = |(&dx, &x): (&f32, &f32)| dx == 0.0 || dx == x;
        assert!(self.dx.iter().zip(&self.x).all(at_its_place), "a maximum is not where it was");
        let (back, maxima): (f64, f64) = (
            self.dx.iter().map(|&x| f64::from(x)).sum(),
            self.y.iter().map(|&x| f64::from(x)).sum(),
        );
        check::within("sum of the gradient", back, maxima, 1e-6 * maxima.abs());
    }
}
