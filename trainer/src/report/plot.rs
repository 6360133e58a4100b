//! Plots as SVG: learning curves, functions with their derivatives, and confusion matrices as heat maps.

use std::{fmt::Display, ops::Range};

use plotters::{
    coord::{
        Shift,
        ranged1d::{AsRangedCoord, ValueFormatter},
    },
    element::ComposedElement,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::result::{Series, Stroke};

/// Width and height of a plot without its legend.
pub(super) const SIZE: (u32, u32) = (760, 440);

/// What stands in a legend.
pub(super) struct Entry<'a> {
    pub(super) label: &'a str,
    pub(super) style: ShapeStyle,
    pub(super) stroke: Stroke,
}

/// How wide the legend of these labels is, beside the plot: no line is under it.
pub(super) fn legend_width<'a>(labels: impl Iterator<Item = &'a str>) -> u32 {
    /// Of the widest letters but a few, in pixels.
    const LETTER: u32 = 7;
    let longest = labels.map(|label| label.chars().count()).max().unwrap_or_default();
    TEXT as u32 + LETTER * u32::try_from(longest).unwrap_or(u32::MAX).min(60) + 8
}

/// Where the labels begin.
const TEXT: i32 = 34;

/// Samples of lines and their labels, one below the other.
pub(super) fn legend<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    entries: &[Entry<'_>],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let font = ("sans-serif", 13).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
    for (i, Entry { label, style, stroke }) in (0..).zip(entries) {
        let y = 48 + 18 * i;
        match stroke {
            Stroke::Dots => area.draw(&Circle::new((17, y), 3, style.filled()))?,
            Stroke::Dashed => area.draw(&key((6, y), *style, true))?,
            Stroke::Solid => area.draw(&key((6, y), *style, false))?,
        }
        area.draw(&Text::new(*label, (TEXT, y), font.clone()))?;
    }
    Ok(())
}

type Segment = PathElement<(i32, i32)>;

/// The sample of a line in a legend; a dashed line shows as two strokes.
fn key<DB: DrawingBackend>(
    (x, y): (i32, i32),
    style: ShapeStyle,
    dashed: bool,
) -> ComposedElement<(i32, i32), DB, Segment, Segment> {
    let end = if dashed { 7 } else { 22 };
    let strokes = [[(x, y), (x + end, y)], [(x + 22 - end, y), (x + 22, y)]];
    let [first, second] = strokes.map(|stroke| PathElement::new(stroke, style));
    EmptyElement::at((0, 0)) + first + second
}

/// Colours that also the colour-blind tell apart (Okabe & Ito 2008).
pub(super) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(60, 60, 60),
];

/// A number without needless digits.
pub(super) fn tick(value: &f64) -> String {
    // What sums of steps add in their last bits is no part of it.
    let value = format!("{value:.9e}").parse().unwrap_or(*value);
    match value.abs() {
        0.0 => "0".into(),
        1e-3..1e7 => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// Most single runs that are drawn of one series: more hide each other.
const MOST_RUNS: usize = 30;

/// Largest quotient of values on a linear axis; above, the axis is logarithmic.
const LINEAR: f64 = 30.0;

/// Lines over epochs: each run faintly, the mean of each series boldly.
///
/// # Errors
/// In words, if there is nothing finite to draw.
pub fn curves(title: &str, y_label: &str, series: &[Series]) -> Result<String, String> {
    let finite = series.iter().flat_map(Series::finite);
    let (low, high) = finite.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    let epochs = series.iter().flat_map(|s| s.runs.iter().map(Vec::len)).max().unwrap_or_default();
    if low > high {
        return Err("no finite values".into());
    }
    let mut svg = String::new();
    if low > 0.0 && high / low > LINEAR {
        let y = (low / 1.2..high * 1.2).log_scale();
        draw(&mut svg, title, y_label, series, 0.5..epochs as f64 + 0.5, y)?;
    } else {
        let margin = ((high - low) * 0.05).max(f64::EPSILON * high.abs()).max(f64::MIN_POSITIVE);
        let y = low - margin..high + margin;
        draw(&mut svg, title, y_label, series, 0.5..epochs as f64 + 0.5, y)?;
    }
    Ok(svg)
}

fn draw<Y>(
    svg: &mut String,
    title: &str,
    y_label: &str,
    series: &[Series],
    x: Range<f64>,
    y: Y,
) -> Result<(), String>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let epochs = x.end as usize;
    let all = series;
    let labelled = || all.iter().filter(|series| !series.beside).map(|series| &series.label[..]);
    let size = (SIZE.0 + legend_width(labelled()), SIZE.1);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE).map_err(words)?;
    let (plot, side) = root.split_horizontally(SIZE.0);
    let mut chart = ChartBuilder::on(&plot)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(x, y)
        .map_err(words)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(y_label)
        .x_labels(epochs.min(12))
        .x_label_formatter(&whole)
        .y_label_formatter(&tick)
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(words)?;
    let mut entries = Vec::new();
    for (i, series) in all.iter().enumerate() {
        // The number of its colour: what belongs to the series before takes none.
        let i = all[..=i].iter().filter(|series| !series.beside).count().saturating_sub(1);
        let colour = COLOURS[i % COLOURS.len()];
        if series.runs.len() > 1 {
            for run in series.runs.iter().take(MOST_RUNS) {
                let faint = colour.mix(0.15).stroke_width(1);
                chart.draw_series(LineSeries::new(points(run), faint)).map_err(words)?;
            }
        }
        let (style, dashed) = (colour.stroke_width(2), series.beside || i >= COLOURS.len());
        let mean = points(&series.mean());
        if dashed {
            chart.draw_series(DashedLineSeries::new(mean, 6, 4, style)).map_err(words)?;
        } else {
            chart.draw_series(LineSeries::new(mean, style)).map_err(words)?;
        }
        // What stands beside another has its colour, and the title says what it is.
        if !series.beside {
            let stroke = if dashed { Stroke::Dashed } else { Stroke::Solid };
            entries.push(Entry { label: &series.label, style, stroke });
        }
    }
    legend(&side, &entries).map_err(words)?;
    root.present().map_err(words)
}

