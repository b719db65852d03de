//! Price rows.

use indexmap::IndexMap;
use reelq_model::Money;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What a price is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// One accepted submission.
    #[default]
    Task,
    /// One second of `duration`.
    Second,
}

/// One price and when it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    /// The values that fields (or `mode`) must have, the vendor's defaults included; a list means any of them.
    #[serde(default)]
    pub when: IndexMap<String, Value>,
    /// The amount, a decimal text in the file.
    #[serde(deserialize_with = "read_usd")]
    pub usd: Money,
    /// What the amount is for.
    #[serde(default)]
    pub per: Per,
}

fn read_usd<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let text = String::deserialize(deserializer)?;
    let usd: Money = text.parse().map_err(serde::de::Error::custom)?;
    if usd < Money::ZERO {
        return Err(serde::de::Error::custom(format!("`{text}` is negative: a price is not")));
    }
    Ok(usd)
}
