//! [`Journaled`]: a store in front of which a local journal stands. All but purchases passes through.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, SharedClock, Submission, Timestamp, WorkerId,
};

use super::{
    JournalSettings,
    entry::{Entry, Line},
    manager::JournalManager,
};
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchView, Breaker, BreakerView, Claim, ClaimStage, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, Error, GuardStep, HistoryEntry, Import, Imported, JobFilter, JobView,
    Known, LateAcceptance, Lease, LineDraft, Pace, PaceView, Page, PauseReason, Purge, Remembered, RestoredSubmission,
    Result, ResultLine, Scanned, SharedStore, Spread, Store, StoreGuard, UnreadableRecord, WorkerView,
};

/// A store with this process's journal in front of it.
#[derive(Debug)]
pub struct Journaled {
    pub(super) inner: SharedStore,
    pub(super) manager: JournalManager,
}

impl Journaled {
    /// Opens the journal of `worker`, creating it and its folder where they are new. Blocks for a moment.
    ///
    /// What the folder holds is told to the store before the first purchase is claimed.
    pub fn open(inner: SharedStore, settings: JournalSettings, worker: &WorkerId, clock: SharedClock) -> Result<Self> {
        let manager = JournalManager::open(Arc::clone(&inner), settings, worker, clock)?;
        Ok(Self { inner, manager })
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Journaled {
    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        match claim.stage {
            ClaimStage::Submit => self.claim_purchases(claim).await,
            ClaimStage::Poll | ClaimStage::Collect => self.inner.claim(claim).await,
        }
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        let closings: Vec<Line> = commits.iter().filter_map(|commit| self.closing(commit)).collect();
        self.manager.close(&closings);
        let intents: Vec<Line> = commits.iter().filter_map(|commit| self.intent(commit)).collect();
        if !self.manager.write(&intents).await {
            return self.commit_unwritten(commits).await;
        }
        let epoch = self.inner.epoch();
        let answers = self.inner.commit(commits).await?;
        if self.inner.epoch() != epoch && intents.iter().any(|line| matches!(line.entry, Entry::Sending { .. })) {
            // The answer may be of a server that is not the store any more: whoever asks again is told how it stands.
            return Err(Error::unavailable("the store changed hands in the middle of a commit"));
        }
        self.manager.closed(&closings);
        self.note_answers(commits, &answers);
        self.note_ends(commits, &answers);
        Ok(answers)
    }

    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        let line = self.manager.line(job, None, Entry::accepted(acceptance, first_poll));
        // Where it cannot be written, the store is told all the same.
        self.manager.write(std::slice::from_ref(&line)).await;
        let late = self.inner.record_acceptance(job, acceptance, first_poll).await?;
        self.manager.answered(&[line]);
        Ok(late)
    }

    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64> {
        let rescued = self.inner.heartbeat(worker).await?;
        self.manager.settle().await?;
        self.manager.confirm_again().await?;
        self.manager.trim().await;
        Ok(rescued)
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
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

    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import> {
        self.inner.begin_import(batch).await
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

    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        self.inner.restore_submission(job, submission).await
    }

    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
        self.inner.extend(leases, lasts).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<()> {
        self.inner.release(leases).await
    }

    async fn deregister(&self, worker: &WorkerId) -> Result<()> {
        self.inner.deregister(worker).await?;
        self.manager.leave().await
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

    async fn purge(&self, batch: &BatchName) -> Result<Purge> {
        self.inner.purge(batch).await
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

    async fn now(&self) -> Result<Timestamp> {
        self.inner.now().await
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
        // A process whose hands are full claims nothing, and its next heartbeat may come after others buy again.
        if let Err(error) = self.manager.settle().await {
            tracing::debug!(%error, "the journal is held against the store later");
        }
        tokio::select! {
            news = self.inner.watch(mark, limit) => news,
            () = self.manager.falls_behind() => {
                self.manager.settle().await?;
                self.inner.watch(mark, Duration::ZERO).await
            }
        }
    }
}
