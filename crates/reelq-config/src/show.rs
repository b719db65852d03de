//! The merged configuration with each value's origin.

use reelq_store_redis::Address;
use serde::Serialize;

use super::{MergedSettings, value::ConfigValue};

/// One line of `config show`.
#[derive(Debug, Clone, Serialize)]
pub struct ShownSetting {
    /// The key, dotted.
    pub key: String,
    /// Its value.
    pub value: serde_json::Value,
    /// Where it came from.
    pub origin: String,
}

/// Every setting. Keys of accounts cannot be among them: the configuration names only where they are kept.
pub fn shown(settings: &MergedSettings) -> Vec<ShownSetting> {
    let line = |(path, setting): (&Vec<String>, &super::layers::Setting)| ShownSetting {
        key: path.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."),
        value: value(path, setting),
        origin: setting.origin.to_string(),
    };
    settings.iter().map(line).collect()
}

/// The address of a store may hold a password: it is shown without.
fn value(path: &[String], setting: &super::layers::Setting) -> serde_json::Value {
    match &setting.value {
        ConfigValue::Text(text) if path == ["store"] => shown_store(text).into(),
        value => value.to_json(),
    }
}

/// A `store` value without user and password.
pub fn shown_store(text: &str) -> String {
    text.parse::<Address>().map_or_else(|_| text.to_owned(), |address| address.to_string())
}

fn quoted(part: &str) -> String {
    let bare = part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { part.to_owned() } else { format!("\"{part}\"") }
}
