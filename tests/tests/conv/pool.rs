//! Max-pooling.

use halfwave_kernels::{
    Level,
    conv::{MaxPool2d, Padding, max_pool, max_pool_backward},
};
use halfwave_tests::{
    compare::{assert_same_bits, levels},
    inputs,
};

use super::{
    on_threads,
    reference::{OLD, assert_close, reference_axis, sines, torch},
};

/// All arrays of a pooling layer.
struct Pool {
    stride: [usize; 2],
    padding: Padding,
    window: [usize; 2],
    shape: MaxPool2d,
    x: Vec<f32>,
    y: Vec<f32>,
    indices: Vec<u8>,
    dy: Vec<f32>,
    dx: Vec<f32>,
}

impl Pool {
    fn new(x: [usize; 4], window: [usize; 2], stride: [usize; 2], padding: Padding) -> Self {
        let shape = MaxPool2d::new(x, window, stride, padding).unwrap();
        let [inputs, outputs] = [shape.input(), shape.output()].map(|s| s.iter().product());
        Self {
            stride,
            padding,
            window,
            shape,
            x: inputs::uniform(inputs, 1, -1.0, 1.0),
            y: vec![OLD; outputs],
            indices: vec![255; outputs],
            dy: inputs::uniform(outputs, 4, -1.0, 1.0),
            dx: vec![OLD; inputs],
        }
    }

    fn run(&mut self, level: Level) {
        let Self { shape, x, y, indices, dy, dx, .. } = self;
        max_pool(level, shape, x, y, indices);
        max_pool_backward(level, shape, indices, dy, dx);
    }

    /// y, indices and dx, one element after the other.
    fn reference(&self) -> (Vec<f32>, Vec<u8>, Vec<f32>) {
        let [batch, height, width, channels] = self.shape.input();
        let (out_h, top) = reference_axis(height, self.window[0], self.stride[0], self.padding);
        let (out_w, left) = reference_axis(width, self.window[1], self.stride[1], self.padding);
        assert_eq!(self.shape.output(), [batch, out_h, out_w, channels]);
        let (mut maxima, mut indices, mut dx) = (vec![], vec![], vec![0.0; self.x.len()]);
        for out in 0..batch * out_h * out_w * channels {
            let c = out % channels;
            let j = out / channels % out_w;
            let i = out / channels / out_w % out_h;
            let n = out / channels / out_w / out_h;
            let mut best: Option<(f32, u8, usize)> = None;
            for index in 0..self.window[0] * self.window[1] {
                let (ky, kx) = (index / self.window[1], index % self.window[1]);
                let y = (i * self.stride[0] + ky).wrapping_sub(top);
                let x = (j * self.stride[1] + kx).wrapping_sub(left);
                if y >= height || x >= width {
                    continue;
                }
                let at = ((n * height + y) * width + x) * channels + c;
                let x = self.x[at];
                let better = |(b, _, _): (f32, u8, usize)| !b.is_nan() && (x > b || x.is_nan());
                if best.is_none_or(better) {
                    best = Some((x, index as u8, at));
                }
            }
            let (maximum, index, at) = best.unwrap();
            maxima.push(maximum);
            indices.push(index);
            dx[at] += self.dy[out];
        }
        (maxima, indices, dx)
    }

    fn check(mut self) {
        let (y, indices, dx) = self.reference();
        for level in levels() {
            self.y.fill(OLD);
            self.dx.fill(OLD);
            self.run(level);
            let what = |a: &'static str| move || format!("{a} of {:?} on {level}", self.shape);
            assert_same_bits(what("y"), &self.y, &y);
            assert!(self.indices == indices, "{}", what("indices")());
            assert_same_bits(what("dx"), &self.dx, &dx);
        }
    }
}

