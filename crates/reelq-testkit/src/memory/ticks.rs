//! Winning, keeping and finishing ticks. A token that is not the tick's own changes nothing.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use reelq_model::{ScheduleName, Timestamp};
use reelq_store::{TICKS_KEPT, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState, TickView};

use super::{spans, state::State};

/// What is known of a schedule.
#[derive(Debug)]
pub(super) struct Schedule {
    mark: Timestamp,
    /// Where ticks are over that have no record any more.
    pub over: Vec<TickSpan>,
    ticks: BTreeMap<Timestamp, Tick>,
}

#[derive(Debug)]
struct Tick {
    view: TickView,
    token: u64,
    /// The tick before it.
    after: Option<Timestamp>,
}

impl Tick {
    fn is_held_by_another(&self, claim: &TickClaim, now: Timestamp) -> bool {
        self.view.worker != claim.worker && self.is_leased(now)
    }

    fn is_leased(&self, now: Timestamp) -> bool {
        self.view.state == TickState::Firing && self.view.lease_until.is_some_and(|until| until > now)
    }
}

impl State {
    fn known_schedule(&mut self, name: &ScheduleName) -> &mut Schedule {
        let mark = self.wall;
        let new = || Schedule { mark, over: Vec::new(), ticks: BTreeMap::new() };
        self.schedules.entry(name.clone()).or_insert_with(new)
    }

    /// A mark that a clock set which was ahead comes back to the present.
    pub(super) fn schedule(&mut self, name: &ScheduleName) -> Timestamp {
        let wall = self.wall;
        let schedule = self.known_schedule(name);
        schedule.mark = schedule.mark.min(wall);
        schedule.mark
    }

    pub(super) fn tick(&mut self, claim: &TickClaim) -> TickClaimed {
        let now = self.now;
        let schedule = self.known_schedule(&claim.schedule);
        let (token, late) = match schedule.ticks.get(&claim.at) {
            None if claim.at <= schedule.mark || schedule.over.iter().any(|span| span.covers(claim.at)) => {
                return TickClaimed::Over;
            }
            None => (1, claim.late),
            Some(tick) if tick.view.state.is_over() => return TickClaimed::Over,
            Some(tick) if tick.is_held_by_another(claim, now) => {
                let ends_in = tick.view.lease_until.map_or(Duration::ZERO, |until| until.since(now));
                return TickClaimed::Taken { worker: tick.view.worker.clone(), ends_in };
            }
            Some(tick) => (tick.token + 1, tick.view.late),
        };
        schedule.win(claim, token, late, now);
        self.changes += 1;
        let (schedule, worker) = (claim.schedule.clone(), claim.worker.clone());
        TickClaimed::Won(TickLease { schedule, at: claim.at, token, worker, late })
    }

    /// The tick, where the lease is its last winner's and it is still being fired.
    fn firing(&mut self, lease: &TickLease) -> Option<&mut Tick> {
        let tick = self.schedules.get_mut(&lease.schedule)?.ticks.get_mut(&lease.at)?;
        Some(tick).filter(|tick| tick.token == lease.token && tick.view.state == TickState::Firing)
    }

    pub(super) fn extend_tick(&mut self, lease: &TickLease, lasts: Duration) -> bool {
        let now = self.now;
        let Some(tick) = self.firing(lease).filter(|tick| tick.is_leased(now)) else { return false };
        tick.view.lease_until = tick.view.lease_until.max(Some(now.after(lasts)));
        true
    }

    pub(super) fn release_tick(&mut self, lease: &TickLease) {
        let now = self.now;
        if let Some(tick) = self.firing(lease) {
            tick.view.lease_until = Some(now);
            self.changes += 1;
        }
    }

    pub(super) fn finish_tick(&mut self, lease: &TickLease, outcome: &TickOutcome) -> bool {
        let now = self.now;
        let Some(tick) = self.firing(lease) else {
            let ticks = self.schedules.get(&lease.schedule).map(|schedule| &schedule.ticks);
            return ticks.and_then(|ticks| ticks.get(&lease.at)).is_some_and(|tick| tick.token == lease.token);
        };
        let state = if outcome.state == TickState::Firing { TickState::Failed } else { outcome.state };
        (tick.view.state, tick.view.lease_until, tick.view.changed_at) = (state, None, now);
        (tick.view.batch, tick.view.reason) = (outcome.batch.clone(), outcome.reason.clone());
        self.known_schedule(&lease.schedule).trim();
        self.changes += 1;
        true
    }

    /// A schedule's ticks, the one that was won or finished last first.
    pub(super) fn ticks(&self, name: &ScheduleName, limit: usize) -> Vec<TickView> {
        let mut views: Vec<_> = self.schedules.get(name).into_iter().flat_map(Schedule::views).collect();
        views.sort_by_key(|view| Reverse((view.changed_at, view.at)));
        views.into_iter().take(limit).cloned().collect()
    }

    pub(super) fn open_ticks(&self, name: &ScheduleName) -> Vec<TickView> {
        let views = self.schedules.get(name).into_iter().flat_map(Schedule::views);
        views.filter(|view| !view.state.is_over()).cloned().collect()
    }
}

impl Schedule {
    fn views(&self) -> impl Iterator<Item = &TickView> {
        self.ticks.values().map(|tick| &tick.view)
    }

    fn win(&mut self, claim: &TickClaim, token: u64, late: bool, now: Timestamp) {
        let known = self.ticks.remove(&claim.at);
        let (batch, reason) =
            known.as_ref().map_or((None, String::new()), |tick| (tick.view.batch.clone(), tick.view.reason.clone()));
        let (worker, lease_until) = (claim.worker.clone(), Some(now.after(claim.lease)));
        let state = TickState::Firing;
        let view = TickView { at: claim.at, state, late, worker, lease_until, changed_at: now, batch, reason };
        let after = known.map_or(claim.after, |tick| tick.after);
        self.ticks.insert(claim.at, Tick { view, token, after });
        self.mark = self.mark.max(claim.passes.unwrap_or(self.mark));
    }

    /// Drops what was finished earliest beyond what is kept, of ticks that were fired and of those that were not.
    fn trim(&mut self) {
        for fired in [true, false] {
            let of_kind = |view: &&TickView| view.state.is_over() && (view.state == TickState::Fired) == fired;
            let mut over: Vec<_> = self.views().filter(of_kind).map(|view| (view.changed_at, view.at)).collect();
            over.sort_unstable();
            let beyond = over.len().saturating_sub(TICKS_KEPT);
            for (_, at) in over.into_iter().take(beyond) {
                if let Some(tick) = self.ticks.remove(&at) {
                    let after = tick.after.unwrap_or_else(|| at.before(Duration::from_millis(1)));
                    spans::add(&mut self.over, TickSpan { after, until: at });
                }
            }
        }
    }
}
