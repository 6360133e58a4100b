//! The roofline and a heat map of kernels × levels, as SVG.

use std::{fmt::Display, ops::Range};

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{Measured, Report};

/// Colours that also the colour-blind tell apart (Okabe & Ito 2008).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(60, 60, 60),
];

/// Parts of the roofline, each with its mark: (part, label).
const PARTS: [(&str, &str); 4] = [
    ("products", "products, with and without epilogue"),
    ("convolutions", "convolutions"),
    ("steps", "training steps, by their products"),
    ("faer", "faer's products"),
];

/// FLOP per byte that are shown.
const INTENSITIES: Range<f64> = 0.1..2000.0;

/// FLOP per byte where the list of copies stands: right of what memory allows.
const LIST: f64 = 0.8;

const FONT: &str = "sans-serif";

/// Operations in a second over operations per byte, on so many threads, below what the machine allows.
///
/// # Errors
/// In words, if nothing was measured on so many threads.
pub fn roofline(report: &Report, threads: usize) -> Result<String, String> {
    let peak = report
        .peaks
        .iter()
        .find(|peak| peak.threads == threads && peak.level == report.level)
        .ok_or_else(|| format!("no peak of {threads} threads"))?;
    let giga = |x: f64| x / 1e9;
    let roof = giga(peak.flop_per_second);
    let bottom = roof / 300.0;
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, (900, 560)).into_drawing_area();
    root.fill(&WHITE).map_err(words)?;
    let title = match threads {
        1 => format!("Roofline, one thread, {}", report.machine.cpu),
        n => format!("Roofline, {n} threads, {}", report.machine.cpu),
    };
    let mut chart = ChartBuilder::on(&root)
        .caption(title, (FONT, 18))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(INTENSITIES.log_scale(), (bottom..roof * 1.6).log_scale())
        .map_err(words)?;
    chart
        .configure_mesh()
        .x_desc("FLOP per byte of operands and results")
        .y_desc("GFLOP/s")
        .x_label_formatter(&f64::to_string)
        .y_label_formatter(&f64::to_string)
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .draw()
        .map_err(words)?;

    let grey = BLACK.mix(0.6).stroke_width(2);
    chart
        .draw_series(LineSeries::new([(INTENSITIES.start, roof), (INTENSITIES.end, roof)], grey))
        .map_err(words)?;
    let label = |at, text: String, vertical| {
        let style = (FONT, 13).into_font().color(&BLACK.mix(0.8));
        Text::new(text, at, style.pos(Pos::new(HPos::Left, vertical)))
    };
    let text = format!("{} multiply-adds: {roof:.0} GFLOP/s", report.level);
    chart
        .draw_series([label((INTENSITIES.start * 1.15, roof * 1.06), text, VPos::Bottom)])
        .map_err(words)?;
    let mut copies: Vec<_> = report.copies.iter().filter(|copy| copy.threads == threads).collect();
    copies.sort_by(|a, b| b.bytes_per_second.total_cmp(&a.bytes_per_second));
    let count = copies.len();
    for (i, copy) in copies.into_iter().enumerate() {
        let rate = giga(copy.bytes_per_second);
        let end = (roof / rate).min(INTENSITIES.end);
        let line = [(INTENSITIES.start, INTENSITIES.start * rate), (end, end * rate)];
        chart.draw_series(LineSeries::new(line, BLACK.mix(0.35).stroke_width(1))).map_err(words)?;
        // One below the other in the empty corner, in the order of the lines.
        let how = if copy.past_caches { ", past the caches" } else { "" };
        let text = format!("{}{how}: {rate:.0} GB/s", copy.memory);
        let at = (LIST, bottom * 1.28_f64.powi((count - i) as i32));
        chart.draw_series([label(at, text, VPos::Center)]).map_err(words)?;
    }

    for (i, (part, text)) in PARTS.iter().enumerate() {
        let colour = COLOURS[i];
        let points = report
            .rows
            .iter()
            .filter(|row| row.part == *part && row.threads == threads)
            .filter_map(|row| Some((row.flop? / row.bytes, giga(row.rate()?))));
        match *part {
            "convolutions" => chart
                .draw_series(points.map(|at| TriangleMarker::new(at, 6, colour.filled())))
                .map_err(words)?
                .label(*text)
                .legend(move |(x, y)| TriangleMarker::new((x + 10, y), 6, colour.filled())),
            "steps" => chart
                .draw_series(points.map(|at| Cross::new(at, 6, colour.stroke_width(3))))
                .map_err(words)?
                .label(*text)
                .legend(move |(x, y)| Cross::new((x + 10, y), 6, colour.stroke_width(3))),
            "faer" => chart
                .draw_series(points.map(|at| Circle::new(at, 5, colour.stroke_width(1))))
                .map_err(words)?
                .label(*text)
                .legend(move |(x, y)| Circle::new((x + 10, y), 5, colour.stroke_width(1))),
            _ => chart
                .draw_series(points.map(|at| Circle::new(at, 4, colour.filled())))
                .map_err(words)?
                .label(*text)
                .legend(move |(x, y)| Circle::new((x + 10, y), 4, colour.filled())),
        };
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .legend_area_size(20)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.2))
        .label_font((FONT, 13))
        .draw()
        .map_err(words)?;
    root.present().map_err(words)?;
    drop(chart);
    drop(root);
    Ok(svg)
}

