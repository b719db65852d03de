//! [`RedisStore`]: the contract's verbs, each handed to its room.

use std::time::Duration;

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, SharedClock, Submission,
    Timestamp, WorkerId,
};

use super::{
    breaker, budget, bulk, caller::Caller, claim, commit, edit, finish, folders, follow, heal,
    idempotency_tokens::IdempotencyTokens, late, lease, limits, listing, load, pace, purge, reading, remove, requests,
    results, schedules, server_clock::ServerClock, unreadable, views, watch,
};
use reelq_redis_link::{Address, Link, LinkOptions, Namespace};
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, Error, Followed, GuardStep, HistoryEntry, Import, Imported, ImportsSeen,
    JobFilter, JobView, Known, LateAcceptance, Lease, LineDraft, NotedRequest, Pace, PaceView, Page, PauseReason,
    PollTokens, Purge, Remembered, RequestNote, RestoredSubmission, Result, ResultLine, Scanned, Spread, Store,
    StoreGuard, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView, Unnoted, UnreadableRecord,
    WorkerView,
};

/// The store over Redis. Any number of processes may have the same namespace open.
#[derive(Debug)]
pub struct RedisStore {
    pub(super) caller: Caller,
    marks: IdempotencyTokens,
}

impl RedisStore {
    /// Connects. `clock` carries the server's time on between two answers; nothing is decided by it.
    pub async fn open(
        address: Address,
        namespace: Namespace,
        options: LinkOptions,
        clock: SharedClock,
    ) -> Result<Self> {
        let link = Link::open(address, namespace, options, clock.clone()).await?;
        Self::over(link, ServerClock::new(clock, None)).await
    }

    /// Connects to read: the namespace is neither begun nor repaired, so that a user who may only read can do it, on a replica
    /// or on a full server.
    ///
    /// # Errors
    ///
    /// Where the server is unreachable or refuses the login, or the namespace is of a newer format.
    pub async fn open_reading(
        address: Address,
        namespace: Namespace,
        options: LinkOptions,
        clock: SharedClock,
    ) -> Result<Self> {
        let link = Link::open(address, namespace, options, clock.clone()).await?;
        let caller = Caller::new(link, ServerClock::new(clock, None));
        let now = reading::look(&caller).await?;
        Ok(Self { caller, marks: IdempotencyTokens::new(now) })
    }

