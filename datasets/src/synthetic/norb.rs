//! Stereo pairs of synthetic toys: a stand-in for jittered-cluttered NORB, in its own format.
//!
//! As in the published set: five classes of toys and `none`, ten toys of each class of which five are in the
//! training part and five others in the test part, 9 elevations, 18 azimuths, 6 lightings; the toy is shifted,
//! scaled, turned and changed in brightness and contrast; behind it are a cluttered background and, at the
//! edge, a part of another toy; two cameras see the toy from slightly different sides and the background at
//! another depth.
//!
//! Not as published: toys are made of ellipsoids, boxes and cylinders, there are no cast shadows, and the
//! training and the test part have backgrounds of their own. Error rates on it are comparable with each
//! other, and not with those on NORB.
//!
//! Seed 1, 58,320 training pairs, error on the 29,160 pairs of one test file, scikit-learn 1.9: multinomial
//! regression on the pixels 65 % (53 % on its training pairs), a network of 1000 hidden rectifiers 30 %
//! after eight epochs. Regression on the pixels of NORB errs 50 % by Nair and Hinton's paper.
//!
//! ```
//! use halfwave_datasets::norb::{Part, WIDTH};
//! use halfwave_datasets::synthetic::norb::Generator;
//!
//! let train = Generator::new(42, Part::Training).pairs(12);
//! assert_eq!((train.rows(), train.images.len()), (12, 12 * WIDTH));
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::Path;
use std::thread;

use rand::RngExt as _;
use rand_pcg::Pcg32;

use super::solid::{Depth, Light, Rotation, Solid, draw};
use super::texture::{Image, background};
use super::toys::{Toy, about, after, toy, uniform};
use crate::batches::permutation;
use crate::error::Error;
use crate::files;
use crate::norb::{CLASSES, Element, INFO, Limit, Pairs, Part, SHAPE, SIDE, WIDTH, write_header};
use crate::preprocess::AreaAverage;
use crate::rng::generator;

/// Pairs of a file: 6 classes × 5 toys × 9 elevations × 18 azimuths × 6 lightings.
pub const PAIRS: usize = 29_160;
/// Pixels of a pair at full size: `[2, 108, 108]`.
pub const PIXELS: usize = 2 * SIDE * SIDE;

const NONE: u32 = CLASSES.len() as u32 - 1;
/// Backgrounds of each part; a pair shows a random place of one, mirrored or not.
const BACKGROUNDS: u64 = 192;
const BACKGROUND_SIDE: usize = 224;
/// Largest shift of the background from one camera to the other, in pixels.
const BACKGROUND_SHIFT: usize = 8;
/// Half the angle between the cameras, in radians: 2.5 degrees.
const HALF_ANGLE: f32 = 0.043_633_23;
/// Half the length of a toy of scale 1, in pixels.
const RADIUS: f32 = 43.0;

/// A pair at full size, and how it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Left and right image `[2, 108, 108]`.
    pub images: Vec<u8>,
    /// Class: a place in [`CLASSES`].
    pub label: u32,
    /// The columns of [`INFO`].
    pub info: [f32; INFO.len()],
}

/// Makes the pairs of one part. Every pair is a pure function of (seed, part, file, row).
#[derive(Debug)]
pub struct Generator {
    seed: u64,
    part: Part,
    /// Toys `[5 classes, 10]`.
    toys: Vec<Vec<Toy>>,
    backgrounds: Vec<Image>,
}

impl Generator {
    /// Builds the toys and paints the backgrounds: some tenths of a second.
    #[must_use]
    pub fn new(seed: u64, part: Part) -> Self {
        let purpose = match part {
            Part::Training => "halfwave toys: training background",
            Part::Testing => "halfwave toys: testing background",
        };
        let toys = |class: u32| {
            let toy = |k: u64| {
                toy(class, &mut generator("halfwave toys", seed, 10 * u64::from(class) + k))
            };
            (0..10).map(toy).collect()
        };
        let paint = |k| background(BACKGROUND_SIDE, &mut generator(purpose, seed, k));
        Self {
            seed,
            part,
            toys: (0..NONE).map(toys).collect(),
            backgrounds: (0..BACKGROUNDS).map(paint).collect(),
        }
    }

    /// The first `rows` pairs, at 32 × 32 as [`norb::load`](crate::norb::load) gives them.
    ///
    /// The order is random, and all classes, toys and poses are equally frequent in each 29,160.
    #[must_use]
    pub fn pairs(&self, rows: usize) -> Pairs {
        let average = AreaAverage::new(SIDE, SHAPE[1]);
        let mut all = Pairs::default();
        all.images.reserve(rows * WIDTH);
        let shrunk = self.render(0..rows, |pair| {
            let mut small = Vec::with_capacity(WIDTH);
            for image in pair.images.chunks_exact(SIDE * SIDE) {
                average.append(image, SIDE, 1, &mut small);
            }
            Pair { images: small, ..pair }
        });
        for pair in shrunk {
            all.images.extend(pair.images);
            all.labels.push(pair.label);
            all.info.push(pair.info);
        }
        all
    }

