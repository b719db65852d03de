//! Decides when a run is over: nothing is left to do, or nothing can move.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{AccountName, BatchName, SharedClock, Status, WorkerId};
use reelq_store::{BatchView, ClaimStage, Result, SharedStore};

use crate::{
    AccountMetrics, DrainCheck, RunEnd, SubmissionGate, TestSignals,
    followed_tasks::FollowedByAccount,
    in_flight::InFlightSet,
    stillness::Stillness,
    wakeup_timers::{Idle, WakeupTimers},
};

/// The shortest time between two checks: work that trickles empties the set of jobs in flight again and again.
const CALM: Duration = Duration::from_millis(25);

/// How long nothing may move, in any process, before jobs that no one can move are taken for stuck.
const STILL: Duration = Duration::from_millis(250);
/// A place that takes no files, for example on a network share, may come back soon.
const PLACE_PATIENCE: Duration = Duration::from_secs(30);
/// How many calm moments the stage workers have to claim once more.
const CLAIMS: u32 = 40;

/// Checks whether the work is done.
#[derive(Debug)]
pub(crate) struct DrainMonitor {
    /// Whether the runtime ends by itself at all.
    pub(crate) drain: bool,
    /// The batch that matters; all of them where none is named.
    pub(crate) batch: Option<BatchName>,
    /// How long nothing of the batch may have moved before leases that other workers hold are taken for other batches'.
    pub(crate) patience: Duration,
    /// Nothing is waited for that is due later than this from now.
    pub(crate) wait_at_most: Duration,
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) worker: WorkerId,
    pub(crate) in_flight: Arc<InFlightSet>,
    pub(crate) followed: FollowedByAccount,
    pub(crate) timers: Arc<WakeupTimers>,
    pub(crate) metrics: BTreeMap<AccountName, Arc<AccountMetrics>>,
    pub(crate) every: Duration,
    pub(crate) signals: Arc<TestSignals>,
    pub(crate) gate: Arc<SubmissionGate>,
}

impl DrainMonitor {
    /// Waits until the work is done or stuck.
    pub(crate) async fn ended(&self) -> Result<RunEnd> {
        if !self.drain {
            return std::future::pending().await;
        }
        let mut stillness = Stillness::default();
        loop {
            let found = self.check_twice(&mut stillness).await;
            self.signals.drain_checked.fire(|| found.as_ref().map_or(DrainCheck::Moving, |found| found.signal()));
            match found {
                Ok(Progress::Finished) => return Ok(RunEnd::Finished),
                Ok(Progress::Stuck(Idle::UntilChange)) => return Ok(RunEnd::Held),
                Ok(Progress::Stuck(Idle::ForLong)) => return Ok(RunEnd::Waiting),
                Ok(Progress::WaitsForPlace | Progress::Moving) => {}
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.in_flight.emptied() => tokio::time::sleep(CALM).await,
            }
        }
    }

    async fn check(&self, stillness: &mut Stillness) -> Result<Progress> {
        if self.is_busy() {
            return Ok(Progress::Moving);
        }
        let idle = self.idle();
        let views = self.views().await?;
        if views.iter().all(|view| outstanding(view) == 0) {
            return Ok(Progress::Finished);
        }
        let fetching = views.iter().any(|view| view.counts.of(Status::Fetching) + view.others.of(Status::Fetching) > 0);
        let still = stillness.lasts(self.clock.monotonic(), views);
        let others_count = self.batch.is_none() || fetching || still < self.patience;
        let Some(idle) = idle else { return Ok(Progress::Moving) };
        if stillness.waits_for_place(self.clock.monotonic(), &self.gate, self.place_patience()) {
            return Ok(Progress::WaitsForPlace);
        }
        // Nothing may have begun between the two checks, and there may be no lease: of another worker, or of our own after a
        // panic, it ends by itself and brings its job back.
        let stuck = !self.leases_exist(others_count).await? && self.idle() == Some(idle) && !self.is_busy();
        Ok(if stuck { Progress::Stuck(idle) } else { Progress::Moving })
    }

    /// Whether this process works on something, or looks at a task soon.
    fn is_busy(&self) -> bool {
        self.in_flight.len() > 0 || self.followed.values().any(|tasks| tasks.len() > 0)
    }

    /// How long a place that takes no files is waited for once nothing else is left to do.
    fn place_patience(&self) -> Duration {
        self.wait_at_most.min(PLACE_PATIENCE)
    }

    /// The batches that matter; one whose first load is in progress is no work yet.
    async fn views(&self) -> Result<Vec<BatchView>> {
        match &self.batch {
            Some(batch) => Ok(self.store.batch(batch).await?.into_iter().collect()),
            None => Ok(self.store.batches().await?.into_iter().filter(|view| view.whole).collect()),
        }
    }

    /// A batch is stuck only where that is still so after each stage worker has claimed once more, with no change since: between two
    /// steps of another process a job has for a moment no lease, and the change is seen here only a little later.
    async fn check_twice(&self, stillness: &mut Stillness) -> Result<Progress> {
        let first = self.check(stillness).await?;
        if !matches!(first, Progress::Stuck(_)) {
            return Ok(first);
        }
        let mark = self.store.watch(0, Duration::ZERO).await?;
        self.timers.wake_all();
        for _ in 0..CLAIMS {
            tokio::time::sleep(CALM).await;
            if self.idle().is_some() && !self.is_busy() {
                break;
            }
        }
        let second = self.check(stillness).await?;
        let still = matches!(second, Progress::Stuck(_)) && self.store.watch(mark, STILL).await? == mark;
        Ok(if matches!(second, Progress::Stuck(_)) && !still { Progress::Moving } else { second })
    }

    fn idle(&self) -> Option<Idle> {
        let refused = |account: &AccountName| self.metrics.get(account).is_some_and(|metrics| metrics.polls_refused());
        self.timers.idle(self.wait_at_most, |account, stage| stage == ClaimStage::Poll && refused(account))
    }

    /// Whether a worker holds something of the work. What others hold may be of other batches: it is `others_count` for as long
    /// as the batch moved lately, or has files that may take their time.
    async fn leases_exist(&self, others_count: bool) -> Result<bool> {
        let mut holders = self.store.workers().await?.into_iter().filter(|worker| worker.leases > 0);
        Ok(holders.any(|worker| others_count || worker.id == self.worker))
    }
}

/// What one check found.
#[derive(Debug, Clone, Copy)]
enum Progress {
    /// Nothing of the batch is outstanding.
    Finished,
    /// Jobs are outstanding, and it seems that none can move.
    Stuck(Idle),
    /// Nothing can move, but an output place that takes no files may come back.
    WaitsForPlace,
    /// Work is in progress, or will be.
    Moving,
}

impl Progress {
    const fn signal(self) -> DrainCheck {
        match self {
            Self::Finished | Self::Stuck(_) => DrainCheck::Over,
            Self::WaitsForPlace => DrainCheck::WaitsForPlace,
            Self::Moving => DrainCheck::Moving,
        }
    }
}

fn outstanding(view: &BatchView) -> u64 {
    view.counts.outstanding().saturating_add(view.others.outstanding())
}
