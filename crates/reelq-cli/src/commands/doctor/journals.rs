//! Whether the store waits for journals before anything new is bought.

use reelq_runner::{awaited, context::CommandContext, jobs::absent, opened::OpenedStore};
use reelq_store::GuardStep;

use super::check::Check;

/// One check where there is a store that may forget; none where it does not open, which its own check says.
pub(super) async fn checks(context: &CommandContext) -> Vec<Check> {
    let Ok(Some(store)) = OpenedStore::read(context).await else { return Vec::new() };
    let Ok(guard) = store.guard(&GuardStep::List).await else { return Vec::new() };
    let awaited = awaited::waiting(&guard).map(|found| Check::bad("journals", found, awaited::FIX));
    let fix = || absent::ways_on(&guard.absent, &context.flags());
    let lost = absent::told(&guard.absent).into_iter().map(|found| Check::doubtful("lost jobs", found, fix()));
    awaited.into_iter().chain(lost).collect()
}
