//! Lines over a number, and histograms, as SVG.

use std::ops::Range;

use plotters::{
    coord::ranged1d::{AsRangedCoord, ValueFormatter},
    prelude::*,
};

use super::plot::{COLOURS, Entry, SIZE, legend, legend_width, tick, words};
use crate::result::{Line, Stroke};

/// What stands beside the axes.
pub struct Axes<'a> {
    /// Above the plot.
    pub title: &'a str,
    /// What the horizontal axis shows.
    pub x: &'a str,
    /// What the vertical axis shows.
    pub y: &'a str,
}

/// Lines with a legend beside them; points that are not finite, or on a logarithmic axis not
/// above 0, are left out.
///
/// # Errors
/// In words, if there is nothing to draw.
pub fn lines(axes: &Axes<'_>, logarithmic: bool, lines: &[Line]) -> Result<String, String> {
    let lines: Vec<Line> = lines
        .iter()
        .map(|line| Line { points: line.visible(logarithmic).collect(), ..line.clone() })
        .collect();
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let (x, y) = (range(points().map(|p| p.0)), range(points().map(|p| p.1)));
    let (Some(x), Some(y)) = (x, y) else { return Err("no finite values".into()) };
    let mut svg = String::new();
    if logarithmic {
        draw(&mut svg, axes, &lines, x, (y.start / 1.3..y.end * 1.3).log_scale())?;
    } else {
        let margin = 0.04 * (y.end - y.start);
        draw(&mut svg, axes, &lines, x, y.start - margin..y.end + margin)?;
    }
    Ok(svg)
}

/// From the least to the greatest, with some width.
fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    let wide = if low == high { high + high.abs().max(1.0) * 0.5 } else { high };
    (low <= high).then_some(low..wide)
}

fn draw<Y>(
    svg: &mut String,
    axes: &Axes<'_>,
    lines: &[Line],
    x: Range<f64>,
    y: Y,
) -> Result<(), String>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let size = (SIZE.0 + legend_width(lines.iter().map(|line| &line.label[..])), SIZE.1);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE).map_err(words)?;
    let (plot, side) = root.split_horizontally(SIZE.0);
    let mut chart = ChartBuilder::on(&plot)
        .caption(axes.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(72)
        .build_cartesian_2d(x, y)
        .map_err(words)?;
    chart
        .configure_mesh()
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_label_formatter(&tick)
        .y_label_formatter(&tick)
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(words)?;
    let mut entries = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let style = COLOURS[line.colour.unwrap_or(i) % COLOURS.len()].stroke_width(2);
        let points = line.points.iter().copied();
        // Where the colours begin again, lines are dashed.
        let again = line.colour.is_none() && i >= COLOURS.len();
        let stroke = match line.stroke {
            Stroke::Solid if again => Stroke::Dashed,
            stroke => stroke,
        };
        match stroke {
            Stroke::Dots => {
                let dots = points.map(|at| Circle::new(at, 3, style.filled()));
                chart.draw_series(dots).map_err(words)?;
            }
            Stroke::Dashed => {
                chart.draw_series(DashedLineSeries::new(points, 6, 4, style)).map_err(words)?;
            }
            Stroke::Solid => {
                chart.draw_series(LineSeries::new(points, style)).map_err(words)?;
            }
        }
        entries.push(Entry { label: &line.label, style, stroke });
    }
    legend(&side, &entries).map_err(words)?;
    root.present().map_err(words)
}

/// A histogram of `counts` in equal bins over `range`.
///
/// # Errors
/// In words, if there is no bin or no width.
pub fn histogram(axes: &Axes<'_>, range: (f64, f64), counts: &[u64]) -> Result<String, String> {
    let (low, high) = range;
    // Also if one is NaN.
    if counts.is_empty() || !matches!(low.partial_cmp(&high), Some(std::cmp::Ordering::Less)) {
        return Err(format!("{} bins from {low} to {high}", counts.len()));
    }
    let most = counts.iter().copied().max().unwrap_or_default().max(1) as f64;
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(words)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(axes.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(low..high, 0.0..most * 1.06)
        .map_err(words)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_desc(axes.x)
        .y_desc(axes.y)
        .y_label_formatter(&|count| format!("{count:.0}"))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(words)?;
    let width = (high - low) / counts.len() as f64;
    for (style, outline) in [(COLOURS[0].mix(0.75).filled(), false), (WHITE.stroke_width(1), true)]
    {
        let bars = counts.iter().enumerate().filter(|&(_, &count)| count > 0 || !outline);
        let bars = bars.map(|(i, &count)| {
            let left = low + i as f64 * width;
            Rectangle::new([(left, 0.0), (left + width, count as f64)], style)
        });
        chart.draw_series(bars).map_err(words)?;
    }
    root.present().map_err(words)?;
    drop(chart);
    drop(root);
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXES: Axes<'_> = Axes { title: "title", x: "across", y: "up" };

    fn line(label: &str, points: &[(f64, f64)]) -> Line {
        Line::new(label, points.into())
    }

    #[test]
    fn every_line_and_axis_is_named() {
        let all = [
            line("first", &[(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN)]),
            Line { stroke: Stroke::Dashed, ..line("second", &[(0.0, 100.0), (2.0, 0.0)]) },
            Line { stroke: Stroke::Dots, ..line("third", &[(0.0, 7.0), (2.0, 9.0)]) },
        ];
        for logarithmic in [false, true] {
            let svg = lines(&AXES, logarithmic, &all).unwrap();
            for text in ["title", "across", "up", "first", "second", "third"] {
                assert!(svg.contains(text), "{text}");
            }
            assert_eq!(svg.matches("<circle").count(), 2 + 1, "points and the legend's");
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
        let svg = histogram(&AXES, (0.0, 1.0), &[1, 0, 3]).unwrap();
        for text in ["title", "across", "up"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_to_draw_is_an_error_and_one_point_is_not() {
        assert!(lines(&AXES, false, &[]).is_err());
        assert!(lines(&AXES, true, &[line("zero", &[(0.0, 0.0)])]).is_err());
        assert!(lines(&AXES, false, &[line("zero", &[(0.0, 0.0)])]).is_ok());
        assert!(histogram(&AXES, (0.0, 1.0), &[]).is_err());
        assert!(histogram(&AXES, (1.0, 1.0), &[1]).is_err());
        assert!(histogram(&AXES, (0.0, f64::NAN), &[1]).is_err());
        assert!(histogram(&AXES, (0.0, 1.0), &[0]).is_ok());
    }
}
