//! The weights of hidden units as one image.

/// Pixels of a weight, at least this many on each side.
const SIDE: usize = 32;

/// A grey PNG with a tile for each hidden unit of `weights [visible, hidden]`, where the visible units
/// form an image of `shape` (rows, columns).
///
/// Mid-grey is 0; each tile is scaled to its own largest absolute weight.
///
/// # Errors
/// In words, if the weights do not fit the shape.
pub fn mosaic(weights: &[f32], shape: [usize; 2]) -> Result<Vec<u8>, String> {
    let [rows, columns] = shape;
    let visible = rows * columns;
    if visible == 0 || weights.is_empty() || !weights.len().is_multiple_of(visible) {
        return Err(format!("{} weights do not fit images of {rows}x{columns}", weights.len()));
    }
    let hidden = weights.len() / visible;
    let zoom = SIDE.div_ceil(rows.max(columns));
    // One pixel between tiles and around them.
    let (tile_rows, tile_columns) = (rows * zoom + 1, columns * zoom + 1);
    let across = (1..).find(|side| side * side >= hidden).unwrap_or(hidden);
    let down = hidden.div_ceil(across);
    let (height, width) = (down * tile_rows + 1, across * tile_columns + 1);

    let mut pixels = vec![255; height * width];
    for unit in 0..hidden {
        let weight = |v: usize| weights[v * hidden + unit];
        let largest = (0..visible).map(|v| weight(v).abs()).fold(f32::MIN_POSITIVE, f32::max);
        let (top, left) = (unit / across * tile_rows + 1, unit % across * tile_columns + 1);
        for y in 0..rows * zoom {
            for x in 0..columns * zoom {
                let w = weight(y / zoom * columns + x / zoom);
                // 0 for −largest, 255 for largest.
                let grey = (127.5 + 127.5 * w / largest).round() as u8;
                pixels[(top + y) * width + left + x] = grey;
            }
        }
    }
    encode(&pixels, width, height).map_err(|error| error.to_string())
}

fn encode(pixels: &[u8], width: usize, height: usize) -> Result<Vec<u8>, png::EncodingError> {
    let size = |n: usize| u32::try_from(n).map_err(|_| png::EncodingError::LimitsExceeded);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size(width)?, size(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_tile() {
        // Two units on images of 1x2: (-1, 1) and (0, 2).
        let bytes = mosaic(&[-1.0, 0.0, 1.0, 2.0], [1, 2]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        // Zoom 16: tiles of 16x32.
        assert_eq!((info.width, info.height), (2 * 33 + 1, 17 + 1));
        let at = |y: usize, x: usize| pixels[y * 67 + x];
        assert_eq!([at(1, 1), at(1, 17), at(1, 34), at(1, 50)], [0, 255, 128, 255]);
        assert_eq!([at(0, 0), at(1, 33)], [255, 255]);
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        assert!(mosaic(&[0.0; 7], [2, 2]).is_err());
        assert!(mosaic(&[], [2, 2]).is_err());
        assert!(mosaic(&[0.0; 4], [0, 2]).is_err());
    }
}
