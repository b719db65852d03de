//! A batch's draft as stores keep it.

use reelq_model::Money;

use crate::{Error, Result};

/// A draft as it is kept, with another budget; whatever else a newer reelq keeps in it stays.
pub fn with_budget(draft: &str, budget: Option<Money>) -> Result<String> {
    let broken = |error: serde_json::Error| Error::broken(error.to_string());
    let mut draft: serde_json::Map<String, serde_json::Value> = serde_json::from_str(draft).map_err(broken)?;
    draft.insert("budget".to_owned(), serde_json::to_value(budget).map_err(broken)?);
    serde_json::to_string(&draft).map_err(broken)
}
