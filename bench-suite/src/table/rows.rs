//! Kernels of one row at a time: heads, softmax, normalisation, sums.

use halfwave_kernels::{
    Level,
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
};

use super::{COLUMNS, Row, SIZE, fill};
use crate::inputs;

const ROWS: usize = SIZE / COLUMNS;

fn x() -> Vec<f32> {
    inputs::uniform(1, SIZE, -4.0, 4.0)
}

fn dy() -> Vec<f32> {
    inputs::uniform(2, SIZE, -1.0, 1.0)
}

/// A head: (level, x, labels, losses, gradient).
type Head = fn(Level, &[f32], &[u32], &mut [f32], &mut [f32]);

/// The gradient of softmax or of its logarithm: (level, y, classes, dy, dx).
type Backward = fn(Level, &[f32], usize, &[f32], &mut [f32]);

fn head(name: &str, head: Head) -> Row {
    Row::new(format!("head/{name}"), move || {
        let labels: Vec<_> = (0..ROWS as u32).map(|i| i % COLUMNS as u32).collect();
        let (x, mut losses) = (x(), vec![0.0; ROWS]);
        fill(SIZE, move |level, gradient| head(level, &x, &labels, &mut losses, gradient))
    })
}

fn backward(name: &str, backward: Backward) -> Row {
    Row::new(format!("rows/{name}"), move || {
        let (y, dy) = (inputs::uniform(3, SIZE, 0.0, 1.0), dy());
        fill(SIZE, move |level, dx| backward(level, &y, COLUMNS, &dy, dx))
    })
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        head("softmax", rows::softmax_cross_entropy),
        head("normalised-relu", rows::normalised_relu_cross_entropy),
        Row::new("rows/softmax", || {
            let x = x();
            fill(SIZE, move |level, y| {
                y.copy_from_slice(&x);
                rows::softmax_in_place(level, y, COLUMNS);
            })
        }),
        backward("softmax-backward", rows::softmax_backward),
        Row::new("rows/log-softmax", || {
            let x = x();
            fill(SIZE, move |level, y| rows::log_softmax(level, &x, COLUMNS, y))
        }),
        backward("log-softmax-backward", rows::log_softmax_backward),
        Row::new("rows/column-sums", || {
            let x = x();
            fill(COLUMNS, move |level, out| rows::column_sums(level, &x, out))
        }),
        Row::new("rows/row-sums", || {
            let x = x();
            fill(ROWS, move |level, out| rows::row_sums(level, &x, COLUMNS, out))
        }),
        Row::new("rows/layer-norm", || {
            let (x, mut saved) = (x(), [vec![0.0; ROWS], vec![0.0; ROWS]]);
            fill(SIZE, move |level, y| {
                let [mean, inverse_std] = &mut saved;
                let norm =
                    LayerNorm { gamma: &[1.5; COLUMNS], beta: &[0.5; COLUMNS], epsilon: 1e-5 };
                rows::layer_norm(level, norm, &x, y, Moments { mean, inverse_std });
            })
        }),
        Row::new("rows/layer-norm-backward", || {
            let (x, dy, saved) = (x(), dy(), ([0.1; ROWS], [0.4; ROWS]));
            let mut gradients = [[0.0; COLUMNS]; 2];
            fill(SIZE, move |level, dx| {
                let [dgamma, dbeta] = &mut gradients;
                let (gamma, saved) = ([1.5; COLUMNS], (&saved.0[..], &saved.1[..]));
                rows::layer_norm_backward(level, &gamma, &x, saved, &dy, dx, (dgamma, dbeta));
            })
        }),
        Row::new("rows/batch-norm", || {
            let (x, mut moments) = (x(), [[0.0; COLUMNS]; 4]);
            fill(SIZE, move |level, y| {
                let [mean, inverse_std, running_mean, variance] = &mut moments;
                let running = Running { mean: running_mean, variance, momentum: 0.1 };
                let saved = BatchMoments { mean, inverse_std };
                rows::batch_norm(level, BATCH_NORM, &x, y, saved, running);
            })
        }),
        Row::new("rows/batch-norm-inference", || {
            let (x, mean, variance) = (x(), [0.1; COLUMNS], [0.9; COLUMNS]);
            fill(SIZE, move |level, y| {
                rows::batch_norm_inference(level, BATCH_NORM, (&mean, &variance), &x, y);
            })
        }),
        Row::new("rows/batch-norm-backward", || {
            let (x, dy, saved) = (x(), dy(), ([0.1; COLUMNS], [0.4; COLUMNS]));
            let mut gradients = [[0.0; COLUMNS]; 2];
            fill(SIZE, move |level, dx| {
                let [dgamma, dbeta] = &mut gradients;
                let (gamma, saved) = ([1.5; COLUMNS], (&saved.0[..], &saved.1[..]));
                rows::batch_norm_backward(level, &gamma, &x, saved, &dy, dx, (dgamma, dbeta));
            })
        }),
    ]
}

const BATCH_NORM: BatchNorm<'_> =
    BatchNorm { gamma: &[1.5; COLUMNS], beta: &[0.5; COLUMNS], epsilon: 1e-5 };
