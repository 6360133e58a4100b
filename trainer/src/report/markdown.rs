//! `report.md`.

use std::fmt::Write as _;

use super::{Sources, number};
use crate::result::{Figure, Layer, Report, Row, Timing};

/// The report of a run, with its figures beside it in the same directory.
#[must_use]
pub fn markdown(report: &Report, figures: &[Figure]) -> String {
    let Report { experiment, summary, configuration, seeds, .. } = report;
    let Report { date, machine, versions, level, threads, seconds, peak_memory, data, .. } = report;
    let mut text = format!("# {experiment}\n\n{summary}\n\n## Results\n\n");
    text.push_str("Mean ± population standard deviation over n runs (folds times seeds).\n");
    let sources = Sources::of(&report.rows);
    for (i, row) in report.rows.iter().enumerate() {
        if i == 0 || report.rows[i - 1].setting != row.setting {
            text.push_str(&head(&row.setting));
        }
        text.push_str(&line(row, &sources));
    }
    text.push('\n');
    for (i, source) in sources.iter() {
        text.push_str(&format!("[{i}] {source}.\n\n"));
    }
    if !report.notes.is_empty() {
        text.push_str("## Protocol, and what differs from the published one\n\n");
        for note in &report.notes {
            text.push_str(&format!("* {note}\n"));
        }
    }
    if !figures.is_empty() {
        text.push_str("\n## Figures\n\n");
        for figure in figures {
            let (title, file) = (figure.title(), figure.file());
            text.push_str(&format!("![{title}]({file})\n\n{title}\n\n"));
        }
    }
    text.push_str(&layers(report));
    text.push_str(&models(report));
    text.push_str(&time(report));
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    let machine = machine.as_ref().map(|machine| format!(", on {machine}")).unwrap_or_default();
    let date = date.as_ref().map(|date| format!(" on {date}")).unwrap_or_default();
    let data: Vec<String> = data.iter().map(ToString::to_string).collect();
    let data =
        if data.is_empty() { String::new() } else { format!("\n\nData: {}.", data.join(", ")) };
    let memory =
        peak_memory.map(|bytes| format!(", at most {} MiB of memory", bytes.div_ceil(1 << 20)));
    let memory = memory.unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\n## How it was run\n\nhalfwave {}, {}, {} build; level {level}, threads: {threads}, seeds: {}; \
         {seconds:.1} s{date}{machine}{memory}.{data}\n\n```toml\n{}```\n",
        versions.halfwave,
        versions.target,
        versions.profile,
        seeds.join(" "),
        configuration
    );
    text
}

/// What the hidden layers do.
fn layers(report: &Report) -> String {
    if report.layers.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Layers\n\n| model | hidden layer | dead units % | active % | mean | n |\n\
         |---|---|---|---|---|---|\n",
    );
    for Layer { model, layer, name, dead, active, mean, n } in &report.layers {
        let [dead, active] = [dead, active].map(|share| number(100.0 * share, None));
        let (model, mean) = (cell(model), number(*mean, None));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {model} | {layer}, {name} | {dead} | {active} | {mean} | {n} |");
    }
    text + "\nAt the end of training, on training rows (1000 at most; in the laboratory on validation images); means over n \
            trainings. A unit is dead if it is active on none of these rows. Active outputs are not exactly 0, all others are; of \
            an RBM those of hidden units whose input is above 0. The mean is that of all outputs, of an RBM without noise.\n"
}

/// The files of models, with what reads them.
fn models(report: &Report) -> String {
    if report.models.is_empty() {
        return String::new();
    }
    let files: String = report.models.iter().map(|file| format!("* [{file}]({file})\n")).collect();
    format!(
        "\n## Models\n\n{files}\n`halfwave predict` takes networks, `halfwave features` RBMs, with rows as the experiment \
         has them before it standardises them or finds their components.\n"
    )
}

/// Where the time of training went, and its share of the machine's peak.
fn time(report: &Report) -> String {
    let Report { timings, peak_flops, threads, .. } = report;
    if timings.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Time\n\n| training | epochs | s | s an epoch | GFLOP/s | of the peak |\n|---|---|---|---|---|---|\n",
    );
    for timing in timings {
        let Timing { model, epochs, seconds, .. } = timing;
        let share = peak_flops.map(|peak| format!("{:.0} %", 100.0 * timing.flops() / peak));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {epochs} | {seconds:.1} | {:.3} | {:.1} | {} |",
            cell(model),
            seconds / *epochs as f64,
            timing.flops() / 1e9,
            share.unwrap_or_default()
        );
    }
    let peak = peak_flops.map(|peak| {
        format!(
            "; the peak, {:.0} GFLOP/s on {threads} thread{}, was measured right before and after",
            peak / 1e9,
            if *threads == 1 { "" } else { "s" }
        )
    });
    let _ = writeln!(
        text,
        "\nThe operations are those of the matrix products of training, dense; the seconds also have what is validated after an epoch{}.",
        peak.unwrap_or_default()
    );
    text
}

fn head(setting: &str) -> String {
    let columns = "| model | metric | ours | n | published |\n|---|---|---|---|---|\n";
    format!("\n### {setting}\n\n{columns}")
}

fn line(row: &Row, sources: &Sources<'_>) -> String {
    let Row { model, metric, unit, value, std, n, published, .. } = row;
    let published = published.as_ref().map(|published| sources.mark(published)).unwrap_or_default();
    let (model, ours) = (cell(model), number(*value, *std));
    let metric = cell(format!("{metric} {unit}").trim_end());
    format!("| {model} | {metric} | {ours} | {n} | {published} |\n")
}

/// Text that does not end its cell.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
