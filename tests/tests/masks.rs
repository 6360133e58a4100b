//! ReLU through a 1-bit mask has the bits of ReLU through its input or output.

use halfwave_kernels::{Kind, Level, backward, forward, masks};
use halfwave_tests::{compare::assert_same_bits, inputs::spiked};

#[test]
fn forward_and_backward_have_the_bits_of_relu_on_every_level() {
    for level in Level::available_or_required().unwrap() {
        for n in (0..=67).chain([1000]) {
            for offset in 0..4 {
                let (x, dy) = (spiked(n + 4, n as u64), spiked(n + 4, 77));
                let (x, dy) = (&x[offset..offset + n], &dy[offset..offset + n]);
                let (mut y, mut dx) = (vec![0.0; n], vec![0.0; n]);
                forward(level, Kind::Relu, x, &mut y);
                backward(level, Kind::Relu, x, dy, &mut dx);

                let (mut mask, mut in_place) = (vec![0xffff; masks::words(n)], x.to_vec());
                let (mut y_masked, mut dx_masked) = (vec![0.0; n], vec![0.0; n]);
                masks::relu_forward(level, x, &mut y_masked, &mut mask);
                assert_same_bits(|| format!("forward on {level}, {n}"), &y_masked, &y);
                for i in 0..16 * mask.len() {
                    let expected = i < n && !matches!(x[i].partial_cmp(&0.0), Some(o) if o.is_le());
                    assert_eq!(
                        mask[i / 16] >> (i % 16) & 1 == 1,
                        expected,
                        "{level}, bit {i} of {n}"
                    );
                }
                masks::relu_backward(level, &mask, dy, &mut dx_masked);
                assert_same_bits(|| format!("backward on {level}, {n}"), &dx_masked, &dx);

                let mut mask_in_place = vec![0; masks::words(n)];
                masks::relu_forward_in_place(level, &mut in_place, &mut mask_in_place);
                assert_same_bits(|| format!("forward in place on {level}, {n}"), &in_place, &y);
                assert_eq!(mask_in_place, mask);
                let mut dy_in_place = dy.to_vec();
                masks::relu_backward_in_place(level, &mask, &mut dy_in_place);
                assert_same_bits(
                    || format!("backward in place on {level}, {n}"),
                    &dy_in_place,
                    &dx,
                );
            }
        }
    }
}

#[test]
fn a_mask_is_a_thirty_second_of_its_input() {
    assert_eq!(masks::words(1 << 20) * size_of::<u16>() * 32, (1 << 20) * size_of::<f32>());
}

#[test]
#[should_panic(expected = "`mask` has 2 elements, `words of x` has 3")]
fn the_mask_must_have_its_length() {
    masks::relu_forward(Level::best(), &[0.0; 33], &mut [0.0; 33], &mut [0; 2]);
}
