//! Stereo pairs of toys, as `nair-hinton-norb` has them: NORB where its files are, else synthetic ones.

use halfwave_datasets::norb::CLASSES;

use super::parts::Parts;
use crate::experiments::{
    nair_hinton_norb::sets::{Order, Origin, Set, Sets},
    part::Part,
};

/// Toys to fit on, to choose by, and to measure on.
pub(super) fn parts<'a>(sets: &'a Sets<'_>, part: Part) -> Parts<'a> {
    let of = |set| sets.samples(set, Order::Cameras);
    let measured = of(match part {
        Part::Validation => Set::Validation,
        Part::Test => Set::Test,
    });
    Parts {
        classes: CLASSES.len(),
        class_names: &[],
        fit: of(Set::Fit),
        validation: of(Set::Validation),
        measured,
    }
}

/// What a reader has to know of them.
pub(super) fn note(origin: Origin) -> String {
    let pairs = match origin {
        Origin::Files => "jittered-cluttered NORB",
        Origin::Synthetic => {
            "no NORB was found: synthetic stereo pairs in its place, errors on which are comparable with each other \
             and not with those on NORB"
        }
    };
    format!(
        "Pairs: {pairs}. 2x32x32, each of zero mean, divided by one number, where the paper scales pixels to [-1, 1]; \
         toys of their own for validation, others for each seed; the paper holds out pairs."
    )
}
