use std::io::Write;

use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

const LIMIT: usize = 1 << 20;

fn pack_with(builder: GzBuilder, content: &[u8]) -> Vec<u8> {
    let mut writer = builder.write(Vec::new(), Compression::best());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

fn pack(content: &[u8]) -> Vec<u8> {
    pack_with(GzBuilder::new(), content)
}

fn content() -> Vec<u8> {
    (0..3000_u32).map(|i| (i * i % 251) as u8).collect()
}

fn error(bytes: &[u8]) -> GzError {
    unpack(bytes, LIMIT).unwrap_err()
}

#[test]
fn sound_streams_unpack() {
    let content = content();
    for sound in [&[][..], &[1], &content] {
        assert_eq!(unpack(pack(sound).as_slice(), LIMIT).unwrap(), sound);
    }
}

#[test]
fn truncation_at_every_length_is_an_error() {
    let packed = pack(&content());
    for length in 0..packed.len() {
        assert!(matches!(error(&packed[..length]), GzError::Truncated { .. }), "{length}");
    }
    // The last 8 bytes are CRC and length: all data is out already, and it is an error nevertheless.
    let message = error(&packed[..packed.len() - 1]).to_string();
    assert_eq!(
        message,
        "gzip: expected more data, found the end of the file after 3000 unpacked bytes"
    );
}

#[test]
fn wrong_crc_and_wrong_length_are_errors() {
    let packed = pack(&content());
    for from_end in 1..=8 {
        let mut damaged = packed.clone();
        let at = damaged.len() - from_end;
        damaged[at] ^= 1;
        assert_eq!(
            error(&damaged).to_string(),
            "gzip: expected an intact stream, found after 3000 unpacked bytes: \
             corrupt gzip stream does not have a matching checksum"
        );
    }
}

#[test]
fn every_flipped_byte_of_the_data_is_an_error() {
    let packed = pack(&content());
    for at in 10..packed.len() {
        let mut damaged = packed.clone();
        damaged[at] ^= 0xff;
        assert!(unpack(damaged.as_slice(), LIMIT).is_err(), "{at}");
    }
}

#[test]
fn all_members_are_read() {
    let two = [pack(b"half"), pack(b"wave")].concat();
    assert_eq!(unpack(two.as_slice(), LIMIT).unwrap(), b"halfwave");
    // The second one is checked as the first is.
    assert!(matches!(error(&two[..two.len() - 1]), GzError::Truncated { at: 8 }));
}

#[test]
fn garbage_after_the_end_is_an_error() {
    let packed = pack(b"halfwave");
    for garbage in [&b"x"[..], b"garbage that is longer than a header", &[0; 512], &[0x1f], &MAGIC]
    {
        let error = error(&[&packed, garbage].concat());
        assert!(
            matches!(error, GzError::Damaged { at: 8, .. } | GzError::Truncated { at: 8 }),
            "{garbage:?}: {error}"
        );
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let bomb = pack(&vec![0; 64 * LIMIT]);
    assert!(bomb.len() < LIMIT / 8);
    let error = error(&bomb);
    assert!(matches!(error, GzError::TooLarge { limit: LIMIT }), "{error}");
    // So is one of many small members.
    let members = pack(&[0; 1000]).repeat(2000);
    assert!(matches!(self::error(&members), GzError::TooLarge { .. }));
}

#[test]
fn the_limit_is_exact() {
    let packed = pack(&content());
    assert!(unpack(packed.as_slice(), 3000).is_ok());
    assert!(matches!(unpack(packed.as_slice(), 2999), Err(GzError::TooLarge { limit: 2999 })));
}

#[test]
fn header_fields_are_skipped() {
    let builder = GzBuilder::new()
        .extra(vec![0xab; 65_535])
        .filename("../../../etc/passwd")
        .comment("/absolute");
    assert_eq!(unpack(pack_with(builder, b"data").as_slice(), LIMIT).unwrap(), b"data");
}

#[test]
fn an_endless_header_is_an_error() {
    // FNAME is set and its terminating zero never comes.
    let mut bytes = vec![0x1f, 0x8b, 8, 0x08, 0, 0, 0, 0, 0, 255];
    bytes.resize(1 << 20, b'a');
    assert!(matches!(error(&bytes), GzError::Damaged { at: 0, .. }));
}

#[test]
fn bad_headers_are_errors() {
    for (at, to) in [(0, 0), (1, 0), (2, 7)] {
        let mut packed = pack(b"halfwave");
        packed[at] = to;
        assert!(matches!(error(&packed), GzError::Damaged { at: 0, .. }), "{at}");
    }
    assert!(matches!(error(&[]), GzError::Truncated { at: 0 }));
}

#[test]
fn a_failing_reader_is_no_damage() {
    struct Failing;
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }
    let error = unpack(io::BufReader::new(Failing), LIMIT).unwrap_err();
    assert!(matches!(error, GzError::Io(_)), "{error}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = unpack(bytes.as_slice(), 1000);
        let _ = unpack([&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], bytes.as_slice()].concat().as_slice(), 1000);
    }

    #[test]
    fn what_was_packed_comes_out(bytes: Vec<u8>) {
        prop_assert_eq!(unpack(pack(&bytes).as_slice(), LIMIT).unwrap(), bytes);
    }
}
