//! The contract that every store keeps.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{Acceptance, AccountName, BatchName, Event, JobId, Money, Submission, Timestamp, WorkerId};

use crate::{
    AccountLimits, AccountView, BatchDraft, BatchView, Breaker, BreakerView, Claim, Claimed, Commit, Committed, Cursor,
    Edit, Edited, Enqueued, GuardStep, HistoryEntry, Import, Imported, JobFilter, JobView, Known, LateAcceptance,
    Lease, LineDraft, Pace, PaceView, Page, PauseReason, Purge, Remembered, Requests, RestoredSubmission, Result,
    ResultLine, Scanned, Schedules, Spread, StoreGuard, UnreadableRecord, WorkerView,
};

/// A store as it is handed around.
pub type SharedStore = Arc<dyn Store>;

/// Keeps jobs, leases, limits and money. Each verb is one atomic step; verbs that take a list do it in one round trip.
#[async_trait]
pub trait Store: Requests + Schedules + Send + Sync + fmt::Debug {
    // ---- bringing manifests in ----

    /// Begins a load: creates the batch where it is new, and supersedes an unfinished load of it. What the draft says of
    /// an existing batch takes effect with [`Store::commit_import`].
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import>;

    /// Adds lines and their unknown jobs. Idempotent by job id; nothing of it is worked on before the load is finished.
    /// A known job that was never submitted takes over the draft's account, price, priority and fields when the load finishes:
    /// the caller named it by what it asks for, and may spell that otherwise now.
    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued>;

    /// Makes the load's lines the batch's manifest, starts its new jobs and cancels jobs whose line is gone and that
    /// were never submitted. All of it or nothing.
    async fn commit_import(&self, load: &Import) -> Result<Imported>;

