//! What a window covers: sizes, strides and padding, checked once.

use std::ops::Range;

/// What lies beyond the edges of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Nothing: windows stay inside, output = ⌊(input − window) / stride⌋ + 1.
    Valid,
    /// As many zeros (in pooling: nothing) as make output = ⌈input / stride⌉; the odd one at the end, as in
    /// TensorFlow and Keras.
    Same,
}

/// Why a window does not go over an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A size that must be at least 1.
    #[error("the {axis} of the {what} is 0, but must be at least 1")]
    Zero {
        /// `input`, `window` or `stride`.
        what: &'static str,
        /// `height` or `width`.
        axis: &'static str,
    },
    /// No window lies inside.
    #[error(
        "the {axis} of the window is {window}, of the input only {input}: \
         take a smaller window, or same padding"
    )]
    WindowTooLarge {
        /// `height` or `width`.
        axis: &'static str,
        /// Of the window.
        window: usize,
        /// Of the input.
        input: usize,
    },
    /// The weights are for another number of channels.
    #[error("x has {x} channels, the weights take {weights}: they must be equal")]
    Channels {
        /// Of x.
        x: usize,
        /// Of the weights.
        weights: usize,
    },
    /// An index within the window is one byte.
    #[error("the window {height} × {width} has more than 256 positions: take a smaller one")]
    Positions {
        /// Of the window.
        height: usize,
        /// Of the window.
        width: usize,
    },
    /// More elements than memory can have.
    #[error("the {what} is {shape:?}, more than memory can hold: take a smaller batch or layer")]
    TooLarge {
        /// `input`, `weights`, `output` or `patches`.
        what: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
}

/// A window that slides along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Axis {
    pub(super) input: usize,
    pub(super) window: usize,
    pub(super) stride: usize,
    /// Padding before the input.
    pub(super) before: usize,
    pub(super) output: usize,
}

impl Axis {
    pub(super) fn new(
        axis: &'static str,
        input: usize,
        window: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Self, GeometryError> {
        for (what, size) in [("input", input), ("window", window), ("stride", stride)] {
            if size == 0 {
                return Err(GeometryError::Zero { what, axis });
            }
        }
        let (output, before) = match padding {
            Padding::Valid if window > input => {
                return Err(GeometryError::WindowTooLarge { axis, window, input });
            }
            Padding::Valid => ((input - window) / stride + 1, 0),
            Padding::Same => {
                let output = input.div_ceil(stride);
                // The last window starts inside of the input, so the first product is below `input`.
                let missing = window.saturating_sub(input - (output - 1) * stride);
                (output, missing / 2)
            }
        };
        Ok(Self { input, window, stride, before, output })
    }

    /// The positions within window number `at` that lie in the input, never none, and where the first of
    /// them lies.
    #[inline(always)]
    pub(super) fn inside(&self, at: usize) -> (Range<usize>, usize) {
        let start = at * self.stride;
        let first = self.before.saturating_sub(start);
        let end = (self.input + self.before - start).min(self.window);
        (first..end, start + first - self.before)
    }

    /// Whether position `k` of window number `at` lies in the input.
    #[inline(always)]
    pub(super) fn covers(&self, at: usize, k: usize) -> bool {
        (at * self.stride + k).wrapping_sub(self.before) < self.input
    }

    /// Whether some window reaches beyond the input.
    pub(super) fn is_padded(&self) -> bool {
        let last = (self.output - 1) * self.stride;
        self.before > 0 || last + self.window > self.input
    }

    /// Whether the windows lie side by side and cover the input once.
    pub(super) fn tiles(&self) -> bool {
        self.before == 0
            && self.output * self.window == self.input
            && (self.stride == self.window || self.output == 1)
    }
}

/// The shape of a 2-D convolution: `x [batch, height, width, in_channels]`, weights
/// `[kernel_h, kernel_w, in_channels, out_channels]`, output `[batch, out_h, out_w, out_channels]`.
///
/// Empty batches and zero channels are allowed.
///
/// ```
/// use halfwave_kernels::conv::{Conv2d, Padding};
/// let shape = Conv2d::new([128, 28, 28, 1], [3, 3, 1, 32], [1, 1], Padding::Valid)?;
/// assert_eq!(shape.output(), [128, 26, 26, 32]);
/// let shape = Conv2d::new([128, 28, 28, 1], [3, 3, 1, 32], [2, 2], Padding::Same)?;
/// assert_eq!(shape.output(), [128, 14, 14, 32]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d {
    pub(super) batch: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    pub(super) in_channels: usize,
    pub(super) out_channels: usize,
}

impl Conv2d {
    /// A convolution of `x` with `weights`; strides are `[vertical, horizontal]`.
    ///
    /// # Errors
    /// If a height, width or stride is 0, the kernel is larger than the input without padding, the numbers
    /// of channels differ, or an array would have more elements than memory can hold.
    pub fn new(
        [batch, height, width, in_channels]: [usize; 4],
        [kernel_h, kernel_w, weights_in, out_channels]: [usize; 4],
        stride: [usize; 2],
        padding: Padding,
    ) -> Result<Self, GeometryError> {
        if in_channels != weights_in {
            return Err(GeometryError::Channels { x: in_channels, weights: weights_in });
        }
        let rows = Axis::new("height", height, kernel_h, stride[0], padding)?;
        let columns = Axis::new("width", width, kernel_w, stride[1], padding)?;
        let shape = Self { batch, rows, columns, in_channels, out_channels };
        addressable("input", &shape.input())?;
        addressable("weights", &shape.weights())?;
        addressable("output", &shape.output())?;
        addressable("patches", &[batch, rows.output, columns.output, shape.patch()])?;
        Ok(shape)
    }

