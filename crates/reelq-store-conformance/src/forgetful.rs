//! A store on disk that can be away for a while, and that can be put back to an earlier state, as a Redis that loses what
//! it acknowledged.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, SharedClock, Submission,
    Timestamp, WorkerId,
};

use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, Error, HistoryEntry, Import, Imported, ImportsSeen, JobFilter, JobView,
    Known, LateAcceptance, Lease, LineDraft, NotedRequest, Pace, PaceView, Page, PauseReason, Purge, RequestNote,
    Requests, RestoredSubmission, Result, ResultLine, Scanned, Schedules, SharedStore, Store, TickClaim, TickClaimed,
    TickLease, TickOutcome, TickSpan, TickView, Unnoted, UnreadableRecord, WorkerView,
};

const STATE: &str = "state.db";
const FILES: [&str; 3] = [STATE, "state.db-wal", "state.db-shm"];

/// Opens the state file at a path.
pub type Opener = fn(&Path, SharedClock) -> SharedStore;

/// An embedded store under a test's hand.
pub struct Forgetful {
    folder: PathBuf,
    clock: SharedClock,
    opens: Opener,
    inner: RwLock<Option<SharedStore>>,
    away: AtomicBool,
    epoch: AtomicU64,
}

impl fmt::Debug for Forgetful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forgetful").finish_non_exhaustive()
    }
}

impl Forgetful {
    /// Opens a state in `folder`.
    pub fn open(folder: &Path, clock: SharedClock, opens: Opener) -> Self {
        let store = opens(&folder.join(STATE), Arc::clone(&clock));
        Self {
            folder: folder.to_owned(),
            clock,
            opens,
            inner: RwLock::new(Some(store)),
            away: AtomicBool::new(false),
            epoch: AtomicU64::new(1),
        }
    }

    /// Whether every verb fails as if the store were out of reach.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Keeps the present state in `copy`, a new folder. The store is away for as long as it takes.
    pub async fn remember(&self, copy: &Path) {
        self.between(|| {
            std::fs::create_dir_all(copy).unwrap();
            for file in FILES.iter().filter(|file| self.folder.join(file).exists()) {
                std::fs::copy(self.folder.join(file), copy.join(file)).unwrap();
            }
        })
        .await;
    }

    /// Puts the state back to what `copy` holds: all that was acknowledged since is forgotten, and another server answers.
    pub async fn forget(&self, copy: &Path) {
        self.between(|| {
            // A server that forgets has no witness beside it.
            std::fs::remove_file(self.folder.join("state.seen")).ok();
            for file in FILES {
                std::fs::remove_file(self.folder.join(file)).ok();
                std::fs::copy(copy.join(file), self.folder.join(file)).ok();
            }
            self.epoch.fetch_add(1, Ordering::SeqCst);
        })
        .await;
    }

    /// Does something to the files while nobody has them open.
    async fn between(&self, change: impl FnOnce()) {
        let was_away = self.away.swap(true, Ordering::SeqCst);
        let store = self.inner.write().unwrap().take().unwrap();
        while Arc::strong_count(&store) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(store);
        change();
        let reopened = (self.opens)(&self.folder.join(STATE), Arc::clone(&self.clock));
        *self.inner.write().unwrap() = Some(reopened);
        self.away.store(was_away, Ordering::SeqCst);
    }

    fn store(&self) -> Result<SharedStore> {
        let away = || Error::Unavailable { source: "the store is away".into() };
        if self.away.load(Ordering::SeqCst) {
            return Err(away());
        }
        self.inner.read().unwrap().clone().ok_or_else(away)
    }
}

/// Passes verbs on to the store, where it is not away.
macro_rules! passed_on {
    ($contract:ident: $(async fn $verb:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)* ; $($rest:item)*) => {
        #[async_trait]
        impl $contract for Forgetful {
            $(async fn $verb(&self $(, $argument: $type)*) -> $answer {
                self.store()?.$verb($($argument),*).await
            })*
            $($rest)*
        }
    };
}

passed_on! { Requests:
    async fn unnoted(&self) -> Result<Vec<Unnoted>>;
    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()>;
    async fn finish_noting(&self, noted: &Unnoted) -> Result<()>;
    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>>;
    async fn imports_seen(&self) -> Result<ImportsSeen>;
    async fn trim_bought(&self, most: u64) -> Result<()>;
    ;
}

passed_on! { Store:
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import>;
    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued>;
    async fn commit_import(&self, load: &Import) -> Result<Imported>;
    async fn lookup(&self, batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>>;
    async fn purge(&self, batch: &BatchName) -> Result<Purge>;
    async fn claim(&self, claim: &Claim) -> Result<Claimed>;
    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>>;
    async fn record_acceptance(&self, job: JobId, yes: &Acceptance, first_poll: Duration) -> Result<LateAcceptance>;
    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission>;
    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>>;
    async fn release(&self, leases: &[Lease]) -> Result<()>;
    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64>;
    async fn deregister(&self, worker: &WorkerId) -> Result<()>;
    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()>;
    async fn pace(&self, account: &AccountName) -> Result<PaceView>;
    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool>;
    async fn breaker(&self, account: &AccountName) -> Result<BreakerView>;
    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool>;
    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()>;
    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()>;
    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()>;
    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()>;
    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited>;
    async fn cancel(&self, job: JobId) -> Result<Edited>;
    async fn begin_cancel(&self, batch: &BatchName) -> Result<()>;
    async fn end_cancel(&self, batch: &BatchName) -> Result<()>;
    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>>;
    async fn unreadable_record(&self, job: JobId) -> Result<Option<Vec<u8>>>;
    async fn remove_unreadable(&self, job: JobId) -> Result<bool>;
    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned>;
    async fn now(&self) -> Result<Timestamp>;
    async fn job(&self, job: JobId) -> Result<Option<JobView>>;
    async fn jobs(&self, filter: &JobFilter, page: Page) -> Result<Vec<JobView>>;
    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>>;
    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>>;
    async fn batches(&self) -> Result<Vec<BatchView>>;
    async fn accounts(&self) -> Result<Vec<AccountView>>;
    async fn workers(&self) -> Result<Vec<WorkerView>>;
    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>>;
    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>>;
    ;
    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        // Bounded, so that nobody keeps the files open for long.
        self.store()?.watch(mark, limit.min(Duration::from_millis(50))).await
    }
    fn time(&self) -> Timestamp {
        self.clock.now()
    }
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }
}

passed_on! { Schedules:
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp>;
    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed>;
    async fn calendar(&self) -> Result<Timestamp>;
    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool>;
    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool>;
    async fn release_tick(&self, lease: &TickLease) -> Result<()>;
    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>>;
    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>>;
    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>>;
    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold>;
    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()>;
    ;
}
