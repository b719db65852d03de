//! The JSON Schema of a configuration file.

use serde_json::{Map, Value as Json, json};

use super::{
    kind::ValueKind,
    range::Numbers,
    table::{ConfigKey, keys},
};

/// The JSON Schema of `reelq.toml`.
pub fn schema() -> Json {
    let mut root = object();
    root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    root.insert("title".to_owned(), "reelq.toml".into());
    for key in keys() {
        insert(&mut root, key.path, key);
    }
    Json::Object(root)
}

/// An object that takes no other keys than those that are put into it.
fn object() -> Map<String, Json> {
    let parts = [("type", json!("object")), ("additionalProperties", json!(false)), ("properties", json!({}))];
    parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Puts a key below `table`; `*` stands for each entry of a table of names, or of a list.
fn insert(table: &mut Map<String, Json>, path: &[&str], key: &ConfigKey) {
    match path {
        [name] => {
            if let Some(Json::Object(properties)) = table.get_mut("properties") {
                properties.insert((*name).to_owned(), property(key));
            }
            if key.is_required()
                && let Json::Array(required) = table.entry("required").or_insert_with(|| json!([]))
            {
                required.push((*name).into());
            }
        }
        // Any field of a row; what it may be is the catalogue's to say.
        [name, "*"] => {
            if let Some(Json::Object(found)) = entry(table, name, || Json::Object(object())) {
                found.insert("additionalProperties".to_owned(), json!({ "description": key.doc }));
            }
        }
        [_, "*", "*"] => {}
        [name, "*", rest @ ..] => {
            let (kind, below) =
                if *name == "schedules" { ("array", "items") } else { ("object", "additionalProperties") };
            let each = || json!({ "type": kind, below: object() });
            if let Some(Json::Object(entry)) = entry(table, name, each).and_then(|found| found.get_mut(below)) {
                insert(entry, rest, key);
            }
        }
        [name, rest @ ..] => {
            if let Some(Json::Object(found)) = entry(table, name, || Json::Object(object())) {
                insert(found, rest, key);
            }
        }
        [] => {}
    }
}

/// The property of this name, made where it is new.
fn entry<'t>(table: &'t mut Map<String, Json>, name: &str, make: impl FnOnce() -> Json) -> Option<&'t mut Json> {
    let properties = table.get_mut("properties")?.as_object_mut()?;
    Some(properties.entry(name.to_owned()).or_insert_with(make))
}

fn property(key: &ConfigKey) -> Json {
    let mut property = kind(key.kind);
    property.insert("description".to_owned(), key.doc.into());
    if let Some(default) = key.default() {
        property.insert("default".to_owned(), default.to_json());
    }
    Json::Object(property)
}

fn kind(kind: ValueKind) -> Map<String, Json> {
    let read = match kind {
        ValueKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        ValueKind::Number(range) => number(range),
        ValueKind::NumberOrAuto(range) => json!({ "anyOf": [number(range), { "const": "auto" }] }),
        ValueKind::Whole { min, max } => whole(min, max),
        ValueKind::WholeOrAuto { min, max } => json!({ "anyOf": [whole(min, max), { "const": "auto" }] }),
        ValueKind::Dollars => json!({ "type": ["number", "string"] }),
        ValueKind::Switch => json!({ "type": "boolean" }),
        ValueKind::Choice(words) => json!({ "enum": words }),
        ValueKind::Url => json!({ "type": "string", "format": "uri" }),
        _ => json!({ "type": "string" }),
    };
    match read {
        Json::Object(object) => object,
        _ => Map::new(),
    }
}

fn number(range: Numbers) -> Json {
    json!({ "type": "number", "exclusiveMinimum": range.above, "maximum": range.most })
}

fn whole(min: i64, max: i64) -> Json {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_place_with_its_range_and_its_default() {
        let schema = schema();
        let account = &schema["properties"]["accounts"]["additionalProperties"]["properties"];
        assert_eq!(account["burst"]["maximum"], 10_000);
        assert_eq!(account["requests_per_second"]["default"], 2.0);
        assert_eq!(account["breaker"]["properties"]["after"]["minimum"], 0);
        let schedule = &schema["properties"]["schedules"]["items"];
        assert_eq!(schedule["required"], json!(["name", "cron", "manifest"]));
        assert_eq!(schema["properties"]["downloads"]["properties"]["max_bytes"]["default"], "2GiB");
    }
}
