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
    ("forward relu6", 0x49513f30574f6ca5),
    ("forward_in_place relu6", 0x6ac90fd4895fb1a5),
    ("backward relu6", 0xe0017a270cac5e95),
    ("backward_in_place relu6", 0x12d21f18b66e9af5),
    ("forward leaky_relu", 0x3a4f18f81a133cef),
    ("forward_in_place leaky_relu", 0x5bc6e99c4c2381ef),
    ("backward leaky_relu", 0xff330d79e1f3c0f0),
    ("backward_in_place leaky_relu", 0xcc59c9ee3ad671d0),
    ("forward abs", 0xb017413e85fbb825),
    ("forward_in_place abs", 0xd18f11e2b80bfd25),
    ("backward abs", 0x34c9e7e54ebd7ce5),
    ("backward_in_place abs", 0xe2a73832cbee4545),
    ("forward elu", 0x9366621c6b31d517),
    ("forward_in_place elu", 0xb4de32c09d421a17),
    ("backward elu", 0xdec9984f2fa9dd5b),
    ("backward_in_place elu", 0x7a8a19e3f6050b3b),
    ("forward selu", 0x53071c6b3a3f4099),
    ("forward_in_place selu", 0x747eed0f6c4f8599),
    ("backward selu", 0xd4bc166aaf2c4e82),
    ("backward_in_place selu", 0x89acda915a0d88e2),
    ("forward celu", 0x9366621c6b31d517),
    ("forward_in_place celu", 0xb4de32c09d421a17),
    ("backward celu", 0xdec9984f2fa9dd5b),
    ("backward_in_place celu", 0x7a8a19e3f6050b3b),
    ("forward gelu", 0xa809c18b7818ce5c),
    ("forward_in_place gelu", 0xc981922faa29135c),
    ("backward gelu", 0x6d6678fbce6bacb1),
    ("backward_in_place gelu", 0xc2c0cb759e982e11),
    ("forward gelu_tanh", 0x663619d566fcf8b1),
    ("forward_in_place gelu_tanh", 0x87adea79990d3db1),
    ("backward gelu_tanh", 0x9494c791bd6d870e),
    ("backward_in_place gelu_tanh", 0x2a8337455097ca6e),
    ("forward gelu_quick", 0xe63e541c71467c69),
    ("forward_in_place gelu_quick", 0x07b624c0a356c169),
    ("backward gelu_quick", 0xc2296e19b0570a3b),
    ("backward_in_place gelu_quick", 0xd825e3a3f2464d9b),
    ("forward silu", 0xd7862ec80ffd4f72),
    ("forward_in_place silu", 0xf8fdff6c420d9472),
    ("backward silu", 0x06fbc7db1de116bb),
    ("backward_in_place silu", 0x38a09507cca602db),
    ("forward mish", 0xba68d2f414ca47f1),
    ("forward_in_place mish", 0xdbe0a39846da8cf1),
    ("backward mish", 0x02ef4a2cfe40dbca),
    ("backward_in_place mish", 0xeecfa57642913f6a),
    ("forward hard_swish", 0x6757adc1762319ae),
    ("forward_in_place hard_swish", 0x88cf7e65a8335eae),
    ("backward hard_swish", 0xcb8cc3aed7340ce5),
    ("backward_in_place hard_swish", 0x9270aa130eef1b45),
    ("forward softplus", 0xd06adaa64091d76b),
    ("forward_in_place softplus", 0xf1e2ab4a72a21c6b),
    ("backward softplus", 0x9d1dc02cc6096cd2),
    ("backward_in_place softplus", 0xecd74d80ba1e4032),
    ("forward rescaled_softplus", 0x750eeccb33eddc55),
    ("forward_in_place rescaled_softplus", 0x9686bd6f65fe2155),
    ("backward rescaled_softplus", 0x92698ef7cc98b96a),
    ("backward_in_place rescaled_softplus", 0x109b963934b6454a),
    ("forward sigmoid", 0xe9dc91528bb5d8ab),
    ("forward_in_place sigmoid", 0x0b5461f6bdc61dab),
    ("backward sigmoid", 0x0523e12de8a86a87),
    ("backward_in_place sigmoid", 0xeaf31c15a3962327),
    ("forward hard_sigmoid", 0xee2b8739e4baeab6),
    ("forward_in_place hard_sigmoid", 0x0fa357de16cb2fb6),
    ("backward hard_sigmoid", 0xdbaa05382226c311),
    ("backward_in_place hard_sigmoid", 0xe940d95ddb00fcf1),
    ("forward tanh", 0x9e3e9aaabe300c1a),
    ("forward_in_place tanh", 0xbfb66b4ef040511a),
    ("backward tanh", 0x4b66c10e518b1867),
    ("backward_in_place tanh", 0xa3eeec34fb311407),
    ("forward tanh_relu", 0x2c8387b285f4886d),
    ("forward_in_place tanh_relu", 0x4dfb5856b804cd6d),
    ("backward tanh_relu", 0xaf90b0b904dc02f6),
    ("backward_in_place tanh_relu", 0x2e15c30d26df7356),
    ("forward softsign", 0x7ee7587f94ebb52b),
    ("forward_in_place softsign", 0xa05f2923c6fbfa2b),
    ("backward softsign", 0x2c711785e5602b51),
    ("backward_in_place softsign", 0xae274b550e915b31),
    ("forward lif", 0x8f8e8a78a8c528c9),
    ("forward_in_place lif", 0xb1065b1cdad56dc9),
    ("backward lif", 0x4a9f85398f7d819f),
    ("backward_in_place lif", 0xe9abf6f283b01c3f),
    ("forward exp", 0xea8ff5a326344d53),
    ("forward_in_place exp", 0x0c07c64758449253),
    ("backward exp", 0xd8fc96c39183a025),
    ("backward_in_place exp", 0x45fe07fec1b93bc5),
    ("forward log1p", 0xdd0f7f8049fe5f4f),
    ("forward_in_place log1p", 0xfe8750247c0ea44f),
    ("backward log1p", 0xf02c549b1160f1b7),
    ("backward_in_place log1p", 0x518c2394f673ad57),
    ("forward erf", 0xe009033d243c8d65),
    ("forward_in_place erf", 0x0180d3e1564cd265),
    ("backward erf", 0x562418e4b1062747),
    ("backward_in_place erf", 0x41193d3dbee58367),
    ("crelu", 0x41dde1c8671e6844),
    ("crelu_backward", 0xa380cc03e3818caf),
    ("sample bernoulli", 0x9b880e2b532a2aa5),
    ("sample_in_place bernoulli", 0xbcffdecf853a6fa5),
    ("sample gaussian", 0x76b7a911749c89ba),
    ("sample_in_place gaussian", 0x982f79b5a6acceba),
    ("sample nrelu", 0x64dacaeadbaf815a),
    ("sample_in_place nrelu", 0x86529b8f0dbfc65a),
    ("uniform", 0x7ed80a29d68169de),
    ("normal", 0x0df7a464f4c42a2a),
    ("bits", 0x44b55fcd9b055911),
    ("softmax_in_place of any numbers", 0xb465ce03b2cb2968),
    ("softmax_cross_entropy of any numbers", 0xbb511d8c2447df6a),
    ("normalised_relu_cross_entropy of any numbers", 0x9a0044e8882c9e33),
    ("column_sums of any numbers", 0x35b4ad708377916f),
    ("softmax_in_place of moderate numbers", 0xbc610b105af848ce),
    ("softmax_cross_entropy of moderate numbers", 0x9c0b8ee867a0aadd),
    ("normalised_relu_cross_entropy of moderate numbers", 0x66a1eb60e2af0363),
    ("column_sums of moderate numbers", 0xa059877962dfb02c),
    ("momentum", 0x3331008ba4740959),
    ("adam", 0xa315b42fc0928f30),
];
