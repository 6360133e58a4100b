//! The configuration of an experiment: its TOML file with all defaults, then `--set a.b=c`.
//!
//! The TOML file holds every key there is, so it also says which keys and types are right.

use std::str::FromStr;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use toml::{Table, Value};

use crate::names::UnknownName;

/// One `--set a.b=c`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The dotted key, e.g. `optimiser.learning_rate`.
    pub key: String,
    /// The value as written.
    pub value: String,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `--set` without `=`.
    #[error("`{0}` is not of the form KEY=VALUE, e.g. epochs=10")]
    Form(String),
    /// A key that the experiment does not have.
    #[error(transparent)]
    Key(#[from] UnknownName),
    /// A value of another type than the default's.
    #[error("`{key}`: expected {expected} (default: {default}), found `{found}`")]
    Type {
        /// The dotted key.
        key: String,
        /// What the default is.
        expected: &'static str,
        /// The default.
        default: String,
        /// What the user wrote.
        found: String,
    },
    /// `--full` of an experiment that has one size.
    #[error("--full: {0} has one size only")]
    NoFull(&'static str),
    /// A value outside its domain, or a table with a wrong key in it.
    #[error("configuration: {0}")]
    Value(String),
}

impl FromStr for Override {
    type Err = ConfigError;

    /// `KEY=VALUE`; the value may hold further `=`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().into(), value: value.trim().into() })
            }
            _ => Err(ConfigError::Form(text.into())),
        }
    }
}

/// The table with the override applied.
///
/// # Errors
/// [`ConfigError::Key`] with the nearest right key, [`ConfigError::Type`].
///
/// ```
/// use halfwave_trainer::config::set;
/// let mut table = "epochs = 10\nrbm.learning_rate = 0.1".parse::<toml::Table>().unwrap();
/// set(&mut table, &"rbm.learning_rate=1".parse()?)?;
/// assert_eq!(table["rbm"]["learning_rate"].as_float(), Some(1.0));
/// let error = set(&mut table, &"epoch=3".parse()?).unwrap_err().to_string();
/// assert!(error.contains("did you mean `epochs`?"), "{error}");
/// # Ok::<(), halfwave_trainer::config::ConfigError>(())
/// ```
pub fn set(table: &mut Table, change: &Override) -> Result<(), ConfigError> {
    set_or_add::<&str>(table, change, &[])
}

/// As [`set`], where keys that are `optional` may be new in tables that are there: they are added as they are written.
///
/// # Errors
/// As [`set`].
pub fn set_or_add<K: AsRef<str>>(
    table: &mut Table,
    change: &Override,
    optional: &[K],
) -> Result<(), ConfigError> {
    let is_new = get(table, &change.key).is_none();
    if is_new && optional.iter().any(|key| key.as_ref() == change.key) {
        let parent = match change.key.rsplit_once('.') {
            None => Some((&mut *table, change.key.as_str())),
            Some((parent, key)) => match find(table, parent) {
                Some(Value::Table(inner)) => Some((inner, key)),
                _ => None,
            },
        };
        if let Some((parent, key)) = parent {
            let value = parse(&change.value).unwrap_or_else(|| Value::String(change.value.clone()));
            parent.insert(key.into(), value);
            return Ok(());
        }
    }
    // A setting of another name than the one that is there: `initialiser.normal.std` of `initialiser = "he_normal"`.
    if let [name, variant, setting] = ends(&change.key)
        && let Some(place @ Value::String(_)) = find(table, name)
        && let Some(value) = parse(&change.value)
    {
        let settings = Value::Table(Table::from_iter([(setting.to_owned(), value)]));
        *place = Value::Table(Table::from_iter([(variant.to_owned(), settings)]));
        return Ok(());
    }
    let Some(place) = find(table, &change.key) else {
        let mut known = keys(table);
        known.extend(optional.iter().map(|key| key.as_ref().to_owned()));
        return Err(UnknownName::new("key", &change.key, known).into());
    };
    let wrong = |default: &Value| ConfigError::Type {
        key: change.key.clone(),
        expected: type_name(default),
        default: default.to_string(),
        found: change.value.clone(),
    };
    *place = coerce(place, &change.value).ok_or_else(|| wrong(place))?;
    Ok(())
}

/// The typed configuration.
///
/// # Errors
/// [`ConfigError::Value`] for a value outside its type's domain or a wrong key in a table.
pub fn typed<T: DeserializeOwned>(table: Table) -> Result<T, ConfigError> {
    table.try_into().map_err(|error: toml::de::Error| {
        ConfigError::Value(error.to_string().trim_end().replace('\n', " "))
    })
}

