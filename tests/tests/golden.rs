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
    ("forward elu", 0x29c5c82f37d01e2c),
    ("forward_in_place elu", 0x4b3d98d369e0632c),
    ("backward elu", 0xdec9984f2fa9dd5b),
    ("backward_in_place elu", 0x7a8a19e3f6050b3b),
    ("forward selu", 0xaa3b8edab5be750f),
    ("forward_in_place selu", 0xcbb35f7ee7ceba0f),
    ("backward selu", 0xd4bc166aaf2c4e82),
    ("backward_in_place selu", 0x89acda915a0d88e2),
    ("forward celu", 0x29c5c82f37d01e2c),
    ("forward_in_place celu", 0x4b3d98d369e0632c),
    ("backward celu", 0xdec9984f2fa9dd5b),
    ("backward_in_place celu", 0x7a8a19e3f6050b3b),
    ("forward gelu", 0x4d24cf0fd9ab6a21),
    ("forward_in_place gelu", 0x6e9c9fb40bbbaf21),
    ("backward gelu", 0x6631ac33252ba402),
    ("backward_in_place gelu", 0xe55e432d423ab0e2),
    ("forward gelu_tanh", 0xc693aabb4dffc538),
    ("forward_in_place gelu_tanh", 0xe80b7b5f80100a38),
    ("backward gelu_tanh", 0xad2d003a42b88bf5),
    ("backward_in_place gelu_tanh", 0xd3fbda94082d71d5),
    ("forward gelu_quick", 0xae1096310d81689c),
    ("forward_in_place gelu_quick", 0xcf8866d53f91ad9c),
    ("backward gelu_quick", 0x1bc5bc1a28a8ff14),
    ("backward_in_place gelu_quick", 0x144ef74bc69aabb4),
    ("forward silu", 0x23a9d99218d88b85),
    ("forward_in_place silu", 0x4521aa364ae8d085),
    ("backward silu", 0x09a10e7f40830969),
    ("backward_in_place silu", 0x83152cc127bf3809),
    ("forward mish", 0xec28c7c1ac44ead6),
    ("forward_in_place mish", 0x0da09865de552fd6),
    ("backward mish", 0x6f64ba56afd2cdf3),
    ("backward_in_place mish", 0x87ce8fe669bbf7d3),
    ("forward hard_swish", 0x6757adc1762319ae),
    ("forward_in_place hard_swish", 0x88cf7e65a8335eae),
    ("backward hard_swish", 0xcb8cc3aed7340ce5),
    ("backward_in_place hard_swish", 0x9270aa130eef1b45),
    ("forward softplus", 0x0226043f5e363f1e),
    ("forward_in_place softplus", 0x239dd4e39046841e),
    ("backward softplus", 0x5ef048697e7938b5),
    ("backward_in_place softplus", 0x68445aedcb911ad5),
    ("forward rescaled_softplus", 0xc15982337e4724a5),
    ("forward_in_place rescaled_softplus", 0xe2d152d7b05769a5),
    ("backward rescaled_softplus", 0x319a1123b352a6df),
    ("backward_in_place rescaled_softplus", 0x2161837a5c66e8ff),
    ("forward sigmoid", 0xafad65ae2817f67e),
    ("forward_in_place sigmoid", 0xd12536525a283b7e),
    ("backward sigmoid", 0x0523e12de8a86a87),
    ("backward_in_place sigmoid", 0xeaf31c15a3962327),
    ("forward hard_sigmoid", 0xee2b8739e4baeab6),
    ("forward_in_place hard_sigmoid", 0x0fa357de16cb2fb6),
    ("backward hard_sigmoid", 0xdbaa05382226c311),
    ("backward_in_place hard_sigmoid", 0xe940d95ddb00fcf1),
    ("forward tanh", 0x48731e8f044efe55),
    ("forward_in_place tanh", 0x69eaef33365f4355),
    ("backward tanh", 0x4b66c10e518b1867),
    ("backward_in_place tanh", 0xa3eeec34fb311407),
    ("forward tanh_relu", 0x5f81c18f69dbfdd3),
    ("forward_in_place tanh_relu", 0x80f992339bec42d3),
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
    ("forward exp", 0x5e0192b7c4f90409),
    ("forward_in_place exp", 0x7f79635bf7094909),
    ("backward exp", 0xd8fc96c39183a025),
    ("backward_in_place exp", 0x45fe07fec1b93bc5),
    ("forward log1p", 0xdd0f7f8049fe5f4f),
    ("forward_in_place log1p", 0xfe8750247c0ea44f),
    ("backward log1p", 0xf02c549b1160f1b7),
    ("backward_in_place log1p", 0x518c2394f673ad57),
    ("forward erf", 0xe009033d243c8d65),
    ("forward_in_place erf", 0x0180d3e1564cd265),
    ("backward erf", 0x2ee1b4c28e20061c),
    ("backward_in_place erf", 0x89cdcea37f618bfc),
    ("crelu", 0x41dde1c8671e6844),
    ("crelu_backward", 0xa380cc03e3818caf),
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
    ("softmax_in_place of moderate numbers", 0xd8fcb4fd515aa0c9),
    ("softmax_cross_entropy of moderate numbers", 0xb76f66a0bdf15cf6),
    ("normalised_relu_cross_entropy of moderate numbers", 0x66a1eb60e2af0363),
    ("column_sums of moderate numbers", 0xa059877962dfb02c),
    ("momentum", 0x3331008ba4740959),
    ("adam", 0xa315b42fc0928f30),
];
