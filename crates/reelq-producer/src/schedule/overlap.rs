//! Whether a tick has to make way for an earlier one of its schedule.

use reelq_model::{ScheduleName, Status, Timestamp};
use reelq_store::{BatchView, Result, Store, TickState, TickView};

/// What stands in a tick's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InTheWay {
    /// The earlier tick.
    pub(super) tick: Timestamp,
    /// What of it is outstanding, for people.
    pub(super) reason: String,
}

/// The earlier tick whose batch has not ended, if there is one. One that is still to come and was fired all the same went before: the
/// clock was ahead.
pub(super) async fn in_the_way(store: &dyn Store, schedule: &ScheduleName, at: Timestamp) -> Result<Option<InTheWay>> {
    let open = store.open_ticks(schedule).await?;
    let present = store.calendar().await?;
    let went_before = |tick: &TickView| tick.at < at || tick.at > present;
    let ticks = store.ticks(schedule, usize::MAX).await?;
    let fired = ticks.into_iter().filter(|tick| tick.state == TickState::Fired && went_before(tick));
    let before = open.into_iter().rev().filter(|tick| tick.at < at);
    for tick in before.chain(fired) {
        if let Some(reason) = outstanding(store, &tick).await? {
            return Ok(Some(InTheWay { tick: tick.at, reason }));
        }
        if tick.state == TickState::Fired {
            // Before a batch that has ended there is none that has not: each waited for the one before.
            return Ok(None);
        }
    }
    Ok(None)
}

async fn outstanding(store: &dyn Store, tick: &TickView) -> Result<Option<String>> {
    match (tick.state, &tick.batch) {
        // One that no one has in progress could not be loaded: it is tried again, and holds up no other meanwhile.
        (TickState::Firing, _) => {
            let now = store.now().await?;
            let in_hand = tick.lease_until.is_some_and(|until| until > now);
            Ok(in_hand.then(|| format!("the tick of {} is being loaded", tick.at)))
        }
        (TickState::Waiting, _) => Ok(Some(format!("the tick of {} waits itself", tick.at))),
        (TickState::Fired, Some(name)) => {
            let view = store.batch(name).await?;
            let jobs = view.as_ref().map_or(0, moving);
            Ok((jobs > 0).then(|| format!("batch {name} has {jobs} outstanding")))
        }
        _ => Ok(None),
    }
}

/// Jobs that will still move by themselves; a reached budget lets no queued one go.
fn moving(view: &BatchView) -> u64 {
    let all = view.counts.outstanding() + view.others.outstanding();
    let stuck = if view.budget_reached { view.counts.of(Status::Queued) + view.others.of(Status::Queued) } else { 0 };
    all.saturating_sub(stuck)
}
