//! Ticks of schedules, and who runs which batch. A token that is not the tick's own changes nothing.

use std::collections::BTreeMap;

use reelq_model::{ScheduleName, Timestamp};
use reelq_store::{
    TickClaim, TickClaimed, TickLease, TickOutcome, TickState, TickView,
    rules::ticks::{self, TickStanding},
};

use super::{
    schedule::{ScheduleState, Tick},
    state::State,
};

impl State {
    pub(super) fn schedule(&mut self, name: &ScheduleName) -> &mut ScheduleState {
        let new = || ScheduleState { mark: self.wall, over: Vec::new(), ticks: BTreeMap::new() };
        self.schedules.entry(name.clone()).or_insert_with(new)
    }

    pub(super) fn tick(&mut self, claim: &TickClaim) -> TickClaimed {
        let now = self.now;
        let schedule = self.schedule(&claim.schedule);
        let standing = schedule.ticks.get(&claim.at).map(|tick| tick.standing.clone());
        let claimed = ticks::claim(now, claim, standing, schedule.mark, &schedule.over, |_| false);
        if let TickClaimed::Won(lease) = &claimed {
            schedule.win(claim, lease, now);
            self.changes += 1;
        }
        claimed
    }

    /// The tick, where the lease is its last winner's and it is still being fired.
    pub(super) fn firing(&mut self, lease: &TickLease) -> Option<&mut Tick> {
        let tick = self.schedules.get_mut(&lease.schedule)?.ticks.get_mut(&lease.at)?;
        Some(tick).filter(|tick| tick.standing.token == lease.token && tick.standing.state == TickState::Firing)
    }

    pub(super) fn finish_tick(&mut self, lease: &TickLease, outcome: &TickOutcome) -> bool {
        let now = self.now;
        let Some(tick) = self.firing(lease) else {
            let tick = self.schedule(&lease.schedule).ticks.get(&lease.at);
            return tick.is_some_and(|tick| tick.standing.token == lease.token);
        };
        tick.standing.state = if outcome.state == TickState::Firing { TickState::Failed } else { outcome.state };
        (tick.standing.lease_until, tick.changed_at) = (None, now);
        (tick.batch, tick.reason) = (outcome.batch.clone(), outcome.reason.clone());
        self.schedule(&lease.schedule).trim();
        self.changes += 1;
        true
    }

    pub(super) fn tick_views(&self, name: &ScheduleName) -> Vec<TickView> {
        let ticks = self.schedules.get(name).into_iter().flat_map(|schedule| &schedule.ticks);
        let view = |(at, tick): (&Timestamp, &Tick)| {
            let TickStanding { state, late, worker, lease_until, .. } = tick.standing.clone();
            let (changed_at, batch, reason) = (tick.changed_at, tick.batch.clone(), tick.reason.clone());
            TickView { at: *at, state, late, worker, lease_until, changed_at, batch, reason }
        };
        ticks.map(view).collect()
    }
}