    /// Tells what is known of each id, in order: for `plan`.
    async fn lookup(&self, batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>>;

    /// Removes a bounded part of a finished batch: its lines, jobs, their histories, records of charges, sums. To be
    /// repeated until it is done, by anyone, also after a crash. Refused while any of its jobs may still move.
    async fn purge(&self, batch: &BatchName) -> Result<Purge>;

    // ---- working ----

    /// Takes due jobs in hand. Passes over what a pause, a cap or a budget holds back, so that a blocked batch never
    /// blocks another.
    ///
    /// Jobs to submit are taken in turns (start-time fair queueing): each pair of account and batch has a whole number,
    /// its *pass*, and the account has a *virtual time*. The next job is of the batch with the lowest
    /// `max(pass, virtual time)`, of the older batch where two are equal; that number becomes the virtual time, and the
    /// batch's pass is that number plus its [`crate::stride`]. So a batch that was idle, paused or short of money begins
    /// at the present virtual time. Inside a batch: the highest priority first, then age. Replays are outside of turns.
    /// Polls go by due time, fetches by the deadline of their links.
    ///
    /// Money: a job is taken only if its price fits into what the batch's budget, the account's budget and its daily
    /// budget have left; a price that is not known fits into none of them. What is used of a budget is what was spent,
    /// plus what is set aside for submissions under way and for jobs that are claimed. Of the daily budget it is what
    /// was charged on the present UTC day (by [`reelq_model::Charge::at`]) plus all that is set aside, whenever that was.
    async fn claim(&self, claim: &Claim) -> Result<Claimed>;

    /// Applies each event to its job if the lease still holds, moving stage, due time, counters, in-flight, budget and
    /// history together. One answer a commit, in order.
    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>>;

    /// Records a provider's yes that came without a valid lease. A fact, not a claim: it is never refused.
    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance>;

    /// Tells of a submission whose request left, or may have left, and that the store may have forgotten: a job that is
    /// about to make it anew (it is queued under that number, or still follows an earlier task) stands at `submitting`
    /// with it instead, due at once. Whoever has the job in hand loses it: it would buy a second time. Idempotent.
    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission>;

    /// Lengthens leases from now on. One answer a lease: `false` where it had ended or passed to another.
    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>>;

    /// Gives back jobs that were claimed and not begun; they are due at once.
    async fn release(&self, leases: &[Lease]) -> Result<()>;

    /// Says that a worker lives, and learns from the store how many leases of dead workers were taken back. A lease
    /// that ended in `ready` makes the job due; one that ended in `submitting` is handed to the next submit claim.
    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64>;

    /// Says that a worker ends in good order; whatever it still holds is taken back.
    async fn deregister(&self, worker: &WorkerId) -> Result<()>;

    // ---- limits ----

    /// Sets what an account allows.
    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()>;

    /// What was learned of an account's limits, and what of them is in use; nothing for an account that is not known. Claims
    /// keep to it: [`Pace::requests_per_second`] and [`Pace::max_in_flight`] under the account's limits.
    async fn pace(&self, account: &AccountName) -> Result<PaceView>;

    /// Sets what was learned if its version is still this one; `false`, and nothing changed, where it is not.
    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool>;

    /// An account's breaker; closed for an account that is not known.
    async fn breaker(&self, account: &AccountName) -> Result<BreakerView>;

    /// Sets an account's breaker if its version is still this one, and with it, in the same step, the pause that it asks for
    /// ([`Breaker::pause`]); `false`, and nothing changed, where it is not.
    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool>;

    /// Pauses an account for all workers, for so long or until a person resumes it.
    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()>;

    /// Ends an account's pause for the provider's refusal. With `operator`, on a person's word, also those for its throttling
    /// and a person's, and the breaker is as good as new ([`Breaker::resumed`]).
    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()>;

    /// Pauses or resumes the submissions of a batch.
    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()>;

    /// Sets what a batch may spend, with all else of it left as it is. May be repeated; a load that is under way still brings
    /// the budget of its own draft.
    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()>;

    // ---- people ----

    /// Applies a person's event (`Retry`, `Resolved`, `Accepted` for a named task) to a job that nobody has in hand. Only
    /// giving a row up does not wait: it takes the job from whoever has it, whose next step is stale.
    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited>;

    /// Cancels a job: at once where it is queued, by request where it is in hand or at the provider.
    async fn cancel(&self, job: JobId) -> Result<Edited>;

    /// Stops a batch in one step: no claim gives a job of it to be submitted any more, no job that was claimed is sent, a load
    /// that is under way is superseded, and none begins before [`Store::end_cancel`]. What it has queued is withdrawn meanwhile,
    /// by [`Store::scan`] and [`Store::edit_all`]. May be repeated, by anyone, also after a crash.
    ///
    /// # Errors
    ///
    /// Where there is no such batch, or it is being purged.
    async fn begin_cancel(&self, batch: &BatchName) -> Result<()>;

    /// Ends what [`Store::begin_cancel`] began, once a walk over the whole batch has left nothing queued in it. May be repeated.
    async fn end_cancel(&self, batch: &BatchName) -> Result<()>;

    /// Does to each job what a person wants; one answer a job, in order. For bounded lists: it holds up other writers.
    ///
    /// # Errors
    ///
    /// Where one of the jobs is not there, or its batch is being purged: then some may have been done, which may be said again.
    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>>;

    // ---- reading ----

    /// A part of the jobs that a filter means, from a cursor on; a whole walk meets each job that was there all the time once,
    /// in no order that is promised. At most `limit` of them, and fewer, or none, where few fit.
    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned>;

    /// Changes whenever the store may have forgotten what it acknowledged: another server answers, or the same one after
    /// a restart. Asks nobody; a store that never forgets stands where it stood.
    fn epoch(&self) -> u64 {
        0
    }

    /// Takes a step of holding journals against the store, and says whom it waits for. A store that never forgets has
    /// nothing to say.
    async fn guard(&self, _step: &GuardStep) -> Result<StoreGuard> {
        Ok(StoreGuard::default())
    }

    /// Waits a few seconds until everything that was done before, by anybody, is where a change of servers does not lose it: on the
    /// server's disk, where it can say so, and on every replica that is connected. A store that never forgets has it there already.
    ///
    /// # Errors
    ///
    /// Where the store is unreachable. May be repeated.
    async fn everywhere(&self) -> Result<Spread> {
        Ok(Spread::default())
    }

    /// What this process was told of the store's life. Asks nobody.
    fn remembered(&self) -> Remembered {
        Remembered::default()
    }

    /// From here on this process buys, with a journal in `folder`, which was told this of the store's life.
    fn remember(&self, _folder: &str, _told: &Remembered) {}

    /// The store's time. It never goes back, and passes as time passes, whatever is done to the clocks of the machines.
    async fn now(&self) -> Result<Timestamp>;

    /// The store's time as this process counts it on since the last answer; asks nobody.
    fn time(&self) -> Timestamp;

    /// When the backup was taken that the state came from, until a person accepts that what was bought since is not in it
    /// ([`Store::accept_restored`]): nothing is bought before. Tasks that it knows are followed and fetched all the same.
    async fn restored(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// Lets a state that came from a backup buy again; `false` where there was nothing to accept. May be repeated.
    async fn accept_restored(&self) -> Result<bool> {
        Ok(false)
    }

    /// One job.
    async fn job(&self, job: JobId) -> Result<Option<JobView>>;

    /// Jobs by filter, in the order of manifest lines, those without a line last.
    async fn jobs(&self, filter: &JobFilter, page: Page) -> Result<Vec<JobView>>;

    /// The batch's lines in manifest order, each with its job; after them bought jobs whose line is gone. `after` counts lines.
    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>>;

    /// A batch and its sums.
    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>>;

    /// All batches, the newest first.
    async fn batches(&self) -> Result<Vec<BatchView>>;

    /// All accounts that were ever used.
    async fn accounts(&self) -> Result<Vec<AccountView>>;

    /// Workers that are, or were lately, alive.
    async fn workers(&self) -> Result<Vec<WorkerView>>;

    /// A job's history, the oldest first.
    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>>;

    /// Jobs whose record cannot be read, by reading all of them: for `doctor`. They stop nothing else: listings and results
    /// show a failed job in their place, claims set them aside, and changes to them are refused.
    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>>;

    /// All that a job's record holds that cannot be read; nothing where there is no such record, or it can be read.
    async fn unreadable_record(&self, job: JobId) -> Result<Option<Vec<u8>>>;

    /// Removes a job's record that cannot be read, and gives back what it held: its place in flight, the money set aside for it.
    /// Whether there was one. Its row is shown without it, and is new to the next load of its manifest. May be repeated.
    async fn remove_unreadable(&self, job: JobId) -> Result<bool>;

    /// Waits until something changed since the last call's answer, or until `limit` has passed. `0` asks for the
    /// present mark. Changes by other processes on the same store count too.
    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64>;
}