    /// Connects, with `clock` in the place of the server's own: only tests may decide by a clock of this process.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn open_at(
        address: Address,
        namespace: Namespace,
        options: LinkOptions,
        clock: SharedClock,
    ) -> Result<Self> {
        let link = Link::open(address, namespace, options, clock.clone()).await?;
        Self::over(link, ServerClock::new(clock.clone(), Some(clock))).await
    }

    /// Lets every claim and commit go by the scripts that judge anything, as they do where something stands in the way of the short
    /// ones. It is slower, and the same: tests see to that with it.
    #[must_use]
    pub const fn without_short_ways(mut self) -> Self {
        self.caller.takes_short_ways = false;
        self
    }

    async fn over(link: Link, server_clock: ServerClock) -> Result<Self> {
        let caller = Caller::new(link, server_clock);
        let now = reading::open(&caller).await?;
        heal::sums(&caller).await?;
        Ok(Self { caller, marks: IdempotencyTokens::new(now) })
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import> {
        load::begin(&self.caller, batch).await
    }

    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
        load::enqueue(&self.caller, load, lines).await
    }

    async fn commit_import(&self, load: &Import) -> Result<Imported> {
        finish::finish(&self.caller, load).await
    }

    async fn lookup(&self, batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
        load::known(&self.caller, batch, ids).await
    }

    async fn purge(&self, batch: &BatchName) -> Result<Purge> {
        purge::purge(&self.caller, batch).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        claim::claim(&self.caller, &self.marks, claim).await
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        commit::commit(&self.caller, commits).await
    }

    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        late::accept(&self.caller, job, acceptance, first_poll, None).await
    }

    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        late::recall(&self.caller, job, submission).await
    }

    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
        lease::extend(&self.caller, leases, lasts).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<()> {
        lease::release(&self.caller, leases).await
    }

    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64> {
        lease::heartbeat(&self.caller, worker).await
    }

    async fn deregister(&self, worker: &WorkerId) -> Result<()> {
        lease::deregister(&self.caller, worker).await
    }

    async fn keep_following(&self, worker: &WorkerId, lasts: Duration) -> Result<Followed> {
        follow::keep(&self.caller, worker, lasts).await
    }

    async fn poll_tokens(&self, account: &AccountName, most: usize) -> Result<PollTokens> {
        follow::tokens(&self.caller, account, most).await
    }

    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()> {
        limits::set(&self.caller, account, limits).await
    }

    async fn pace(&self, account: &AccountName) -> Result<PaceView> {
        pace::read(&self.caller, account).await
    }

    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
        pace::set(&self.caller, account, version, pace).await
    }

    async fn breaker(&self, account: &AccountName) -> Result<BreakerView> {
        breaker::read(&self.caller, account).await
    }

    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
        breaker::set(&self.caller, account, version, breaker).await
    }

    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()> {
        limits::pause(&self.caller, account, reason, lasts).await
    }

    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()> {
        limits::resume(&self.caller, account, operator).await
    }

    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()> {
        limits::pause_batch(&self.caller, batch, paused).await
    }

    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()> {
        budget::set(&self.caller, batch, budget).await
    }

    async fn forget_plan(&self, batch: &BatchName) -> Result<()> {
        budget::forget_plan(&self.caller, batch).await
    }

    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited> {
        edit::edit(&self.caller, &self.marks, job, &event).await
    }

    async fn cancel(&self, job: JobId) -> Result<Edited> {
        let edited = bulk::edit_all(&self.caller, &self.marks, &[(job, Edit::Cancel)]).await?.into_iter().next();
        edited.ok_or_else(|| Error::NoJob(job.to_string()))
    }

    async fn begin_cancel(&self, batch: &BatchName) -> Result<()> {
        bulk::begin_cancel(&self.caller, batch).await
    }

    async fn end_cancel(&self, batch: &BatchName) -> Result<()> {
        bulk::end_cancel(&self.caller, batch).await
    }

    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
        bulk::edit_all(&self.caller, &self.marks, edits).await
    }

    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
        listing::scan(&self.caller, filter, from, limit).await
    }

    fn epoch(&self) -> u64 {
        self.caller.memory.changes()
    }

    async fn guard(&self, step: &GuardStep) -> Result<StoreGuard> {
        folders::guard(&self.caller, step).await
    }

    async fn everywhere(&self) -> Result<Spread> {
        self.caller.everywhere().await
    }

    fn remembered(&self) -> Remembered {
        self.caller.memory.remembered()
    }

    fn remember(&self, folder: &str, told: &Remembered) {
        self.caller.memory.remember(folder, told);
    }

    async fn now(&self) -> Result<Timestamp> {
        reading::now(&self.caller).await
    }

    fn time(&self) -> Timestamp {
        self.caller.server_clock.now()
    }

    async fn job(&self, job: JobId) -> Result<Option<JobView>> {
        reading::job(&self.caller, job).await
    }

    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
        results::results(&self.caller, batch, page).await
    }

    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>> {
        views::batch(&self.caller, batch).await
    }

    async fn batches(&self) -> Result<Vec<BatchView>> {
        views::batches(&self.caller).await
    }

    async fn accounts(&self) -> Result<Vec<AccountView>> {
        limits::accounts(&self.caller).await
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        reading::workers(&self.caller).await
    }

    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>> {
        reading::history(&self.caller, job).await
    }

    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>> {
        unreadable::list(&self.caller).await
    }

    async fn unreadable_record(&self, job: JobId) -> Result<Option<Vec<u8>>> {
        remove::held(&self.caller, job).await
    }

    async fn remove_unreadable(&self, job: JobId) -> Result<bool> {
        remove::remove(&self.caller, job).await
    }

    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        watch::wait(&self.caller, mark, limit).await
    }

    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        requests::unnoted(&self.caller).await
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        requests::note_requests(&self.caller, batch, notes).await
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        requests::finish_noting(&self.caller, noted).await
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        requests::noted(&self.caller, keys).await
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        requests::imports_seen(&self.caller).await
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        requests::trim_bought(&self.caller, most).await
    }

    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        schedules::schedule(&self.caller, schedule).await
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        schedules::tick(&self.caller, claim).await
    }

    async fn calendar(&self) -> Result<Timestamp> {
        schedules::calendar(&self.caller).await
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        schedules::extend_tick(&self.caller, lease, lasts).await
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        schedules::finish_tick(&self.caller, lease, outcome).await
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        schedules::release_tick(&self.caller, lease).await
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        schedules::ticks(&self.caller, schedule, limit).await
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        schedules::open_ticks(&self.caller, schedule).await
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        schedules::ticks_over(&self.caller, schedule).await
    }

    async fn acquire_run_lock(&self, batch: &BatchName, holder: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        schedules::acquire_run_lock(&self.caller, batch, holder, lasts).await
    }

    async fn leave_batch(&self, batch: &BatchName, holder: &WorkerId) -> Result<()> {
        schedules::leave_batch(&self.caller, batch, holder).await
    }
}