    /// The same layer on another number of images.
    ///
    /// ```
    /// use halfwave_kernels::conv::{Conv2d, Padding};
    /// let shape = Conv2d::new([128, 8, 8, 3], [3, 3, 3, 4], [1, 1], Padding::Same)?;
    /// assert_eq!(shape.with_batch(37)?.output(), [37, 8, 8, 4]);
    /// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
    /// ```
    ///
    /// # Errors
    /// If an array would have more elements than memory can hold.
    pub fn with_batch(&self, batch: usize) -> Result<Self, GeometryError> {
        let shape = Self { batch, ..*self };
        addressable("input", &shape.input())?;
        addressable("output", &shape.output())?;
        addressable("patches", &[batch, self.rows.output, self.columns.output, self.patch()])?;
        Ok(shape)
    }

    /// `[batch, height, width, in_channels]`.
    #[must_use]
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.rows.input, self.columns.input, self.in_channels]
    }

    /// `[kernel_h, kernel_w, in_channels, out_channels]`.
    #[must_use]
    pub const fn weights(&self) -> [usize; 4] {
        [self.rows.window, self.columns.window, self.in_channels, self.out_channels]
    }

    /// `[batch, out_h, out_w, out_channels]`.
    #[must_use]
    pub const fn output(&self) -> [usize; 4] {
        [self.batch, self.rows.output, self.columns.output, self.out_channels]
    }

    /// Multiply-adds of a forward pass or of either backward one.
    ///
    /// ```
    /// use halfwave_kernels::conv::{Conv2d, Padding};
    /// let shape = Conv2d::new([2, 5, 5, 3], [3, 3, 3, 4], [1, 1], Padding::Valid)?;
    /// assert_eq!(shape.multiply_adds(), (2 * 3 * 3) as f64 * (3 * 3 * 3) as f64 * 4.0);
    /// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
    /// ```
    #[must_use]
    pub fn multiply_adds(&self) -> f64 {
        self.pixels() as f64 * self.patch() as f64 * self.out_channels as f64
    }

    /// Pixels of all outputs: the rows of the product.
    pub(super) const fn pixels(&self) -> usize {
        self.batch * self.pixels_of_image()
    }

    pub(super) const fn pixels_of_image(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Inputs of a pixel: the length of the product's sums.
    pub(super) const fn patch(&self) -> usize {
        self.rows.window * self.columns.window * self.in_channels
    }

    /// Whether x as it lies in memory is the matrix of all patches: 1 × 1 with stride 1, a kernel as large
    /// as the image, and their like.
    pub(super) fn is_direct(&self) -> bool {
        let (rows, columns) = (&self.rows, &self.columns);
        rows.tiles() && columns.tiles() && (rows.window == 1 || columns.output == 1)
    }
}

/// The shape of 2-D max-pooling: `x [batch, height, width, channels]`, output
/// `[batch, out_h, out_w, channels]`.
///
/// ```
/// use halfwave_kernels::conv::{MaxPool2d, Padding};
/// let shape = MaxPool2d::new([128, 25, 24, 64], [2, 2], [2, 2], Padding::Valid)?;
/// assert_eq!(shape.output(), [128, 12, 12, 64]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2d {
    pub(super) batch: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    pub(super) channels: usize,
}

impl MaxPool2d {
    /// Pooling of `x`; windows and strides are `[vertical, horizontal]`.
    ///
    /// # Errors
    /// If a height, width or stride is 0, the window is larger than the input without padding, has more
    /// than 256 positions, or `x` would have more elements than memory can hold.
    pub fn new(
        [batch, height, width, channels]: [usize; 4],
        window: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
    ) -> Result<Self, GeometryError> {
        let rows = Axis::new("height", height, window[0], stride[0], padding)?;
        let columns = Axis::new("width", width, window[1], stride[1], padding)?;
        if window[0].saturating_mul(window[1]) > 256 {
            return Err(GeometryError::Positions { height: window[0], width: window[1] });
        }
        let shape = Self { batch, rows, columns, channels };
        addressable("input", &shape.input())?;
        Ok(shape)
    }

    /// The same layer on another number of images.
    ///
    /// # Errors
    /// If an array would have more elements than memory can hold.
    pub fn with_batch(&self, batch: usize) -> Result<Self, GeometryError> {
        let shape = Self { batch, ..*self };
        addressable("input", &shape.input())?;
        Ok(shape)
    }

    /// `[batch, height, width, channels]`.
    #[must_use]
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.rows.input, self.columns.input, self.channels]
    }

    /// `[batch, out_h, out_w, channels]`.
    #[must_use]
    pub const fn output(&self) -> [usize; 4] {
        [self.batch, self.rows.output, self.columns.output, self.channels]
    }
}

/// That an array of `f32` can have this shape.
fn addressable(what: &'static str, shape: &[usize]) -> Result<(), GeometryError> {
    // Zero sizes must not hide that the product of the others overflows: strides are such products.
    let elements = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n.max(1)));
    match elements {
        Some(elements) if elements <= isize::MAX as usize / size_of::<f32>() => Ok(()),
        _ => Err(GeometryError::TooLarge { what, shape: shape.to_vec() }),
    }
}

/// Panics unless a slice has the elements of `shape`.
#[track_caller]
pub(super) fn check_elements(name: &str, len: usize, shape: &[usize]) {
    let needed: usize = shape.iter().product();
    assert!(len == needed, "`{name}` has {len} elements, but {shape:?} has {needed}");
}
