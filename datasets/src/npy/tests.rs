use proptest::prelude::*;

use super::*;

/// A file of version 1.0 with this header text.
fn file(text: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), data].concat()
}

fn header(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
}

fn message(bytes: &[u8]) -> String {
    parse::<f32>(bytes).expect_err("a bad file").to_string()
}

#[test]
fn any_shape_comes_back_as_it_was_written() {
    for shape in [vec![], vec![0], vec![3], vec![2, 3], vec![1, 2, 0, 4], vec![1; 64]] {
        let n = shape.iter().product::<usize>();
        let array = Array { shape, data: (0..n).map(|i| i as f32 - 0.5).collect() };
        let mut bytes = Vec::new();
        write(&array, &mut bytes).unwrap();
        assert_eq!(parse(&bytes[..]).unwrap(), array);
        assert_eq!((bytes.len() - 4 * n) % 64, 0);
    }
}

#[test]
fn bytes_come_back_and_are_not_taken_for_floats() {
    let array = Array { shape: vec![2, 3], data: vec![0_u8, 1, 2, 127, 128, 255] };
    let mut bytes = Vec::new();
    write(&array, &mut bytes).unwrap();
    assert_eq!(parse::<u8>(&bytes[..]).unwrap(), array);
    assert!(
        message(&bytes).starts_with("expected f32 in little-endian order ('<f4'), found '|u1'")
    );
    let floats = file(&header("'<f4'", "False", "(1,)"), &[0; 4]);
    assert_eq!(
        parse::<u8>(&floats[..]).unwrap_err().to_string(),
        "expected unsigned bytes ('|u1'), found '<f4'; save x.astype('u1') instead"
    );
    let cut = file(&header("'|u1'", "False", "(3,)"), &[0; 2]);
    assert!(parse::<u8>(&cut[..]).unwrap_err().to_string().ends_with("found 2"));
}

#[test]
fn all_versions_and_every_order_of_keys_are_read() {
    let text = "{\"shape\": (2L,),'fortran_order':False, 'descr' : '<f4'}";
    let data = [1.0_f32.to_le_bytes(), 2.0_f32.to_le_bytes()].concat();
    assert_eq!(parse::<f32>(&file(text, &data)[..]).unwrap().data, [1.0, 2.0]);
    for version in [2, 3] {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        let start = [b"\x93NUMPY", &[version, 0][..], &length].concat();
        let bytes = [&start, text.as_bytes(), &data].concat();
        assert_eq!(parse::<f32>(&bytes[..]).unwrap().data, [1.0, 2.0]);
    }
    let column = header("'<f4'", "True", "(2, 1)");
    assert_eq!(parse::<f32>(&file(&column, &data)[..]).unwrap().shape, [2, 1]);
}

#[test]
fn each_bad_file_is_named_by_what_is_wrong_with_it() {
    let eight = [0; 8];
    for (bytes, said) in [
        (vec![], "not a .npy file"),
        (b"PK\x03\x04zip.".to_vec(), "found [50, 4b, 03, 04, 7a, 69]"),
        (b"\x93NUM".to_vec(), "expected 8 bytes of header, found 4"),
        (b"\x93NUMPY\x04\x00\x10\x00".to_vec(), "found 4.0"),
        (b"\x93NUMPY\x01\x00\x10".to_vec(), "expected 10 bytes of header, found 9"),
        (b"\x93NUMPY\x01\x00\x10\x00{'d".to_vec(), "expected 26 bytes of header, found 13"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "at most 10000 bytes, found 4294967295"),
        (file(&header("'<f8'", "False", "(1,)"), &eight), "found '<f8'; save x.astype"),
        (file(&header("'>f4'", "False", "(2,)"), &eight), "found '>f4'"),
        (file(&header("'<i4'", "False", "(2,)"), &eight), "found '<i4'"),
        (file(&header("'|O'", "False", "(2,)"), &eight), "Python objects"),
        (file(&header("[('a', '<f4')]", "False", "(2,)"), &eight), "structured"),
        (file(&header("'<f4'", "True", "(1, 2, 3)"), &eight), "Fortran"),
        (file(&header("'<f4'", "0", "(2,)"), &eight), "expected True or False"),
        (file(&header("'<f4'", "False", "(-2,)"), &eight), "a whole number, not negative"),
        (file(&header("'<f4'", "False", "2"), &eight), "expected ("),
        (file(&header("'<f4'", "False", "(2 3)"), &eight), "expected )"),
        (file(&header("'<f4'", "False", "(3,)"), &eight), "expected 12 bytes of data"),
        (file(&header("'<f4'", "False", "(1,)"), &eight), "found more than 4"),
        (file(&header("'<f4'", "False", "()"), &eight), "for the shape ()"),
        (file(&header("'<f4'", "False", "(2,)"), &eight[..7]), "found 7"),
        (file(&header("'<f4'", "False", "(4294967296, 4294967296)"), &eight), "more elements"),
        (file(&header("'<f4'", "False", "(99999999999999999999,)"), &eight), "more elements"),
        (file(&header("'<f4'", "False", &format!("({})", "1,".repeat(65))), &eight), "64"),
        (file("{'descr': '<f4', 'shape': (2,)}", &eight), "the key fortran_order"),
        (file("{'descr': '<f4', 'descr': '<f4'}", &eight), "once in the header, found `descr`"),
        (file("{'x': 1}", &eight), "found `x`"),
        (file("{'descr", &eight), "a closing quote"),
        (file("{", &eight), "found its end"),
        (file("", &eight), "expected {"),
        (file(&(header("'<f4'", "False", "(2,)") + "x"), &eight), "only spaces"),
        (file(&"(".repeat(9000), &eight), "expected {"),
    ] {
        let message = message(&bytes);
        assert!(message.contains(said), "{message:?} does not say {said:?}");
    }
}

#[test]
fn a_promise_of_terabytes_costs_no_memory() {
    let lie = file(&header("'<f4'", "False", "(1099511627776,)"), &[0; 16]);
    assert!(message(&lie).ends_with("found 16"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse::<f32>(&bytes[..]);
    }

    #[test]
    fn no_header_makes_it_panic(text in "[{}(),:' a-zA-Z0-9_<]{0,80}") {
        let _ = parse::<f32>(&file(&text, &[0; 8])[..]);
    }

    #[test]
    fn no_flipped_byte_makes_it_panic(at in 0_usize..72, to in any::<u8>()) {
        let mut bytes = Vec::new();
        write(&Array { shape: vec![2], data: vec![1.0, 2.0] }, &mut bytes).unwrap();
        bytes[at] = to;
        let _ = parse::<f32>(&bytes[..]);
    }
}

#[test]
fn no_array_of_another_length_is_written() {
    for shape in [vec![2, 3], vec![], vec![0], vec![usize::MAX, usize::MAX]] {
        let mut out = Vec::new();
        let error = write(&Array { shape, data: vec![1.0_f32; 5] }, &mut out).unwrap_err();
        assert_eq!((error.kind(), out.len()), (io::ErrorKind::InvalidInput, 0), "{error}");
    }
    let empty = Array { shape: vec![0, usize::MAX], data: Vec::<f32>::new() };
    write(&empty, &mut Vec::new()).unwrap();
}
