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

/// An image: height, width and channels (1 or 3), and bytes, channels last.
struct Image {
    shape: [usize; 3],
    bytes: Vec<u8>,
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
        let image = decode(path, &files::read(path, MAX_BYTES)?).map_err(wrong)?;
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

/// The image of a file, or in words what is wrong with it.
fn decode(path: &Path, bytes: &[u8]) -> Result<Image, String> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("png") => of_png(bytes),
        Some("jpg" | "jpeg") => of_jpeg(bytes),
        _ => Err("expected an image whose name ends in .png, .jpg or .jpeg".into()),
    }
}

fn of_png(bytes: &[u8]) -> Result<Image, String> {
    let text = |error: png::DecodingError| error.to_string();
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(text)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    check_sides(width, height)?;
    let channels = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => 1,
        (ColorType::Rgb, BitDepth::Eight) => 3,
        _ => return Err("expected grey or RGB, found transparency: save it without".into()),
    };
    let mut pixels = vec![0; width * height * channels];
    reader.next_frame(&mut pixels).map_err(text)?;
    Ok(Image { shape: [height, width, channels], bytes: pixels })
}

fn of_jpeg(bytes: &[u8]) -> Result<Image, String> {
    // Sizes are looked at before pixels are: no header makes the decoder take more memory than this.
    let options = || {
        let options = DecoderOptions::default().set_max_width(MAX_SIDE).set_max_height(MAX_SIDE);
        options.set_strict_mode(true)
    };
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options());
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (width, height) = decoder.dimensions().ok_or("expected the size of the image")?;
    check_sides(width, height)?;
    let (channels, colours) = if grey { (1, ColorSpace::Luma) } else { (3, ColorSpace::RGB) };
    let options = options().jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    if pixels.len() != width * height * channels {
        return Err(format!("expected {width}x{height} pixels, found {} bytes", pixels.len()));
    }
    Ok(Image { shape: [height, width, channels], bytes: pixels })
}

fn check_sides(width: usize, height: usize) -> Result<(), String> {
    if (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) {
        return Ok(());
    }
    Err(format!("expected at most {MAX_SIDE} pixels a side, found {width}x{height}"))
}
