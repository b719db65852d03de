//! The contract that every store keeps: its verbs, from which `contract!` makes [`Store`] and [`StoreDecorator`].

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, Submission, Timestamp, WorkerId,
};

use crate::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, Followed, GuardStep, HistoryEntry, Import, Imported, ImportsSeen,
    JobFilter, JobView, Known, LateAcceptance, Lease, LineDraft, NotedRequest, Pace, PaceView, Page, PauseReason,
    PollTokens, Purge, Remembered, RequestNote, RestoredSubmission, Result, ResultLine, Scanned, Spread, StoreGuard,
    TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView, Unnoted, UnreadableRecord, WorkerView,
};

/// A store as it is handed around.
pub type SharedStore = Arc<dyn Store>;

contract! {
    ($)
    #![doc = include_str!("contract.md")]

    // ---- bringing manifests in ----

    /// Begins a load of a batch.
    /// It creates the batch where there is none, and supersedes an unfinished load of it. What the draft says of a batch that
    /// exists takes effect with [`Store::commit_import`]. Loads of a batch are counted from 1. May be repeated: each call
    /// begins another load, and only the last one counts.
    ///
    /// # Errors
    /// `Error::BeingPurged` and `Error::BeingCancelled`, while the batch is either.
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import>;

    /// Adds lines to a load, with their jobs.
    /// No one sees or works on them before the load is finished. A job whose id is known is not made anew. If it was never
    /// submitted and no worker has it, it takes over the draft's account, price, priority and fields when the load finishes.
    /// New jobs are queued at the time of this call. The accounts become known. A long list may be added in parts. May be
    /// repeated: a line that the load has counts as known and changes nothing.
    ///
    /// # Errors
    /// `Error::ImportSuperseded` where a later load, a cancel or a purge took the load's place, or it is being finished.
    /// `Error::Broken` where two lines with different rows or copies ask for one job: the lines of that part are not added.
    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued>;

    /// Makes the load's lines the batch's manifest, starts its new jobs, and cancels jobs that were never submitted and whose
    /// line is gone.
    /// [`crate::transition::line_is_gone`], [`crate::transition::line_is_back`] and [`crate::transition::take_over`] judge
    /// each job. A store may do this in bounded parts. Then no waiting job of the batch is claimed meanwhile, and a load that
    /// has begun to finish is always finished: by a repeat, or by the next `begin_import`, `begin_cancel` or `imports_seen`.
    /// May be repeated. A repeat after the end answers the number of lines; its other two counts may be 0.
    ///
    /// # Errors
    /// `Error::ImportSuperseded`, as for `add_to_import`.
    /// `Error::ImportedMeanwhile` where [`Import::seen`] is not the present state. The load stays open: finish it with a
    /// newer one.
    async fn commit_import(&self, load: &Import) -> Result<Imported>;

    /// Answers what is known of each id, in order; `None` for an unknown job.
    /// Jobs of unfinished loads are unknown. The batch helps a store that keeps jobs by batch: a job of another batch may be
    /// answered or not. May be repeated.
    async fn lookup(&self, batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>>;

    /// Removes a bounded part of a finished batch: its lines, jobs, histories, records of charges and sums.
    /// Call it until it answers [`Purge::Done`]. The sums of accounts keep what the batch cost, and what was noted of its
    /// requests stays. Once a part is gone, the batch can only be purged further. Each step judges anew whether the batch is
    /// finished: a late charge may have come. A load of a batch that was never whole ends with the first step. May be
    /// repeated, until there is no such batch.
    ///
    /// # Errors
    /// `Error::NoBatch` where there is no such batch: also after the last part.
    async fn purge(&self, batch: &BatchName) -> Result<Purge>;

    // ---- working ----

    /// Leases due jobs to a worker, at most [`Claim::limit`] of them.
    /// First it takes back leases that have ended, whoever held them. It passes over what a pause, a cap or a budget holds
    /// back, so that a blocked batch never blocks another. [`Claim`] says in which order, and what tokens and money allow.
    ///
    /// May be repeated. Leases whose answer was lost are given again to the same request of the same process, or end by time.
    async fn claim(&self, claim: &Claim) -> Result<Claimed>;

    /// Applies each event to its job if the lease still holds: stage, due time, counters, places in flight, budget and
    /// history move together.
    /// One answer a commit, in order ([`Committed`]). Each is judged by itself and sees what the ones before it did.
    /// [`crate::transition::commit`] judges. The holders of the leases may repeat the call: a commit that was done before is
    /// answered as done, or as stale by a store that never loses an answer. If it fails, some of the commits may have been
    /// done.
    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>>;

    /// Records an acceptance that arrived without a valid lease.
    /// It never fails because of the job's state: it settles its own submission, or is kept as an orphan
    /// ([`LateAcceptance`]). `first_poll` is the wait until the task is first asked about. May be repeated: a known task
    /// changes nothing.
    ///
    /// # Errors
    /// `Error::NoJob` where there is no such job, and `Error::Unreadable` where its record cannot be read.
    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance>;

    /// Records a submission that was, or may have been, sent and that the store may have forgotten.
    /// A job that would make it anew (it is queued under that number, or still follows an earlier task) stands at
    /// `submitting` with it instead, due at once. A worker that has the job loses it: it would buy a second time. May be
    /// repeated.
    ///
    /// # Errors
    /// `Error::NoJob` where there is no such job, and `Error::Unreadable` where its record cannot be read.
    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission>;

    /// Lengthens leases to `lasts` from now; it never shortens one.
    /// One answer a lease: `false` where it ended or passed to another. May be repeated by the holder.
    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>>;

    /// Gives back jobs that were claimed and not begun.
    /// They are due at once. A stale lease is passed over. May be repeated.
    async fn release(&self, leases: &[Lease]) -> Result<()>;

    /// Reports that a worker is alive, and takes back leases of all workers that ended or whose process is known to be dead.
    /// Answers how many. A job that stood at `ready` becomes due; one at `submitting` goes to the next submit claim. A store
    /// may bound one call, and forgets workers that were silent for long and hold nothing. May be repeated.
    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64>;

    /// Reports that a worker ends in good order: takes back what it still holds and forgets it.
    /// May work in parts. May be repeated.
    async fn deregister(&self, worker: &WorkerId) -> Result<()>;

    // ---- limits ----

    /// Sets what an account allows; the last call wins.
    /// The same limits again are no news for [`Store::watch`]. May be repeated.
    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()>;

    /// Answers what was learned of an account's limits and what of them is in use; nothing for an unknown account.
    /// Claims keep to [`Pace::requests_per_second`] and [`Pace::max_in_flight`] under the account's limits. May be repeated.
    async fn pace(&self, account: &AccountName) -> Result<PaceView>;

    /// Sets what was learned if its version is still `version`, and raises the version by one.
    /// Otherwise it answers `false` and changes nothing. Versions begin at 0. A repeat after a lost answer may answer
    /// `false`: read again.
    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool>;

    /// Answers an account's breaker; a closed one for an unknown account.
    /// May be repeated.
    async fn breaker(&self, account: &AccountName) -> Result<BreakerView>;

    /// Sets an account's breaker if its version is still `version`, and in the same step the pause that it asks for
    /// ([`Breaker::pause`]).
    /// Versions and repeats are as for [`Store::set_pace`].
    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool>;

    /// Pauses an account for all workers: for `lasts`, or until a person resumes it.
    /// At most one pause stands per reason. The later end wins, a pause without an end beats all, and the first beginning
    /// stays, with the last call's reason. A repeat counts `lasts` from its own time.
    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()>;

    /// Ends an account's pause for the provider's refusal.
    /// With `operator`, on a person's word, it also ends those for throttling and by a person, and resets the breaker
    /// ([`Breaker::resumed`]). May be repeated.
    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()>;

    /// Pauses or resumes the submissions of a batch.
    /// May be repeated.
    ///
    /// # Errors
    /// `Error::NoBatch` where there is no such batch.
    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()>;

    /// Sets what a batch may spend, and leaves all else of it as it is; `None` lifts the budget.
    /// A load that is under way still brings its own draft's budget. May be repeated.
    ///
    /// # Errors
    /// `Error::NoBatch` where there is no such batch.
    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()>;

    /// Forgets what a batch's plan came to ([`planned`](crate::ImportedWith::planned)), as something of the batch was found damaged or lost:
    /// its manifest is compared row by row the next time, and loaded anew where it has to be. May be repeated.
    ///
    /// # Errors
    /// `Error::NoBatch` where there is no such batch.
    async fn forget_plan(&self, batch: &BatchName) -> Result<()>;

    // ---- people ----

    /// Applies a person's event (`Retry`, `Resolved`, `Accepted` for a named task) to a job that no worker has.
    /// Only giving a row up does not wait: it takes the job from its worker, whose next commit is stale. A repeat may be
    /// refused because the first call was done.
    ///
    /// # Errors
    /// `Error::NoJob` where there is no such job, and `Error::BeingPurged` while its batch is being purged, for an event
    /// that the job's stage allows and that does not end it.
    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited>;

    /// Cancels a job: at once where it is queued, and by request where a worker has it or it is at the provider.
    /// The person's wish stays until it is granted, the output is there to be fetched, or the job ends. It differs from that
    /// of a line that is gone ([`crate::rules::cancel::CancelWish`]). A repeat may be refused because the first call was
    /// done.
    ///
    /// # Errors
    /// `Error::NoJob` where there is no such job.
    async fn cancel(&self, job: JobId) -> Result<Edited>;

    /// Stops a batch in one step: no job of it is claimed for submission, no claimed one may be sent, a load under way is
    /// superseded, and none begins before [`Store::end_cancel`].
    /// Withdraw what it has queued meanwhile, by [`Store::scan`] and [`Store::edit_all`]. May be repeated.
    ///
    /// # Errors
    /// `Error::NoBatch` where there is no such batch, and `Error::BeingPurged` while it is being purged.
    async fn begin_cancel(&self, batch: &BatchName) -> Result<()>;

    /// Ends what [`Store::begin_cancel`] began.
    /// Call it once a walk over the whole batch has left nothing queued in it. It does nothing where there is no such batch.
    /// May be repeated.
    async fn end_cancel(&self, batch: &BatchName) -> Result<()>;

    /// Does to each job what a person wants; one answer a job, in order.
    /// For bounded lists: it holds up other writers. Each edit is one step, the list is not. A repeat may refuse what the
    /// first call did.
    ///
    /// # Errors
    /// `Error::NoJob` where one of the jobs is unknown, and `Error::BeingPurged` while the batch of one is being purged, for a
    /// change that its stage allows and that does not end it. Then some of the edits may have been done.
    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>>;

    // ---- reading ----

    /// Answers a part of the jobs that a filter means, from a cursor on: at most `limit`, and fewer, or none, where few fit.
    /// They come in the order of manifest lines, those without a line behind them; of several batches the older first. A job
    /// without a line is listed while it moves or if it was bought. Named by id, it always is.
    ///
    /// A call reads a bounded number of jobs, however many there are. A whole walk meets each job once that was there all the
    /// time and that no load moved to another line. [`crate::Walk`] goes all the way, [`crate::first`] to the first few. May
    /// be repeated.
    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned>;

    /// Answers the store's time.
    /// It never goes back, and passes as time passes, whatever is done to the clocks of the machines.
    async fn now(&self) -> Result<Timestamp>;

    /// Answers one job, whether it is shown in listings or not.
    /// One that cannot be read is stood in for ([`JobView::unread`]).
    async fn job(&self, job: JobId) -> Result<Option<JobView>>;

    /// Answers the batch's lines in manifest order, each with its job, and then bought jobs whose line is gone, with the
    /// last one that each of them had.
    /// [`Page::after`] counts over both.
    ///
    /// # Errors
    /// `Error::NoBatch` where there is no such batch.
    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>>;

    /// Answers a batch and its sums; `None` where there is none.
    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>>;

    /// Answers all batches, the newest first.
    async fn batches(&self) -> Result<Vec<BatchView>>;

    /// Answers all accounts that were ever used, purged batches' too.
    async fn accounts(&self) -> Result<Vec<AccountView>>;

    /// Answers the workers that are, or were lately, alive.
    async fn workers(&self) -> Result<Vec<WorkerView>>;

    /// Answers a job's history, the oldest entry first; a store keeps the newest 64 or so.
    /// Nothing for an unknown job.
    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>>;

    /// Answers the records that cannot be read, by reading all: for `doctor`.
    /// They stop nothing else: listings and results show a stand-in, claims set them aside, and changes to them are refused.
    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>>;

    /// Answers all that is stored of a job that cannot be read; `None` where it can be read, or there is no such job.
    async fn unreadable_record(&self, job: JobId) -> Result<Option<Vec<u8>>>;

    /// Removes a job's record that cannot be read, and frees its place in flight and the money set aside for it.
    /// Answers whether there was one. Its line stays without a job, and is new to the next load of its manifest. May be
    /// repeated.
    async fn remove_unreadable(&self, job: JobId) -> Result<bool>;

    // ---- requests, across batches ----
    // Before a manifest is compared with other batches, it is noted what they ask for: `unnoted`, `note_requests`,
    // `finish_noting`. A load notes nothing, so a store with one batch pays nothing for it.

    /// Answers the batches that were loaded since their requests were last noted.
    /// Batches that an earlier version loaded are among them; unfinished loads and batches that are being purged are not.
    async fn unnoted(&self) -> Result<Vec<Unnoted>>;

    /// Notes requests of a batch.
    /// What was noted of a key and the batch is replaced. The batch may be unknown by now. May work in parts. May be
    /// repeated.
    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()>;

    /// Reports that every request of this load is noted.
    /// It does nothing where another load of the batch was finished since. May be repeated.
    async fn finish_noting(&self, noted: &Unnoted) -> Result<()>;

    /// Answers where each of these requests was asked for, in the order of `keys`; an empty list where no one asked.
    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>>;

    /// Answers which loads are there, for [`Import::seen`].
    /// A load that died while it was being finished is finished first. May be repeated.
    async fn imports_seen(&self) -> Result<ImportsSeen>;

    /// Forgets the requests noted as [`Bought`](crate::Noting::Bought) that were noted first, so that at most `most` stay.
    /// A request counts once for each batch. May work in parts. May be repeated.
    async fn trim_bought(&self, most: u64) -> Result<()>;

    // ---- schedules and run locks ----

    /// Answers a schedule's mark: ticks at or before it that have no record are over.
    /// A new schedule gets the calendar's present time as its mark, so that it fires nothing of the past. A mark ahead of the
    /// calendar comes back to it, so that a clock that was ahead silences no one. What was fired by that clock is over all
    /// the same, by its record or by its span. May be repeated.
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp>;

    /// Tries to win a tick: of all callers one wins.
    /// It loses the tick again once its lease has ended unfinished, or as soon as the store knows that its process has ended.
    /// A tick that waits is won by the next who asks. A new schedule gets its mark first. A mark rises only by
    /// [`TickClaim::passes`] of a winner. May be repeated: a worker that has the tick wins it again, under a new token, and
    /// its earlier token is worth nothing.
    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed>;

    /// Answers what the wall clock shows where the store is; the times of ticks go by it.
    /// It may be set back and ahead, which [`crate::Store::now`] never is.
    async fn calendar(&self) -> Result<Timestamp>;

    /// Lengthens a won tick's lease to `lasts` from now; `false` where it ended or passed to another.
    /// It never shortens one. May be repeated by the holder.
    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool>;

    /// Ends a won tick's lease and records what came of it; `false`, and nothing changes, where the tick passed to another.
    /// A lease that ended still finishes the tick, unless another caller won it. May be repeated by the holder: under the
    /// same token it answers the same and changes nothing. [`crate::TICKS_KEPT`] says which finished ticks stay.
    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool>;

    /// Gives a won tick back unfinished: the next caller wins it at once.
    /// It does nothing where the tick passed to another. May be repeated.
    async fn release_tick(&self, lease: &TickLease) -> Result<()>;

    /// Answers a schedule's ticks, at most `limit`, the one that was won or finished last first.
    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>>;

    /// Answers a schedule's ticks that are being fired or wait, the oldest first.
    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>>;

    /// Answers the spans of a schedule whose ticks have no record any more, the oldest first.
    /// Ticks in them are over, and are never won again. At most [`crate::TICK_SPANS_KEPT`] are kept.
    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>>;

    /// Takes the right to run a batch for `lasts` from now, or renews the worker's own.
    /// Where another worker has it, whose time has not ended and who is not known to be dead, it answers who. The batch need
    /// not exist. May be repeated by the worker.
    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold>;

    /// Gives up the right to run a batch, where `worker` has it; otherwise it does nothing.
    /// May be repeated.
    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()>;
}
