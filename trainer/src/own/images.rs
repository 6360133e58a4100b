//! Folders of images: `DIR/CLASS/FILE.png` (or `.jpg`, `.jpeg`), or, without classes, `DIR/FILE.png`.
//!
//! All images have one size, and are all grey or all in colour. Rows are in the order of the classes' names, then of the
//! files'; names that begin with a dot are passed over.

use std::{
    fs,
    path::{Path, PathBuf},
};

use halfwave_datasets::files;
use png::{BitDepth, ColorType, Transformations};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::data::Problem;
use crate::Error;

/// Largest file of an image.
const MAX_BYTES: usize = 1 << 28;

/// Largest side of an image.
const MAX_SIDE: usize = 1 << 14;

/// Most pixels of an image.
const MAX_PIXELS: usize = 1 << 26;

/// What a byte of deflated data becomes at most.
const MAX_INFLATED: usize = 1032;

/// An image.
#[derive(Debug)]
pub struct Image {
    /// Height, width and channels (1 or 3).
    pub shape: [usize; 3],
    /// The pixels, channels last.
    pub bytes: Vec<u8>,
}

/// The files of a folder, each with its class if it has one.
struct Files(Vec<(Option<String>, PathBuf)>);

/// Passes on the bytes of all images of a folder, `[rows, height, width, channels]`; returns that shape.
pub(super) fn for_each(
    folder: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), Problem>,
) -> Result<Vec<usize>, Error> {
    let Files(files) = Files::of(folder)?;
    let mut shape = None;
    for (_, path) in &files {
        let wrong = |reason| Error::own_data(path, Problem::Image(reason));
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let bytes = files::read(path, MAX_BYTES)?;
        let image = decode(&ending, &bytes, MAX_PIXELS).map_err(wrong)?;
        let first = *shape.get_or_insert(image.shape);
        if image.shape != first {
            let [text, first] = [image.shape, first].map(|[h, w, c]| format!("{h}x{w}x{c}"));
            return Err(wrong(format!("expected {first} as in the first image, found {text}")));
        }
        take(&image.bytes).map_err(|problem| Error::own_data(folder, problem))?;
    }
    let rows = files.len();
    Ok([rows].into_iter().chain(shape.unwrap_or_default()).collect())
}

/// The class of each image of a folder.
pub(super) fn classes(folder: &Path) -> Result<Vec<String>, Error> {
    let Files(files) = Files::of(folder)?;
    let classes = files.into_iter().map(|(class, _)| class).collect::<Option<Vec<String>>>();
    classes.ok_or_else(|| {
        let text = "expected a folder of images for each class, found images".into();
        Error::own_data(folder, Problem::Folder(text))
    })
}

/// Names and paths in a folder, sorted, without hidden ones.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let wrong = |reason: String| Error::own_data(folder, Problem::Folder(reason));
    let refused = |error: std::io::Error| wrong(format!("cannot read it: {error}"));
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| wrong(format!("{name:?}: expected a name in UTF-8")))?;
        if !name.starts_with('.') {
            all.push((name, entry.path()));
        }
    }
    all.sort();
    Ok(all)
}

impl Files {
    fn of(folder: &Path) -> Result<Self, Error> {
        let wrong = |reason: String| Error::own_data(folder, Problem::Folder(reason));
        let (folders, mut files): (Vec<_>, Vec<_>) =
            entries(folder)?.into_iter().partition(|(_, path)| path.is_dir());
        let mut all = Vec::new();
        if let (Some((name, _)), false) = (files.first(), folders.is_empty()) {
            return Err(wrong(format!("`{name}` stands beside folders of classes")));
        }
        all.extend(files.drain(..).map(|(_, path)| (None, path)));
        for (class, folder) in folders {
            let images = entries(&folder)?.into_iter();
            all.extend(images.map(|(_, path)| (Some(class.clone()), path)));
        }
        if all.is_empty() {
            Err(wrong("expected images, found none".into()))
        } else {
            Ok(Self(all))
        }
    }
}

/// The image of a file whose name ends in `ending`.
///
/// # Errors
/// In words, what is wrong with it: more than `most` pixels, too.
pub fn decode(ending: &str, bytes: &[u8], most: usize) -> Result<Image, String> {
    match ending {
        "png" => of_png(bytes, most),
        "jpg" | "jpeg" => of_jpeg(bytes, most),
        _ => Err("expected an image whose name ends in .png, .jpg or .jpeg".into()),
    }
}

fn of_png(bytes: &[u8], most: usize) -> Result<Image, String> {
    let text = |error: png::DecodingError| error.to_string();
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(text)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    check_size(width, height, most)?;
    let channels = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => 1,
        (ColorType::Rgb, BitDepth::Eight) => 3,
        _ => return Err("expected grey or RGB, found transparency: save it without".into()),
    };
    check_held(width, height, reader.info().raw_bytes() / MAX_INFLATED <= bytes.len())?;
    let mut image = Image::black([height, width, channels])?;
    reader.next_frame(&mut image.bytes).map_err(text)?;
    Ok(image)
}

fn of_jpeg(bytes: &[u8], most: usize) -> Result<Image, String> {
    // Sizes are looked at before pixels are: no header makes the decoder take more memory than this.
    let options = || {
        let options = DecoderOptions::default().set_max_width(MAX_SIDE).set_max_height(MAX_SIDE);
        options.set_strict_mode(true)
    };
    let mut cursor = std::io::Cursor::new(bytes);
    let mut decoder = JpegDecoder::new_with_options(&mut cursor, options());
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let info = decoder.info().ok_or("expected the size of the image")?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    check_size(width, height, most)?;
    // A block of 8x8 has a code for its mean and one for the rest, which scans of a progressive file may share. The
    // decoder itself takes what is missing at the end for zeros.
    let bits = if info.sof.is_sequential_dct() { 2 } else { 1 };
    let blocks = width.div_ceil(8) * height.div_ceil(8);
    let headers = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
    let scans = bytes.len().saturating_sub(headers);
    check_held(width, height, blocks * bits <= scans * 8)?;
    let (channels, colours) = if grey { (1, ColorSpace::Luma) } else { (3, ColorSpace::RGB) };
    let mut image = Image::black([height, width, channels])?;
    let options = options().jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    if decoder.output_buffer_size() != Some(image.bytes.len()) {
        return Err(format!("expected {width}x{height} pixels in {channels} channels"));
    }
    decoder.decode_into(&mut image.bytes).map_err(|error| error.to_string())?;
    Ok(image)
}

fn check_size(width: usize, height: usize, most: usize) -> Result<(), String> {
    let side = 1..=MAX_SIDE;
    if !side.contains(&width) || !side.contains(&height) {
        return Err(format!("expected at most {MAX_SIDE} pixels a side, found {width}x{height}"));
    }
    if width * height > most {
        return Err(format!("expected at most {most} pixels, found {width}x{height}"));
    }
    Ok(())
}

/// Whether so short a file can hold the pixels that its header names.
fn check_held(width: usize, height: usize, held: bool) -> Result<(), String> {
    let text = || format!("expected {width}x{height} pixels, found too few bytes for them");
    if held { Ok(()) } else { Err(text()) }
}

impl Image {
    /// One to be filled.
    fn black(shape: [usize; 3]) -> Result<Self, String> {
        let (count, mut bytes) = (shape.iter().product(), Vec::new());
        let refused = |_| format!("no memory for its {count} bytes");
        bytes.try_reserve_exact(count).map_err(refused)?;
        bytes.resize(count, 0);
        Ok(Self { shape, bytes })
    }
}
