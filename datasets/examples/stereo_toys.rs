//! Writes synthetic stereo toys in NORB's format, or a sheet of examples.
//!
//! ```text
//! cargo run --release -p halfwave-datasets --example stereo_toys -- sheet sheet.png
//! cargo run --release -p halfwave-datasets --example stereo_toys -- write DIR 2 1     files of training, testing
//! ```

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use halfwave_datasets::norb::{Limit, Part, SIDE};
use halfwave_datasets::synthetic::norb::{self, Generator};

const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["sheet", path] => sheet(Path::new(path)),
        ["write", dir, training, testing] => {
            let files = Limit { training: training.parse()?, testing: testing.parse()? };
            let start = Instant::now();
            norb::write(Path::new(dir), SEED, files)?;
            let pairs = (files.training + files.testing) * norb::PAIRS;
            println!("{pairs} pairs in {:.1} s", start.elapsed().as_secs_f64());
            Ok(())
        }
        _ => Err("say `sheet PNG` or `write DIR TRAINING TESTING`".into()),
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