    /// Pairs at full size, in their order; row r is pair r mod 29,160 of file r / 29,160 + 1.
    #[must_use]
    pub fn full_pairs(&self, rows: std::ops::Range<usize>) -> Vec<Pair> {
        self.render(rows, |pair| pair)
    }

    /// Writes the file of this number (from 1) as `-dat`, `-cat` and `-info`, with [`PAIRS`] pairs or fewer.
    ///
    /// Each file appears under its name when it is complete.
    ///
    /// # Errors
    /// [`Error::Io`], also, before anything is written, where one of the files exists, gzipped or not;
    /// [`Error::Argument`] for 0 or too many pairs, or a number that is not published.
    pub fn write(&self, dir: &Path, file: usize, rows: usize) -> Result<(), Error> {
        /// 24 MB of pixels.
        const BLOCK: usize = 1024;
        if !(1..=PAIRS).contains(&rows) {
            return Err(Error::argument("pairs of a file", format!("1 to {PAIRS}"), rows));
        }
        let most =
            if self.part == Part::Training { Limit::ALL.training } else { Limit::ALL.testing };
        if !(1..=most).contains(&file) {
            return Err(Error::argument("number of the file", format!("1 to {most}"), file));
        }
        check_absent(dir, self.part, file)?;
        let first = (file - 1) * PAIRS;
        let (mut labels, mut info) = (Vec::new(), Vec::new());
        self.write_one(dir, file, "dat", |out| {
            write_header(out, Element::Byte, &[rows, 2, SIDE, SIDE])?;
            for start in (0..rows).step_by(BLOCK) {
                let block = first + start..first + rows.min(start + BLOCK);
                for pair in self.full_pairs(block) {
                    out.write_all(&pair.images)?;
                    labels.push(pair.label);
                    info.push(pair.info);
                }
            }
            Ok(())
        })?;
        self.write_one(dir, file, "cat", |out| {
            write_header(out, Element::Int, &[rows])?;
            labels.iter().try_for_each(|label| out.write_all(&label.to_le_bytes()))
        })?;
        self.write_one(dir, file, "info", |out| {
            write_header(out, Element::Single, &[rows, INFO.len()])?;
            info.iter().flatten().try_for_each(|value| out.write_all(&value.to_le_bytes()))
        })
    }

    fn write_one(
        &self,
        dir: &Path,
        file: usize,
        kind: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let path = dir.join(self.part.file_name(file, kind));
        let part = path.with_extension("mat.part");
        // Of a call that was killed. Anything else of that name is not ours, and a link is not followed.
        if fs::symlink_metadata(&part).is_ok_and(|metadata| metadata.is_file()) {
            fs::remove_file(&part).map_err(io(&part, "remove"))?;
        }
        let new = File::create_new(&part).map_err(io(&part, "write"))?;
        let mut out = BufWriter::new(new);
        let written = write(&mut out)
            .and_then(|()| out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all());
        if let Err(error) = written {
            // What is left of it is of no use; that it could not be written is what has to be said.
            let _ = fs::remove_file(&part);
            return Err(io(&path, "write")(error));
        }
        fs::rename(&part, &path).map_err(io(&path, "rename"))?;
        files::sync_dir(dir)
    }

