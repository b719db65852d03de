//! Extends the leases of all jobs in flight, and sends the worker's heartbeat.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{SharedClock, WorkerId};
use reelq_store::{Followed, Lease, Result, SharedStore};
use tokio_util::sync::CancellationToken;

use crate::{
    Overview, TestSignals, fatal_error::FatalError, followed_tasks::FollowedByAccount, in_flight::InFlightSet,
    leased_job::LeasedJob, outage::Outage, wakeup_timers::WakeupTimers,
};

/// The most leases in one round trip.
const GROUP: usize = 512;
/// Whatever change was missed, no stage worker sleeps for longer.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// The same while nothing is outstanding: whether that is still so is read more often.
const LONGEST_REST: Duration = Duration::from_mins(4);
/// How soon a process that rests says that it follows tasks, once there may be some.
const REST_CHECKED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct LeaseRenewer {
    pub(crate) worker: WorkerId,
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) in_flight: Arc<InFlightSet>,
    pub(crate) followed: FollowedByAccount,
    pub(crate) overview: Arc<Overview>,
    pub(crate) timers: Arc<WakeupTimers>,
    pub(crate) fatal: Arc<FatalError>,
    pub(crate) every: Duration,
    pub(crate) signals: Arc<TestSignals>,
    pub(crate) done: CancellationToken,
}

impl LeaseRenewer {
    /// Runs until the runtime has no job left in flight.
    pub(crate) async fn run(self) {
        let (mut outage, mut slept) = (Outage::default(), LONGEST_REST);
        loop {
            let (result, pause) = match self.round().await {
                Ok(()) => (Ok(()), self.every),
                // A lease is at stake: sooner than usual.
                Err(error) => (Err(error), self.every / 8),
            };
            match result {
                Err(error) if error.is_transient() => {
                    outage.failed(&error);
                    slept = LONGEST_REST;
                }
                Err(error) => return self.fatal.raise(error),
                Ok(()) => {
                    outage.answered();
                    if slept >= if self.rests() { LONGEST_REST } else { LONGEST_SLEEP } {
                        self.timers.wake_all();
                        slept = Duration::ZERO;
                    }
                }
            }
            tokio::select! {
                waited = self.wait(pause) => slept += waited,
                () = self.done.cancelled() => return,
            }
        }
    }

    /// Waits for the next round, and answers how long: at rest, every second one is enough, and rest ends with news.
    async fn wait(&self, pause: Duration) -> Duration {
        if pause < self.every || !self.rests() {
            tokio::time::sleep(pause).await;
            return pause;
        }
        let mut slept = Duration::ZERO;
        while slept < pause * 2 && self.rests() {
            tokio::time::sleep(REST_CHECKED).await;
            slept += REST_CHECKED;
        }
        slept
    }

    /// Whether this process has nothing in hand, and there is nothing to have.
    fn rests(&self) -> bool {
        self.in_flight.len() == 0 && self.followed.values().all(|tasks| tasks.len() == 0) && self.overview.rests()
    }

    async fn round(&self) -> Result<()> {
        let (rescued, followed) = tokio::join!(self.store.heartbeat(&self.worker), self.keep_following());
        let rescued = rescued?;
        if rescued > 0 {
            tracing::info!(rescued, "took back what a dead worker had leased");
        }
        self.give_up(&followed?).await?;
        for (lasts, jobs) in self.by_length() {
            for group in jobs.chunks(GROUP) {
                self.extend(group, lasts).await?;
            }
        }
        Ok(())
    }

    /// Without an account whose tasks are followed, nothing is said, and nothing while there is no task.
    async fn keep_following(&self) -> Result<Followed> {
        if self.followed.is_empty() || self.rests() {
            return Ok(Followed::default());
        }
        self.store.keep_following(&self.worker, self.every.saturating_mul(3)).await
    }

    /// Looks no more at what others took, or at what the store took back while this worker was not heard.
    async fn give_up(&self, followed: &Followed) -> Result<()> {
        let ended: Vec<_> = self.followed.values().flat_map(|tasks| tasks.take_ended(followed)).collect();
        for group in ended.chunks(GROUP) {
            // Where a commit came in between, the task is still this worker's: then no one else would look at it.
            self.store.release(group).await?;
        }
        Ok(())
    }

    fn by_length(&self) -> BTreeMap<Duration, Vec<(Arc<LeasedJob>, Lease)>> {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for leased in self.in_flight.all() {
            let lease = leased.lease();
            let is_short = || leased.time_left() < lease.lasts.saturating_sub(self.every / 2);
            if !lease.is_followed() && is_short() {
                groups.entry(lease.lasts).or_default().push((leased, lease));
            }
        }
        groups
    }

    async fn extend(&self, group: &[(Arc<LeasedJob>, Lease)], lasts: Duration) -> Result<()> {
        let leases: Vec<Lease> = group.iter().map(|(_, lease)| lease.clone()).collect();
        let asked = self.clock.monotonic();
        let kept = self.store.extend(&leases, lasts).await?;
        for ((leased, lease), kept) in group.iter().zip(&kept) {
            if *kept {
                leased.extended(lease.version, asked, lasts);
            } else {
                leased.lose(lease.version);
            }
        }
        self.signals.leases_extended.fire(|| kept.iter().filter(|kept| **kept).count());
        Ok(())
    }
}