/// A function and its derivative, at the same places.
pub struct Graph {
    /// Its name.
    pub label: String,
    /// (x, f(x)).
    pub values: Vec<(f64, f64)>,
    /// (x, f'(x)).
    pub slopes: Vec<(f64, f64)>,
}

/// Width of two plots without their legend.
const PANELS: u32 = 980;

/// Functions on the left, their derivatives on the right; what is outside of `y` is cut off.
///
/// # Errors
/// In words, if the plot cannot be drawn.
pub fn graphs(title: &str, y: Range<f64>, graphs: &[Graph]) -> Result<String, String> {
    let mut svg = String::new();
    let width = legend_width(graphs.iter().map(|graph| &graph.label[..]));
    let root = SVGBackend::with_string(&mut svg, (PANELS + width, SIZE.1)).into_drawing_area();
    root.fill(&WHITE).map_err(words)?;
    let (plots, beside) = root.split_horizontally(PANELS);
    let mut entries = Vec::new();
    for (side, panel) in plots.split_evenly((1, 2)).iter().enumerate() {
        let caption = format!("{title}{}", if side == 0 { "" } else { ": derivatives" });
        let places = || graphs.iter().flat_map(|graph| graph.values.iter().map(|point| point.0));
        let x = places().fold(f64::MAX, f64::min)..places().fold(f64::MIN, f64::max);
        let mut chart = ChartBuilder::on(panel)
            .caption(caption, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(52)
            .build_cartesian_2d(x, y.clone())
            .map_err(words)?;
        chart
            .configure_mesh()
            .x_desc("x")
            .y_desc(if side == 0 { "f(x)" } else { "f'(x)" })
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.1))
            .label_style(("sans-serif", 13))
            .draw()
            .map_err(words)?;
        for (i, graph) in graphs.iter().enumerate() {
            let points = if side == 0 { &graph.values } else { &graph.slopes };
            let inside = points.iter().copied().filter(|point| y.contains(&point.1));
            // Functions that coincide stay visible: later lines are thinner.
            let width = 2 + (graphs.len() - 1 - i) as u32 / 2;
            let style = COLOURS[i % COLOURS.len()].stroke_width(width);
            chart.draw_series(LineSeries::new(inside, style)).map_err(words)?;
            if side == 0 {
                entries.push(Entry { label: &graph.label, style, stroke: Stroke::Solid });
            }
        }
    }
    legend(&beside, &entries).map_err(words)?;
    root.present().map_err(words)?;
    drop((root, plots, beside));
    Ok(svg)
}

/// The label of a whole epoch; none in between.
fn whole(epoch: &f64) -> String {
    if (epoch - epoch.round()).abs() < 1e-6 { format!("{epoch:.0}") } else { String::new() }
}

fn points(run: &[f64]) -> Vec<(f64, f64)> {
    let numbered = run.iter().enumerate().map(|(i, &value)| (i as f64 + 1.0, value));
    numbered.filter(|(_, value)| value.is_finite()).collect()
}

