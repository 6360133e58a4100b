//! `report.md`.

use std::fmt::Write as _;

use crate::{
    report::number,
    result::{Figure, Report, Row},
};

/// The report of a run, with its figures beside it in the same directory.
#[must_use]
pub fn markdown(summary: &str, report: &Report<'_>, figures: &[Figure]) -> String {
    let Report { experiment, configuration, seeds, versions, level, threads, seconds, .. } = report;
    let mut text = format!("# {experiment}\n\n{summary}\n\n## Results\n\n");
    text.push_str("Mean ± population standard deviation over n runs (folds times seeds).\n");
    for (i, row) in report.rows.iter().enumerate() {
        if i == 0 || report.rows[i - 1].setting != row.setting {
            text.push_str(&head(&row.setting));
        }
        text.push_str(&line(row));
    }
    if !report.notes.is_empty() {
        text.push_str("\n## Protocol, and what differs from the published one\n\n");
        for note in report.notes {
            text.push_str(&format!("* {note}\n"));
        }
    }
    if !figures.is_empty() {
        text.push_str("\n## Figures\n\n");
        for figure in figures {
            text.push_str(&format!("![{0}]({1})\n\n{0}\n\n", figure.title(), figure.file()));
        }
    }
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\n## How it was run\n\nhalfwave {}, {}, {} build; level {level}, threads: {threads}, seeds: {}; \
         {seconds:.1} s.\n\n```toml\n{}```\n",
        versions.halfwave,
        versions.target,
        versions.profile,
        seeds.join(" "),
        configuration
    );
    text
}

fn head(setting: &str) -> String {
    let columns = "| model | metric | ours | n | published | source |\n|---|---|---|---|---|---|\n";
    format!("\n### {setting}\n\n{columns}")
}

fn line(row: &Row) -> String {
    let (published, source) = match &row.published {
        Some(published) => (number(published.value, published.std), cell(&published.source)),
        None => Default::default(),
    };
    let ours = number(row.value, row.std);
    let metric = format!("{} {}", row.metric, row.unit);
    format!(
        "| {} | {} | {ours} | {} | {published} | {source} |\n",
        cell(&row.model),
        cell(metric.trim_end()),
        row.n
    )
}

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
