//! The tasks of one account that stay with this process between two looks.
//!
//! What leaves the set is looked at, given back or was taken by others: whoever takes it out owes the store one of these.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{AccountName, JobId, SharedClock};
use reelq_store::{Followed, Lease};
use tokio::sync::Notify;

use crate::{Stopper, leased_job::LeasedJob, until_due::until_due};

/// At most this many tasks of an account stay here, so that memory is bounded. Others are given back after each look.
const MOST: usize = 2_000;
/// A task whose next look is further away is given back: keeping it would save little.
const FAR: Duration = Duration::from_mins(1);

/// The sets of all accounts of the process.
pub(crate) type FollowedByAccount = BTreeMap<AccountName, Arc<FollowedTasks>>;

/// A set of followed tasks, by the times of their next looks on this process's monotonic clock.
#[derive(Debug)]
pub(crate) struct FollowedTasks {
    clock: SharedClock,
    stopper: Stopper,
    /// The longest wait for a look.
    longest: Duration,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    tasks: HashMap<JobId, Entry>,
    dues: BTreeSet<(Duration, JobId)>,
    /// No more are taken.
    closed: bool,
    /// What may be sent was learned before something changed.
    outdated: bool,
}

#[derive(Debug)]
struct Entry {
    leased: Arc<LeasedJob>,
    version: u64,
    /// When it is looked at next; `None` while that happens.
    due: Option<Duration>,
}

/// A task that was taken out, and how long until its next look.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) leased: Arc<LeasedJob>,
    pub(crate) left: Duration,
}

impl State {
    fn remove(&mut self, job: JobId) -> Option<Entry> {
        let entry = self.tasks.remove(&job)?;
        if let Some(due) = entry.due {
            self.dues.remove(&(due, job));
        }
        Some(entry)
    }
}

