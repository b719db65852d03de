//! The contract's verbs, each handed to the writer or to a reader.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, Submission, Timestamp, WorkerId,
};
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, Followed, HistoryEntry, Import, Imported, ImportsSeen, JobFilter,
    JobView, Known, LateAcceptance, Lease, LineDraft, NotedRequest, Pace, PaceView, Page, PauseReason, PollTokens,
    Purge, RequestNote, RestoredSubmission, Result, ResultLine, Scanned, Store, TickClaim, TickClaimed, TickLease,
    TickOutcome, TickSpan, TickView, Unnoted, UnreadableRecord, WorkerView,
};

use super::{
    SqliteStore, account, breaker, bulk, claim, commit, edit, finish, follow, history, holds, late, lease, limits,
    listing, load, noted, pace, purge, remove, rescue, restored, results, spans, ticks, unreadable, views, walk, watch,
};

#[async_trait]
impl Store for SqliteStore {
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import> {
        let batch = batch.clone();
        self.writer.run(move |tx| load::begin(tx, &batch)).await
    }

    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
        let (load, lines) = (load.clone(), lines.to_vec());
        self.writer.run(move |tx| load::enqueue(tx, &load, &lines)).await
    }

    async fn commit_import(&self, load: &Import) -> Result<Imported> {
        let load = load.clone();
        self.writer.run(move |tx| finish::finish(tx, &load)).await
    }

    async fn lookup(&self, _batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
        let ids = ids.to_vec();
        self.readers.run(move |conn| load::known(conn, &ids)).await
    }

    async fn purge(&self, batch: &BatchName) -> Result<Purge> {
        let batch = batch.clone();
        self.writer.run(move |tx| purge::purge(tx, &batch)).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        self.announce(&claim.worker).await?;
        let claim = claim.clone();
        self.writer.run(move |tx| claim::claim(tx, &claim)).await
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        let (steps, reserve) = (commits.to_vec(), Arc::clone(&self.reserve));
        let outcome = self.writer.run(move |tx| {
            if steps.iter().any(|step| matches!(step.event, Event::Sending { .. })) {
                reserve.make()?;
            }
            commit::commit(tx, &steps)
        });
        let outcome = outcome.await;
        if let Ok(answers) = &outcome {
            self.reserve.told(commits, answers);
        } else {
            let (steps, reserve) = (commits.to_vec(), Arc::clone(&self.reserve));
            self.aside(move || reserve.keep(&steps)).await;
        }
        outcome
    }

    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        let taken = acceptance.clone();
        let outcome = self.writer.run(move |tx| late::record_acceptance(tx, job, &taken, first_poll)).await;
        if outcome.is_ok() {
            self.reserve.told_one(job, &acceptance.task);
        } else {
            let (acceptance, reserve) = (acceptance.clone(), Arc::clone(&self.reserve));
            self.aside(move || reserve.keep_one(job, &acceptance, first_poll)).await;
        }
        outcome
    }

    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        let submission = submission.clone();
        self.writer.run(move |tx| late::recall(tx, job, &submission)).await
    }

    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
        let leases = leases.to_vec();
        self.writer.run(move |tx| lease::extend(tx, &leases, lasts)).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<()> {
        let leases = leases.to_vec();
        self.writer.run(move |tx| lease::release(tx, &leases)).await
    }

    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64> {
        self.announce(worker).await?;
        let (worker, worker_locks) = (worker.clone(), Arc::clone(&self.worker_locks));
        self.writer.run(move |tx| rescue::heartbeat(tx, &worker, &worker_locks)).await
    }

    async fn keep_following(&self, worker: &WorkerId, lasts: Duration) -> Result<Followed> {
        self.announce(worker).await?;
        let worker = worker.clone();
        self.writer.run(move |tx| follow::keep(tx, &worker, lasts)).await
    }

    async fn poll_tokens(&self, account: &AccountName, most: usize) -> Result<PollTokens> {
        let account = account.clone();
        self.writer.run(move |tx| follow::tokens(tx, &account, most)).await
    }

    async fn deregister(&self, worker: &WorkerId) -> Result<()> {
        let name = worker.clone();
        self.writer
            .run(move |tx| {
                let id = lease::worker(tx, &name)?;
                rescue::forget(tx, id).map(drop)
            })
            .await?;
        self.worker_locks.leave(worker);
        Ok(())
    }

    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()> {
        let (account, limits) = (account.clone(), *limits);
        self.writer.run(move |tx| limits::set(tx, &account, &limits)).await
    }

    async fn pace(&self, account: &AccountName) -> Result<PaceView> {
        let (account, now) = (account.clone(), self.time.now());
        self.readers.run(move |conn| pace::read(conn, &account, now)).await
    }

    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
        let (account, pace) = (account.clone(), pace.clone());
        self.writer.run(move |tx| pace::set(tx, &account, version, &pace)).await
    }

    async fn breaker(&self, account: &AccountName) -> Result<BreakerView> {
        let (account, now) = (account.clone(), self.time.now());
        self.readers.run(move |conn| breaker::read(conn, &account, now)).await
    }

    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
        let (account, breaker) = (account.clone(), breaker.clone());
        self.writer.run(move |tx| breaker::set(tx, &account, version, &breaker)).await
    }

    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()> {
        let (account, reason) = (account.clone(), reason.clone());
        self.writer.run(move |tx| limits::pause(tx, &account, &reason, lasts)).await
    }

    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()> {
        let account = account.clone();
        self.writer.run(move |tx| limits::resume(tx, &account, operator)).await
    }

    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()> {
        let batch = batch.clone();
        self.writer.run(move |tx| limits::pause_batch(tx, &batch, paused)).await
    }

    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()> {
        let batch = batch.clone();
        self.writer.run(move |tx| limits::set_budget(tx, &batch, budget)).await
    }

    async fn forget_plan(&self, batch: &BatchName) -> Result<()> {
        let batch = batch.clone();
        self.writer.run(move |tx| limits::forget_plan(tx, &batch)).await
    }

    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited> {
        self.writer.run(move |tx| edit::apply_event(tx, job, &event)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Edited> {
        self.writer.run(move |tx| edit::edit(tx, job, &Edit::Cancel)).await
    }

    async fn begin_cancel(&self, batch: &BatchName) -> Result<()> {
        let batch = batch.clone();
        self.writer.run(move |tx| bulk::begin_cancel(tx, &batch)).await
    }

    async fn end_cancel(&self, batch: &BatchName) -> Result<()> {
        let batch = batch.clone();
        self.writer.run(move |tx| bulk::end_cancel(tx, &batch)).await
    }

    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
        let edits = edits.to_vec();
        self.writer.run(move |tx| bulk::edit_all(tx, &edits)).await
    }

    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
        let (filter, from) = (filter.clone(), *from);
        self.readers.run(move |conn| walk::scan(conn, &filter, &from, limit)).await
    }

    async fn now(&self) -> Result<Timestamp> {
        Ok(self.time.now())
    }

    fn time(&self) -> Timestamp {
        self.time.now()
    }

    async fn restored(&self) -> Result<Option<Timestamp>> {
        self.readers.run(restored::taken_at).await
    }

    async fn accept_restored(&self) -> Result<bool> {
        self.writer.run(restored::accept).await
    }

    async fn job(&self, job: JobId) -> Result<Option<JobView>> {
        self.readers.run(move |conn| listing::job(conn, job)).await
    }

    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
        let batch = batch.clone();
        self.readers.run(move |conn| results::results(conn, &batch, page)).await
    }

    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>> {
        let batch = batch.clone();
        self.readers.run(move |conn| views::batch(conn, batch.as_str())).await
    }

    async fn batches(&self) -> Result<Vec<BatchView>> {
        self.readers.run(views::batches).await
    }

    async fn accounts(&self) -> Result<Vec<AccountView>> {
        let now = self.time.now();
        self.readers.run(move |conn| account::views(conn, now)).await
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        self.readers.run(views::workers).await
    }

    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>> {
        self.readers.run(move |conn| history::read(conn, job)).await
    }

    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>> {
        self.readers.run(unreadable::list).await
    }

    async fn unreadable_record(&self, job: JobId) -> Result<Option<Vec<u8>>> {
        self.readers.run(move |conn| remove::held(conn, job)).await
    }

    async fn remove_unreadable(&self, job: JobId) -> Result<bool> {
        self.writer.run(move |tx| remove::remove(tx, job)).await
    }

    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        match self.readers.source() {
            Some(source) => Ok(watch::look(source, mark, limit).await?),
            None => Ok(watch::wait(&self.changes, &self.writer, mark, limit).await?),
        }
    }

    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        self.readers.run(noted::unnoted).await
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        let (batch, notes) = (batch.clone(), notes.to_vec());
        self.writer.run(move |tx| noted::note(tx, &batch, &notes)).await
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        let noted = noted.clone();
        self.writer.run(move |tx| noted::finish(tx, &noted)).await
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        let keys = keys.to_vec();
        self.readers.run(move |conn| keys.iter().map(|key| noted::find(conn, key)).collect()).await
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        self.readers.run(noted::imports_seen).await
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        self.writer.run(move |tx| noted::trim_bought(tx, most)).await
    }

    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        let schedule = schedule.clone();
        self.writer.run(move |tx| ticks::schedule(tx, &schedule)).await
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        self.announce(&claim.worker).await?;
        let (claim, worker_locks) = (claim.clone(), Arc::clone(&self.worker_locks));
        self.writer.run(move |tx| ticks::claim(tx, &claim, &worker_locks)).await
    }

    async fn calendar(&self) -> Result<Timestamp> {
        Ok(self.time.wall())
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        let lease = lease.clone();
        self.writer.run(move |tx| ticks::extend(tx, &lease, lasts)).await
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        let (lease, outcome) = (lease.clone(), outcome.clone());
        self.writer.run(move |tx| ticks::finish(tx, &lease, &outcome)).await
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        let lease = lease.clone();
        self.writer.run(move |tx| ticks::release(tx, &lease)).await
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        let schedule = schedule.clone();
        self.readers.run(move |conn| ticks::newest(conn, &schedule, limit)).await
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        let schedule = schedule.clone();
        self.readers.run(move |conn| ticks::open(conn, &schedule)).await
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        let schedule = schedule.clone();
        self.readers.run(move |conn| spans::named(conn, &schedule)).await
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        self.announce(worker).await?;
        let (batch, worker, worker_locks) = (batch.clone(), worker.clone(), Arc::clone(&self.worker_locks));
        self.writer.run(move |tx| holds::hold(tx, &batch, &worker, lasts, &worker_locks)).await
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        let (batch, worker) = (batch.clone(), worker.clone());
        self.writer.run(move |tx| holds::leave(tx, &batch, &worker)).await
    }
}
