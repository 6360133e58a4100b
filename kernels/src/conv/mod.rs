//! 2-D convolution (cross-correlation, as in torch and Keras) and max-pooling, images as
//! `[batch, height, width, channels]`.
//!
//! forward   out\[n, i, j, o\] = Σ x\[n, i·s + ky − p, j·s + kx − p, c\] · w\[ky, kx, c, o\], then an epilogue
//! backward  dw = patchesᵀ · dy,   db = Σ dy,   dx = the patches dy · wᵀ added where they came from
//!
//! A convolution is the product of the matrix of all patches `[pixels, kernel_h · kernel_w · in_channels]`
//! with the weights. That matrix never exists as a whole: it is cut into slots that threads share out, and
//! a slot into parts, whose patches are copied into a buffer that stays in L2 and multiplied at once.
//! Where x itself is the matrix (1 × 1 with stride 1, a kernel as large as the image), nothing is copied.
//! The cuts depend on the shape only, and so do the bits.
//!
//! | file | subject |
//! |---|---|
//! | `geometry.rs` | sizes, strides, padding: [`Conv2d`], [`MaxPool2d`] |
//! | `plan.rs` | the cuts |
//! | `patches.rs` | copying patches, and adding them back |
//! | `forward.rs`, `backward.rs` | the three products |
//! | `pool.rs` | max-pooling |

mod backward;
mod forward;
mod geometry;
mod patches;
mod plan;
mod pool;
mod workspace;

pub use backward::{backward_input, backward_weights};
pub use forward::forward;
pub use geometry::{Conv2d, GeometryError, MaxPool2d, Padding};
pub use pool::{max_pool, max_pool_backward};
pub use workspace::Workspace;
