//! The merged configuration with each value's origin.

use serde::Serialize;

use super::Settings;

/// One line of `config show`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shown {
    /// The key, dotted.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: serde_json::Value,
    /// Where it came from.
    pub(crate) origin: String,
}

/// Every setting. Keys of accounts cannot be among them: the configuration names only where they are kept.
pub(crate) fn shown(settings: &Settings) -> Vec<Shown> {
    let line = |(path, setting): (&Vec<String>, &super::layers::Setting)| Shown {
        key: path.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."),
        value: setting.value.to_json(),
        origin: setting.origin.to_string(),
    };
    settings.iter().map(line).collect()
}

fn quoted(part: &str) -> String {
    let bare = part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { part.to_owned() } else { format!("\"{part}\"") }
}
