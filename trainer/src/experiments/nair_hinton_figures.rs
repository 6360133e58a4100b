//! Figures 1, 2 and 5 of Nair & Hinton, ICML 2010: what an NReLU unit is, what it learns from real images, and
//! how often it is active.

use halfwave_kernels::{
    Kind, Level, forward,
    units::{self, Unit},
};
use serde::Deserialize;

use super::{
    Context, Run,
    sets::{Images, Set, first_found},
};
use crate::{
    Error,
    observe::Recorder,
    rbm::{Activity, Rbm, RbmConfig},
    result::{Figure, Line, Outcome, Row, Stroke},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    sets: Vec<Set>,
    rows: usize,
    rbm: RbmConfig,
    bins: usize,
    activities: Vec<f64>,
    filters: usize,
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        if self.bins == 0 || self.filters == 0 {
            return Err(Error::Usage("bins, filters: expected at least 1".into()));
        }
        let (set, images) = first_found(&self.sets, |set| Images::load(set, self.rows, locator))?;
        let mut outcome = curves(level);
        let mut recorder = Recorder::new(&mut **observer);
        let mut activities = Vec::new();
        for &seed in seeds {
            let mut rbm = Rbm::new(&self.rbm, images.shape.iter().product(), seed)?;
            rbm.fit(level, &images.x, &format!("NReLU RBM, seed {seed}"), &mut recorder)?;
            let activity = rbm.activity(level, &images.x)?;
            if seed == seeds[0] {
                outcome.figures.push(self.histogram(set, &activity));
                for &centre in &self.activities {
                    outcome.figures.push(self.near(centre, set, &images, &rbm, &activity.shares));
                }
            }
            activities.push(activity.shares);
        }
        outcome.rows.extend(self.rows_of(set, &activities));
        outcome.notes.push(self.note(set, &images));
        outcome.figures.push(Figure::Curves {
            name: format!("{}-reconstruction", set.name()),
            title: format!("{}: reconstruction error of the NReLU RBM", set.name()),
            y: "mean squared error of a pixel".into(),
            series: recorder.series("reconstruction_error"),
        });
        Ok(outcome)
    }
}

impl Config {
    fn histogram(&self, set: Set, activity: &Activity) -> Figure {
        let counts = activity.histogram(self.bins);
        Figure::Histogram {
            name: format!("{}-activity", set.name()),
            title: format!("{}: on how many training images is an NReLU active?", set.name()),
            x: "share of the training images".into(),
            y: "hidden units".into(),
            range: (0.0, 1.0),
            counts,
        }
    }

    /// The filters of the units whose activity is nearest to `centre`, by their activity.
    fn near(&self, centre: f64, set: Set, images: &Images, rbm: &Rbm, activity: &[f64]) -> Figure {
        let mut units: Vec<usize> = (0..activity.len()).collect();
        let distance = |unit: usize| (activity[unit] - centre).abs();
        units.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        units.truncate(self.filters);
        units.sort_by(|&a, &b| activity[a].total_cmp(&activity[b]));
        let rows = rbm.weights().chunks_exact(rbm.hidden_units());
        let weights = rows.flat_map(|row| units.iter().map(|&unit| row[unit])).collect();
        let ends = units.first().zip(units.last()).map(|(&a, &b)| (activity[a], activity[b]));
        let (low, high) = ends.unwrap_or_default();
        Figure::Filters {
            name: format!("{}-filters-{:03.0}", set.name(), 100.0 * centre),
            title: format!(
                "{}: filters of the {} units that are active on about {centre} of the images \
                 ({low:.2} to {high:.2}, in this order; mid-grey is 0)",
                set.name(),
                units.len()
            ),
            weights,
            shape: images.shape,
        }
    }