    /// Pairs in the order of their rows, on all processors.
    fn render(
        &self,
        rows: std::ops::Range<usize>,
        finish: impl Fn(Pair) -> Pair + Sync,
    ) -> Vec<Pair> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = rows.len().div_ceil(threads).max(1);
        let starts: Vec<usize> = rows.clone().step_by(share).collect();
        let work = |start: usize| {
            let mut painter = Painter::default();
            // Rows of a file are shuffled; one file is all that a share touches, or two.
            let mut order = (usize::MAX, Vec::new());
            let mut pair = |row: usize| {
                if order.0 != row / PAIRS {
                    order = (row / PAIRS, self.order(row / PAIRS));
                }
                finish(self.pair(row, order.1[row % PAIRS], &mut painter))
            };
            (start..rows.end.min(start + share)).map(&mut pair).collect::<Vec<Pair>>()
        };
        let work = &work;
        thread::scope(|scope| {
            let shares: Vec<_> =
                starts.iter().map(|&start| scope.spawn(move || work(start))).collect();
            shares
                .into_iter()
                .flat_map(|share| share.join().expect("drawing does not panic"))
                .collect()
        })
    }

    /// The poses of a file (counted from 0) in their order.
    fn order(&self, file: usize) -> Vec<u32> {
        let part = if self.part == Part::Training { 0 } else { 1 << 32 };
        permutation(PAIRS, self.seed, part + file as u64)
    }

    /// Draws the pair of a row; `pose` is one of 0..29,160.
    fn pair(&self, row: usize, pose: u32, painter: &mut Painter) -> Pair {
        let purpose = match self.part {
            Part::Training => "halfwave toys: training pair",
            Part::Testing => "halfwave toys: testing pair",
        };
        let random = &mut generator(purpose, self.seed, row as u64);
        let label = pose % 6;
        let instance = self.part.instances()[(pose / 6 % 5) as usize];
        let [elevation, azimuth, lighting] = [pose / 30 % 9, pose / 270 % 18, pose / 4860];
        let mut whole = |from: i32, to: i32| random.random_range(from..=to) as f32;
        let (shift_x, shift_y, brightness) = (whole(-6, 6), whole(-6, 6), whole(-20, 20));
        let contrast = uniform(random, 0.8, 1.3);
        let size = uniform(random, 0.78, 1.0);
        let turn = uniform(random, -5.0, 5.0);
        let info = [
            f32::from(instance),
            elevation as f32,
            (2 * azimuth) as f32,
            lighting as f32,
            shift_x,
            shift_y,
            brightness,
            contrast,
            size,
            turn,
        ];
        let toy = (label != NONE).then(|| View {
            toy: &self.toys[label as usize][instance as usize],
            azimuth: degrees(20.0 * azimuth as f32),
            elevation: degrees(30.0 + 5.0 * elevation as f32),
            turn: degrees(turn),
            radius: RADIUS * size,
            place: [shift_x, -shift_y],
            disparity: uniform(random, -1.0, 1.0),
            light: light(lighting, brightness, contrast),
        });
        let edge = self.at_the_edge(random);
        let behind = Backdrop::choose(&self.backgrounds, random);
        let mut images = Vec::with_capacity(PIXELS);
        for side in [-1.0, 1.0] {
            behind.paint(side, &mut painter.canvas);
            for view in [Some(&edge), toy.as_ref()].into_iter().flatten() {
                view.paint(side, painter);
            }
            // Grey levels of a toy in strong contrast may leave the range; `as` saturates.
            images.extend(painter.canvas.pixels.iter().map(|pixel| (pixel + 0.5) as u8));
        }
        Pair { images, label, info }
    }

    /// Another toy of this part, smaller, partly outside the image.
    fn at_the_edge(&self, random: &mut Pcg32) -> View<'_> {
        let class = random.random_range(0..NONE as usize);
        let instance = self.part.instances()[random.random_range(0..5_usize)];
        let (sin, cos) = libm::sincosf(uniform(random, 0.0, degrees(360.0)));
        let far = uniform(random, 48.0, 64.0);
        let contrast = uniform(random, 0.8, 1.3);
        let brightness = uniform(random, -20.0, 20.0);
        View {
            toy: &self.toys[class][usize::from(instance)],
            azimuth: uniform(random, 0.0, degrees(360.0)),
            elevation: uniform(random, degrees(30.0), degrees(70.0)),
            turn: uniform(random, degrees(-20.0), degrees(20.0)),
            radius: uniform(random, 14.0, 26.0),
            place: [far * cos, far * sin],
            disparity: uniform(random, -3.0, 3.0),
            light: light(random.random_range(0..6), brightness, contrast),
        }
    }
}

/// Writes a whole set: so many files of each part, of `pairs` pairs each, into `dir`, which is made if it is not there.
///
/// # Errors
/// As [`Generator::write`]; before anything is written if one of the files exists.
pub fn write(dir: &Path, seed: u64, files: Limit, pairs: usize) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(io(dir, "create"))?;
    let parts = [(Part::Training, files.training), (Part::Testing, files.testing)];
    let all = parts.iter().flat_map(|&(part, count)| (1..=count).map(move |file| (part, file)));
    for (part, file) in all {
        check_absent(dir, part, file)?;
    }
    for (part, count) in parts {
        let generator = Generator::new(seed, part);
        for file in 1..=count {
            generator.write(dir, file, pairs)?;
        }
    }
    Ok(())
}

/// That none of the three files is there, gzipped or not: what loads them takes the gzipped ones first.
fn check_absent(dir: &Path, part: Part, file: usize) -> Result<(), Error> {
    for kind in ["dat", "cat", "info"] {
        let name = part.file_name(file, kind);
        for path in [dir.join(format!("{name}.gz")), dir.join(name)] {
            // A link to nowhere would be replaced, too.
            if fs::symlink_metadata(&path).is_ok() {
                return Err(io(&path, "create")(io::ErrorKind::AlreadyExists.into()));
            }
        }
    }
    Ok(())
}

fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::Io { path: path.into(), action, error }
}

fn degrees(angle: f32) -> f32 {
    angle * (std::f32::consts::PI / 180.0)
}

/// Lighting 0..=5 on a toy whose grey levels are stretched about the middle, then shifted.
fn light(lighting: u32, brightness: f32, contrast: f32) -> Light {
    let (from, strength, ambient): ([f32; 3], f32, f32) = match lighting {
        0 => ([-0.8, 0.4, 0.447_213_6], 190.0, 30.0),
        1 => ([0.8, 0.4, 0.447_213_6], 190.0, 30.0),
        2 => ([0.0, 0.96, 0.28], 170.0, 40.0),
        3 => ([0.0, 0.28, 0.96], 150.0, 60.0),
        4 => ([-0.6, 0.64, 0.48], 110.0, 35.0),
        _ => ([0.48, -0.36, 0.8], 130.0, 70.0),
    };
    let ambient = (ambient - 127.5) * contrast + 127.5 + brightness;
    Light { from, strength: strength * contrast, ambient }
}

/// What one camera sees, and the depths behind its drawing; kept for their memory.
#[derive(Debug)]
struct Painter {
    canvas: Image,
    depth: Depth,
    solids: Vec<Solid>,
}

impl Default for Painter {
    fn default() -> Self {
        Self { canvas: Image::new(SIDE, SIDE), depth: Depth::default(), solids: Vec::new() }
    }
}

/// A toy before two cameras. Angles are radians, lengths pixels.
struct View<'a> {
    toy: &'a Toy,
    azimuth: f32,
    elevation: f32,
    turn: f32,
    radius: f32,
    place: [f32; 2],
    /// Half the distance of its two images.
    disparity: f32,
    light: Light,
}

impl View<'_> {
    /// As the camera on this side (−1 left, 1 right) sees it.
    fn paint(&self, side: f32, painter: &mut Painter) {
        let rotation = self.rotation(side);
        let place = [self.place[0] - side * self.disparity, self.place[1], 0.0];
        painter.solids.clear();
        painter
            .solids
            .extend(self.toy.iter().map(|solid| solid.moved(&rotation, self.radius, place)));
        draw(&painter.solids, &self.light, &mut painter.depth, &mut painter.canvas);
    }

    /// From the toy (x forward, z up) to the camera (x right, y up, z towards it).
    fn rotation(&self, side: f32) -> Rotation {
        let (sin, cos) = libm::sincosf(self.elevation);
        let tilt = [[1.0, 0.0, 0.0], [0.0, sin, cos], [0.0, -cos, sin]];
        let turned = after(&tilt, &about(2, self.azimuth - side * HALF_ANGLE));
        after(&about(2, self.turn), &turned)
    }
}

/// A place in a background.
struct Backdrop<'a> {
    image: &'a Image,
    left: usize,
    top: usize,
    mirrored: bool,
    /// Distance of what the two cameras see of it, in pixels.
    shift: usize,
    gain: f32,
    offset: f32,
}

impl<'a> Backdrop<'a> {
    fn choose(images: &'a [Image], random: &mut Pcg32) -> Self {
        let room = BACKGROUND_SIDE - SIDE;
        let gain = uniform(random, 0.25, 0.6);
        Self {
            image: &images[random.random_range(0..images.len())],
            left: random.random_range(0..=room - BACKGROUND_SHIFT),
            top: random.random_range(0..=room),
            mirrored: random.random(),
            shift: random.random_range(2..=BACKGROUND_SHIFT),
            gain,
            offset: uniform(random, 60.0, 160.0) * (1.0 - gain),
        }
    }

    fn paint(&self, side: f32, canvas: &mut Image) {
        // Farther away than the toy, so further right for the right camera.
        let left = self.left + if (side > 0.0) == self.mirrored { self.shift } else { 0 };
        for (y, to) in canvas.pixels.chunks_exact_mut(SIDE).enumerate() {
            let from = &self.image.pixels[(self.top + y) * BACKGROUND_SIDE + left..][..SIDE];
            let level = |pixel: &f32| pixel * self.gain + self.offset;
            if self.mirrored {
                to.iter_mut().zip(from.iter().rev()).for_each(|(to, from)| *to = level(from));
            } else {
                to.iter_mut().zip(from).for_each(|(to, from)| *to = level(from));
            }
        }
    }
}

#[cfg(test)]
mod tests;
