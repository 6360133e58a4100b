use proptest::prelude::*;

use super::*;

/// A file with this magic and these numbers after it, then `data` bytes.
fn file(magic: u32, numbers: &[i32], data: usize) -> Vec<u8> {
    let mut bytes = magic.to_le_bytes().to_vec();
    numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes.resize(bytes.len() + data, 7);
    bytes
}

/// Reads all of a file.
fn parse(bytes: &[u8]) -> Result<(Element, Vec<usize>, Vec<u8>), NorbError> {
    let mut reader = MatrixReader::new(bytes)?;
    let mut data = Vec::new();
    while reader.offset() < reader.end {
        // One element at a time: no memory by the header's word.
        let mut element = vec![0; reader.element.bytes()];
        reader.read(&mut element)?;
        data.extend(element);
    }
    let (element, dims) = (reader.element, reader.dims.clone());
    reader.finish()?;
    Ok((element, dims, data))
}

const BYTE: u32 = 0x1E3D_4C55;

#[test]
fn what_is_written_is_read() {
    for (element, dims) in [
        (Element::Byte, vec![5]),
        (Element::Int, vec![2, 3]),
        (Element::Single, vec![1, 2, 3]),
        (Element::Byte, vec![2, 2, 3, 4]),
        (Element::Byte, vec![1; 8]),
    ] {
        let mut bytes = Vec::new();
        write_header(&mut bytes, element, &dims).unwrap();
        assert_eq!(bytes.len(), 8 + 4 * dims.len().max(3));
        let data: Vec<u8> =
            (0..dims.iter().product::<usize>() * element.bytes()).map(|i| i as u8).collect();
        bytes.extend(&data);
        assert_eq!(parse(&bytes).unwrap(), (element, dims, data));
    }
}

/// The first bytes that the authors' page shows for the labels of 24,300 pairs.
#[test]
fn a_vector_has_three_slots() {
    let mut bytes = Vec::new();
    write_header(&mut bytes, Element::Int, &[24_300]).unwrap();
    assert_eq!(
        bytes,
        [0x54, 0x4c, 0x3d, 0x1e, 1, 0, 0, 0, 0xec, 0x5e, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
    );
    // The slots that are not used may hold anything.
    assert_eq!(parse(&file(BYTE, &[1, 2, -5, 0], 2)).unwrap().1, [2]);
}

#[test]
fn sizes_that_cannot_be_read_are_not_written() {
    for dims in [vec![], vec![0], vec![1; 9], vec![1 << 31]] {
        assert!(write_header(&mut Vec::new(), Element::Byte, &dims).is_err(), "{dims:?}");
    }
}

#[test]
fn every_bad_file_is_an_error_with_its_place() {
    const MAGIC: &str = "at byte 0: expected a NORB matrix of bytes, 32-bit integers or floats \
        (51, 54 or 55 4c 3d 1e), found ";
    let magic = |rest: &str| format!("{MAGIC}{rest}");
    const START: &str = "magic and number of dimensions";
    let cut = |at: u64, bytes: u64, what: &str| {
        format!("at byte {at}: expected {bytes} bytes ({what}), found the end of the file")
    };
    let dimensions = |found: i32| format!("at byte 4: expected 1 to 8 dimensions, found {found}");
    let large = |sizes: &str| {
        format!("at byte 8: expected at most 1073741824 elements, found sizes {sizes}")
    };
    let max = i32::MAX;
    for (what, bytes, expected) in [
        ("empty", vec![], cut(0, 8, START)),
        ("3 bytes", vec![0x55, 0x4c, 0x3d], cut(3, 8, START)),
        ("no dimensions", file(BYTE, &[], 0), cut(4, 8, START)),
        ("unknown", file(0x1E3D_4C57, &[1, 1, 1, 1], 1), magic("[57, 4c, 3d, 1e]")),
        ("zero", file(0, &[1, 1, 1, 1], 1), magic("[00, 00, 00, 00]")),
        (
            "swapped",
            file(BYTE.swap_bytes(), &[1, 1, 1, 1], 1),
            magic("[1e, 3d, 4c, 55] (bytes, byte-swapped)"),
        ),
        (
            "packed",
            file(0x1E3D_4C52, &[1, 1, 1, 1], 1),
            magic("[52, 4c, 3d, 1e] (a packed matrix)"),
        ),
        ("double", file(0x1E3D_4C53, &[1, 1, 1, 1], 8), magic("[53, 4c, 3d, 1e] (64-bit floats)")),
        ("short", file(0x1E3D_4C56, &[1, 1, 1, 1], 2), magic("[56, 4c, 3d, 1e] (16-bit integers)")),
        (
            "MATLAB",
            b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec(),
            magic("[4d, 41, 54, 4c] (a MATLAB 5 file)"),
        ),
        (
            "HDF5",
            b"\x89HDF\r\n\x1a\n".to_vec(),
            magic("[89, 48, 44, 46] (an HDF5 file, as MATLAB 7.3 writes)"),
        ),
        ("ndim -1", file(BYTE, &[-1, 1, 1, 1], 1), dimensions(-1)),
        ("ndim 0", file(BYTE, &[0, 1, 1, 1], 1), dimensions(0)),
        ("ndim 9", file(BYTE, &[9, 1, 1, 1, 1, 1, 1, 1, 1, 1], 1), dimensions(9)),
        ("ndim 2^31-1", file(BYTE, &[max, 1, 1, 1], 1), dimensions(2147483647)),
        ("1 slot", file(BYTE, &[1, 5], 0), cut(12, 20, "sizes")),
        ("2 of 4 slots", file(BYTE, &[4, 5, 6], 0), cut(16, 24, "sizes")),
        (
            "size 0",
            file(BYTE, &[2, 3, 0, 1], 0),
            "at byte 12: expected a size of at least 1, found 0".into(),
        ),
        (
            "size -1",
            file(BYTE, &[3, 3, 3, -1], 9),
            "at byte 16: expected a size of at least 1, found -1".into(),
        ),
        ("too large", file(BYTE, &[1, max, 1, 1], 9), large("[2147483647]")),
        (
            "above 2^64",
            file(BYTE, &[3, max, max, max], 9),
            large("[2147483647, 2147483647, 2147483647]"),
        ),
        ("cut", file(BYTE, &[1, 6, 1, 1], 5), cut(25, 26, "header and data")),
        (
            "large and cut",
            file(BYTE, &[1, 1 << 30, 1, 1], 5),
            cut(25, 1073741844, "header and data"),
        ),
        (
            "trailing",
            file(BYTE, &[1, 6, 1, 1], 7),
            "at byte 26: expected the end of the file, found more".into(),
        ),
    ] {
        assert_eq!(parse(&bytes).unwrap_err().to_string(), expected, "{what}");
    }
}

#[test]
fn truncation_at_every_length_is_an_error() {
    let bytes = file(BYTE, &[4, 1, 2, 2, 3], 12);
    assert!(parse(&bytes).is_ok());
    for length in 0..bytes.len() {
        let error = parse(&bytes[..length]).unwrap_err();
        assert!(
            matches!(error, NorbError::Truncated { found, .. } if found == length as u64),
            "{length}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, numbers in prop::collection::vec(-2_i32..6, 0..9)) {
        let _ = parse(&bytes);
        let _ = parse(&file(BYTE, &numbers, bytes.len()));
    }
}
