//! Convolutions of an image of 2×3 by a window of 2×2: channels of one side are rows of `n`.

use halfwave_kernels::{
    conv::{self, Conv2d, Padding, Workspace},
    gemm::Epilogue,
};

use super::{Case, case};

/// Pixels of the image.
const PIXELS: usize = 2 * 3;

/// Weights from one channel to another.
const WINDOW: usize = 2 * 2;

/// Forward and both gradients.
#[must_use]
pub fn convolutions() -> Vec<Case> {
    vec![
        case(
            "conv::forward",
            |n| vec![PIXELS * 2, WINDOW * 2 * n, n, PIXELS * n],
            |level, arrays| {
                let [x, weights, bias, y] = arrays else { unreachable!() };
                with_shape(2, bias.len(), |shape, workspace| {
                    conv::forward(level, shape, x, weights, y, Epilogue::Bias(bias), workspace);
                });
            },
        ),
        case(
            "conv::backward_weights",
            |n| vec![PIXELS * 2, PIXELS * n, WINDOW * 2 * n, n],
            |level, arrays| {
                let [x, dy, dw, db] = arrays else { unreachable!() };
                with_shape(2, db.len(), |shape, workspace| {
                    conv::backward_weights(level, shape, x, dy, dw, Some(db), workspace);
                });
            },
        ),
        case(
            "conv::backward_input",
            |n| vec![PIXELS * 2, WINDOW * n * 2, PIXELS * n],
            |level, arrays| {
                let [dy, weights, dx] = arrays else { unreachable!() };
                with_shape(dx.len() / PIXELS, 2, |shape, workspace| {
                    conv::backward_input(level, shape, dy, weights, dx, Epilogue::None, workspace);
                });
            },
        ),
    ]
}

/// The call, unless a side has no channels.
fn with_shape(inputs: usize, outputs: usize, call: impl FnOnce(&Conv2d, &mut Workspace)) {
    let (x, weights) = ([1, 2, 3, inputs], [2, 2, inputs, outputs]);
    if let Ok(shape) = Conv2d::new(x, weights, [1, 1], Padding::Same) {
        call(&shape, &mut Workspace::new(&shape));
    }
}
