//! How far from the machine's limits the kernels are, probed in the same run.
//!
//! | arguments | what |
//! |---|---|
//! | `elements`, `products`, `convolutions` | some of the parts; without any of them, all |
//! | `--quick` | in less than a minute, without what is large |
//! | `--json FILE`, `--csv FILE` | writes what was measured |
//! | `--svg DIR` | draws a roofline for each number of threads, and a heat map of kernels × levels |
//! | `--test` | everything once |
//!
//! Kernels that go through arrays are measured against the fastest that moves as many bytes, products, convolutions
//! and training steps against the machine's peak of fused multiply-adds. `HALFWAVE_BENCH=full` adds what is large.
//! Ignores criterion's flags.

use std::{env, fs, path::Path, process::ExitCode};

use halfwave_bench_suite::{
    SIZES, effort,
    roofline::{Effort, Report, elements, figures, probes, products},
};

/// With the errors of files.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("roofline: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    let [json, csv, svg] = ["--json", "--csv", "--svg"].map(|flag| after(arguments, flag));
    let (json, csv, svg) = (json?, csv?, svg?);
    let effort = if has("--test") {
        Effort::TEST
    } else if has("--quick") {
        Effort::QUICK
    } else if effort::full() {
        Effort::FULL
    } else {
        Effort::USUAL
    };
    let parts = ["elements", "products", "convolutions"].map(has);
    let [by_element, by_product, by_convolution] =
        if parts == [false; 3] { [true; 3] } else { parts };

    let mut report = Report::new();
    println!("{}, {}", report.machine, report.day);
    report.peaks = probes::peaks(effort);
    report.copies = probes::copies(effort);
    probes::print(&report.peaks, &report.copies);
    if by_element {
        report.rows.extend(elements::measure(effort));
    }
    if by_product {
        report.rows.extend(products::measure(effort));
    }
    if by_convolution {
        report.rows.extend(products::convolutions(effort));
    }

    if let Some(file) = json {
        write(Path::new(file), &serde_json::to_string_pretty(&report)?)?;
    }
    if let Some(file) = csv {
        let mut rows = csv::Writer::from_path(file).map_err(|error| format!("{file}: {error}"))?;
        report.rows.iter().try_for_each(|row| rows.serialize(row))?;
        rows.flush()?;
    }
    if let Some(directory) = svg {
        draw(&report, Path::new(directory))?;
    }
    Ok(())
}

/// What follows a flag.
fn after<'a>(arguments: &'a [String], flag: &str) -> Result<Option<&'a String>> {
    let Some(at) = arguments.iter().position(|argument| argument == flag) else { return Ok(None) };
    let value = arguments.get(at + 1).filter(|value| !value.starts_with("--"));
    Ok(Some(value.ok_or_else(|| format!("{flag} needs a path"))?))
}

/// Draws what was measured.
fn draw(report: &Report, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut threads: Vec<_> = report.peaks.iter().map(|peak| peak.threads).collect();
    threads.dedup();
    if report.rows.iter().any(|row| row.flop.is_some()) {
        for threads in threads {
            let name = format!("roofline-{threads}.svg");
            write(&directory.join(name), &figures::roofline(report, threads)?)?;
        }
    }
    if report.rows.iter().any(|row| row.elements.is_some()) {
        write(&directory.join("heat-map.svg"), &figures::heat_map(report, SIZES[1])?)?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    Ok(fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?)
}
