//! The table of a sweep: a line for each cell, as far as they have been run.

use std::io;

use csv::Writer;
use toml::Value;

use super::{Became, Plan};
use crate::{
    report::{markdown::cell, number},
    result::Row,
};

/// CSV: a line for each row of each cell, with the number and settings of the cell in front; a cell that failed
/// has one line, with the reason at the end.
///
/// # Errors
/// None that a machine with memory meets.
pub fn csv(plan: &Plan, became: &[Became]) -> io::Result<Vec<u8>> {
    let mut out = Writer::from_writer(Vec::new());
    let keys = plan.grid.iter().map(|axis| &axis.key[..]);
    let columns = ["setting", "model", "metric", "unit", "mean", "std", "n", "error"];
    out.write_record(["cell"].into_iter().chain(keys).chain(columns))?;
    for (place, became) in plan.cells.iter().zip(became) {
        let settings = place.settings.iter().map(|setting| setting.value.clone());
        let front: Vec<String> = [place.number.to_string()].into_iter().chain(settings).collect();
        let mut line = |fields: [String; 8]| out.write_record(front.iter().chain(&fields));
        match became {
            Became::Failed(error) => {
                let mut fields = [const { String::new() }; 8];
                fields[7] = error.to_string();
                line(fields)?;
            }
            Became::Done(report) => {
                for Row { setting, model, metric, unit, value, std, n, .. } in &report.rows {
                    let std = std.map(|std| std.to_string()).unwrap_or_default();
                    let names = [setting, model, metric, unit].map(String::clone);
                    let [setting, model, metric, unit] = names;
                    let (mean, n) = (value.to_string(), n.to_string());
                    line([setting, model, metric, unit, mean, std, n, String::new()])?;
                }
            }
        }
    }
    out.into_inner().map_err(|error| error.into_error())
}

/// Markdown: a line for each cell, a column for each of its settings and for each row of its result.
#[must_use]
pub fn markdown(plan: &Plan, became: &[Became]) -> String {
    let columns = columns(became);
    let seeds: Vec<String> = plan.seeds.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "# {}, {} of {} cells\n\nSeeds {}. Mean ± population standard deviation over seeds (and folds, where \
         there are any). {}\n\n",
        plan.experiment,
        became.len(),
        plan.cells.len(),
        seeds.join(" "),
        discipline(plan)
    );
    let mut line = |cells: Vec<String>| text.push_str(&format!("| {} |\n", cells.join(" | ")));
    let keys = plan.grid.iter().map(|axis| cell(&axis.key));
    let heads = columns.iter().map(|column| cell(&column.join(", ")));
    let head: Vec<String> = ["cell".to_owned()].into_iter().chain(keys).chain(heads).collect();
    let rule = head.iter().map(|_| "---".to_owned()).collect();
    line(head);
    line(rule);
    for (place, became) in plan.cells.iter().zip(became) {
        let settings = place.settings.iter().map(|setting| cell(&setting.value));
        let mut cells: Vec<String> =
            [place.number.to_string()].into_iter().chain(settings).collect();
        match became {
            Became::Done(report) => cells.extend(columns.iter().map(|column| {
                let row = report.rows.iter().find(|row| name(row) == *column);
                row.map_or_else(|| "–".into(), |row| number(row.value, row.std))
            })),
            Became::Failed(error) => {
                cells.push(cell(&error.to_string()));
                cells.resize(1 + plan.grid.len() + columns.len().max(1), "–".into());
            }
        }
        line(cells);
    }
    text
}

/// What the results may be used for.
fn discipline(plan: &Plan) -> &'static str {
    match plan.configuration.get("part").and_then(Value::as_str) {
        Some("validation") => {
            "Measured on validation data, by which settings may be chosen; the test was not read."
        }
        _ => {
            "The best of many test results is not a test result: settings are chosen on validation data."
        }
    }
}

/// Setting, model, metric and unit of all rows, each once, in the order of their first appearance.
fn columns(became: &[Became]) -> Vec<Vec<String>> {
    let mut columns = Vec::new();
    for became in became {
        let Became::Done(report) = became else { continue };
        for name in report.rows.iter().map(name) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    columns
}

fn name(row: &Row) -> Vec<String> {
    let metric = format!("{} {}", row.metric, row.unit).trim_end().to_owned();
    vec![row.setting.clone(), row.model.clone(), metric]
}
