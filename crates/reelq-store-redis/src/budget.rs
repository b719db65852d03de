//! What is kept of a batch, changed without a load: what it may spend, and what its plan came to.

use reelq_model::{BatchName, Money};

use super::{caller::Caller, codec::Packer, views};
use reelq_store::rules::bounds;
use reelq_store::rules::draft::{with_budget, without_plan};
use reelq_store::{BatchDraft, Error, Result};

script!(SET_BUDGET, "set_budget", ["room"]);

/// The batch is as it was read, and the budget is set.
const DONE: i64 = 0;
/// There is no such batch.
const NONE: i64 = 1;

pub(super) async fn set(caller: &Caller, name: &BatchName, budget: Option<Money>) -> Result<()> {
    change(caller, name, |before| Ok((with_budget(before, budget)?, budget))).await
}

pub(super) async fn forget_plan(caller: &Caller, name: &BatchName) -> Result<()> {
    let change_draft = |before: &str| {
        let draft: BatchDraft = serde_json::from_str(before).map_err(|error| Error::broken(error.to_string()))?;
        Ok((without_plan(before)?, draft.budget))
    };
    change(caller, name, change_draft).await
}

/// Replaces a batch's draft by another one, with the budget that claims go by.
async fn change(
    caller: &Caller,
    name: &BatchName,
    change_draft: impl Fn(&str) -> Result<(String, Option<Money>)>,
) -> Result<()> {
    let none = || Error::NoBatch(name.to_string());
    loop {
        let before = views::draft(caller, name).await?.ok_or_else(none)?;
        let (after, budget) = change_draft(&before)?;
        let micros = budget.map_or(-1, bounds::cap);
        let arguments = Packer::new().list(4).text(name.as_str()).text(&before).text(&after).int(micros).finish();
        match caller.call(&SET_BUDGET, &arguments).await?.unpack().int()? {
            DONE => return Ok(()),
            NONE => return Err(none()),
            // A load was finished between the two: what it brought is changed instead.
            _ => {}
        }
    }
}
