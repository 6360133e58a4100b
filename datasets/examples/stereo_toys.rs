//! A sheet of synthetic stereo toys. (`halfwave data generate norb-synthetic` writes them in NORB's format.)
//!
//! ```text
//! cargo run --release -p halfwave-datasets --example stereo_toys -- sheet.png
//! ```

use std::error::Error;
use std::fs::File;
use std::path::Path;

use halfwave_datasets::norb::{Part, SIDE};
use halfwave_datasets::synthetic::norb::Generator;

const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args_os().nth(1) {
        Some(path) => sheet(Path::new(&path)),
        None => Err("say which file: sheet.png".into()),
    }
}

/// Eight pairs of each class: six rows of the training part, then six of the test part.
fn sheet(path: &Path) -> Result<(), Box<dyn Error>> {
    const ACROSS: usize = 8;
    let mut rows = Vec::new();
    for part in [Part::Training, Part::Testing] {
        let pairs = Generator::new(SEED, part).full_pairs(0..600);
        for class in 0..6 {
            let of_class = pairs.iter().filter(|pair| pair.label == class).take(ACROSS);
            rows.push(of_class.map(|pair| pair.images.as_slice()).collect::<Vec<_>>().concat());
        }
    }
    // [class, pair, camera, y, x] → [class, y, pair, camera, x]
    let width = ACROSS * 2 * SIDE;
    let mut pixels = Vec::with_capacity(rows.len() * SIDE * width);
    for row in &rows {
        for y in 0..SIDE {
            for image in row.chunks_exact(SIDE * SIDE) {
                pixels.extend_from_slice(&image[y * SIDE..][..SIDE]);
            }
        }
    }
    let height = pixels.len() / width;
    let mut encoder = png::Encoder::new(File::create(path)?, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(())
}
