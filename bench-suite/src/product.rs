//! The operands of a [`Shape`], and the check of its result.

use halfwave_kernels::{
    Kind, Level, forward,
    gemm::{self, MatMut, MatRef},
    rng::{Noise, Stream},
    units::{self, Unit},
};

use crate::{
    check, inputs, scalar,
    shapes::{Epilogue, Layout, Shape},
};

/// Storage of a product out = a · b, then an epilogue.
pub struct Product<'a> {
    shape: &'a Shape,
    a: Vec<f32>,
    b: Vec<f32>,
    bias: Vec<f32>,
    out: Vec<f32>,
}

impl<'a> Product<'a> {
    /// Operands of `shape`, in \[−1, 1) and \[−0.1, 0.1).
    #[must_use]
    pub fn new(shape: &'a Shape) -> Self {
        let &Shape { m, k, n, .. } = shape;
        Self {
            shape,
            a: inputs::uniform(4, m * k, -1.0, 1.0),
            b: inputs::uniform(5, k * n, -0.1, 0.1),
            bias: inputs::uniform(6, n, -1.0, 1.0),
            out: vec![0.0; m * n],
        }
    }

    /// a `[m, k]` and b `[k, n]`, in the layout of the shape.
    fn operands(&self) -> (MatRef<'_, f32>, MatRef<'_, f32>) {
        let &Shape { m, k, n, layout, .. } = self.shape;
        let rows = |x, rows, columns| MatRef::from_row_major_slice(x, rows, columns);
        match layout {
            Layout::Forward => (rows(&self.a, m, k), rows(&self.b, k, n)),
            Layout::Backward => (rows(&self.a, m, k), rows(&self.b, n, k).transpose()),
            Layout::Gradient => (rows(&self.a, k, m).transpose(), rows(&self.b, k, n)),
        }
    }

    /// Computes it on the current rayon pool.
    pub fn run(&mut self, level: Level, epilogue: Epilogue) {
        let mut out = std::mem::take(&mut self.out);
        let (a, b) = self.operands();
        let bias = &self.bias;
        let fused = match epilogue {
            Epilogue::None => gemm::Epilogue::None,
            Epilogue::BiasRelu => gemm::Epilogue::BiasActivation { bias, kind: Kind::Relu },
            Epilogue::Sample => {
                gemm::Epilogue::BiasSample { bias, unit: Unit::Nrelu, noise: noise() }
            }
        };
        let view = MatMut::from_row_major_slice_mut(&mut out, self.shape.m, self.shape.n);
        gemm::matmul(level, a, b, view, fused);
        self.out = out;
    }

    /// faer's product of the same operands, on as many threads.
    pub fn run_faer(&mut self) {
        let mut out = std::mem::take(&mut self.out);
        let (a, b) = self.operands();
        let view = MatMut::from_row_major_slice_mut(&mut out, self.shape.m, self.shape.n);
        let threads = rayon::current_num_threads();
        let par = if threads > 1 { faer::Par::rayon(threads) } else { faer::Par::Seq };
        faer::linalg::matmul::matmul(view, faer::Accum::Replace, a, b, 1.0, par);
        self.out = out;
    }

    /// Runs once: the bare product within the error bound of its sums, the epilogue with the bits
    /// that the scalar level gives when it goes over the whole product afterwards.
    ///
    /// # Panics
    /// If a result is wrong.
    pub fn check(&mut self, level: Level, epilogue: Epilogue) {
        let name = format!("{} {}", self.shape.name, epilogue.name());
        self.run(level, Epilogue::None);
        self.check_sums(&name);
        let mut expected = self.out.clone();
        for row in expected.chunks_exact_mut(self.shape.n) {
            row.iter_mut().zip(&self.bias).for_each(|(x, bias)| *x += bias);
        }
        let mut separate = vec![0.0; expected.len()];
        match epilogue {
            Epilogue::None => return,
            Epilogue::BiasRelu => forward(scalar(), Kind::Relu, &expected, &mut separate),
            Epilogue::Sample => {
                units::sample(scalar(), Unit::Nrelu, noise(), &expected, &mut separate);
            }
        }
        self.run(level, epilogue);
        check::same_as_scalar(&name, level, &self.out, &separate);
    }

    /// Compares elements on a diagonal through all tiles with sums in `f64`.
    fn check_sums(&self, name: &str) {
        let &Shape { m, k, n, .. } = self.shape;
        let (a, b) = self.operands();
        for i in 0..m {
            let j = (i * 37) % n;
            let terms = |l| f64::from(a[(i, l)]) * f64::from(b[(l, j)]);
            let exact: f64 = (0..k).map(terms).sum();
            let magnitude: f64 = (0..k).map(|l| terms(l).abs()).sum();
            let tolerance = k as f64 * f64::from(f32::EPSILON) * magnitude;
            check::within(name, f64::from(self.out[i * n + j]), exact, tolerance);
        }
    }
}

fn noise() -> Noise {
    Stream::new(7).at(0)
}