#[test]
fn pooling_is_that_of_torch() {
    let torch = torch();
    for (name, x_shape, window, stride) in
        [("halves", [2, 5, 4, 3], [2, 2], [2, 2]), ("overlapping", [1, 6, 7, 2], [3, 3], [2, 1])]
    {
        let mut pool = Pool::new(x_shape, window, stride, Padding::Valid);
        sines(&mut pool.x, 0.3, 1.7);
        sines(&mut pool.dy, 2.0, 1.3);
        pool.run(Level::best());
        assert_close((name, "y"), &pool.y, &torch[&(name, "y")]);
        assert_close((name, "dx"), &pool.dx, &torch[&(name, "dx")]);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let result = || {
        let mut pool = Pool::new([7, 40, 40, 17], [3, 2], [2, 1], Padding::Same);
        pool.run(Level::best());
        [pool.y, pool.dx].concat()
    };
    let expected = on_threads(1, result);
    for threads in 2..=4 {
        assert_same_bits(|| format!("{threads}"), &on_threads(threads, result), &expected);
    }
}

#[test]
fn pooling_is_the_first_maximum_of_every_window() {
    let numbers = inputs::uniform(400 * 9, 78, 0.0, 0.999_9);
    for n in numbers.chunks(9) {
        let pick =
            |at: usize, low: usize, high: usize| low + (n[at] * (high - low + 1) as f32) as usize;
        let (height, width) = (pick(0, 1, 9), pick(1, 1, 9));
        let same = n[2] < 0.5;
        let window =
            [pick(3, 1, if same { 4 } else { height }), pick(4, 1, if same { 4 } else { width })];
        let channels = [1, 2, 15, 16, 17, 33][pick(5, 0, 5)];
        let x = [pick(6, 0, 3), height, width, channels];
        let padding = if same { Padding::Same } else { Padding::Valid };
        let mut pool = Pool::new(x, window, [pick(7, 1, 3), pick(8, 1, 3)], padding);
        // Few different numbers: many equal maxima, zeros of both signs.
        pool.x.iter_mut().for_each(|x| *x = (*x * 3.0).trunc());
        pool.check();
    }
    // Beyond the size from which on threads share the work; no channels; a window of 256.
    Pool::new([7, 40, 40, 17], [3, 2], [2, 1], Padding::Same).check();
    Pool::new([150, 32, 32, 1], [2, 2], [2, 2], Padding::Valid).check();
    Pool::new([3, 5, 5, 0], [2, 2], [2, 2], Padding::Valid).check();
    Pool::new([2, 20, 20, 3], [16, 16], [1, 1], Padding::Valid).check();
    // Strides beyond the window.
    Pool::new([2, 20, 20, 3], [2, 1], [5, 7], Padding::Valid).check();
}

#[test]
fn pooling_of_special_values() {
    let mut pool = Pool::new([4, 18, 18, 19], [3, 3], [1, 2], Padding::Same);
    pool.x = inputs::mixed(pool.x.len(), 3);
    pool.check();
    let mut pool = Pool::new([1, 2, 2, 1], [2, 2], [1, 1], Padding::Valid);
    let (first, second) = (f32::from_bits(0x7fc0_0001), f32::from_bits(0x7fc0_0002));
    pool.x = vec![1.0, first, f32::INFINITY, second];
    pool.run(Level::best());
    assert_eq!((pool.y[0].to_bits(), pool.indices[0]), (first.to_bits(), 1));
    pool.x = vec![f32::NEG_INFINITY; 4];
    pool.run(Level::best());
    assert_eq!((pool.y[0], pool.indices[0]), (f32::NEG_INFINITY, 0));
}

#[test]
fn indices_that_are_no_positions_give_no_gradient() {
    let mut pool = Pool::new([1, 3, 3, 1], [2, 2], [1, 1], Padding::Same);
    // Window (2, 2) has its other three positions outside; 4 and 255 are nowhere.
    pool.indices = vec![0, 4, 255, 0, 0, 0, 0, 0, 3];
    pool.dy = vec![1.0; 9];
    max_pool_backward(Level::best(), &pool.shape, &pool.indices, &pool.dy, &mut pool.dx);
    assert_eq!(pool.dx, [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
}
