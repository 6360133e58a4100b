//! Tables 1 and 2: their rows, what the paper has in them, and the differences of rows.

use halfwave_kernels::units::Unit;

use super::{super::paired, sets::Origin};
use crate::result::Row;

/// A network: its units, its hidden layers, how many of them were RBMs; and its error in the paper, in percent.
pub(super) struct Variant {
    pub(super) unit: Unit,
    pub(super) layers: usize,
    pub(super) pre_trained: usize,
    published: f64,
}

const fn variant(unit: Unit, layers: usize, pre_trained: usize, published: f64) -> Variant {
    Variant { unit, layers, pre_trained, published }
}

/// In the order of Tables 1 and 2.
pub(super) const VARIANTS: [Variant; 10] = [
    variant(Unit::Nrelu, 1, 0, 17.8),
    variant(Unit::Nrelu, 1, 1, 16.5),
    variant(Unit::Bernoulli, 1, 0, 23.0),
    variant(Unit::Bernoulli, 1, 1, 18.7),
    variant(Unit::Nrelu, 2, 0, 17.6),
    variant(Unit::Nrelu, 2, 1, 16.5),
    variant(Unit::Nrelu, 2, 2, 15.2),
    variant(Unit::Bernoulli, 2, 0, 23.6),
    variant(Unit::Bernoulli, 2, 1, 18.8),
    variant(Unit::Bernoulli, 2, 2, 18.8),
];

/// Pairs of [`VARIANTS`] whose difference is asked for.
const DIFFERENCES: [(usize, usize); 8] =
    [(1, 0), (3, 2), (1, 3), (0, 2), (6, 4), (9, 7), (6, 9), (4, 7)];

/// Error of multinomial regression on the pixels, in percent.
const PIXELS: f64 = 49.9;

/// Error of a convolutional network, of other layers than this one, in percent.
const CONVOLUTIONAL: f64 = 7.2;

impl Variant {
    pub(super) fn name(&self) -> String {
        let unit = if self.unit == Unit::Nrelu { "NReLU" } else { "binary" };
        let pre_trained = match (self.layers, self.pre_trained) {
            (_, 0) => "not pre-trained",
            (1, _) => "pre-trained",
            (_, 1) => "layer 1 pre-trained",
            _ => "both pre-trained",
        };
        format!("{unit}, {pre_trained}")
    }
}

/// The rows of both tables and the differences, with what their intervals say, from the errors of each seed: of
/// regression and the convolutional network, and of all [`VARIANTS`].
pub(super) fn table(
    origin: Origin,
    hidden: [usize; 2],
    others: &[Vec<f64>; 2],
    errors: &[Vec<f64>; VARIANTS.len()],
) -> (Vec<Row>, Vec<String>) {
    let set = origin.title();
    let beside = |row: Row, published: f64, what: &str| {
        let source = format!("Nair & Hinton, ICML 2010; {what}");
        origin.beside(row, published, &source)
    };
    let [first, second] = hidden;
    let settings = [
        format!("{set}, one hidden layer of {first} (Table 1)"),
        format!("{set}, hidden layers of {first} and {second} (Table 2)"),
    ];
    let models = [
        ("multinomial regression on pixels", PIXELS, "as quoted there"),
        ("small convolutional network", CONVOLUTIONAL, "Bengio & LeCun 2007, another network"),
    ];
    let mut rows: Vec<Row> = others
        .iter()
        .zip(models)
        .map(|(errors, (model, published, of))| {
            let row = Row::percent(set, model, "test error", errors);
            beside(row, published, &format!("{of} [from memory, unverified]"))
        })
        .collect();
    rows.extend(VARIANTS.iter().zip(errors).map(|(variant, errors)| {
        let setting = &settings[variant.layers - 1];
        let row = Row::percent(setting, &variant.name(), "test error", errors);
        let sizes = if variant.layers == 1 { "4000 units" } else { "layers of 4000 and 2000" };
        // Of two layers only the row of two that are pre-trained is from the notes.
        let sure = variant.layers == 1 || variant.pre_trained == 2;
        let how = if sure { "" } else { " [from memory, unverified]" };
        beside(row, variant.published, &format!("{sizes}{how}"))
    }));
    let mut notes = Vec::new();
    for (a, b) in DIFFERENCES {
        let setting = format!("{}, differences", settings[VARIANTS[a].layers - 1]);
        let model = format!("{} - {}", VARIANTS[a].name(), VARIANTS[b].name());
        let points = [a, b].map(|i| errors[i].iter().map(|e| 100.0 * e).collect::<Vec<f64>>());
        let values = [&points[0][..], &points[1]];
        let (row, note) = paired::difference(&setting, &model, "test error", "points", values);
        rows.push(row);
        notes.extend(note);
    }
    (rows, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_are_whole() {
        let errors: [Vec<f64>; VARIANTS.len()] =
            std::array::from_fn(|i| vec![0.2 + 0.001 * i as f64, 0.21 + 0.002 * i as f64]);
        let (rows, notes) =
            table(Origin::Synthetic, [4000, 2000], &[vec![0.6, 0.7], vec![0.1; 2]], &errors);
        assert_eq!((rows.len(), notes.len()), (2 + 10 + 8, 8));
        let published: Vec<f64> =
            rows.iter().flat_map(|row| &row.published).map(|p| p.value).collect();
        assert_eq!(
            published,
            [49.9, 7.2, 17.8, 16.5, 23.0, 18.7, 17.6, 16.5, 15.2, 23.6, 18.8, 18.8]
        );
        assert_eq!(rows[8].model, "NReLU, both pre-trained");
        assert!((rows[0].value - 65.0).abs() < 1e-9);
    }
}
