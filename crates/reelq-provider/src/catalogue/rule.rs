//! Rules about combinations of fields.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What breaking a rule means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleSeverity {
    /// The vendor's page states it.
    #[default]
    Error,
    /// Later or upstream evidence, or a likely slip.
    Warning,
    /// Switched off by an overlay.
    Off,
}

/// A combination that is broken when every one of its conditions holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// What breaking it means.
    pub severity: RuleSeverity,
    /// Values in effect, the vendor's defaults included; a list means any of them.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub when: IndexMap<String, Value>,
    /// Values that the row gives itself.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub when_given: IndexMap<String, Value>,
    /// Fields that the row gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<String>,
    /// Fields that the row does not give.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Modes in which it holds; all where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// The field that the finding points at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The rule as a sentence without a full stop.
    pub say: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
