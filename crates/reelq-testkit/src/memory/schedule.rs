//! A schedule with its ticks, and the right to run a batch.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{BatchName, Timestamp, WorkerId};
use reelq_store::{
    TICKS_KEPT, TickClaim, TickLease, TickSpan, TickState,
    rules::ticks::{self, TickStanding},
};

/// What is known of a schedule.
#[derive(Debug)]
pub(super) struct ScheduleState {
    pub mark: Timestamp,
    /// Where ticks are over that have no record any more.
    pub over: Vec<TickSpan>,
    pub ticks: BTreeMap<Timestamp, Tick>,
}

#[derive(Debug)]
pub(super) struct Tick {
    pub standing: TickStanding,
    /// The tick before it.
    pub after: Option<Timestamp>,
    pub changed_at: Timestamp,
    pub batch: Option<BatchName>,
    pub reason: String,
}

/// The right to run a batch.
#[derive(Debug)]
pub(super) struct HeldRun {
    pub worker: WorkerId,
    pub since: Timestamp,
    pub until: Timestamp,
}

impl ScheduleState {
    pub(super) fn win(&mut self, claim: &TickClaim, lease: &TickLease, now: Timestamp) {
        let (worker, lease_until) = (claim.worker.clone(), Some(now.after(claim.lease)));
        let standing =
            TickStanding { state: TickState::Firing, token: lease.token, late: lease.late, worker, lease_until };
        let (after, changed_at) = (claim.after, now);
        let tick = match self.ticks.remove(&claim.at) {
            None => Tick { standing, after, changed_at, batch: None, reason: String::new() },
            Some(tick) => Tick { standing, changed_at, ..tick },
        };
        self.ticks.insert(claim.at, tick);
        self.mark = self.mark.max(claim.passes.unwrap_or(self.mark));
    }

    /// Drops what was finished earliest beyond what is kept, of ticks that were fired and of those that were not.
    pub(super) fn trim(&mut self) {
        for fired in [true, false] {
            let is_of_kind = |state: TickState| state.is_over() && (state == TickState::Fired) == fired;
            let finished = self.ticks.iter().filter(|(_, tick)| is_of_kind(tick.standing.state));
            let mut finished: Vec<_> = finished.map(|(at, tick)| (tick.changed_at, *at, tick.after)).collect();
            finished.sort_unstable();
            let beyond = finished.len().saturating_sub(TICKS_KEPT);
            for (_, until, after) in finished.into_iter().take(beyond) {
                let after = after.unwrap_or_else(|| until.before(Duration::from_millis(1)));
                self.ticks.remove(&until);
                ticks::add_span(&mut self.over, TickSpan { after, until });
            }
        }
    }
}