/// `base` with the keys of `over` in place of its own, table by table.
#[must_use]
pub fn merge(mut base: Table, over: Table) -> Table {
    for (key, value) in over {
        let value = match (base.remove(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => Value::Table(merge(base, over)),
            (_, value) => value,
        };
        base.insert(key, value);
    }
    base
}

/// The changes that a file of TOML asks for, in its order: each value with its dotted key. A table with a `name` is one
/// value, e.g. an optimiser.
///
/// ```
/// use halfwave_trainer::config::changes;
/// let table = "epochs = 3\n[mlp]\nhidden = [8]\noptimiser = { name = 'sgd' }".parse()?;
/// let changes: Vec<String> = changes(&table).iter().map(|it| format!("{}={}", it.key, it.value)).collect();
/// assert_eq!(changes, ["epochs=3", "mlp.hidden=[8]", "mlp.optimiser={ name = \"sgd\" }"]);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[must_use]
pub fn changes(table: &Table) -> Vec<Override> {
    let of = |(key, value): (&String, &Value)| match value {
        Value::Table(inner) if !inner.contains_key("name") => {
            let inner = changes(inner).into_iter();
            inner
                .map(|change| Override { key: format!("{key}.{}", change.key), ..change })
                .collect()
        }
        _ => vec![Override { key: key.clone(), value: value.to_string() }],
    };
    table.iter().flat_map(of).collect()
}

/// All dotted keys that hold a value.
#[must_use]
pub fn keys(table: &Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                keys.extend(self::keys(inner).iter().map(|inner| format!("{key}.{inner}")));
            }
            _ => keys.push(key.clone()),
        }
    }
    keys
}

/// The value of a dotted key.
#[must_use]
pub fn get<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((first, rest)) => get(table.get(first)?.as_table()?, rest),
    }
}

fn find<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        None => table.get_mut(key),
        Some((first, rest)) => match table.get_mut(first)? {
            Value::Table(inner) => find(inner, rest),
            _ => None,
        },
    }
}

/// The text as TOML writes a value.
fn parse(text: &str) -> Option<Value> {
    let table = format!("v = {text}").parse::<Table>().ok().filter(|table| table.len() == 1);
    table.and_then(|mut table| table.remove("v"))
}

/// The text as a value of the default's type.
fn coerce(default: &Value, text: &str) -> Option<Value> {
    match (default, parse(text)) {
        // Names need no quotes on a command line. One that has a setting is a table: {normal={std=0.01}}.
        (Value::String(_), Some(Value::String(quoted))) => Some(Value::String(quoted)),
        (Value::String(_), Some(Value::Table(named))) if is_name(&named) => {
            Some(Value::Table(named))
        }
        (Value::Table(named), None) if is_name(named) => Some(Value::String(text.into())),
        (Value::String(_), _) => Some(Value::String(text.into())),
        (_, Some(value)) => like(default, value),
        (_, None) => None,
    }
}

/// A dotted key and its last two parts; empty where it has fewer.
fn ends(key: &str) -> [&str; 3] {
    let Some((rest, last)) = key.rsplit_once('.') else { return [""; 3] };
    rest.rsplit_once('.').map_or([""; 3], |(rest, middle)| [rest, middle, last])
}

/// Whether this is a name with its settings: `{ normal = { std = 0.01 } }`.
fn is_name(table: &Table) -> bool {
    table.len() == 1 && table.values().all(Value::is_table)
}

