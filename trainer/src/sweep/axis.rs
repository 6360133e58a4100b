//! A setting that varies: `KEY=VALUE,VALUE,…` or `KEY=LOW..HIGH`, `KEY=LOW..HIGH:log`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SweepError;

/// A setting that varies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The dotted key.
    pub key: String,
    /// What it can be.
    pub values: Values,
}

/// What a setting can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    /// Each of these, as it is written.
    List(Vec<String>),
    /// Numbers from `low` to `high`.
    Range {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
        /// Whether the logarithm is uniform, not the number.
        logarithmic: bool,
    },
}

impl FromStr for Axis {
    type Err = SweepError;

    /// ```
    /// use halfwave_trainer::sweep::{Axis, Values};
    /// let axis: Axis = "mlp.hidden=[8],[8,8]".parse()?;
    /// assert_eq!(axis.values, Values::List(vec!["[8]".into(), "[8,8]".into()]));
    /// let axis: Axis = "rate=1e-4..1:log".parse()?;
    /// assert_eq!(axis.values, Values::Range { low: 1e-4, high: 1.0, logarithmic: true });
    /// # Ok::<(), halfwave_trainer::sweep::SweepError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self, SweepError> {
        let form = || SweepError::Form(text.into());
        let (key, values) = text.split_once('=').ok_or_else(form)?;
        let (key, values) = (key.trim(), values.trim());
        if key.is_empty() {
            return Err(form());
        }
        let values = match range(values) {
            Some(range) => {
                let Values::Range { low, high, logarithmic } = range else { return Err(form()) };
                let sound = low.is_finite() && high.is_finite() && low < high;
                if !sound || (logarithmic && low <= 0.0) {
                    return Err(SweepError::Range(text.into()));
                }
                range
            }
            None => Values::List(list(values)),
        };
        match &values {
            Values::List(all) if all.iter().any(String::is_empty) => Err(form()),
            _ => Ok(Self { key: key.into(), values }),
        }
    }
}

fn range(text: &str) -> Option<Values> {
    let (text, logarithmic) = match text.strip_suffix(":log") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (low, high) = text.split_once("..")?;
    Some(Values::Range {
        low: low.trim().parse().ok()?,
        high: high.trim().parse().ok()?,
        logarithmic,
    })
}

/// What stands between the commas that are in no brackets, braces or quotes.
fn list(text: &str) -> Vec<String> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut values = vec![String::new()];
    for c in text.chars() {
        match (quote, c) {
            (None, ',') if depth == 0 => {
                values.push(String::new());
                continue;
            }
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        if let Some(value) = values.last_mut() {
            value.push(c);
        }
    }
    values.iter().map(|value| value.trim().to_owned()).collect()
}

impl Values {
    /// Whether there is a value; of whole numbers a range may have none.
    pub(super) fn has(&self, whole: bool) -> bool {
        match *self {
            Self::Range { low, high, .. } => !whole || low.ceil() <= high.floor(),
            Self::List(_) => true,
        }
    }

    /// The value at `u` in \[0, 1), as `--set` takes it: one of the list, or six digits of a number of the range,
    /// a whole one where the setting is `whole`.
    pub(super) fn at(&self, u: f64, whole: bool) -> String {
        match self {
            Self::List(values) => {
                values[((u * values.len() as f64) as usize).min(values.len() - 1)].clone()
            }
            &Self::Range { low, high, logarithmic } => {
                // Of whole numbers each has its share: those of [low, high + 1) that begin with it.
                let (low, high) =
                    if whole { (low.ceil(), high.floor() + 1.0) } else { (low, high) };
                let between = |low: f64, high: f64| low + u * (high - low);
                let x = if logarithmic {
                    between(low.ln(), high.ln()).exp()
                } else {
                    between(low, high)
                };
                if whole {
                    return format!("{}", x.floor().clamp(low, high - 1.0));
                }
                let rounded = format!("{x:.5e}");
                rounded.parse().map_or(rounded, |x: f64| x.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Axis, SweepError> {
        text.parse()
    }

    #[test]
    fn values_are_split_at_outer_commas() {
        let list = |text| match parse(text).unwrap().values {
            Values::List(values) => values,
            range => panic!("{range:?}"),
        };
        assert_eq!(list("a=1"), ["1"]);
        assert_eq!(list(" a.b = 1, 2 "), ["1", "2"]);
        assert_eq!(list("a={x=1,y=[2,3]},{x=4}"), ["{x=1,y=[2,3]}", "{x=4}"]);
        assert_eq!(list("a=\"x,y\",'z]'"), ["\"x,y\"", "'z]'"]);
        assert_eq!(list("a=ssu(8),drelu(1,2)"), ["ssu(8)", "drelu(1,2)"]);
        assert_eq!(list("a=0..b"), ["0..b"]);
    }

    #[test]
    fn other_forms_are_errors() {
        for text in ["a", "=1", "a=", "a=1,", "a=,1", "a=1,,2"] {
            assert_eq!(parse(text), Err(SweepError::Form(text.into())), "{text}");
        }
        for text in ["a=1..1", "a=2..1", "a=0..1:log", "a=-1..1:log", "a=nan..1", "a=0..inf"] {
            assert_eq!(parse(text), Err(SweepError::Range(text.into())), "{text}");
        }
    }

    #[test]
    fn points_are_in_the_range() {
        let at = |text: &str, u, whole| parse(text).unwrap().values.at(u, whole);
        assert_eq!(at("a=x,y", 0.0, false), "x");
        assert_eq!(at("a=x,y", 0.9999, false), "y");
        assert_eq!(at("a=2..4", 0.25, false), "2.5");
        assert_eq!(at("a=1e-4..1:log", 0.5, false), "0.01");
        assert_eq!(at("a=0..1", 1.0 / 3.0, false), "0.333333");
        for (u, expected) in [(0.0, "1"), (0.34, "2"), (0.9999, "3")] {
            assert_eq!(at("a=1..3", u, true), expected);
        }
        assert_eq!(at("a=1..1000:log", 0.9999, true), "1000");
        assert_eq!(at("a=1..1000:log", 0.0, true), "1");
    }
}
