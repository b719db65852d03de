//! Ticks of schedules, and who runs which batch. A token that is not the tick's own changes nothing.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};
use reelq_store::rules::run_lock::RunLockRecord;
use reelq_store::rules::ticks::{self, TickStanding};
use reelq_store::{
    BatchHold, Result, TICKS_KEPT, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState, TickView,
};

use super::state::State;

/// What is known of a schedule.
#[derive(Debug)]
pub(super) struct Schedule {
    mark: Timestamp,
    /// Where ticks are over that have no record any more.
    over: Vec<TickSpan>,
    ticks: BTreeMap<Timestamp, Tick>,
}

#[derive(Debug)]
struct Tick {
    token: u64,
    /// The tick before it.
    after: Option<Timestamp>,
    view: TickView,
}

impl Tick {
    fn standing(&self) -> TickStanding {
        let (token, TickView { state, late, worker, lease_until, .. }) = (self.token, self.view.clone());
        TickStanding { state, token, late, worker, lease_until }
    }
}

impl Schedule {
    /// Drops what was finished earliest beyond what is kept, of ticks that were fired and of those that were not.
    fn trim(&mut self) {
        for fired in [true, false] {
            let is_of_kind = |state: TickState| state.is_over() && (state == TickState::Fired) == fired;
            let finished = self.ticks.iter().filter(|(_, tick)| is_of_kind(tick.view.state));
            let mut finished: Vec<_> = finished.map(|(at, tick)| (tick.view.changed_at, *at, tick.after)).collect();
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

impl State {
    fn known_schedule(&mut self, name: &ScheduleName) -> &mut Schedule {
        let new = || Schedule { mark: self.wall, over: Vec::new(), ticks: BTreeMap::new() };
        self.schedules.entry(name.clone()).or_insert_with(new)
    }

    /// A mark that a clock set which was ahead comes back to the present.
    pub(super) fn schedule(&mut self, name: &ScheduleName) -> Result<Timestamp> {
        let wall = self.wall;
        let schedule = self.known_schedule(name);
        schedule.mark = schedule.mark.min(wall);
        Ok(schedule.mark)
    }

    pub(super) fn tick(&mut self, claim: &TickClaim) -> Result<TickClaimed> {
        let (now, at, lease_until) = (self.now, claim.at, Some(self.now.after(claim.lease)));
        let schedule = self.known_schedule(&claim.schedule);
        let before = schedule.ticks.get(&at);
        let claimed = ticks::claim(now, claim, before.map(Tick::standing), schedule.mark, &schedule.over, |_| false);
        if let TickClaimed::Won(TickLease { token, late, worker, .. }) = claimed.clone() {
            let (state, changed_at) = (TickState::Firing, now);
            let (batch, reason) =
                before.map(|tick| (tick.view.batch.clone(), tick.view.reason.clone())).unwrap_or_default();
            let after = before.map_or(claim.after, |tick| tick.after);
            let view = TickView { at, state, late, worker, lease_until, changed_at, batch, reason };
            schedule.ticks.insert(at, Tick { token, after, view });
            schedule.mark = schedule.mark.max(claim.passes.unwrap_or(schedule.mark));
            self.changes += 1;
        }
        Ok(claimed)
    }

    /// The tick, where the lease is its last winner's and it is still being fired.
    fn firing(&mut self, lease: &TickLease) -> Option<&mut Tick> {
        let tick = self.schedules.get_mut(&lease.schedule)?.ticks.get_mut(&lease.at)?;
        Some(tick).filter(|tick| tick.token == lease.token && tick.view.state == TickState::Firing)
    }

    pub(super) fn extend_tick(&mut self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        let now = self.now;
        let tick = self.firing(lease).filter(|tick| tick.standing().is_leased(now));
        let until = tick.map(|tick| &mut tick.view.lease_until);
        Ok(until.map(|until| *until = (*until).max(Some(now.after(lasts)))).is_some())
    }

    pub(super) fn finish_tick(&mut self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        let (now, state) = (self.now, outcome.end());
        let schedule = self.known_schedule(&lease.schedule);
        let own = schedule.ticks.get_mut(&lease.at).filter(|tick| tick.token == lease.token);
        let Some(Tick { view, .. }) = own else { return Ok(false) };
        if view.state == TickState::Firing {
            let TickOutcome { batch, reason, .. } = outcome.clone();
            *view = TickView { state, batch, reason, lease_until: None, changed_at: now, ..view.clone() };
            schedule.trim();
            self.changes += 1;
        }
        Ok(true)
    }

    pub(super) fn release_tick(&mut self, lease: &TickLease) -> Result<()> {
        let now = self.now;
        let released = self.firing(lease).map(|tick| tick.view.lease_until = Some(now));
        self.changes += u64::from(released.is_some());
        Ok(())
    }

    fn views(&self, name: &ScheduleName) -> impl Iterator<Item = TickView> {
        let ticks = self.schedules.get(name).into_iter().flat_map(|schedule| schedule.ticks.values());
        ticks.map(|tick| tick.view.clone())
    }

    pub(super) fn ticks(&self, name: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        let mut views: Vec<_> = self.views(name).collect();
        views.sort_by_key(|view| Reverse((view.changed_at, view.at)));
        views.truncate(limit);
        Ok(views)
    }

    pub(super) fn open_ticks(&self, name: &ScheduleName) -> Result<Vec<TickView>> {
        Ok(self.views(name).filter(|view| !view.state.is_over()).collect())
    }

    pub(super) fn ticks_over(&self, name: &ScheduleName) -> Result<Vec<TickSpan>> {
        Ok(self.schedules.get(name).map_or_else(Vec::new, |schedule| schedule.over.clone()))
    }

    pub(super) fn acquire_run_lock(&mut self, name: &BatchName, by: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        let held = self.runs.get(name).cloned();
        let lock = match RunLockRecord::acquire(self.now, held, by, lasts, |_| false) {
            Err(taken) => return Ok(taken),
            Ok(lock) => lock,
        };
        self.runs.insert(name.clone(), lock);
        Ok(BatchHold::Held)
    }

    pub(super) fn leave_batch(&mut self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        self.runs.retain(|name, lock| name != batch || lock.worker != *worker);
        Ok(())
    }
}
