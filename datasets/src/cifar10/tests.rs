use proptest::prelude::*;

use super::*;

/// A record whose pixels say where they stand.
fn record(label: u8) -> Vec<u8> {
    let pixels = (0..WIDTH).map(|i| (i / 1024 * 100 + i % 1024 % 97) as u8);
    [label].into_iter().chain(pixels).collect()
}

#[test]
fn colours_of_a_pixel_stand_together() {
    let mut images = Images::default();
    images.extend(&[record(3), record(9)].concat()).unwrap();
    images.extend(&record(0)).unwrap();
    assert_eq!((images.rows(), images.labels.as_slice()), (3, &[3, 9, 0][..]));
    for image in images.images.chunks(WIDTH) {
        for (pixel, colours) in image.chunks(3).enumerate() {
            assert_eq!(colours, [0, 100, 200].map(|plane| plane + (pixel % 97) as u8));
        }
    }
}

#[test]
fn every_bad_file_is_an_error_with_its_place() {
    let whole = [record(3), record(9)].concat();
    let message = |bytes: &[u8]| {
        let mut images = Images::default();
        let error = images.extend(bytes).unwrap_err();
        assert_eq!(images, Images::default());
        error.to_string()
    };
    for length in [0, 1, RECORD - 1, RECORD + 1, 2 * RECORD - 1] {
        let expected = format!(
            "at byte {length}: expected whole records of 3073 bytes and at least one, found the end of the file"
        );
        assert_eq!(message(&whole[..length]), expected);
    }
    let mut bad = whole;
    bad[RECORD] = 10;
    assert_eq!(message(&bad), "at byte 3073: expected a label of 0..=9, found 10");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2 * RECORD + 2)) {
        let mut images = Images::default();
        if images.extend(&bytes).is_ok() {
            prop_assert_eq!(images.images.len(), images.rows() * WIDTH);
            prop_assert_eq!(images.rows() * RECORD, bytes.len());
        }
    }
}