/// Kernels that are drawn beside each other: title, and what the names begin with.
const PANELS: [(&str, &[&str]); 3] = [
    ("forward", &["forward/", "learned-forward/", "mean/"]),
    ("backward", &["backward/", "learned-backward/"]),
    (
        "samples, rows, updates",
        &["sample/", "sample-with-mean/", "rng/", "rows/", "head/", "update/", "ssu-variance"],
    ),
];

/// Sizes in pixels.
const CELL: (i32, i32) = (62, 17);
const NAMES: i32 = 230;
const TOP: i32 = 104;
const LEFT: i32 = 12;

/// Share of the limit, of every kernel of so many elements on every level: shades with figures.
///
/// # Errors
/// In words, if no kernel of so many elements was measured.
pub fn heat_map(report: &Report, elements: usize) -> Result<String, String> {
    let rows = || report.rows.iter().filter(|row| row.elements == Some(elements));
    let mut levels: Vec<_> = rows().map(|row| row.level).collect();
    levels.dedup();
    let mut seen = Vec::new();
    levels.retain(|level| {
        !seen.contains(level) && {
            seen.push(*level);
            true
        }
    });
    let Some(&best) = levels.first() else {
        return Err(format!("no kernel of {elements} elements"));
    };
    let panels = PANELS.map(|(title, starts)| {
        let of = |start: &&str| -> Vec<&Measured> {
            rows().filter(|row| row.level == best && row.name.starts_with(*start)).collect()
        };
        (title, starts.iter().flat_map(of).collect::<Vec<_>>())
    });
    let most = panels.iter().map(|(_, rows)| rows.len()).max().unwrap_or_default() as i32;
    let panel = NAMES + levels.len() as i32 * CELL.0 + 24;
    let size = (2 * LEFT + 3 * panel, TOP + most * CELL.1 + 12);
    let mut svg = String::new();
    let root =
        SVGBackend::with_string(&mut svg, (size.0 as u32, size.1 as u32)).into_drawing_area();
    root.fill(&WHITE).map_err(words)?;
    let write = |text: &str, at: (i32, i32), size: i32, h: HPos, colour: RGBColor| {
        let style = (FONT, size).into_font().color(&colour).pos(Pos::new(h, VPos::Center));
        root.draw(&Text::new(text.to_owned(), at, style)).map_err(words)
    };
    write(
        &format!(
            "Speed of kernels in percent of the limit, {elements} elements, one thread, {}",
            report.machine.cpu
        ),
        (LEFT, 20),
        18,
        HPos::Left,
        BLACK,
    )?;
    write(
        "limit: the fastest of all that move as many bytes, a copy among them; small: nanoseconds an element",
        (LEFT, 44),
        13,
        HPos::Left,
        BLACK,
    )?;
    for (i, (title, kernels)) in panels.iter().enumerate() {
        let left = LEFT + i as i32 * panel;
        write(title, (left, TOP - 34), 15, HPos::Left, BLACK)?;
        for (column, level) in levels.iter().enumerate() {
            let middle = left + NAMES + column as i32 * CELL.0 + CELL.0 / 2;
            write(level, (middle, TOP - 12), 13, HPos::Center, BLACK)?;
        }
        for (line, kernel) in kernels.iter().enumerate() {
            let y = TOP + line as i32 * CELL.1;
            write(&kernel.name, (left + NAMES - 8, y + CELL.1 / 2), 12, HPos::Right, BLACK)?;
            for (column, level) in levels.iter().enumerate() {
                let x = left + NAMES + column as i32 * CELL.0;
                let row = rows().find(|row| row.level == *level && row.name == kernel.name);
                let Some(row) = row else { continue };
                let colour = shade(row.share);
                let corners = [(x, y), (x + CELL.0, y + CELL.1)];
                root.draw(&Rectangle::new(corners, colour.filled())).map_err(words)?;
                root.draw(&Rectangle::new(corners, WHITE.mix(0.5))).map_err(words)?;
                let text = if row.share > 0.5 { BLACK } else { WHITE };
                let percent = format!("{:.0}", 100.0 * row.share);
                write(&percent, (x + 22, y + CELL.1 / 2), 12, HPos::Right, text)?;
                let ns = format!("{:.2}", 1e9 * row.seconds / elements as f64);
                write(&ns, (x + CELL.0 - 3, y + CELL.1 / 2), 10, HPos::Right, text)?;
            }
        }
    }
    root.present().map_err(words)?;
    drop(root);
    Ok(svg)
}

