//! The configuration of an experiment for readers: with its comments, and as a JSON schema.

use serde_json::{Map, Value as Json, json};
use toml_edit::{DocumentMut, Item, Key, Table, Value};

use super::{Experiment, is_machine};
use crate::rbm::RbmConfig;

/// The keys of an experiment with their defaults and what is said of them: TOML, as `--config` takes it.
#[must_use]
pub fn show(experiment: &Experiment) -> String {
    let Experiment { name, summary, seeds, epochs, .. } = experiment;
    let epochs = epochs.join(", ");
    format!(
        "# {name}: {summary}\n# seeds: {seeds}; --epochs sets {epochs}\n\n{}",
        document(experiment)
    )
}

/// The same as a JSON schema, for editors and programs: type, default and description of each key. Any of them may
/// be left out.
#[must_use]
pub fn schema(experiment: &Experiment) -> Json {
    let Experiment { name, summary, .. } = experiment;
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": summary,
    });
    if let (Some(schema), Json::Object(keys)) =
        (schema.as_object_mut(), closed(&document(experiment)))
    {
        schema.extend(keys);
    }
    schema
}

/// All defaults, with their comments.
fn document(experiment: &Experiment) -> DocumentMut {
    let mut all = DocumentMut::new();
    for (name, text) in experiment.defaults {
        let mut part: DocumentMut =
            text.parse().expect("embedded configurations are valid, a test reads them all");
        if name.is_empty() {
            merge(&mut all, &part);
        } else {
            in_order(&mut part);
            all.insert(name, Item::Table(part.as_table().clone()));
        }
    }
    all
}

/// Puts `over` in the place of what has its keys; comments stay, unless there are others.
fn merge(base: &mut Table, over: &Table) {
    for (name, item) in over {
        match (base.get_mut(name), item) {
            (Some(Item::Table(base)), Item::Table(over)) => merge(base, over),
            (Some(place), _) => *place = item.clone(),
            (None, _) => {
                base.insert(name, item.clone());
            }
        }
        let comment = over.key(name).map(comment).unwrap_or_default();
        if let (false, Some(mut key)) = (comment.is_empty(), base.key_mut(name)) {
            let lines = comment.lines().map(|line| format!("# {line}\n"));
            key.leaf_decor_mut().set_prefix(lines.collect::<String>());
        }
    }
}

/// Tables are written in the order of their keys, not in that of the files they are from.
fn in_order(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Item::Table(inner) = item {
            in_order(inner);
        }
    }
}

/// What is said of a key: the comment above it, from the last empty line on.
fn comment(key: &Key) -> String {
    paragraph(key.leaf_decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default())
}

fn paragraph(text: &str) -> String {
    let lines = text.rsplit("\n\n").next().unwrap_or_default().lines();
    let lines: Vec<&str> =
        lines.filter_map(|line| line.trim().strip_prefix('#')).map(str::trim).collect();
    lines.join("\n")
}

/// A table that has these keys and no others.
fn closed(table: &Table) -> Json {
    let property = |(name, item): (&str, &Item)| {
        let said = match item {
            Item::Table(inner) => paragraph(
                inner.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default(),
            ),
            _ => table.key(name).map(comment).unwrap_or_default(),
        };
        let mut property = match item {
            // Which keys it has depends on its name, as in a table in a line.
            Item::Table(inner) if inner.contains_key("name") => json!({ "type": "object" }),
            Item::Table(inner) => closed(inner),
            _ => item.as_value().map(kind).unwrap_or_default(),
        };
        if let (false, Some(property)) = (said.is_empty(), property.as_object_mut()) {
            property.insert("description".into(), said.replace('\n', " ").into());
        }
        (name.to_owned(), property)
    };
    let mut properties: Map<String, Json> = table.iter().map(property).collect();
    let plain = table.to_string().parse::<toml::Table>();
    if plain.is_ok_and(|plain| is_machine(&toml::Value::Table(plain))) {
        for key in RbmConfig::OPTIONAL {
            properties.entry(key).or_insert_with(|| json!({}));
        }
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// The type of a value, which is the default. What a table in a line may hold, such as the settings of an optimiser, depends
/// on its name.
fn kind(value: &Value) -> Json {
    let name = match value {
        Value::String(_) | Value::Datetime(_) => "string",
        Value::Integer(_) => "integer",
        Value::Float(_) => "number",
        Value::Boolean(_) => "boolean",
        Value::Array(_) => "array",
        Value::InlineTable(_) => "object",
    };
    let mut kind = json!({ "type": name, "default": plain(value) });
    match value {
        // All are sizes and counts.
        Value::Integer(_) => kind["minimum"] = 0.into(),
        Value::Array(values) => {
            if let Some(first) = values.get(0) {
                kind["items"] = json!({ "type": self::kind(first)["type"] });
            }
        }
        _ => {}
    }
    kind
}

fn plain(value: &Value) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(flag) => (*flag.value()).into(),
        Value::Datetime(time) => time.value().to_string().into(),
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::InlineTable(table) => {
            table.iter().map(|(name, value)| (name.to_owned(), plain(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::{TABLE, find};

    #[test]
    fn what_is_shown_is_the_configuration() {
        for experiment in TABLE {
            let shown: toml::Table = show(experiment).parse().unwrap();
            assert_eq!(shown, experiment.defaults(), "{}", experiment.name);
        }
    }

    #[test]
    fn the_schema_takes_what_a_configuration_may_have() {
        let schema = schema(find("mnist-rbm").unwrap());
        let machine = &schema["properties"]["bernoulli"]["properties"];
        assert_eq!(machine["max_norm"], json!({}));
        assert_eq!(machine["batch"]["minimum"], 0);
        let schema = super::schema(find("mnist-mlp").unwrap());
        let mlp = &schema["properties"]["mlp"]["properties"];
        assert_eq!(mlp["optimiser"].get("additionalProperties"), None, "SGD has other keys");
        assert_eq!(mlp["hidden"]["items"]["type"], "integer");
        assert_eq!(mlp.get("max_norm"), None);
    }

    #[test]
    fn comments_stay_with_their_keys() {
        let shown = show(find("agarap-fashion").unwrap());
        assert!(
            shown.contains("set = \"fashion-mnist\"") && !shown.contains("What differs from"),
            "{shown}"
        );
        let shown = show(find("tour").unwrap());
        let place = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text}: {shown}"));
        assert!(place("[wdbc.mlp]") < place("[optdigits_rbm]"), "{shown}");
        assert!(place("[optdigits_rbm]") < place("[optdigits_rbm.nrelu"), "{shown}");
        assert!(shown.contains("epochs = 40\n"), "{shown}");
    }

    #[test]
    fn the_schema_has_types_defaults_and_comments() {
        let schema = schema(find("agarap-wdbc").unwrap());
        assert_eq!(schema["additionalProperties"], false);
        let keys = &schema["properties"];
        assert_eq!(keys["folds"], json!({ "type": "integer", "default": 10, "minimum": 0 }));
        assert_eq!(
            keys["mlp"]["properties"]["dropout"],
            json!({ "type": "number", "default": 0.1 })
        );
        assert_eq!(keys["mlp"]["properties"]["hidden"]["default"], json!([128, 64, 32]));
        let said = keys["protocol"]["description"].as_str().unwrap();
        assert!(
            said.starts_with("\"honest\": fresh weights") && said.ends_with("then tested."),
            "{said}"
        );
    }
}