    fn rows_of(&self, set: Set, activities: &[Vec<f64>]) -> Vec<Row> {
        /// Half the width of a part of the histogram.
        const HALF: f64 = 0.1;
        let setting = format!("{}, {} NReLU units, activity", set.name(), self.rbm.hidden_units);
        let share = |holds: &dyn Fn(f64) -> bool| -> Vec<f64> {
            let of = |all: &Vec<f64>| {
                all.iter().filter(|&&share| holds(share)).count() as f64 / all.len() as f64
            };
            activities.iter().map(of).collect()
        };
        let mut rows = Vec::new();
        for &centre in &self.activities {
            let inside = share(&|a| (a - centre).abs() <= HALF);
            let model = format!("active on {centre} ± {HALF} of the images");
            rows.push(Row::percent(&setting, &model, "units", &inside));
        }
        let dead = share(&|a| a == 0.0);
        let always = share(&|a| a == 1.0);
        rows.push(Row::percent(&setting, "never active", "units", &dead));
        rows.push(Row::percent(&setting, "always active", "units", &always));
        rows
    }

    fn note(&self, set: Set, images: &Images) -> String {
        let RbmConfig { hidden_units, learning_rate, epochs, .. } = self.rbm;
        let [rows, columns, colours] = images.shape;
        format!(
            "Figures 2 and 5: {hidden_units} NReLU units by CD-1 on {} images of {} ({rows}x{columns}x{colours}; each \
             of zero mean, then divided by the average deviation of a pixel; Gaussian visible units), {epochs} \
             epochs at {learning_rate}. The paper: 4000 units on 32x32x2 images of jittered-cluttered NORB, 300 \
             epochs at .001. Active is v W + c > 0, without noise.",
            images.x.len() / (rows * columns * colours),
            set.name(),
        )
    }
}

/// The three functions of Figure 1, and the variance, at the same places.
struct Figure1 {
    x: Vec<f32>,
    softplus: Vec<f32>,
    ssu: Vec<f32>,
    nrelu: Vec<f32>,
    ssu_variance: Vec<f32>,
    sigmoid: Vec<f32>,
}

/// Copies that stand for infinitely many: between −8 and 8, the next one adds less than 1e-24.
const COPIES: u32 = 64;

impl Figure1 {
    /// From −8 to 8 in steps of 1/512.
    fn new(level: Level) -> Self {
        let x: Vec<f32> = (-4096_i16..=4096).map(|i| f32::from(i) / 512.0).collect();
        let of = |function: &dyn Fn(&[f32], &mut [f32])| {
            let mut y = vec![0.0; x.len()];
            function(&x, &mut y);
            y
        };
        Self {
            softplus: of(&|x, y| forward(level, Kind::Softplus, x, y)),
            ssu: of(&|x, y| units::mean(level, Unit::Ssu { copies: COPIES }, x, y)),
            nrelu: of(&|x, y| units::mean(level, Unit::Nrelu, x, y)),
            ssu_variance: of(&|x, y| units::ssu_variance(level, COPIES, x, y)),
            sigmoid: of(&|x, y| forward(level, Kind::Sigmoid, x, y)),
            x,
        }
    }

    /// Where |a − b| is largest: x and a − b.
    fn largest(&self, a: &[f32], b: &[f32]) -> (f64, f64) {
        let differences = a.iter().zip(b).map(|(&a, &b)| f64::from(a) - f64::from(b));
        let places = self.x.iter().map(|&x| f64::from(x));
        let largest = places.zip(differences).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        largest.unwrap_or_default()
    }
}

/// max |Σ σ(x − i + ½) − (softplus(x) − softplus(x − N))|, i = 1 … N.
fn error_of_copies(level: Level, at: &Figure1, copies: u32) -> f64 {
    let (mut mean, mut beyond) = (vec![0.0; at.x.len()], at.x.clone());
    units::mean(level, Unit::Ssu { copies }, &at.x, &mut mean);
    beyond.iter_mut().for_each(|x| *x -= copies as f32);
    let moved = beyond.clone();
    forward(level, Kind::Softplus, &moved, &mut beyond);
    let corrected: Vec<f32> = at.softplus.iter().zip(&beyond).map(|(a, b)| a - b).collect();
    at.largest(&mean, &corrected).1.abs()
}

const SOURCE: &str = "computed for this project in double precision, by another program";

