//! Whether the store waits for journals before anything new is bought.

use reelq_store::GuardStep;

use super::Check;
use crate::{
    commands::{absent, after_loss},
    session::Session,
};

/// One check where there is a store that may forget; none where it does not open, which its own check says.
pub(super) async fn checks(session: &Session) -> Vec<Check> {
    let Ok(Some(store)) = session.reading_if_any().await else { return Vec::new() };
    let Ok(guard) = store.guard(&GuardStep::List).await else { return Vec::new() };
    let awaited = after_loss::waiting(&guard).map(|found| Check::bad("journals", found, after_loss::FIX));
    let fix = || absent::ways_on(&guard.absent, &session.flags());
    let lost = absent::told(&guard.absent).into_iter().map(|found| Check::doubtful("lost jobs", found, fix()));
    awaited.into_iter().chain(lost).collect()
}
