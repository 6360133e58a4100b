//! The weights of hidden units, or samples, as one image.

/// Pixels of a tile, at least this many on the longer side.
const SIDE: usize = 32;
/// The same where there are at most [`FEW`] tiles.
const LARGE: usize = 64;
const FEW: usize = 100;

/// A PNG with a tile for each hidden unit of `weights [visible, hidden]`, where the visible units form an
/// image of `shape` (rows, columns, colours); grey for 1 colour, red, green and blue for 3.
///
/// Mid-grey is 0; each tile is scaled to its own largest absolute weight.
///
/// # Errors
/// In words, if the weights do not fit the shape.
pub fn mosaic(weights: &[f32], shape: [usize; 3]) -> Result<Vec<u8>, String> {
    let hidden = count(weights, shape)?;
    let visible = weights.len() / hidden;
    let weight = |unit: usize, v: usize| weights[v * hidden + unit];
    let largest =
        |unit| (0..visible).map(|v| weight(unit, v).abs()).fold(f32::MIN_POSITIVE, f32::max);
    let scales: Vec<f32> = (0..hidden).map(largest).collect();
    // 0 for −largest, 255 for largest.
    let shade = |unit: usize, v: usize| 127.5 + 127.5 * weight(unit, v) / scales[unit];
    tiles(hidden, shape, |unit, v| shade(unit, v).round() as u8)
}

/// A PNG with a tile for each row of `images [count, rows · columns · colours]`, from black for the least value
/// of all to white for the largest.
///
/// # Errors
/// In words, if the images do not fit the shape, or hold no finite range.
pub fn images(images: &[f32], shape: [usize; 3]) -> Result<Vec<u8>, String> {
    let count = count(images, shape)?;
    let width = images.len() / count;
    let ends = |(low, high): (f32, f32), &v: &f32| (low.min(v), high.max(v));
    let (low, high) = images.iter().fold((f32::MAX, f32::MIN), ends);
    if !(high - low).is_finite() {
        return Err(format!("values from {low} to {high}"));
    }
    let scale = 255.0 / (high - low).max(f32::MIN_POSITIVE);
    tiles(count, shape, |image, v| ((images[image * width + v] - low) * scale).round() as u8)
}

/// How many images of this shape there are.
fn count(x: &[f32], [rows, columns, colours]: [usize; 3]) -> Result<usize, String> {
    let size = rows.checked_mul(columns).and_then(|size| size.checked_mul(colours)).unwrap_or(0);
    if size == 0 || x.is_empty() || !x.len().is_multiple_of(size) {
        return Err(format!("{} numbers do not fit images of {rows}x{columns}x{colours}", x.len()));
    }
    Ok(x.len() / size)
}

/// `count` tiles in a square; `shade` gives a number of a tile.
fn tiles(
    count: usize,
    [rows, columns, colours]: [usize; 3],
    shade: impl Fn(usize, usize) -> u8,
) -> Result<Vec<u8>, String> {
    let format = match colours {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => return Err(format!("{colours} colours: expected 1 or 3")),
    };
    let side = if count <= FEW { LARGE } else { SIDE };
    let zoom = side.div_ceil(rows.max(columns));
    // One pixel between tiles and around them.
    let (tile_rows, tile_columns) = (rows * zoom + 1, columns * zoom + 1);
    let across = (1..).find(|side| side * side >= count).unwrap_or(count);
    let down = count.div_ceil(across);
    let (height, width) = (down * tile_rows + 1, across * tile_columns + 1);

    let mut pixels = vec![255; height * width * colours];
    for tile in 0..count {
        let (top, left) = (tile / across * tile_rows + 1, tile % across * tile_columns + 1);
        for y in 0..rows * zoom {
            for x in 0..columns * zoom {
                let from = (y / zoom * columns + x / zoom) * colours;
                let to = ((top + y) * width + left + x) * colours;
                for colour in 0..colours {
                    pixels[to + colour] = shade(tile, from + colour);
                }
            }
        }
    }
    encode(&pixels, width, height, format).map_err(|error| error.to_string())
}

fn encode(
    pixels: &[u8],
    width: usize,
    height: usize,
    colours: png::ColorType,
) -> Result<Vec<u8>, png::EncodingError> {
    let size = |n: usize| u32::try_from(n).map_err(|_| png::EncodingError::LimitsExceeded);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size(width)?, size(height)?);
    encoder.set_color(colours);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: Vec<u8>) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    #[test]
    fn each_unit_has_its_tile() {
        // Two units on images of 1x2: (-1, 1) and (0, 2).
        let (width, height, pixels) = decode(mosaic(&[-1.0, 0.0, 1.0, 2.0], [1, 2, 1]).unwrap());
        // Zoom 32: tiles of 32x64.
        assert_eq!((width, height), (2 * 65 + 1, 33 + 1));
        let at = |y: usize, x: usize| pixels[y * 131 + x];
        assert_eq!([at(1, 1), at(1, 33), at(1, 66), at(1, 98)], [0, 255, 128, 255]);
        assert_eq!([at(0, 0), at(1, 65)], [255, 255]);
    }

    #[test]
    fn colours_stand_beside_each_other() {
        // One unit on one pixel.
        let (width, height, pixels) = decode(mosaic(&[-1.0, 0.0, 1.0], [1, 1, 3]).unwrap());
        assert_eq!((width, height), (66, 66));
        assert_eq!(pixels[(66 + 1) * 3..][..3], [0, 128, 255]);
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        assert!(mosaic(&[0.0; 7], [2, 2, 1]).is_err());
        assert!(mosaic(&[], [2, 2, 1]).is_err());
        assert!(mosaic(&[0.0; 4], [0, 2, 1]).is_err());
        assert!(mosaic(&[0.0; 8], [2, 2, 2]).is_err());
        assert!(images(&[0.0, f32::INFINITY], [1, 2, 1]).is_err());
        assert!(images(&[0.0; 3], [1, 2, 1]).is_err());
    }

    #[test]
    fn images_are_from_black_to_white() {
        let (width, _, pixels) = decode(images(&[0.0, 0.5, 1.0, 0.0], [1, 2, 1]).unwrap());
        let at = |y: usize, x: usize| pixels[y * width as usize + x];
        assert_eq!([at(1, 1), at(1, 33), at(1, 66), at(1, 98)], [0, 128, 255, 0]);
    }
}
