//! Use and evaluation of a network in a file.

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::{Path, PathBuf},
};

use halfwave_datasets::csv::Column;
use halfwave_kernels::Level;

use super::{
    labels::{self, Labels},
    model::{Classifier, Model},
    source::Source,
};
use crate::{
    Error,
    metrics::{Confusion, Scores, calibration_error, expected_value_rmse},
    network::Head,
    npy::{self, Array},
    output,
    samples::Samples,
};

/// Intervals of the calibration error: those of Guo et al. (arXiv:1706.04599).
const BINS: usize = 15;

/// Most classes whose confusion is shown.
const SHOWN: usize = 20;

/// What `halfwave predict` does.
#[derive(Clone, Debug)]
pub struct PredictJob {
    /// The network.
    pub model: PathBuf,
    /// The data.
    pub data: PathBuf,
    /// A column of theirs that is left out, as it has labels.
    pub label_column: Option<Column>,
    /// A `.npy` or `.csv` file.
    pub out: PathBuf,
    /// Whether it has the probabilities of all classes, f32 `[rows, classes]`, in place of the class of each row, i64
    /// `[rows]` or, as CSV, its label.
    pub probabilities: bool,
    /// Instruction set.
    pub level: Level,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// Writes the class of each row: the number that was its label, or the place of its name, from 0. Or the
/// probabilities of all classes. As CSV, labels as they were, below `class`, or probabilities below the labels. Returns the
/// shape and the names of the classes, in their order.
///
/// # Errors
/// Files that cannot be read or do not fit; output that cannot be written.
pub fn predict(job: &PredictJob) -> Result<(Vec<usize>, Vec<String>), Error> {
    output::check_output(&job.out, job.force, [&job.model, &job.data])?;
    let ending = output::ending(&job.out, &[".npy", ".csv"])?;
    let model = Model::<Classifier>::load(&job.model)?;
    let (source, _) = Source::with_labels(&job.data, model.place(), job.label_column.as_ref())?;
    let data = model.part(&job.data, source)?;
    let Classifier { network, classes } = model.of;
    let rows = data.count();
    let write = |content: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        output::write_file(&job.out, job.force, content)
    };
    let shape = if job.probabilities {
        let p = network.probabilities(job.level, data.rows());
        data.rows().readable()?;
        let array = Array { shape: vec![rows, classes.len()], data: p };
        if ending == ".csv" {
            let lines = array.data.chunks(classes.len());
            let lines = || lines.clone().map(|p| p.iter().map(ToString::to_string).collect());
            write(&|out| csv(out, classes.clone(), lines()))?;
        } else {
            write(&|out| npy::write(&array, out))?;
        }
        array.shape
    } else {
        let places = || (0..).take(classes.len()).collect();
        let names: Vec<i64> = labels::numbers(&classes).unwrap_or_else(places);
        let predicted = network.predict(job.level, data.rows());
        data.rows().readable()?;
        if ending == ".csv" {
            let lines = || predicted.iter().map(|&class| vec![classes[class as usize].clone()]);
            write(&|out| csv(out, vec!["class".into()], lines()))?;
        } else {
            let data = predicted.iter().map(|&class| names[class as usize]).collect();
            let array = Array { shape: vec![rows], data };
            write(&|out| npy::write(&array, out))?;
        }
        vec![rows]
    };
    Ok((shape, classes))
}

/// A table with a header.
fn csv(
    out: &mut dyn Write,
    header: Vec<String>,
    lines: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    std::iter::once(header).chain(lines).try_for_each(|line| table.write_record(line))?;
    table.flush()
}

/// Loss, accuracy, calibration, the scores of each class and the confusion: lines for a terminal.
pub(super) fn evaluate(
    model: &Model<Classifier>,
    data: &Path,
    labels: &Labels,
    level: Level,
) -> Result<String, Error> {
    let (source, of_column) = Source::with_labels(data, model.place(), labels.column())?;
    let part = model.part(data, source)?;
    let Classifier { network, classes } = &model.of;
    let rows = part.count();
    let names = labels.read(of_column, data, rows)?;
    let indices = labels::indices(&names, classes);
    let indices = indices.map_err(|problem| labels.error(data, rows, problem))?;
    let set = Samples { rows: part.rows(), width: part.width(), labels: &indices };
    let evaluation = network.evaluate(level, set)?;
    let probabilities = network.probabilities(level, set.rows);
    set.rows.readable()?;
    let error = calibration_error(&probabilities, set.labels, classes.len(), BINS);
    let confusion = &evaluation.confusion;
    let mut text = format!(
        "network               {} inputs, {} classes, {} parameters\nrows                  {rows}\n\
         loss                  {:.6} (mean {} of a row)\naccuracy              {:.2} %\n\
         calibration error     {:.2} % ({BINS} bins)\n",
        network.inputs(),
        classes.len(),
        network.summary().parameters(),
        evaluation.loss,
        network.config().head.loss_name(),
        100.0 * confusion.accuracy(),
        100.0 * error
    );
    // Of classes that are numbers, such as stars, their mean under the softmax is a prediction, too.
    let values: Option<Vec<f64>> = classes.iter().map(|name| number(name)).collect();
    if let Some(values) = values.filter(|_| network.config().head == Head::Softmax) {
        let truth: Vec<f64> = indices.iter().map(|&class| values[class as usize]).collect();
        let error = expected_value_rmse(&probabilities, &values, &truth);
        let _ = writeln!(
            text,
            "expected value        {error:.6} off (root mean square; the classes are numbers)"
        );
    }
    let widest = classes.iter().map(|name| name.chars().count()).max().unwrap_or_default().max(13);
    let _ = writeln!(text, "\n{:<widest$}  precision %  recall %    F1 %  support", "class");
    let mut line = |name: &str, Scores { precision, recall, f1, support }: Scores| {
        let [precision, recall, f1] = [precision, recall, f1].map(|share| 100.0 * share);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "{name:<widest$}  {precision:>11.2}  {recall:>8.2}  {f1:>6.2}  {support:>7}"
        );
    };
    for (k, name) in classes.iter().enumerate() {
        line(name, confusion.class(k));
    }
    line("weighted mean", confusion.weighted());
    text.push_str(&matrix(confusion, classes, widest));
    Ok(text)
}

fn number(name: &str) -> Option<f64> {
    name.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The confusion, or that it is too large.
fn matrix(confusion: &Confusion, classes: &[String], widest: usize) -> String {
    let n = classes.len();
    if n > SHOWN {
        return format!("\nconfusion: that of more than {SHOWN} classes is not shown\n");
    }
    let largest = confusion.counts().iter().map(|count| count.to_string().len()).max();
    let names = classes.iter().map(|name| name.chars().count()).max();
    let width = largest.max(names).unwrap_or(1);
    let mut text = format!("\n{:<widest$}", "true\\predicted");
    let _ = classes.iter().try_for_each(|name| write!(text, "  {name:>width$}"));
    text.push('\n');
    for (name, counts) in classes.iter().zip(confusion.counts().chunks_exact(n)) {
        let _ = write!(text, "{name:<widest$}");
        let _ = counts.iter().try_for_each(|count| write!(text, "  {count:>width$}"));
        text.push('\n');
    }
    text
}
