//! Ticks of schedules, and who runs which batch. A token that is not the tick's own changes nothing.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};
use reelq_store::{
    BatchHold, Result, Schedules, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState, TickView,
    rules::ticks::{self, TickStanding},
};

use super::{
    MemoryStore,
    schedule::{HeldRun, ScheduleState, Tick},
    state::State,
};

#[async_trait]
impl Schedules for MemoryStore {
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        self.step(|state| {
            let wall = state.wall;
            let schedule = state.schedule(schedule);
            // A mark that a clock set which was ahead comes back to the present.
            schedule.mark = schedule.mark.min(wall);
            schedule.mark
        })
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        self.step(|state| state.tick(claim))
    }

    async fn calendar(&self) -> Result<Timestamp> {
        Ok(self.shared.clock.now())
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        self.step(|state| {
            let now = state.now;
            let tick = state.firing(lease).filter(|tick| tick.standing.is_leased(now));
            let until = tick.map(|tick| &mut tick.standing.lease_until);
            until.map(|until| *until = (*until).max(Some(now.after(lasts)))).is_some()
        })
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        self.step(|state| state.finish_tick(lease, outcome))
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        self.step(|state| {
            let now = state.now;
            let released = state.firing(lease).map(|tick| tick.standing.lease_until = Some(now));
            state.changes += u64::from(released.is_some());
        })
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        self.step(|state| {
            let mut views = state.tick_views(schedule);
            views.sort_by_key(|view| Reverse((view.changed_at, view.at)));
            views.truncate(limit);
            views
        })
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        self.step(|state| state.tick_views(schedule).into_iter().filter(|view| !view.state.is_over()).collect())
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        self.step(|state| state.schedules.get(schedule).map_or_else(Vec::new, |schedule| schedule.over.clone()))
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        self.step(|state| {
            let (now, until) = (state.now, state.now.after(lasts));
            let new = || HeldRun { worker: worker.clone(), since: now, until };
            let lock = state.runs.entry(batch.clone()).or_insert_with(new);
            if lock.worker != *worker && lock.until > now {
                let (worker, ends_in) = (lock.worker.clone(), lock.until.since(now));
                return BatchHold::Taken { worker, since: lock.since, ends_in };
            }
            *lock = HeldRun { since: if lock.worker == *worker { lock.since } else { now }, ..new() };
            BatchHold::Held
        })
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        self.step(|state| state.runs.retain(|name, lock| name != batch || lock.worker != *worker))
    }
}

impl State {
    fn schedule(&mut self, name: &ScheduleName) -> &mut ScheduleState {
        let new = || ScheduleState { mark: self.wall, over: Vec::new(), ticks: BTreeMap::new() };
        self.schedules.entry(name.clone()).or_insert_with(new)
    }

    fn tick(&mut self, claim: &TickClaim) -> TickClaimed {
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
    fn firing(&mut self, lease: &TickLease) -> Option<&mut Tick> {
        let tick = self.schedules.get_mut(&lease.schedule)?.ticks.get_mut(&lease.at)?;
        Some(tick).filter(|tick| tick.standing.token == lease.token && tick.standing.state == TickState::Firing)
    }

    fn finish_tick(&mut self, lease: &TickLease, outcome: &TickOutcome) -> bool {
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

    fn tick_views(&self, name: &ScheduleName) -> Vec<TickView> {
        let ticks = self.schedules.get(name).into_iter().flat_map(|schedule| &schedule.ticks);
        let view = |(at, tick): (&Timestamp, &Tick)| {
            let TickStanding { state, late, worker, lease_until, .. } = tick.standing.clone();
            let (changed_at, batch, reason) = (tick.changed_at, tick.batch.clone(), tick.reason.clone());
            TickView { at: *at, state, late, worker, lease_until, changed_at, batch, reason }
        };
        ticks.map(view).collect()
    }
}
