//! A JSON Schema of the TOML manifest and of a JSONL row, for editors.

use reelq_results::taken;
use serde_json::{Map, Value, json};

use crate::{Vocabulary, limits};

/// Describes both forms; request values are checked by the catalogue, so they may be of any type here.
pub fn schema(vocabulary: &Vocabulary) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reelq manifest",
        "description": "A TOML manifest, or one line of a JSONL manifest.",
        "anyOf": [{ "$ref": "#/$defs/manifest" }, { "$ref": "#/$defs/row" }],
        "$defs": {
            "manifest": manifest(),
            "batch": batch(),
            "row": row(vocabulary, Map::new()),
            "job": row(vocabulary, job_keys()),
            "source": source(),
        }
    })
}

fn object(properties: &Value, description: &str) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": false, "properties": properties })
}

fn manifest() -> Value {
    object(
        &json!({
            "batch": { "$ref": "#/$defs/batch" },
            "defaults": { "$ref": "#/$defs/row" },
            "jobs": { "type": "array", "items": { "$ref": "#/$defs/job" } },
            "sources": { "type": "array", "items": { "$ref": "#/$defs/source" } },
        }),
        "A TOML manifest.",
    )
}

fn batch() -> Value {
    object(
        &json!({
            "name": { "type": "string", "description": "Names the batch; the file stem where it is left out." },
            "output": { "type": "string", "description": "Where results go: a folder or s3://bucket/prefix." },
            "file_name": { "type": "string", "description": "The template of output file names." },
            "budget_usd": {
                "description": "The most that the batch may spend, with at most six decimals.",
                "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": r"^\$?\d*(\.\d{0,6})?$" }],
            },
            "priority": { "type": "integer", "description": "Higher goes first; 0 is usual." },
            "passthrough": {
                "type": "array",
                "items": { "type": "string", "not": { "enum": taken().collect::<Vec<_>>() } },
                "description": "Columns carried to the result manifest untouched.",
            },
        }),
        "The batch as a whole.",
    )
}

fn source() -> Value {
    let mut source = object(
        &json!({
            "path": { "type": "string", "description": "A CSV, TSV or JSONL file, relative to the manifest." },
            "format": { "enum": ["csv", "tsv", "jsonl"] },
            "defaults": { "$ref": "#/$defs/row" },
            "columns": { "type": "object", "additionalProperties": { "type": "string" },
                         "description": "File column to field." },
            "filter": { "type": "string", "description": "A condition over the row's columns." },
            "where": { "type": "string", "description": "Another word for filter." },
            "ignore": { "type": "array", "items": { "type": "string" }, "description": "Columns that mean nothing." },
        }),
        "A file of rows.",
    );
    source["required"] = json!(["path"]);
    source
}

fn job_keys() -> Map<String, Value> {
    let mut keys = Map::new();
    keys.insert("vars".to_owned(), json!({ "type": "object", "description": "Constants for templates." }));
    let lists = json!({ "type": "array", "minItems": 1 });
    let description = "Lists for templates; the job is expanded to every combination.";
    keys.insert(
        "matrix".to_owned(),
        json!({ "type": "object", "additionalProperties": lists, "description": description }),
    );
    keys
}

fn row(vocabulary: &Vocabulary, mut properties: Map<String, Value>) -> Value {
    for (name, description) in [
        ("id", "A label of your own."),
        ("account", "The account that buys it."),
        ("provider", "The provider."),
        ("model", "The model, as the provider calls it."),
        ("mode", "The mode, where the fields do not tell it."),
    ] {
        properties.insert(name.to_owned(), json!({ "type": ["string", "integer"], "description": description }));
    }
    let copies = json!({ "type": "integer", "minimum": 1, "maximum": limits::COPIES, "default": 1 });
    properties.insert("copies".to_owned(), copies);
    properties.insert("priority".to_owned(), json!({ "type": "integer" }));
    for field in &vocabulary.fields {
        insert(&mut properties, field);
    }
    let mut row = object(&Value::Object(properties), "One row: what to buy.");
    // Names of a `passthrough` list are known only to the manifest that has it.
    row["patternProperties"] = json!({ "^[xX]_.+": {} });
    row
}

fn insert(properties: &mut Map<String, Value>, field: &str) {
    let Some((parent, rest)) = field.split_once('.') else {
        properties.entry(field).or_insert_with(|| json!({}));
        return;
    };
    let parent = properties.entry(parent).or_insert_with(|| json!({}));
    if parent.get("properties").is_none() {
        *parent = json!({ "type": "object", "additionalProperties": false, "properties": {} });
    }
    if let Some(inner) = parent.get_mut("properties").and_then(Value::as_object_mut) {
        insert(inner, rest);
    }
}
