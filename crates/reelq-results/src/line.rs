//! Turns a job back into a row of a manifest.

use std::collections::BTreeMap;

use reelq_model::{Fields, visible_json};
use serde_json::{Map, Value};

/// What a row of a manifest needs to ask for the same again.
#[derive(Debug, Clone, Copy)]
pub struct ManifestLine<'a> {
    /// The row's own id.
    pub label: Option<&'a str>,
    /// The account.
    pub account: Option<&'a str>,
    /// The provider.
    pub provider: Option<&'a str>,
    /// The model.
    pub model: Option<&'a str>,
    /// The mode.
    pub mode: Option<&'a str>,
    /// The request fields.
    pub fields: &'a Fields,
    /// What the row carried through.
    pub passthrough: &'a BTreeMap<String, String>,
}

/// Writes one JSONL row, without its line end, that reads back as the same request.
///
/// A name that only a TOML `passthrough` list allowed gets `x_` before it, for JSONL has no such list.
pub fn manifest_line(line: &ManifestLine<'_>) -> String {
    let mut row = Map::new();
    let own = [
        ("id", line.label),
        ("account", line.account),
        ("provider", line.provider),
        ("model", line.model),
        ("mode", line.mode),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            row.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    row.extend(line.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    for (name, value) in line.passthrough {
        let own = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x_")) && name.len() > 2;
        let name = if own { name.clone() } else { format!("x_{name}") };
        row.insert(name, Value::String(value.clone()));
    }
    visible_json(&Value::Object(row).to_string()).into_owned()
}