/// A heat map of `counts [classes, classes]`, rows true, columns predicted; shades show the share of
/// the row.
///
/// # Errors
/// In words, if the counts do not fit the classes.
pub fn confusion(title: &str, classes: &[String], counts: &[u64]) -> Result<String, String> {
    let n = classes.len();
    if n == 0 || counts.len() != n * n {
        return Err(format!("{} counts do not fit {n} classes", counts.len()));
    }
    let cell = (420 / n as i32).clamp(36, 120);
    let longest = classes.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let (left, top) = (44 + 8 * longest as i32, 84);
    let side = cell * n as i32;
    let width = (left + side + 24).max(40 + 9 * title.chars().count() as i32);
    let mut svg = String::new();
    {
        let size = (width as u32, (top + side + 20) as u32);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE).map_err(words)?;
        let write = |text: &str, at: (i32, i32), size: i32, h: HPos, colour: RGBColor| {
            let style = ("sans-serif", size).into_font().color(&colour);
            let style = style.pos(Pos::new(h, VPos::Center));
            root.draw(&Text::new(text.to_owned(), at, style)).map_err(words)
        };
        write(title, (12, 20), 18, HPos::Left, BLACK)?;
        write("predicted", (left + side / 2, 48), 14, HPos::Center, BLACK)?;
        write("true", (12, top - 14), 14, HPos::Left, BLACK)?;
        for (i, class) in classes.iter().enumerate() {
            let middle = i as i32 * cell + cell / 2;
            write(class, (left + middle, top - 14), 13, HPos::Center, BLACK)?;
            write(class, (left - 8, top + middle), 13, HPos::Right, BLACK)?;
        }
        for (row, line) in counts.chunks_exact(n).enumerate() {
            let total = line.iter().sum::<u64>().max(1);
            for (column, &count) in line.iter().enumerate() {
                let share = count as f64 / total as f64;
                let (x, y) = (left + column as i32 * cell, top + row as i32 * cell);
                let corners = [(x, y), (x + cell, y + cell)];
                root.draw(&Rectangle::new(corners, shade(share).filled())).map_err(words)?;
                root.draw(&Rectangle::new(corners, BLACK.mix(0.2))).map_err(words)?;
                let colour = if share > 0.5 { WHITE } else { BLACK };
                let middle = (x + cell / 2, y + cell / 2);
                write(&count.to_string(), middle, 13, HPos::Center, colour)?;
            }
        }
        root.present().map_err(words)?;
    }
    Ok(svg)
}

/// From white to blue.
fn shade(share: f64) -> RGBColor {
    let RGBColor(r, g, b) = COLOURS[0];
    let mix = |to: u8| (255.0 + (f64::from(to) - 255.0) * share).round() as u8;
    RGBColor(mix(r), mix(g), mix(b))
}

pub(super) fn words(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_have_no_needless_digits() {
        let ticks = [1e6, 1e-12, 10.0, 0.9905, -0.0, 0.300_000_000_000_004, -2.5, 2e-5, 1e8];
        let texts = ["1000000", "1e-12", "10", "0.9905", "0", "0.3", "-2.5", "2e-5", "1e8"];
        assert_eq!(ticks.map(|x| tick(&x)), texts);
    }

    #[test]
    fn every_series_and_class_is_named() {
        let series = |label: &str, run: &[f64]| Series::new(label, vec![run.into()]);
        for high in [3.0, 3000.0] {
            let all = [series("first", &[high, 1.0, f64::NAN]), series("second", &[2.0])];
            let svg = curves("title", "loss", &all).unwrap();
            for text in ["title", "loss", "epoch", "first", "second"] {
                assert!(svg.contains(text), "{text}");
            }
        }
        let classes = ["no".to_owned(), "yes".to_owned()];
        let svg = confusion("title", &classes, &[101, 102, 0, 104]).unwrap();
        for text in ["no", "yes", "101", "102", "104", "predicted"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        assert!(curves("", "", &[]).is_err());
        let nan = Series::new("", vec![vec![f64::NAN]]);
        assert!(curves("", "", &[nan]).is_err());
        assert!(confusion("", &[], &[]).is_err());
        assert!(confusion("", &["a".into()], &[1, 2]).is_err());
    }

    #[test]
    fn one_epoch_and_equal_values_can_be_drawn() {
        for value in [0.0, 1.0, -5.0] {
            let one = Series::new("one", vec![vec![value]]);
            assert!(curves("t", "y", &[one]).is_ok(), "{value}");
        }
    }
}
