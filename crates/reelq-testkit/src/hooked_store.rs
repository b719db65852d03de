//! A store that asks a hook before and after every commit; all else passes through.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, Submission, Timestamp, WorkerId,
};
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, GuardStep, HistoryEntry, Import, Imported, ImportsSeen, JobFilter,
    JobView, Known, LateAcceptance, Lease, LineDraft, NotedRequest, Pace, PaceView, Page, PauseReason, Purge,
    Remembered, RequestNote, Requests, RestoredSubmission, Result, ResultLine, Scanned, Schedules, SharedStore, Spread,
    Store, StoreGuard, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView, Unnoted, UnreadableRecord,
    WorkerView,
};

/// What may happen around a commit.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Before the store is asked; an error is given instead of asking it.
    async fn before(&self, commits: &[Commit]) -> Result<()>;

    /// After the store has done it.
    async fn after(&self, commits: &[Commit]);

    /// Before the workers are listed.
    async fn looked_for(&self) {}
}

/// A store with a hook around its commits.
pub struct HookedStore<H> {
    /// The store itself.
    pub inner: SharedStore,
    /// What happens around commits.
    pub hook: Arc<H>,
}

impl<H> fmt::Debug for HookedStore<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookedStore").finish_non_exhaustive()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<H: Hook + 'static> Store for HookedStore<H> {
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import> {
        self.inner.begin_import(batch).await
    }

    async fn guard(&self, step: &GuardStep) -> Result<StoreGuard> {
        self.inner.guard(step).await
    }

    async fn everywhere(&self) -> Result<Spread> {
        self.inner.everywhere().await
    }

    fn remembered(&self) -> Remembered {
        self.inner.remembered()
    }

    fn remember(&self, folder: &str, told: &Remembered) {
        self.inner.remember(folder, told);
    }

    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
        self.inner.add_to_import(load, lines).await
    }

    async fn commit_import(&self, load: &Import) -> Result<Imported> {
        self.inner.commit_import(load).await
    }

    async fn lookup(&self, batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
        self.inner.lookup(batch, ids).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        self.inner.claim(claim).await
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        self.hook.before(commits).await?;
        let done = self.inner.commit(commits).await?;
        self.hook.after(commits).await;
        Ok(done)
    }

    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        self.inner.record_acceptance(job, acceptance, first_poll).await
    }

    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        self.inner.restore_submission(job, submission).await
    }

    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
        self.inner.extend(leases, lasts).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<()> {
        self.inner.release(leases).await
    }

    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64> {
        self.inner.heartbeat(worker).await
    }

    async fn deregister(&self, worker: &WorkerId) -> Result<()> {
        self.inner.deregister(worker).await
    }

    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()> {
        self.inner.set_limits(account, limits).await
    }

    async fn pace(&self, account: &AccountName) -> Result<PaceView> {
        self.inner.pace(account).await
    }

    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
        self.inner.set_pace(account, version, pace).await
    }

    async fn breaker(&self, account: &AccountName) -> Result<BreakerView> {
        self.inner.breaker(account).await
    }

    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
        self.inner.set_breaker(account, version, breaker).await
    }

    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()> {
        self.inner.pause_account(account, reason, lasts).await
    }

    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()> {
        self.inner.resume_account(account, operator).await
    }

    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()> {
        self.inner.pause_batch(batch, paused).await
    }

    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()> {
        self.inner.set_budget(batch, budget).await
    }

    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited> {
        self.inner.apply_event(job, event).await
    }

    async fn cancel(&self, job: JobId) -> Result<Edited> {
        self.inner.cancel(job).await
    }

    async fn begin_cancel(&self, batch: &BatchName) -> Result<()> {
        self.inner.begin_cancel(batch).await
    }

    async fn end_cancel(&self, batch: &BatchName) -> Result<()> {
        self.inner.end_cancel(batch).await
    }

    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
        self.inner.edit_all(edits).await
    }

    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
        self.inner.scan(filter, from, limit).await
    }

    async fn purge(&self, batch: &BatchName) -> Result<Purge> {
        self.inner.purge(batch).await
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn time(&self) -> Timestamp {
        self.inner.time()
    }

    async fn restored(&self) -> Result<Option<Timestamp>> {
        self.inner.restored().await
    }

    async fn accept_restored(&self) -> Result<bool> {
        self.inner.accept_restored().await
    }

    async fn now(&self) -> Result<Timestamp> {
        self.inner.now().await
    }

    async fn job(&self, job: JobId) -> Result<Option<JobView>> {
        self.inner.job(job).await
    }

    async fn jobs(&self, filter: &JobFilter, page: Page) -> Result<Vec<JobView>> {
        self.inner.jobs(filter, page).await
    }

    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
        self.inner.results(batch, page).await
    }

    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>> {
        self.inner.batch(batch).await
    }

    async fn batches(&self) -> Result<Vec<BatchView>> {
        self.inner.batches().await
    }

    async fn accounts(&self) -> Result<Vec<AccountView>> {
        self.inner.accounts().await
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        self.hook.looked_for().await;
        self.inner.workers().await
    }

    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>> {
        self.inner.history(job).await
    }

    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>> {
        self.inner.unreadable_records().await
    }

    async fn unreadable_record(&self, job: JobId) -> Result<Option<Vec<u8>>> {
        self.inner.unreadable_record(job).await
    }

    async fn remove_unreadable(&self, job: JobId) -> Result<bool> {
        self.inner.remove_unreadable(job).await
    }

    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        self.inner.watch(mark, limit).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<H: Hook + 'static> Schedules for HookedStore<H> {
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        self.inner.schedule(schedule).await
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        self.inner.tick(claim).await
    }

    async fn calendar(&self) -> Result<Timestamp> {
        self.inner.calendar().await
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        self.inner.extend_tick(lease, lasts).await
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        self.inner.finish_tick(lease, outcome).await
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        self.inner.release_tick(lease).await
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        self.inner.ticks(schedule, limit).await
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        self.inner.open_ticks(schedule).await
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        self.inner.ticks_over(schedule).await
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        self.inner.acquire_run_lock(batch, worker, lasts).await
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        self.inner.leave_batch(batch, worker).await
    }
}

#[async_trait]
impl<H: Hook + 'static> Requests for HookedStore<H> {
    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        self.inner.unnoted().await
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        self.inner.note_requests(batch, notes).await
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        self.inner.finish_noting(noted).await
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        self.inner.noted(keys).await
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        self.inner.imports_seen().await
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        self.inner.trim_bought(most).await
    }
}
