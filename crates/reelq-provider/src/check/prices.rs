//! Finds what a row costs.

use reelq_model::Money;
use serde_json::Value;

use super::{row::RowCheck, rules::holds};
use crate::catalogue::{Mode, Per};

/// The price of one submission, where a price row matches.
pub(super) fn price(row: &RowCheck<'_>, mode: Option<(&str, &Mode)>) -> Option<Money> {
    let found = row.model.prices.iter().find(|price| holds(row, mode, &price.when))?;
    match found.per {
        Per::Task => Some(found.usd),
        Per::Second => {
            let seconds = row.in_effect(mode.map(|(_, mode)| mode), "duration").and_then(Value::as_i64)?;
            (seconds > 0).then(|| found.usd.times(seconds))
        }
    }
}
