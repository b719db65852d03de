//! One model and its modes.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, PriceRow, Rule};

/// A way to use a model, inferred from the fields that are given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mode {
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Other names that a manifest may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The fields that together mean this mode.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<String>,
    /// The fields of which each alone means this mode.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<String>,
    /// The fields that it needs beside those that every request needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Fields that the vendor ignores in this mode, with the reason: taken away with a warning.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub drops: IndexMap<String, String>,
    /// What the mode fixes; used to match rules and prices, never sent.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub implies: IndexMap<String, Value>,
    /// Why its use is doubtful: a warning wherever it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// One model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// What it is.
    pub about: String,
    /// The page that the entry was written from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Named sets of fields that it takes, in the order of the request.
    #[serde(skip_serializing)]
    pub(crate) fields_from: Vec<String>,
    /// Named sets of rules that it obeys.
    #[serde(skip_serializing)]
    pub(crate) rules_from: Vec<String>,
    /// Fields of those sets that it does not take.
    #[serde(skip_serializing)]
    pub(crate) without: Vec<String>,
    /// The field that carries the mode in the request, where the vendor has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_field: Option<String>,
    /// The object whose unknown members are passed on unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passthrough: Option<String>,
    /// Its modes; the first without a trigger is the one where nothing else is given.
    pub modes: IndexMap<String, Mode>,
    /// Its request fields, in the order of the request.
    pub fields: IndexMap<String, Field>,
    /// Fields that it is known not to take, with the reason.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub refused: IndexMap<String, String>,
    /// Its rules about combinations.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub rules: IndexMap<String, Rule>,
    /// Its prices; the first row that matches holds.
    pub prices: Vec<PriceRow>,
}

impl Model {
    /// The names of the fields that take images.
    pub fn image_fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, field)| field.kind().is_image()).map(|(name, _)| name.as_str())
    }
}
