//! Forward and backward through all steps of a mini-batch, in buffers that are kept.

use halfwave_kernels::{
    Level, Saved,
    gemm::{self, Epilogue, MatRef},
    rows,
};

use super::{B, C, Rnn, U, V, W};
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, zeros},
    losses::Head,
    samples::Rows,
};

/// Memory of one forward and backward. Steps stand one below the other: row t · rows + i is step t of sequence i.
pub(super) struct Pass {
    steps: usize,
    inputs: usize,
    hidden: usize,
    classes: usize,
    rows: usize,
    /// The mini-batch as it comes, `[batch, steps · inputs]`.
    gathered: Vec<f32>,
    /// `[steps · batch, inputs]`.
    x: Vec<f32>,
    /// `[steps · batch, hidden]`.
    h: Vec<f32>,
    /// Gradients of x_t W + h_{t−1} U + b, of the same shape.
    dz: Vec<f32>,
    /// `[batch, classes]`.
    logits: Vec<f32>,
    d_logits: Vec<f32>,
    losses: Vec<f32>,
    /// Of W, U, b, V and c, summed over the rows.
    pub(super) gradients: [Vec<f32>; 5],
}

impl Pass {
    pub(super) fn new(rnn: &Rnn, batch: usize) -> Result<Self, TrainError> {
        let (steps, hidden) = (rnn.config.steps, rnn.config.hidden_units);
        let (inputs, classes) = (rnn.inputs, rnn.classes);
        let buffer = |width: usize| zeros("the steps of a mini-batch", &[batch, width]);
        let mut gradients = [(); 5].map(|()| Vec::new());
        for (gradient, parameters) in gradients.iter_mut().zip(&rnn.parameters) {
            *gradient = zeros("the gradient of a recurrent network", &[parameters.len()])?;
        }
        Ok(Self {
            steps,
            inputs,
            hidden,
            classes,
            rows: 0,
            gathered: buffer(steps * inputs)?,
            x: buffer(steps * inputs)?,
            h: buffer(steps * hidden)?,
            dz: buffer(steps * hidden)?,
            logits: buffer(classes)?,
            d_logits: buffer(classes)?,
            losses: buffer(1)?,
            gradients,
        })
    }

    /// The rows of `data` that `indices` name.
    pub(super) fn forward(&mut self, rnn: &Rnn, level: Level, data: Rows<'_>, indices: &[u32]) {
        let (inputs, hidden, rows) = (self.inputs, self.hidden, indices.len());
        self.rows = rows;
        let width = self.steps * inputs;
        let gathered = &mut self.gathered[..rows * width];
        data.gather(width, indices, gathered);
        for (i, row) in gathered.chunks_exact(width).enumerate() {
            for (t, part) in row.chunks_exact(inputs).enumerate() {
                self.x[(t * rows + i) * inputs..][..inputs].copy_from_slice(part);
            }
        }
        let (all, step) = (self.steps * rows, rows * hidden);
        let h = &mut self.h[..self.steps * step];
        let x = matrix(&self.x[..all * inputs], inputs);
        let w = matrix(&rnn.parameters[W], hidden);
        gemm::matmul(level, x, w, matrix_mut(h, hidden), Epilogue::None);
        let u = matrix(&rnn.parameters[U], hidden);
        // h_0 = 0: the first step's product is with no row of it.
        let none = MatRef::from_row_major_slice(&[], rows, 0);
        let epilogue =
            Epilogue::BiasActivation { bias: &rnn.parameters[B], kind: rnn.config.activation };
        for t in 0..self.steps {
            let (before, now) = h.split_at_mut(t * step);
            let now = matrix_mut(&mut now[..step], hidden);
            if t == 0 {
                gemm::matmul_add(level, 1.0, none, u.subrows(0, 0), now, epilogue);
            } else {
                let before = matrix(&before[(t - 1) * step..], hidden);
                gemm::matmul_add(level, 1.0, before, u, now, epilogue);
            }
        }
        let last = matrix(&h[(self.steps - 1) * step..], hidden);
        let v = matrix(&rnn.parameters[V], self.classes);
        let z = matrix_mut(&mut self.logits[..rows * self.classes], self.classes);
        gemm::matmul(level, last, v, z, Epilogue::Bias(&rnn.parameters[C]));
    }

    /// z `[rows, classes]`.
    pub(super) fn logits(&self) -> &[f32] {
        &self.logits[..self.rows * self.classes]
    }

    /// The sum of the losses; leaves the gradient of z.
    pub(super) fn loss(&mut self, level: Level, labels: &[u32]) -> f64 {
        let length = self.rows * self.classes;
        let (losses, dz) = (&mut self.losses[..self.rows], &mut self.d_logits[..length]);
        Head::Softmax.loss(level, &self.logits[..length], labels, losses, dz);
        losses.iter().map(|&loss| f64::from(loss)).sum()
    }

    /// All gradients; and, if they are wanted, the norms of those of h_T … h_1, in this order.
    pub(super) fn backward(&mut self, rnn: &Rnn, level: Level, norms: bool) -> Vec<f64> {
        let (inputs, hidden, classes, rows) = (self.inputs, self.hidden, self.classes, self.rows);
        let kind = rnn.config.activation;
        debug_assert_eq!(kind.saved(), Saved::Output, "checked when the network was made");
        let (all, step) = (self.steps * rows, rows * hidden);
        let (h, dz) = (&self.h[..self.steps * step], &mut self.dz[..self.steps * step]);
        let d_logits = &self.d_logits[..rows * classes];
        let mut found = Vec::new();
        for t in (0..self.steps).rev() {
            let (now, after) = dz[t * step..].split_at_mut(step);
            let saved = &h[t * step..][..step];
            let (above, weights) = if t + 1 == self.steps {
                (matrix(d_logits, classes), matrix(&rnn.parameters[V], classes))
            } else {
                (matrix(&after[..step], hidden), matrix(&rnn.parameters[U], hidden))
            };
            let (b, out) = (weights.transpose(), matrix_mut(now, hidden));
            if norms {
                gemm::matmul(level, above, b, out, Epilogue::None);
                let square = now.iter().map(|&d| f64::from(d) * f64::from(d)).sum::<f64>();
                found.push(square.sqrt());
                halfwave_kernels::backward_in_place(level, kind, saved, now);
            } else {
                let saved = matrix(saved, hidden);
                gemm::matmul(level, above, b, out, Epilogue::Backward { kind, saved });
            }
        }
        let [dw, du, db, dv, dc] = &mut self.gradients;
        let x = matrix(&self.x[..all * inputs], inputs).transpose();
        gemm::matmul(level, x, matrix(dz, hidden), matrix_mut(dw, hidden), Epilogue::None);
        if self.steps > 1 {
            let before = matrix(&h[..(self.steps - 1) * step], hidden).transpose();
            let after = matrix(&dz[step..], hidden);
            gemm::matmul(level, before, after, matrix_mut(du, hidden), Epilogue::None);
        }
        rows::column_sums(level, dz, db);
        let last = matrix(&h[(self.steps - 1) * step..], hidden).transpose();
        let d_logits_of = matrix(d_logits, classes);
        gemm::matmul(level, last, d_logits_of, matrix_mut(dv, classes), Epilogue::None);
        rows::column_sums(level, d_logits, dc);
        found
    }
}