/// Cividis, from dark blue to yellow: its lightness alone tells the order (Nuñez et al. 2018).
fn shade(share: f64) -> RGBColor {
    const STOPS: [[f64; 3]; 5] = [
        [0.0, 32.0, 77.0],
        [64.0, 77.0, 107.0],
        [124.0, 123.0, 120.0],
        [187.0, 173.0, 108.0],
        [255.0, 234.0, 70.0],
    ];
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (at as usize).min(STOPS.len() - 2);
    let mix = |c: usize| (STOPS[i][c] + (STOPS[i + 1][c] - STOPS[i][c]) * (at - i as f64)) as u8;
    RGBColor(mix(0), mix(1), mix(2))
}

fn words(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roofline::{Bandwidth, Peak};

    fn report() -> Report {
        let row = |part, name: &str, level, elements, flop| Measured {
            part,
            name: name.into(),
            level,
            threads: 1,
            elements,
            seconds: 1e-3,
            flop,
            bytes: 1e5,
            share: 0.42,
        };
        let mut report = Report::new();
        let level = report.level;
        report.peaks = vec![Peak { level, threads: 1, flop_per_second: 2e11 }];
        report.copies = vec![Bandwidth {
            memory: "L2",
            elements: 4,
            past_caches: false,
            threads: 1,
            bytes_per_second: 1e11,
        }];
        report.rows = vec![
            row("products", "a product", level, None, Some(1e8)),
            row("elements", "forward/relu", "one", Some(8), None),
            row("elements", "forward/relu", "two", Some(8), None),
        ];
        report
    }

    #[test]
    fn what_was_measured_is_drawn() {
        let svg = roofline(&report(), 1).unwrap();
        for text in ["GFLOP/s", "FLOP per byte", "L2: 100 GB/s", "200 GFLOP/s", "training steps"] {
            assert!(svg.contains(text), "{text}");
        }
        let svg = heat_map(&report(), 8).unwrap();
        for text in ["forward/relu", "one", "two", "42", "percent of the limit"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn what_was_not_measured_is_an_error() {
        assert!(roofline(&report(), 3).is_err());
        assert!(heat_map(&report(), 9).is_err());
    }
}
