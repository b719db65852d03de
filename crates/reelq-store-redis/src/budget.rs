//! What a batch may spend, changed without a load.

use reelq_model::{BatchName, Money};

use super::{caller::Caller, codec::Packer, views};
use reelq_store::rules::bounds;
use reelq_store::rules::draft::with_budget;
use reelq_store::{Error, Result};

script!(SET_BUDGET, "set_budget", ["room"]);

/// The batch is as it was read, and the budget is set.
const DONE: i64 = 0;
/// There is no such batch.
const NONE: i64 = 1;

pub(super) async fn set(caller: &Caller, name: &BatchName, budget: Option<Money>) -> Result<()> {
    let none = || Error::NoBatch(name.to_string());
    loop {
        let before = views::draft(caller, name).await?.ok_or_else(none)?;
        let after = with_budget(&before, budget)?;
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
