//! Images, PNG and JPEG: as many pixels as their shape says, and no more than are asked for.
#![no_main]

use halfwave_trainer::own;

/// Less than what a small file can hold: decoders take some hundred bytes a pixel.
const MOST: usize = 1 << 16;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for ending in ["png", "jpg"] {
        if let Ok(image) = own::decode_image(ending, bytes, MOST) {
            let [height, width, channels] = image.shape;
            assert!(height * width <= MOST && (channels == 1 || channels == 3));
            assert_eq!(image.bytes.len(), height * width * channels);
        }
    }
});