impl FollowedTasks {
    /// An empty set, of tasks that are looked at within `wait_at_most`.
    pub(crate) fn new(clock: SharedClock, stopper: Stopper, wait_at_most: Duration) -> Self {
        let longest = FAR.min(wait_at_most);
        Self { clock, stopper, longest, state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another task may stay, whose next look is after `wait`.
    pub(crate) fn takes(&self, wait: Duration) -> bool {
        self.keeps(wait) && self.len() < MOST
    }

    /// Whether a task that is here may stay, whose next look is after `wait`.
    pub(crate) fn keeps(&self, wait: Duration) -> bool {
        wait <= self.longest && !self.state().closed && !self.stopper.is_stopping()
    }

    /// Takes a task in whose lease was asked for at `asked`; the lease comes back once no more are taken.
    pub(crate) fn enter(&self, lease: Lease, asked: Duration, wait: Duration) -> Result<(), Lease> {
        let due = self.clock.monotonic().saturating_add(wait);
        let (job, version) = (lease.job.id, lease.version);
        let mut state = self.state();
        if state.closed {
            return Err(lease);
        }
        state.remove(job);
        let leased = Arc::new(LeasedJob::new(Arc::clone(&self.clock), lease, asked));
        state.tasks.insert(job, Entry { leased, version, due: Some(due) });
        state.dues.insert((due, job));
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Notes that a look brought nothing, and that the next is after `wait`; `false` where the task is not this process's any
    /// more, or no more are taken.
    pub(crate) fn again(&self, lease: &Lease, wait: Duration) -> bool {
        let due = self.clock.monotonic().saturating_add(wait);
        let mut state = self.state();
        if state.closed {
            return false;
        }
        let entry = state.tasks.get_mut(&lease.job.id);
        let Some(entry) = entry.filter(|entry| entry.version == lease.version && entry.due.is_none()) else {
            return false;
        };
        entry.due = Some(due);
        entry.leased.saw_nothing();
        state.dues.insert((due, lease.job.id));
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Takes out a task whose look brought something: its commit says what becomes of it.
    pub(crate) fn end_look(&self, lease: &Lease) {
        let mut state = self.state();
        if state.tasks.get(&lease.job.id).is_some_and(|entry| entry.version == lease.version) {
            state.remove(lease.job.id);
        }
    }

    /// Forgets a task that a claim brought: it had been taken from this process.
    pub(crate) fn forget(&self, job: JobId) {
        self.state().remove(job);
    }

    /// Takes out what the store says is followed no more. One that is being looked at is given back after its look.
    pub(crate) fn take_ended(&self, followed: &Followed) -> Vec<Lease> {
        let mut state = self.state();
        let ended: Vec<JobId> = if followed.all_ended {
            state.tasks.keys().copied().collect()
        } else {
            let is_ours =
                |(job, version): &&(JobId, u64)| state.tasks.get(job).is_some_and(|entry| entry.version <= *version);
            followed.ended.iter().filter(is_ours).map(|(job, _)| *job).collect()
        };
        let entries = ended.into_iter().filter_map(|job| state.remove(job));
        entries.filter(|entry| entry.due.is_some()).map(|entry| entry.leased.lease()).collect()
    }

    /// Takes out what waits, and takes no more in.
    pub(crate) fn close(&self) -> Vec<Waiting> {
        self.state().closed = true;
        self.take_due_before(Duration::MAX)
    }

    /// Takes out what was due before `limit`.
    pub(crate) fn take_due_before(&self, limit: Duration) -> Vec<Waiting> {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let mut taken = Vec::new();
        while let Some((due, job)) = state.dues.first().copied().filter(|(due, _)| *due < limit) {
            let entry = state.remove(job);
            taken.extend(entry.map(|entry| Waiting { leased: entry.leased, left: due.saturating_sub(now) }));
        }
        taken
    }

    /// Begins the look that has been due for longest, where one is.
    pub(crate) fn begin_look(&self) -> Option<Arc<LeasedJob>> {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let (due, job) = state.dues.first().copied().filter(|(due, _)| *due <= now)?;
        state.dues.remove(&(due, job));
        let entry = state.tasks.get_mut(&job)?;
        entry.due = None;
        Some(Arc::clone(&entry.leased))
    }

    /// How many looks will be due before `limit`.
    pub(crate) fn due_before(&self, limit: Duration) -> usize {
        self.state().dues.iter().take_while(|(due, _)| *due < limit).count()
    }

    /// How many tasks there are.
    pub(crate) fn len(&self) -> usize {
        self.state().tasks.len()
    }

    /// What may be sent is to be asked anew: the account may be paused.
    pub(crate) fn outdate(&self) {
        self.state().outdated = true;
    }

    /// Whether it is, once.
    pub(crate) fn is_outdated(&self) -> bool {
        std::mem::take(&mut self.state().outdated)
    }

    /// Waits until a look is due.
    pub(crate) async fn wait(&self) {
        until_due(&self.clock, &self.changed, || self.state().dues.first().map(|(due, _)| *due)).await;
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::{ManualClock, WorkerId};
    use reelq_testkit::sample::{self, NOW};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn lease(number: u32, version: u64) -> Lease {
        Lease {
            job: Arc::new(sample::running_job(&format!("clip {number}"), 1, "t")),
            version,
            worker: WorkerId::new("w").unwrap(),
            granted_at: NOW,
            lasts: Lease::FOLLOWED,
            cancel_requested: false,
            line: None,
        }
    }

    fn tasks() -> (Arc<ManualClock>, FollowedTasks) {
        let clock = Arc::new(ManualClock::starting_at(NOW));
        let tasks = FollowedTasks::new(clock.clone(), Stopper::default(), Duration::from_mins(15));
        (clock, tasks)
    }

    #[test]
    fn looks_come_by_their_time_and_go_on_where_they_brought_nothing() {
        let (clock, tasks) = tasks();
        tasks.enter(lease(1, 4), Duration::ZERO, SECOND * 2).unwrap();
        tasks.enter(lease(2, 7), Duration::ZERO, SECOND).unwrap();
        assert!(tasks.begin_look().is_none() && tasks.due_before(SECOND * 3) == 2);
        clock.advance(SECOND * 2);
        let first = tasks.begin_look().unwrap();
        assert_eq!(first.lease().version, 7);
        assert!(tasks.again(&first.lease(), SECOND) && !tasks.again(&first.lease(), SECOND));
        assert_eq!(first.lease_to_commit().job.polls, first.job().polls + 1);
        assert_eq!(tasks.begin_look().unwrap().lease().version, 4);
        assert_eq!((tasks.len(), tasks.due_before(SECOND * 9)), (2, 1));
    }

    #[test]
    fn a_task_that_passed_to_another_is_not_looked_at_any_more() {
        let (clock, tasks) = tasks();
        for number in 1..=3 {
            tasks.enter(lease(number, 5), Duration::ZERO, SECOND).unwrap();
        }
        clock.advance(SECOND);
        let looked = tasks.begin_look().unwrap().lease();
        let ended = |version| Followed { all_ended: false, ended: vec![(looked.job.id, version)] };
        assert!(tasks.take_ended(&ended(4)).is_empty() && tasks.len() == 3, "an earlier version was taken");
        assert!(tasks.take_ended(&ended(5)).is_empty(), "it is given back after its look");
        assert!(!tasks.again(&looked, SECOND) && tasks.len() == 2);
        tasks.forget(lease(9, 5).job.id);
        let all = Followed { all_ended: true, ended: Vec::new() };
        assert_eq!((tasks.take_ended(&all).len(), tasks.len()), (2, 0));
    }

    #[test]
    fn a_closed_set_gives_everything_up_and_takes_nothing() {
        let (clock, tasks) = tasks();
        tasks.enter(lease(1, 5), Duration::ZERO, SECOND * 3).unwrap();
        tasks.enter(lease(2, 5), Duration::ZERO, Duration::ZERO).unwrap();
        clock.advance(SECOND);
        let looked = tasks.begin_look().unwrap().lease();
        let waiting = tasks.close();
        assert_eq!(waiting.iter().map(|task| task.left).collect::<Vec<_>>(), [SECOND * 2]);
        assert!(!tasks.again(&looked, SECOND) && !tasks.takes(SECOND));
        assert!(tasks.enter(lease(3, 5), Duration::ZERO, SECOND).is_err());
    }

    #[test]
    fn far_looks_and_what_would_outlast_the_run_are_given_back() {
        let (clock, tasks) = tasks();
        assert!(tasks.takes(FAR) && !tasks.takes(FAR + SECOND));
        let short = FollowedTasks::new(clock, Stopper::default(), SECOND);
        assert!(short.takes(SECOND) && !short.takes(SECOND * 2));
    }
}
