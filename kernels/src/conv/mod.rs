//! 2-D convolution (cross-correlation, as in torch and Keras) and max-pooling, images as
//! `[batch, height, width, channels]`.
//!
//! forward   out\[n, i, j, o\] = Σ x\[n, i·s + ky − p, j·s + kx − p, c\] · w\[ky, kx, c, o\], then an epilogue
//! backward  dw = patchesᵀ · dy,   db = Σ dy,   dx = the windows of dy · the flipped wᵀ
//!
//! A convolution is the product of the matrix of all windows `[pixels, kernel_h · kernel_w · in_channels]`
//! with the weights. That matrix never exists: a row of a window is one run of numbers of the image, and the
//! products read it there. So do the gradients: that of the weights has the windows as its transposed left
//! operand, that of the input is a product of the windows of dy with the weights turned round.
//! Where x itself is the matrix (1 × 1 with stride 1, a kernel as large as the image), `gemm` multiplies.
//! The bits depend on the shape only.
//!
//! | file | subject |
//! |---|---|
//! | `geometry.rs` | sizes, strides, padding: [`Conv2d`], [`MaxPool2d`] |
//! | `spans.rs` | which positions have the same taps |
//! | `plan.rs` | the cuts |
//! | `gathered.rs` | products of windows with packed weights |
//! | `forward.rs`, `input.rs`, `weights.rs` | the three products |
//! | `pool.rs` | max-pooling |

mod forward;
mod gathered;
mod geometry;
mod input;
mod plan;
mod pool;
mod spans;
mod weights;
mod workspace;

pub use forward::forward;
pub use geometry::{Conv2d, GeometryError, MaxPool2d, Padding};
pub use input::backward_input;
pub use pool::{max_pool, max_pool_backward};
pub use weights::backward_weights;
pub use workspace::Workspace;
