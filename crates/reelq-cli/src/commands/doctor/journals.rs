//! Whether the store waits for journals before anything new is bought.

use reelq_runner::opened::OpenedStore;
use reelq_runner::{awaited, context::Session, jobs::absent};
use reelq_store::GuardStep;

use super::Check;

/// One check where there is a store that may forget; none where it does not open, which its own check says.
pub(super) async fn checks(session: &Session) -> Vec<Check> {
    let Ok(Some(store)) = OpenedStore::read(session).await else { return Vec::new() };
    let Ok(guard) = store.guard(&GuardStep::List).await else { return Vec::new() };
    let awaited = awaited::waiting(&guard).map(|found| Check::bad("journals", found, awaited::FIX));
    let fix = || absent::ways_on(&guard.absent, &session.flags());
    let lost = absent::told(&guard.absent).into_iter().map(|found| Check::doubtful("lost jobs", found, fix()));
    awaited.into_iter().chain(lost).collect()
}
