use proptest::prelude::*;

use super::*;

/// A file with these sizes and this much data.
fn file(sizes: &[u32], data: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, UNSIGNED_BYTE, u8::try_from(sizes.len()).unwrap()];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.resize(bytes.len() + data, 7);
    bytes
}

/// What stopped a file that is read in parts, or its sizes and elements.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Idx(#[from] IdxError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn in_parts(bytes: &[u8]) -> Result<(Vec<usize>, Vec<u8>), Stop> {
    let mut data = Vec::new();
    let dims = for_each_part(bytes, |part| -> Result<(), Stop> {
        data.extend_from_slice(part);
        Ok(())
    })?;
    Ok((dims, data))
}

/// More elements than [`parse`] takes, and what is wrong with a file of more than any has.
#[test]
fn files_of_any_size_are_read_in_parts() {
    let large = file(&[(1 << 13) + 1, 1 << 13], (1 << 26) + (1 << 13));
    assert!(matches!(parse(&large), Err(IdxError::TooLarge { .. })));
    let (dims, data) = in_parts(&large).unwrap();
    assert_eq!((dims, data.len()), (vec![(1 << 13) + 1, 1 << 13], (1 << 26) + (1 << 13)));
    assert!(data.iter().all(|&byte| byte == 7));
    let error = in_parts(&file(&[u32::MAX; 3], 16)).unwrap_err();
    assert!(
        error.to_string().starts_with("at byte 4: expected at most 184467440737095"),
        "{error}"
    );
    let error = in_parts(&file(&[u32::MAX], 70_000)).unwrap_err();
    assert!(error.to_string().starts_with("at byte 70008: expected 4294967303 bytes"), "{error}");
}

#[test]
fn every_bad_file_is_an_error_with_its_place() {
    const MAX: u32 = u32::MAX;
    let edited = |at: usize, to: u8| {
        let mut bytes = file(&[2, 3], 6);
        bytes[at] = to;
        bytes
    };
    let many_dimensions = file(&[1; 255], 1);
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty", vec![], "at byte 0: expected 4 bytes (the magic), found the end of the file"),
        ("1 byte", vec![0], "at byte 1: expected 4 bytes (the magic), found the end of the file"),
        (
            "2 bytes",
            vec![0; 2],
            "at byte 2: expected 4 bytes (the magic), found the end of the file",
        ),
        (
            "3 bytes",
            vec![0; 3],
            "at byte 3: expected 4 bytes (the magic), found the end of the file",
        ),
        ("magic", edited(0, 1), "at byte 0: expected the IDX magic 00 00, found 01 00"),
        ("magic", edited(1, 9), "at byte 0: expected the IDX magic 00 00, found 00 09"),
        (
            "byte-swapped magic",
            vec![3, 8, 0, 0, 1, 0, 0, 0],
            "at byte 0: expected the IDX magic 00 00, found 03 08",
        ),
        (
            "gzip in gzip",
            vec![0x1f, 0x8b, 8, 0],
            "at byte 0: expected the IDX magic 00 00, found 1f 8b (gzip data)",
        ),
        (
            "no type",
            edited(2, 0),
            "at byte 2: expected type 0x08 (unsigned byte), found 0x00 (no type of IDX)",
        ),
        (
            "type float",
            edited(2, 0x0d),
            "at byte 2: expected type 0x08 (unsigned byte), found 0x0d (32-bit float)",
        ),
        ("0 dimensions", file(&[], 1), "at byte 3: expected 1 to 8 dimensions, found 0"),
        ("9 dimensions", file(&[1; 9], 1), "at byte 3: expected 1 to 8 dimensions, found 9"),
        ("255 dimensions", many_dimensions, "at byte 3: expected 1 to 8 dimensions, found 255"),
        (
            "255 dimensions, nothing else",
            vec![0, 0, 8, 255],
            "at byte 3: expected 1 to 8 dimensions, found 255",
        ),
        ("zero size", file(&[0], 0), "at byte 4: expected a size of at least 1, found 0"),
        ("zero size", file(&[5, 0, 5], 0), "at byte 8: expected a size of at least 1, found 0"),
        (
            "2^32-1",
            file(&[MAX], 16),
            "at byte 4: expected at most 67108864 elements, found sizes [4294967295]",
        ),
        (
            "(2^32-1)^2",
            file(&[MAX, MAX], 16),
            "at byte 4: expected at most 67108864 elements, found sizes [4294967295, 4294967295]",
        ),
        (
            "(2^32-1)^3 is above 2^64",
            file(&[MAX, MAX, MAX], 16),
            "at byte 4: expected at most 67108864 elements, \
             found sizes [4294967295, 4294967295, 4294967295]",
        ),
        (
            "2^64 wraps to 0",
            file(&[1 << 31, 1 << 31, 4], 0),
            "at byte 4: expected at most 67108864 elements, \
             found sizes [2147483648, 2147483648, 4]",
        ),
        (
            "one above the limit",
            file(&[(1 << 26) + 1], 16),
            "at byte 4: expected at most 67108864 elements, found sizes [67108865]",
        ),
        (
            "at the limit, cut",
            file(&[1 << 26], 16),
            "at byte 24: expected 67108872 bytes (magic, sizes and data), found the end of the file",
        ),
        (
            "one byte more",
            file(&[2, 3], 7),
            "at byte 18: expected the end of the file, found 1 more bytes",
        ),
        (
            "many bytes more",
            file(&[2, 3], 6000),
            "at byte 18: expected the end of the file, found 5994 more bytes",
        ),
    ];
    for (what, bytes, expected) in cases {
        let error = parse(bytes).unwrap_err();
        assert_eq!(error.to_string(), *expected, "{what}");
        if !matches!(error, IdxError::TooLarge { .. }) {
            assert_eq!(in_parts(bytes).unwrap_err().to_string(), *expected, "{what}");
        }
    }
}

#[test]
fn truncation_at_every_length_is_an_error() {
    let bytes = file(&[2, 3, 4], 24);
    assert!(parse(&bytes).is_ok());
    assert_eq!(in_parts(&bytes).unwrap(), (vec![2, 3, 4], vec![7; 24]));
    for length in 0..bytes.len() {
        let error = parse(&bytes[..length]).unwrap_err();
        assert_eq!(in_parts(&bytes[..length]).unwrap_err().to_string(), error.to_string());
        let IdxError::Truncated { expected, found, .. } = error else {
            panic!("{length}: {error}");
        };
        assert_eq!(found, length);
        assert_eq!(
            expected,
            if length < 4 {
                4
            } else if length < 16 {
                16
            } else {
                40
            }
        );
    }
}

#[test]
fn one_to_eight_dimensions_are_read() {
    for dimensions in 1..=MAX_DIMENSIONS {
        let bytes = file(&vec![2; dimensions], 1 << dimensions);
        let array = parse(&bytes).unwrap();
        assert_eq!(array.dims, vec![2; dimensions]);
        assert_eq!(array.data, vec![7; 1 << dimensions]);
        assert_eq!(array.offset, 4 + 4 * dimensions);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    /// With a sound start the parser gets further. What it accepts is consistent.
    #[test]
    fn arbitrary_sizes_never_panic(
        sizes in prop::collection::vec(prop_oneof![0_u32..4, any::<u32>()], 0..10), data in 0_usize..200,
    ) {
        let bytes = file(&sizes, data);
        if let Ok(array) = parse(&bytes) {
            prop_assert_eq!(array.dims.iter().product::<usize>(), array.data.len());
            prop_assert_eq!(array.data.len(), data);
        }
    }
}
