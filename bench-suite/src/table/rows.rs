//! Kernels of one row at a time: heads, softmax, normalisation, sums.

use halfwave_kernels::{
    Level,
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
};

use super::{COLUMNS, Row, fill};
use crate::inputs;

fn x(n: usize) -> Vec<f32> {
    inputs::uniform(1, n, -4.0, 4.0)
}

fn dy(n: usize) -> Vec<f32> {
    inputs::uniform(2, n, -1.0, 1.0)
}

/// A head: (level, x, labels, losses, gradient).
type Head = fn(Level, &[f32], &[u32], &mut [f32], &mut [f32]);

/// The gradient of softmax or of its logarithm: (level, y, classes, dy, dx).
type Backward = fn(Level, &[f32], usize, &[f32], &mut [f32]);

fn head(name: &str, head: Head) -> Row {
    Row::sized(format!("head/{name}"), (1, 1), move |n| {
        let rows = n / COLUMNS;
        let labels: Vec<_> = (0..rows as u32).map(|i| i % COLUMNS as u32).collect();
        let (x, mut losses) = (x(n), vec![0.0; rows]);
        fill(n, move |level, gradient| head(level, &x, &labels, &mut losses, gradient))
    })
}

fn backward(name: &str, backward: Backward) -> Row {
    Row::sized(format!("rows/{name}"), (2, 1), move |n| {
        let (y, dy) = (inputs::uniform(3, n, 0.0, 1.0), dy(n));
        fill(n, move |level, dx| backward(level, &y, COLUMNS, &dy, dx))
    })
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        head("softmax", rows::softmax_cross_entropy),
        head("normalised-relu", rows::normalised_relu_cross_entropy),
        // In place, after a copy.
        Row::sized("rows/softmax", (2, 2), |n| {
            let x = x(n);
            fill(n, move |level, y| {
                y.copy_from_slice(&x);
                rows::softmax_in_place(level, y, COLUMNS);
            })
        }),
        backward("softmax-backward", rows::softmax_backward),
        Row::sized("rows/log-softmax", (1, 1), |n| {
            let x = x(n);
            fill(n, move |level, y| rows::log_softmax(level, &x, COLUMNS, y))
        }),
        backward("log-softmax-backward", rows::log_softmax_backward),
        Row::sized("rows/column-sums", (1, 0), |n| {
            let x = x(n);
            fill(COLUMNS, move |level, out| rows::column_sums(level, &x, out))
        }),
        Row::sized("rows/row-sums", (1, 0), |n| {
            let x = x(n);
            fill(n / COLUMNS, move |level, out| rows::row_sums(level, &x, COLUMNS, out))
        }),
        Row::sized("rows/layer-norm", (1, 1), |n| {
            let (x, mut saved) = (x(n), [vec![0.0; n / COLUMNS], vec![0.0; n / COLUMNS]]);
            fill(n, move |level, y| {
                let [mean, inverse_std] = &mut saved;
                let norm =
                    LayerNorm { gamma: &[1.5; COLUMNS], beta: &[0.5; COLUMNS], epsilon: 1e-5 };
                rows::layer_norm(level, norm, &x, y, Moments { mean, inverse_std });
            })
        }),
        Row::sized("rows/layer-norm-backward", (2, 1), |n| {
            let (x, dy, saved) = (x(n), dy(n), (vec![0.1; n / COLUMNS], vec![0.4; n / COLUMNS]));
            let mut gradients = [[0.0; COLUMNS]; 2];
            fill(n, move |level, dx| {
                let [dgamma, dbeta] = &mut gradients;
                let (gamma, saved) = ([1.5; COLUMNS], (&saved.0[..], &saved.1[..]));
                rows::layer_norm_backward(level, &gamma, &x, saved, &dy, dx, (dgamma, dbeta));
            })
        }),
        Row::sized("rows/batch-norm", (1, 1), |n| {
            let (x, mut moments) = (x(n), [[0.0; COLUMNS]; 4]);
            fill(n, move |level, y| {
                let [mean, inverse_std, running_mean, variance] = &mut moments;
                let running = Running { mean: running_mean, variance, momentum: 0.1 };
                let saved = BatchMoments { mean, inverse_std };
                rows::batch_norm(level, BATCH_NORM, &x, y, saved, running);
            })
        }),
        Row::sized("rows/batch-norm-inference", (1, 1), |n| {
            let (x, mean, variance) = (x(n), [0.1; COLUMNS], [0.9; COLUMNS]);
            fill(n, move |level, y| {
                rows::batch_norm_inference(level, BATCH_NORM, (&mean, &variance), &x, y);
            })
        }),
        Row::sized("rows/batch-norm-backward", (2, 1), |n| {
            let (x, dy, saved) = (x(n), dy(n), ([0.1; COLUMNS], [0.4; COLUMNS]));
            let mut gradients = [[0.0; COLUMNS]; 2];
            fill(n, move |level, dx| {
                let [dgamma, dbeta] = &mut gradients;
                let (gamma, saved) = ([1.5; COLUMNS], (&saved.0[..], &saved.1[..]));
                rows::batch_norm_backward(level, &gamma, &x, saved, &dy, dx, (dgamma, dbeta));
            })
        }),
    ]
}

const BATCH_NORM: BatchNorm<'_> =
    BatchNorm { gamma: &[1.5; COLUMNS], beta: &[0.5; COLUMNS], epsilon: 1e-5 };