/// The value, if it has the default's type; a whole number may stand for a real one.
fn like(default: &Value, value: Value) -> Option<Value> {
    match (default, value) {
        (Value::Float(_), Value::Integer(n)) => Some(Value::Float(n as f64)),
        // Infinity only where it is among the defaults.
        (Value::Float(default), Value::Float(x)) => {
            (x.is_finite() || x == *default).then_some(Value::Float(x))
        }
        (Value::Array(defaults), Value::Array(values)) => {
            let infinite = |value: &&Value| value.as_float().is_some_and(f64::is_infinite);
            let default = defaults.iter().find(infinite).or(defaults.first());
            let values = values.into_iter().map(|value| match default {
                Some(default) => like(default, value),
                None => Some(value),
            });
            Some(Value::Array(values.collect::<Option<_>>()?))
        }
        // Keys and types inside are checked when the whole becomes typed.
        (default, value) if default.same_type(&value) => Some(value),
        _ => None,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a name",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a finite number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list in brackets",
        Value::Table(_) => "a table in braces",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = r#"
        sizes = [30, 64, 2]
        name = "relu"
        shuffle = true
        [rbm]
        epochs = 10
        rate = 0.06
    "#;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its types matter")]
    struct Config {
        sizes: Vec<usize>,
        name: String,
        shuffle: bool,
        rbm: Rbm,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its types matter")]
    struct Rbm {
        epochs: usize,
        rate: f32,
    }

    fn after(change: &str) -> Result<Table, ConfigError> {
        let mut table = DEFAULTS.parse().unwrap();
        set(&mut table, &change.parse()?)?;
        Ok(table)
    }

    #[test]
    fn values_take_the_type_of_the_default() {
        assert_eq!(after("rbm.rate=1").unwrap()["rbm"]["rate"], Value::Float(1.0));
        assert_eq!(after("rbm.epochs = 3").unwrap()["rbm"]["epochs"], Value::Integer(3));
        assert_eq!(after("name=tanh").unwrap()["name"], Value::String("tanh".into()));
        assert_eq!(after("name=\"tanh\"").unwrap()["name"], Value::String("tanh".into()));
        assert_eq!(after("name=5").unwrap()["name"], Value::String("5".into()));
        assert_eq!(after("shuffle=false").unwrap()["shuffle"], Value::Boolean(false));
        assert_eq!(after("sizes=[30, 2]").unwrap()["sizes"].as_array().unwrap().len(), 2);
        let whole = after("rbm={epochs=1, rate=0.5}").unwrap();
        assert_eq!(whole["rbm"]["rate"], Value::Float(0.5));
    }

    #[test]
    fn optional_keys_are_added_to_tables_that_are_there() {
        let mut table: Table = DEFAULTS.parse().unwrap();
        let optional = ["rbm.max_norm", "mlp.max_norm"];
        set_or_add(&mut table, &"rbm.max_norm=3".parse().unwrap(), &optional).unwrap();
        assert_eq!(table["rbm"]["max_norm"], Value::Integer(3));
        for wrong in ["mlp.max_norm=3", "rbm.max_nrom=3"] {
            let error = set_or_add(&mut table, &wrong.parse().unwrap(), &optional);
            assert!(matches!(error, Err(ConfigError::Key(_))), "{wrong}");
        }
    }

    #[test]
    fn names_may_have_settings() {
        let defaults =
            "[base]\ninitialiser = \"he_normal\"\nrecurrent = { normal = { gain = 2.0 } }";
        let after = |change: &str| {
            let mut table: Table = defaults.parse().unwrap();
            set(&mut table, &change.parse().unwrap()).map(|()| table["base"].to_string())
        };
        for change in ["base.initialiser={normal={std=0.01}}", "base.initialiser.normal.std=0.01"] {
            let after = after(change).unwrap();
            assert!(after.contains("initialiser = { normal = { std = 0.01 } }"), "{after}");
        }
        assert!(after("base.recurrent=identity").unwrap().contains("recurrent = \"identity\""));
        assert!(after("base.recurrent.normal.gain=1").unwrap().contains("gain = 1.0"));
        assert!(matches!(after("base.recurrent=[1]"), Err(ConfigError::Type { .. })));
        assert!(matches!(after("base.initialiser.std=1"), Err(ConfigError::Key(_))));
    }

    #[test]
    fn wrong_types_are_refused() {
        for change in [
            "rbm.epochs=1.5",
            "rbm.epochs=many",
            "rbm.epochs=",
            "rbm.epochs=1\nx=2",
            "rbm.rate=nan",
            "rbm.rate=inf",
            "rbm.rate=[1]",
            "shuffle=1",
            "sizes=3",
            "sizes=[1.5]",
            "sizes=['a']",
            "rbm=3",
        ] {
            assert!(matches!(after(change), Err(ConfigError::Type { .. })), "{change}");
        }
        assert_eq!(
            after("rbm.epochs=1.5").unwrap_err().to_string(),
            "`rbm.epochs`: expected a whole number (default: 10), found `1.5`"
        );
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        for (change, meant) in [
            ("rbm.epoch=1", "rbm.epochs"),
            ("epochs=1", "rbm.epochs"),
            ("size=[1]", "sizes"),
            ("rmb.rate=1", "rbm.rate"),
        ] {
            match after(change) {
                Err(ConfigError::Key(error)) => assert_eq!(error.nearest.as_deref(), Some(meant)),
                other => panic!("{change}: {other:?}"),
            }
        }
        assert!(matches!(after("rbm.epochs.x=1"), Err(ConfigError::Key(_))));
        assert!(matches!(after(".=1"), Err(ConfigError::Key(_))));
        assert!(matches!(after("epochs"), Err(ConfigError::Form(_))));
        assert!(matches!(after("=1"), Err(ConfigError::Form(_))));
    }

    #[test]
    fn domains_and_inner_keys_are_checked_by_type() {
        assert!(typed::<Config>(DEFAULTS.parse().unwrap()).is_ok());
        for change in ["rbm.epochs=-1", "rbm={epochs=1, rat=0.5}", "rbm={epochs=1}"] {
            let error = typed::<Config>(after(change).unwrap()).unwrap_err();
            assert!(matches!(error, ConfigError::Value(_)), "{change}");
            println!("{error}");
        }
    }

    #[test]
    fn merge_goes_table_by_table() {
        let over = "name = \"tanh\"\n[rbm]\nepochs = 2".parse().unwrap();
        let merged = merge(DEFAULTS.parse().unwrap(), over);
        assert_eq!(merged["rbm"]["epochs"].as_integer(), Some(2));
        assert_eq!(merged["rbm"]["rate"].as_float(), Some(0.06));
        assert_eq!(merged["name"].as_str(), Some("tanh"));
    }
}
