//! The operands of a [`Shape`], and the check of its result.

use halfwave_kernels::{
    Kind, Level, backward, forward,
    gemm::{self, Both, MatMut, MatRef, Update},
    rng::{Noise, Stream},
    units::{self, Unit},
    update,
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
    /// What went through the activation of which this is the derivative, or the second result.
    other: Vec<f32>,
    /// The optimiser's.
    state: [Vec<f32>; 2],
}

/// Stochastic gradient descent as in training.
pub const MOMENTUM: update::Momentum = update::Momentum {
    learning_rate: 1e-3,
    momentum: 0.9,
    weight_decay: 1e-4,
    l1: 0.0,
    nesterov: false,
};
/// Adam with the constants of its paper.
pub const ADAM: update::Adam = update::Adam {
    learning_rate: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weight_decay: 0.0,
};
/// Of the gradient.
const SCALE: f32 = 0.01;

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
            other: inputs::uniform(7, m * n, -1.0, 1.0),
            state: [1, 2].map(|arrays| {
                let used = shape.epilogues.iter().any(|epilogue| epilogue.states() >= arrays);
                vec![0.0; if used { m * n } else { 0 }]
            }),
        }
    }

    /// a `[m, k]` and b `[k, n]` as they are stored: row-major elements, rows and columns of these, and whether the
    /// operand is the transpose.
    #[must_use]
    pub fn stored(&self) -> [(&[f32], [usize; 2], bool); 2] {
        let &Shape { m, k, n, layout, .. } = self.shape;
        match layout {
            Layout::Forward => [(&self.a, [m, k], false), (&self.b, [k, n], false)],
            Layout::Backward => [(&self.a, [m, k], false), (&self.b, [n, k], true)],
            Layout::Gradient => [(&self.a, [k, m], true), (&self.b, [k, n], false)],
        }
    }

    /// The same as views.
    #[must_use]
    pub fn operands(&self) -> (MatRef<'_, f32>, MatRef<'_, f32>) {
        let [a, b] = self.stored().map(|(x, [rows, columns], transposed)| {
            let stored = MatRef::from_row_major_slice(x, rows, columns);
            if transposed { stored.transpose() } else { stored }
        });
        (a, b)
    }

    /// What was computed last.
    #[must_use]
    pub fn result(&self) -> &[f32] {
        &self.out
    }

    /// Computes it on the current rayon pool; an optimiser goes on from where it stands.
    pub fn run(&mut self, level: Level, epilogue: Epilogue) {
        let (mut out, [mut first, mut second]) =
            (std::mem::take(&mut self.out), std::mem::take(&mut self.state));
        let mut other = std::mem::take(&mut self.other);
        let (m, n) = (self.shape.m, self.shape.n);
        let view = |x| MatMut::from_row_major_slice_mut(x, m, n);
        let (a, b) = self.operands();
        let bias = &self.bias;
        let multiply = |out, epilogue| gemm::matmul(level, a, b, view(out), epilogue);
        match epilogue {
            Epilogue::None => multiply(&mut out, gemm::Epilogue::None),
            Epilogue::BiasRelu => {
                multiply(&mut out, gemm::Epilogue::BiasActivation { bias, kind: Kind::Relu });
            }
            Epilogue::Sample => {
                let (unit, noise) = (Unit::Nrelu, noise());
                multiply(&mut out, gemm::Epilogue::BiasSample { bias, unit, noise });
            }
            Epilogue::InputAndGelu => {
                let (outs, both) = ([&mut other, &mut out], Both::InputAndActivation(Kind::Gelu));
                gemm::matmul_both(level, a, b, bias, outs.map(|x| view(x)), both);
            }
            Epilogue::ReluBackward => {
                let saved = MatRef::from_row_major_slice(&other, m, n);
                multiply(&mut out, gemm::Epilogue::Backward { kind: Kind::Relu, saved });
            }
            Epilogue::Momentum => {
                let velocity = view(&mut first);
                let update = Update::Momentum { step: MOMENTUM, scale: SCALE, velocity };
                gemm::matmul_update(level, a, b, update, view(&mut out));
            }
            Epilogue::Adam => {
                let (m, v) = (view(&mut first), view(&mut second));
                let update = Update::Adam { step: ADAM, t: 1, scale: SCALE, m, v };
                gemm::matmul_update(level, a, b, update, view(&mut out));
            }
        }
        (self.out, self.other, self.state) = (out, other, [first, second]);
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

    /// That faer's product is right, too: a peer that computes something else is none.
    ///
    /// # Panics
    /// If it is not.
    pub fn check_faer(&mut self) {
        self.run_faer();
        self.check_sums(&format!("{} faer", self.shape.name), &self.out);
    }

    /// Runs once: the bare product within the error bound of its sums, some whole rows with the bits of the scalar level
    /// (which would take minutes for all of them), the epilogue with the bits
    /// that the scalar level gives when it goes over the whole product afterwards.
    ///
    /// # Panics
    /// If a result is wrong.
    pub fn check(&mut self, level: Level, epilogue: Epilogue) {
        let name = format!("{} {}", self.shape.name, epilogue.name());
        self.run(level, Epilogue::None);
        self.check_sums(&name, &self.out);
        self.check_rows(level, &name);
        let product = self.out.clone();
        let mut expected = product.clone();
        for row in expected.chunks_exact_mut(self.shape.n) {
            row.iter_mut().zip(&self.bias).for_each(|(x, bias)| *x += bias);
        }
        let mut separate = vec![0.0; expected.len()];
        match epilogue {
            Epilogue::None => return,
            Epilogue::BiasRelu => forward(scalar(), Kind::Relu, &expected, &mut separate),
            Epilogue::InputAndGelu => forward(scalar(), Kind::Gelu, &expected, &mut separate),
            Epilogue::ReluBackward => {
                backward(scalar(), Kind::Relu, &self.other, &product, &mut separate);
            }
            Epilogue::Sample => {
                units::sample(scalar(), Unit::Nrelu, noise(), &expected, &mut separate);
            }
            Epilogue::Momentum | Epilogue::Adam => {
                return self.check_update(level, epilogue, &name);
            }
        }
        self.run(level, epilogue);
        check::same_as_scalar(&name, level, &self.out, &separate);
        if epilogue == Epilogue::InputAndGelu {
            check::same_as_scalar(&name, level, &self.other, &expected);
        }
    }

    /// That the fused step has the bits of the product, then the step.
    fn check_update(&mut self, level: Level, epilogue: Epilogue, name: &str) {
        let gradient = self.out.clone();
        let [mut first, mut second] = self.state.clone();
        let mut weights = gradient.clone();
        match epilogue {
            Epilogue::Adam => {
                let (m, v) = (&mut first, &mut second);
                update::adam(scalar(), ADAM, 1, SCALE, &gradient, m, v, &mut weights);
            }
            _ => {
                update::momentum(scalar(), MOMENTUM, SCALE, &gradient, &mut first, &mut weights);
            }
        }
        self.run(level, epilogue);
        check::same_as_scalar(name, level, &self.out, &weights);
        self.state.iter_mut().for_each(|state| state.fill(0.0));
    }

    /// Compares whole rows of the first, a middle and the last tile.
    fn check_rows(&self, level: Level, name: &str) {
        let &Shape { m, n, .. } = self.shape;
        let (a, b) = self.operands();
        let mut row = vec![0.0; n];
        for i in [0, m / 2, m - 1] {
            let out = MatMut::from_row_major_slice_mut(&mut row, 1, n);
            gemm::matmul(scalar(), a.subrows(i, 1), b, out, gemm::Epilogue::None);
            check::same_as_scalar(name, level, &self.out[i * n..][..n], &row);
        }
    }

    /// Compares elements of `out` on a diagonal through all tiles with sums in `f64`.
    ///
    /// # Panics
    /// If one is wrong.
    pub fn check_sums(&self, name: &str, out: &[f32]) {
        let &Shape { m, k, n, .. } = self.shape;
        let (a, b) = self.operands();
        for i in 0..m {
            let j = (i * 37) % n;
            let terms = |l| f64::from(a[(i, l)]) * f64::from(b[(l, j)]);
            let exact: f64 = (0..k).map(terms).sum();
            let magnitude: f64 = (0..k).map(|l| terms(l).abs()).sum();
            let tolerance = k as f64 * f64::from(f32::EPSILON) * magnitude;
            check::within(name, f64::from(out[i * n + j]), exact, tolerance);
        }
    }
}

fn noise() -> Noise {
    Stream::new(7).at(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "128x128x128: element 37 is")]
    fn a_wrong_element_beside_the_diagonal_is_found() {
        let shapes = crate::shapes::callgrind();
        let mut product = Product::new(&shapes[0]);
        product.check(Level::best(), Epilogue::None);
        product.out[37] += 0.01;
        product.check_rows(Level::best(), &shapes[0].name);
    }
}
