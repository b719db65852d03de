//! A batch's draft as stores keep it.

use reelq_model::Money;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A draft as it is kept, with another budget; whatever else a newer reelq keeps in it stays.
pub fn with_budget(draft: &str, budget: Option<Money>) -> Result<String> {
    let budget = serde_json::to_value(budget).map_err(|error| broken(&error))?;
    changed(draft, |draft| {
        draft.insert("budget".to_owned(), budget);
    })
}

/// A draft as it is kept, without what its plan came to; whatever else is kept in it stays.
pub fn without_plan(draft: &str) -> Result<String> {
    changed(draft, |draft| {
        if let Some(Value::Object(with)) = draft.get_mut("loaded_with") {
            with.remove("planned");
        }
    })
}

fn changed(draft: &str, change: impl FnOnce(&mut Map<String, Value>)) -> Result<String> {
    let mut draft = serde_json::from_str(draft).map_err(|error| broken(&error))?;
    change(&mut draft);
    serde_json::to_string(&draft).map_err(|error| broken(&error))
}

fn broken(error: &serde_json::Error) -> Error {
    Error::broken(error.to_string())
}