/// Softplus, SSU and NReLU means at −1, 0, 1, 2, 3, from [`SOURCE`].
#[expect(clippy::approx_constant, reason = "six digits of ln 2, like the others")]
const KNOWN: [(f32, [f64; 3]); 5] = [
    (-1.0, [0.313_262, 0.305_029, 0.005_325]),
    (0.0, [0.693_147, 0.682_569, 0.282_095]),
    (1.0, [1.313_262, 1.305_029, 1.051_041]),
    (2.0, [2.126_928, 2.122_603, 2.005_570]),
    (3.0, [3.048_587, 3.046_745, 3.000_287]),
];

/// Figure 1: its numbers and its plot.
fn curves(level: Level) -> Outcome {
    let at = Figure1::new(level);
    let setting = "Figure 1, x from −8 to 8";
    let row = |model: &str, metric: &str, value: f64, known: f64| {
        Row::new(setting, model, metric, "", &[value]).beside(known, None, SOURCE)
    };
    let (_, softplus) = at.largest(&at.ssu, &at.softplus);
    let (_, variance) = at.largest(&at.ssu_variance, &at.sigmoid);
    let (place, nrelu) = at.largest(&at.nrelu, &at.softplus);
    let mut rows = vec![
        row("SSU, N = ∞", "max |mean − softplus|", softplus.abs(), 0.010_578),
        row("SSU, N = ∞", "max |variance − σ|", variance.abs(), 0.004_13),
        row("NReLU", "least mean − softplus", nrelu, -0.4187),
        row("NReLU", "where that is", place, -0.208),
    ];
    for (copies, known) in [(1, 0.003_96), (2, 0.007_04), (5, 0.010_31), (10, 0.010_576)] {
        let metric = "max |mean − (softplus(x) − softplus(x − N))|";
        let error = error_of_copies(level, &at, copies);
        rows.push(row(&format!("SSU, N = {copies}"), metric, error, known));
    }
    let mut note = "Figure 1, softplus / SSU mean / NReLU mean:".to_owned();
    for (x, _) in KNOWN {
        if let Some(i) = at.x.iter().position(|&place| place == x) {
            let [a, b, c] = [at.softplus[i], at.ssu[i], at.nrelu[i]];
            note.push_str(&format!(" x = {x}: {a:.6} / {b:.6} / {c:.6};"));
        }
    }
    let note = note.trim_end_matches(';').to_owned() + ".";
    let line = |label: &str, y: &[f32]| {
        let points = at.x.iter().zip(y).step_by(16);
        let inside = points.filter(|&(&x, _)| (-4.0..=4.0).contains(&x));
        Line::new(label, inside.map(|(&x, &y)| (x.into(), y.into())).collect())
    };
    // Drawn last and dark, the dashes are seen on the line that they coincide with.
    let lines = vec![
        Line { colour: Some(5), ..line("softplus, ln(1 + eˣ)", &at.softplus) },
        line("NReLU mean, E max(0, x + N(0, σ(x)))", &at.nrelu),
        Line {
            stroke: Stroke::Dashed,
            colour: Some(6),
            ..line("SSU mean, Σ σ(x − i + ½)", &at.ssu)
        },
    ];
    let figures = vec![Figure::Lines {
        name: "figure-1".into(),
        title: "Figure 1: three means of a unit given its input".into(),
        x: "x = v W + c".into(),
        y: "mean of h".into(),
        logarithmic: false,
        lines,
    }];
    Outcome { rows, notes: vec![note], figures }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_1_has_the_known_numbers() {
        let outcome = curves(Level::best());
        for row in &outcome.rows {
            let known = row.published.as_ref().unwrap().value;
            // As many digits as are known; the place is a step of the grid.
            let tolerance = if row.metric.contains("where") {
                2e-3
            } else {
                5.5e-5_f64.min(known.abs() * 2e-3)
            };
            assert!((row.value - known).abs() < tolerance, "{row:?}");
        }
        let at = Figure1::new(Level::best());
        for (x, known) in KNOWN {
            let i = at.x.iter().position(|&place| place == x).unwrap();
            for (found, known) in [at.softplus[i], at.ssu[i], at.nrelu[i]].into_iter().zip(known) {
                assert!((f64::from(found) - known).abs() < 6e-7, "{x}: {found} {known}");
            }
        }
    }
}
