//! Files of models and checkpoints whose headers lie are refused, whatever the numbers in them.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_kernels::{Kind, units::Unit};
use halfwave_trainer::{
    checkpoint::fuzz::{rewritten, sealed},
    network::{Head, MlpConfig, Network},
    optim::{Optimiser, Schedule},
    rbm::{Rbm, RbmConfig, Visible},
};

/// Whether the bytes are taken.
type Taken = fn(&[u8]) -> bool;

fn files() -> [(&'static str, Vec<u8>, Taken); 3] {
    let rbm = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 2);
    let mlp = MlpConfig {
        sizes: vec![3, 2, 2],
        activation: Kind::Relu,
        dropout: 0.0,
        head: Head::Softmax,
        optimiser: Optimiser::adam(),
        schedule: Schedule::Constant,
        batch: 2,
        epochs: 1,
    };
    let rbm = Rbm::new(&rbm, 3, 1).unwrap().to_bytes().unwrap();
    let mlp = Network::mlp(&mlp, 1).unwrap().to_bytes().unwrap();
    let checkpoint = sealed(include_bytes!("../../fuzz/seeds/checkpoint/epoch")).unwrap();
    [
        ("RBM", rbm, |bytes| Rbm::from_bytes(bytes, 1).is_ok()),
        ("network", mlp, |bytes| Network::from_bytes(bytes, 1).is_ok()),
        ("checkpoint", checkpoint, |bytes| rewritten(bytes).0),
    ]
}

/// The header, as text, and the numbers.
fn parts(bytes: &[u8]) -> (&str, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let (header, numbers) = bytes[8..].split_at(usize::try_from(length).unwrap());
    (std::str::from_utf8(header).unwrap(), numbers)
}

fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
}

#[test]
fn headers_that_lie_are_refused() {
    for (what, bytes, taken) in files() {
        let (header, numbers) = parts(&bytes);
        let header = header.trim_end();
        assert!(taken(&file(header, numbers)), "{what}");
        for length in [0, 7, 1 << 63, u64::MAX] {
            let lie = [&u64::to_le_bytes(length), &bytes[8..]].concat();
            assert!(!taken(&lie), "{what}: a header of {length} bytes");
        }

        // The last tensor: `"name":{"dtype":…,"shape":[…],"data_offsets":[start,end]}`, and a brace.
        let (before, last) = header.split_at(header.rfind("},\"").unwrap() + 1);
        let last = last.strip_prefix(',').unwrap().strip_suffix('}').unwrap();
        let between = |from: &str| {
            let (_, rest) = last.split_once(from).unwrap();
            rest.split_once(']').unwrap().0
        };
        let (shape, offsets) = (between("\"shape\":["), between("\"data_offsets\":["));
        let (start, end) = offsets.split_once(',').unwrap();
        let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
        assert!(start > 0 && end == numbers.len(), "{what}: {last}");
        let at = |start: usize, end: usize| last.replace(offsets, &format!("{start},{end}"));
        let shaped = |shape_: &str| last.replace(&format!("[{shape}]"), &format!("[{shape_}]"));
        let length = end - start;
        let longer = [numbers, &numbers[start..]].concat();
        for (lie, header, numbers) in [
            ("overlaps", format!("{before},{}}}", at(0, length)), numbers),
            ("overlaps, of fewer", format!("{before},{}}}", at(0, length)), &numbers[..start]),
            ("ends before it starts", format!("{before},{}}}", at(end, start)), numbers),
            ("ends too late", format!("{before},{}}}", at(start, usize::MAX)), numbers),
            ("2^64 elements", format!("{before},{}}}", shaped("4294967296,4294967296")), numbers),
            ("2^64 bytes", format!("{before},{}}}", shaped("4611686018427387904")), numbers),
            ("missing", format!("{before}}}"), &numbers[..start]),
            ("twice", format!("{before},{last},{}}}", at(end, end + length)), &longer),
            ("twice, turned", format!("{before},{},{last}}}", at(end, end + length)), &longer),
        ] {
            assert!(!taken(&file(&header, numbers)), "{what}: a tensor {lie}");
        }
    }
}

#[test]
fn a_checkpoint_of_a_later_version_is_refused() {
    let [.., (_, bytes, taken)] = files();
    let (header, numbers) = parts(&bytes);
    let later = header.replace(r#"\"version\":1"#, r#"\"version\":2"#);
    assert_ne!(later, header);
    assert!(!taken(&file(&later, numbers)));
}
