//! Grey images, and cluttered backgrounds: smooth noise with solids strewn over it.

use rand::RngExt as _;
use rand_pcg::Pcg32;

use super::solid::{Depth, Light, Shape, Solid, draw};
use super::toys::{rotation, uniform};

/// A grey image, row by row from the top; 0 is black and 255 white.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<f32>,
}

impl Image {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![0.0; width * height] }
    }
}

/// A background of `side × side` pixels.
pub(super) fn background(side: usize, random: &mut Pcg32) -> Image {
    let mut image = Image::new(side, side);
    image.pixels.fill(uniform(random, 60.0, 170.0));
    // The coarser the noise, the stronger: as in nature, but differently in each image.
    let roughness = uniform(random, 0.4, 0.8);
    let mut amplitude = uniform(random, 20.0, 60.0);
    for cell in [64, 32, 16, 8, 4] {
        noise(&mut image, cell, amplitude, random);
        amplitude *= roughness;
    }
    let mut depth = Depth::default();
    let light = Light {
        from: [0.48, 0.64, 0.6],
        strength: uniform(random, 60.0, 130.0),
        ambient: uniform(random, 30.0, 90.0),
    };
    let half = side as f32 * 0.5;
    for _ in 0..random.random_range(15_u32..35) {
        let shape = [Shape::Ball, Shape::Block, Shape::Rod][random.random_range(0..3_usize)];
        let centre = [uniform(random, -half, half), uniform(random, -half, half), 0.0];
        let size = [(); 3].map(|()| uniform(random, 3.0, 24.0));
        let turn = rotation(random);
        let grey = Light { ambient: light.ambient * uniform(random, 0.5, 1.5), ..light };
        // One at a time: the later one lies above the earlier.
        draw(&[Solid::new(shape, centre, size).turned(&turn)], &grey, &mut depth, &mut image);
    }
    image.pixels.iter_mut().for_each(|pixel| *pixel = pixel.clamp(0.0, 255.0));
    image
}

/// Adds values that are random on a grid of this distance and linear between.
fn noise(image: &mut Image, cell: usize, amplitude: f32, random: &mut Pcg32) {
    let grid = image.width.max(image.height) / cell + 2;
    let values: Vec<f32> =
        (0..grid * grid).map(|_| uniform(random, -amplitude, amplitude)).collect();
    for y in 0..image.height {
        let (row, v) = (y / cell, (y % cell) as f32 / cell as f32);
        for x in 0..image.width {
            let (column, u) = (x / cell, (x % cell) as f32 / cell as f32);
            let corner = &values[row * grid + column..];
            let above = corner[0] + (corner[1] - corner[0]) * u;
            let below = corner[grid] + (corner[grid + 1] - corner[grid]) * u;
            image.pixels[y * image.width + x] += above + (below - above) * v;
        }
    }
}
