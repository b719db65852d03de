//! Leases of this process, and how long they certainly last by this process's own clock.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{Event, Job, SharedClock, Stage, Timestamp};
use reelq_store::{Commit, Lease};

/// One leased job, shared by its handler, the lease renewer and the commit layer.
#[derive(Debug)]
pub(crate) struct LeasedJob {
    clock: SharedClock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lease: Lease,
    /// The monotonic time before the store was asked for the lease: the store granted it no earlier.
    asked: Duration,
    /// The monotonic time at which it may have ended.
    ends: Duration,
    lost: bool,
    refused: bool,
    /// Looks at a followed task that brought nothing, since the last commit.
    looks: u32,
}

impl LeasedJob {
    pub(crate) fn new(clock: SharedClock, lease: Lease, asked: Duration) -> Self {
        let ends = asked.saturating_add(lease.lasts);
        Self { clock, state: Mutex::new(State { lease, asked, ends, lost: false, refused: false, looks: 0 }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lease(&self) -> Lease {
        self.state().lease.clone()
    }

    /// The lease, with the looks that brought nothing counted in its job.
    pub(crate) fn lease_to_commit(&self) -> Lease {
        let state = self.state();
        match state.looks {
            0 => state.lease.clone(),
            looks => Lease { job: Arc::new(state.lease.job.looked_at(looks)), ..state.lease.clone() },
        }
    }

    /// Counts a look that brought nothing.
    pub(crate) fn saw_nothing(&self) {
        let mut state = self.state();
        state.looks = state.looks.saturating_add(1);
    }

    /// The commit that gives a followed task back, to be looked at after `left`: its last look, with those before it. `None`
    /// where all of its looks are committed.
    pub(crate) fn last_look(&self, left: Duration) -> Option<Commit> {
        let (lease, looks) = {
            let state = self.state();
            (state.lease.clone(), state.looks)
        };
        let job = Arc::new(lease.job.looked_at(looks.checked_sub(1)?));
        let Stage::Running { task } = &job.stage else { return None };
        let (word, progress, overdue) = (task.word.clone(), task.progress, task.overdue);
        let event = Event::Running { next_poll: left, word, progress, overdue, answered: true, trouble: None };
        Some(Commit { lease: Lease { job, ..lease }, event, keep: false })
    }

    pub(crate) fn job(&self) -> Arc<Job> {
        Arc::clone(&self.state().lease.job)
    }

    pub(crate) fn cancel_requested(&self) -> bool {
        self.state().lease.cancel_requested
    }

    /// Takes over the lease that a commit left.
    pub(crate) fn renew(&self, lease: Lease, asked: Duration) {
        let mut state = self.state();
        state.ends = asked.saturating_add(lease.lasts);
        (state.lease, state.asked, state.lost) = (lease, asked, false);
    }

    /// The store lengthened the lease with this version, asked at `asked`.
    pub(crate) fn extended(&self, version: u64, asked: Duration, lasts: Duration) {
        let mut state = self.state();
        if state.lease.version == version {
            state.ends = state.ends.max(asked.saturating_add(lasts));
        }
    }

    /// The store says that the lease with this version has ended. A commit that passed it by is not undone by that.
    pub(crate) fn lose(&self, version: u64) {
        let mut state = self.state();
        state.lost |= state.lease.version == version;
    }

    /// Notes that a step was not made because the runtime is stopping: the job can be given back.
    pub(crate) fn refuse(&self) {
        self.state().refused = true;
    }

    pub(crate) fn was_refused(&self) -> bool {
        self.state().refused
    }

    pub(crate) fn time_left(&self) -> Duration {
        let state = self.state();
        if state.lost { Duration::ZERO } else { state.ends.saturating_sub(self.clock.monotonic()) }
    }

    /// The store's time, or a little later: time that passed while the store answered counts twice.
    pub(crate) fn now(&self) -> Timestamp {
        let state = self.state();
        state.lease.granted_at.after(self.clock.monotonic().saturating_sub(state.asked))
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::{ManualClock, WorkerId};
    use reelq_testkit::sample::{self, NOW as START};

    use super::*;

    const LASTS: Duration = Duration::from_secs(15);

    fn lease(version: u64) -> Lease {
        Lease {
            job: Arc::new(sample::job("a cat")),
            version,
            worker: WorkerId::new("w").unwrap(),
            granted_at: START,
            lasts: LASTS,
            cancel_requested: false,
            line: None,
        }
    }

    fn leased_job() -> (Arc<ManualClock>, LeasedJob) {
        let clock = Arc::new(ManualClock::starting_at(START));
        let asked = reelq_model::Clock::monotonic(clock.as_ref());
        (Arc::clone(&clock), LeasedJob::new(clock, lease(1), asked))
    }

    #[test]
    fn lease_counts_down_from_before_it_was_asked_for() {
        let (clock, leased) = leased_job();
        clock.advance(Duration::from_secs(4));
        assert_eq!((leased.time_left(), leased.now()), (Duration::from_secs(11), START.after(Duration::from_secs(4))));
        clock.advance(Duration::from_hours(1));
        assert_eq!(leased.time_left(), Duration::ZERO);
    }

    #[test]
    fn extension_counts_from_when_it_was_asked_for_and_only_for_its_version() {
        let (clock, leased) = leased_job();
        clock.advance(Duration::from_secs(10));
        leased.extended(1, Duration::from_secs(8), LASTS);
        assert_eq!(leased.time_left(), Duration::from_secs(13));
        leased.extended(2, Duration::from_secs(10), LASTS);
        assert_eq!(leased.time_left(), Duration::from_secs(13));
    }

    #[test]
    fn lost_lease_has_no_time_left_unless_a_commit_passed_the_news() {
        let (_, leased) = leased_job();
        leased.renew(lease(2), Duration::ZERO);
        leased.lose(1);
        assert_eq!(leased.time_left(), LASTS);
        leased.lose(2);
        assert_eq!(leased.time_left(), Duration::ZERO);
    }
}
