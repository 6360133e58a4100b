//! The bits of every function, pinned: a hash of its results on 2¹⁶ inputs out of all bit patterns, the
//! same on every level, machine and architecture.
//!
//! A change here is a change of the numbers that users get. If it is wanted, run
//! `HALFWAVE_GOLDEN=print cargo test --release -p halfwave-tests --test golden -- --nocapture`
//! and put the table that it prints in place of this file's.

use halfwave_tests::{
    cases::{self, Case},
    compare::{bits, fused_levels},
    inputs,
};

/// FNV-1a over the bits of all arrays, with one NaN for all.
fn hash(arrays: &[Vec<f32>]) -> u64 {
    arrays
        .iter()
        .flatten()
        .flat_map(|&x| bits(x).to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

fn arrays(case: &Case) -> Vec<Vec<f32>> {
    case.pattern_arrays(&inputs::every(65_537))
}

#[test]
fn every_function_has_its_bits() {
    let print = std::env::var_os("HALFWAVE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases::all() {
        let arrays = arrays(&case);
        for level in fused_levels() {
            let found = hash(&case.result(level, &arrays));
            if print && level.name() == "scalar" {
                println!("    (\"{}\", {found:#018x}),", case.name);
            }
            let golden = GOLDEN.iter().find(|(name, _)| *name == case.name);
            if golden.map(|&(_, hash)| hash) != Some(found) {
                wrong.push(format!("{} on {level}: {found:#018x}", case.name));
            }
        }
    }
    let unused = GOLDEN.iter().filter(|(name, _)| cases::all().iter().all(|c| c.name != *name));
    wrong.extend(unused.map(|(name, _)| format!("{name}: no such function any more")));
    assert!(
        print || wrong.is_empty(),
        "not the recorded bits (this file's first lines say how to record new ones):\n{}",
        wrong.join("\n")
    );
}

#[rustfmt::skip]
const GOLDEN: &[(&str, u64)] = &[
    ("forward identity", 0x0af24f7470019925),
    ("forward_in_place identity", 0x2c6a2018a211de25),
    ("backward identity", 0x36d650fedfbd69e5),
    ("backward_in_place identity", 0xf50c335ea76bd845),
    ("forward relu", 0x8acc2fc777de6625),
    ("forward_in_place relu", 0xac44006ba9eeab25),
    ("backward relu", 0xf90120f7cbb12ad5),
    ("backward_in_place relu", 0x29f639df96453e35),
    ("forward leaky_relu", 0x3a4f18f81a133cef),
    ("forward_in_place leaky_relu", 0x5bc6e99c4c2381ef),
    ("backward leaky_relu", 0xff330d79e1f3c0f0),
    ("backward_in_place leaky_relu", 0xcc59c9ee3ad671d0),
    ("forward sigmoid", 0x1cabf9cb34afef14),
    ("forward_in_place sigmoid", 0x3e23ca6f66c03414),
    ("backward sigmoid", 0x8549098888feaec2),
    ("backward_in_place sigmoid", 0x72652239b8af01e2),
    ("forward tanh", 0xd1b98798fee5ba0a),
    ("forward_in_place tanh", 0xf331583d30f5ff0a),
    ("backward tanh", 0x4b66c10e518b1867),
    ("backward_in_place tanh", 0xa3eeec34fb311407),
    ("forward softplus", 0x687ab0ad554bb05c),
    ("forward_in_place softplus", 0x89f28151875bf55c),
    ("backward softplus", 0xf9f21595bf09e1b5),
    ("backward_in_place softplus", 0x48f142b45640c595),
    ("forward exp", 0xea5ecc8c677d16e1),
    ("forward_in_place exp", 0x0bd69d30998d5be1),
    ("backward exp", 0xd8fc96c39183a025),
    ("backward_in_place exp", 0x45fe07fec1b93bc5),
    ("forward log1p", 0xdd0f7f8049fe5f4f),
    ("forward_in_place log1p", 0xfe8750247c0ea44f),
    ("backward log1p", 0xf02c549b1160f1b7),
    ("backward_in_place log1p", 0x518c2394f673ad57),
    ("sample bernoulli", 0x9b880e2b532a2aa5),
    ("sample_in_place bernoulli", 0xbcffdecf853a6fa5),
    ("sample gaussian", 0x76b7a911749c89ba),
    ("sample_in_place gaussian", 0x982f79b5a6acceba),
    ("sample nrelu", 0x90ce97d2b19370ac),
    ("sample_in_place nrelu", 0xb2466876e3a3b5ac),
    ("uniform", 0x7ed80a29d68169de),
    ("normal", 0x0df7a464f4c42a2a),
    ("bits", 0x44b55fcd9b055911),
    ("softmax_in_place of any numbers", 0xb465ce03b2cb2968),
    ("softmax_cross_entropy of any numbers", 0xbb511d8c2447df6a),
    ("normalised_relu_cross_entropy of any numbers", 0x9a0044e8882c9e33),
    ("column_sums of any numbers", 0x35b4ad708377916f),
    ("softmax_in_place of moderate numbers", 0x5282ec03c28ffec6),
    ("softmax_cross_entropy of moderate numbers", 0xcee2a902baaaf779),
    ("normalised_relu_cross_entropy of moderate numbers", 0x66a1eb60e2af0363),
    ("column_sums of moderate numbers", 0xa059877962dfb02c),
    ("momentum", 0x3331008ba4740959),
    ("adam", 0xa315b42fc0928f30),
];
