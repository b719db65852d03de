//! The verbs of the contract, each one step.

use std::{cmp::Reverse, time::Duration};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, AccountName, BatchName, Event, JobId, Money, RequestKey, ScheduleName, Submission, Timestamp, WorkerId,
};
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchHold, BatchView, Breaker, BreakerView, Claim, Claimed, Commit,
    Committed, Cursor, Edit, Edited, Enqueued, HistoryEntry, Import, Imported, ImportsSeen, JobFilter, JobView, Known,
    LateAcceptance, Lease, LineDraft, NotedRequest, Noting, Pace, PaceView, Page, PauseReason, Purge, RequestNote,
    RestoredSubmission, Result, ResultLine, Scanned, Store, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan,
    TickView, Unnoted, UnreadableRecord, WorkerView, rules::figures,
};

use super::{MemoryStore, batch::Batch, record::Record, schedule::HeldRun};

#[async_trait]
impl Store for MemoryStore {
    async fn begin_import(&self, batch: &BatchDraft) -> Result<Import> {
        self.step(|state| state.begin_import(batch))?
    }

    async fn add_to_import(&self, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
        self.step(|state| state.add_to_import(load, lines))?
    }

    async fn commit_import(&self, load: &Import) -> Result<Imported> {
        self.step(|state| state.commit_import(load))?
    }

    async fn lookup(&self, _batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
        self.step(|state| {
            let known = |job: &Record| Known { status: job.job.status(), bought: figures::bought(&job.job) };
            ids.iter().map(|id| state.jobs.get(id).map(known)).collect()
        })
    }

    async fn purge(&self, batch: &BatchName) -> Result<Purge> {
        self.step(|state| state.purge(batch))?
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        self.step(|state| state.claim(claim))
    }

    async fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        self.step(|state| commits.iter().map(|commit| state.commit(commit)).collect())
    }

    async fn record_acceptance(
        &self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        self.step(|state| Ok(state.accept(&state.record(job)?, acceptance, first_poll, None)))?
    }

    async fn restore_submission(&self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        self.step(|state| state.restore(job, submission))?
    }

    async fn extend(&self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
        self.step(|state| leases.iter().map(|lease| state.extend(lease, lasts)).collect())
    }

    async fn release(&self, leases: &[Lease]) -> Result<()> {
        self.step(|state| leases.iter().for_each(|lease| state.release(lease)))
    }

    async fn heartbeat(&self, worker: &WorkerId) -> Result<u64> {
        self.step(|state| {
            state.workers.insert(worker.clone(), state.now);
            state.end_lapsed()
        })
    }

    async fn deregister(&self, worker: &WorkerId) -> Result<()> {
        self.step(|state| {
            state.workers.remove(worker);
            state.take_back("its worker is gone", |record| record.worker.as_ref() == Some(worker));
        })
    }

    async fn set_limits(&self, account: &AccountName, limits: &AccountLimits) -> Result<()> {
        self.step(|state| {
            let before = state.account(account).limits.replace(*limits);
            state.changes += u64::from(before.as_ref() != Some(limits));
        })
    }

    async fn pace(&self, account: &AccountName) -> Result<PaceView> {
        self.step(|state| state.pace(account))
    }

    async fn set_pace(&self, account: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
        self.step(|state| {
            let is_set = state.account(account).pace.set(version, pace);
            state.changes += u64::from(is_set);
            is_set
        })
    }

    async fn breaker(&self, account: &AccountName) -> Result<BreakerView> {
        self.step(|state| {
            let known = state.accounts.get(account).map(|account| &account.breaker);
            let (breaker, version) = known.map(|known| (known.value.clone(), known.version)).unwrap_or_default();
            BreakerView { breaker, version, now: state.now }
        })
    }

    async fn set_breaker(&self, account: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
        self.step(|state| state.set_breaker(account, version, breaker))
    }

    async fn pause_account(&self, account: &AccountName, reason: &PauseReason, lasts: Option<Duration>) -> Result<()> {
        self.step(|state| {
            let now = state.now;
            state.account(account).pause(reason, lasts, now);
            state.changes += 1;
        })
    }

    async fn resume_account(&self, account: &AccountName, operator: bool) -> Result<()> {
        self.step(|state| {
            state.account(account).resume(operator);
            state.changes += 1;
        })
    }

    async fn pause_batch(&self, batch: &BatchName, paused: bool) -> Result<()> {
        self.step(|state| state.change_batch(batch, |batch| batch.paused = paused))?
    }

    async fn set_budget(&self, batch: &BatchName, budget: Option<Money>) -> Result<()> {
        self.step(|state| state.change_batch(batch, |batch| batch.draft.budget = budget))?
    }

    async fn apply_event(&self, job: JobId, event: Event) -> Result<Edited> {
        self.step(|state| state.edit(job, &Edit::Event(event)))?
    }

    async fn cancel(&self, job: JobId) -> Result<Edited> {
        self.step(|state| state.edit(job, &Edit::Cancel))?
    }

    async fn begin_cancel(&self, batch: &BatchName) -> Result<()> {
        self.step(|state| {
            state.known_batch(batch)?.refuse_purging()?;
            // A load that is under way ends here.
            state.change_batch(batch, |batch| (batch.cancelling, batch.staged) = (true, None))
        })?
    }

    async fn end_cancel(&self, batch: &BatchName) -> Result<()> {
        self.step(|state| drop(state.change_batch(batch, |batch| batch.cancelling = false)))
    }

    async fn edit_all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
        self.step(|state| edits.iter().map(|(job, edit)| state.edit(*job, edit)).collect())?
    }

    async fn scan(&self, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
        self.step(|state| state.scan(filter, from, limit))
    }

    async fn now(&self) -> Result<Timestamp> {
        Ok(self.present())
    }

    fn time(&self) -> Timestamp {
        self.present()
    }

    async fn job(&self, job: JobId) -> Result<Option<JobView>> {
        self.step(|state| state.jobs.get(&job).map(|record| state.view(record)))
    }

    async fn jobs(&self, filter: &JobFilter, page: Page) -> Result<Vec<JobView>> {
        self.step(|state| state.job_views(filter, page))
    }

    async fn results(&self, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
        self.step(|state| state.results(batch, page))?
    }

    async fn batch(&self, batch: &BatchName) -> Result<Option<BatchView>> {
        self.step(|state| state.batch_view(batch))
    }

    async fn batches(&self) -> Result<Vec<BatchView>> {
        self.step(|state| {
            let mut batches: Vec<_> = state.batches.values().collect();
            batches.sort_by_key(|batch| Reverse((batch.created_at, batch.serial)));
            batches.into_iter().filter_map(|batch| state.batch_view(&batch.draft.name)).collect()
        })
    }

    async fn accounts(&self) -> Result<Vec<AccountView>> {
        self.step(|state| state.accounts.keys().filter_map(|name| state.account_view(name)).collect())
    }

    async fn workers(&self) -> Result<Vec<WorkerView>> {
        self.step(|state| {
            let view = |(id, seen_at): (&WorkerId, &Timestamp)| {
                let held = state.jobs.values().filter(|record| record.worker.as_ref() == Some(id));
                WorkerView { id: id.clone(), seen_at: *seen_at, leases: held.count() as u64 }
            };
            state.workers.iter().map(view).collect()
        })
    }

    async fn history(&self, job: JobId) -> Result<Vec<HistoryEntry>> {
        self.step(|state| state.histories.get(&job).cloned().unwrap_or_default())
    }

    async fn unreadable_records(&self) -> Result<Vec<UnreadableRecord>> {
        Ok(Vec::new())
    }

    async fn unreadable_record(&self, _job: JobId) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    async fn remove_unreadable(&self, _job: JobId) -> Result<bool> {
        Ok(false)
    }

    async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
        let mut listener = self.shared.mark.subscribe();
        // Either way the present mark is the answer.
        drop(tokio::time::timeout(limit, listener.wait_for(|present| *present != mark)).await);
        Ok(*self.shared.mark.borrow())
    }

    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        self.step(|state| {
            let is_unnoted = |batch: &&Batch| batch.whole && !batch.purging && batch.load != batch.noted;
            let unnoted = state.batches.values().filter(is_unnoted);
            unnoted.map(|batch| Unnoted { batch: batch.draft.name.clone(), generation: batch.load }).collect()
        })
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        self.step(|state| {
            for RequestNote { key, noting } in notes {
                let job = match noting {
                    Noting::Job(job) => Some(Some(*job)),
                    Noting::Bought => Some(None),
                    Noting::Nothing => None,
                };
                let place = (*key, batch.clone());
                state.requests.remove(&place);
                state.requests.extend(job.map(|job| (place, (job, state.now))));
            }
        })
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        self.step(|state| {
            if let Some(batch) = state.batches.get_mut(&noted.batch).filter(|batch| batch.load == noted.generation) {
                batch.noted = noted.generation;
            }
        })
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        self.step(|state| {
            let noted = |key: &RequestKey| {
                let found = state.requests.iter().filter(|((noted, _), _)| noted == key);
                found.map(|((_, batch), (job, _))| NotedRequest { batch: batch.clone(), job: *job }).collect()
            };
            keys.iter().map(noted).collect()
        })
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        self.step(|state| state.imports_seen())
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        self.step(|state| {
            let bought = state.requests.iter().filter(|(_, (job, _))| job.is_none());
            let mut bought: Vec<_> = bought.map(|(place, (_, at))| (Reverse(*at), place.clone())).collect();
            bought.sort_unstable();
            for (_, place) in bought.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)) {
                state.requests.remove(&place);
            }
        })
    }

    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        self.step(|state| {
            let wall = state.wall;
            let schedule = state.schedule(schedule);
            // A mark that a clock set which was ahead comes back to the present.
            schedule.mark = schedule.mark.min(wall);
            schedule.mark
        })
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        self.step(|state| state.tick(claim))
    }

    async fn calendar(&self) -> Result<Timestamp> {
        Ok(self.shared.clock.now())
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        self.step(|state| {
            let now = state.now;
            let tick = state.firing(lease).filter(|tick| tick.standing.is_leased(now));
            let until = tick.map(|tick| &mut tick.standing.lease_until);
            until.map(|until| *until = (*until).max(Some(now.after(lasts)))).is_some()
        })
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        self.step(|state| state.finish_tick(lease, outcome))
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        self.step(|state| {
            let now = state.now;
            let released = state.firing(lease).map(|tick| tick.standing.lease_until = Some(now));
            state.changes += u64::from(released.is_some());
        })
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        self.step(|state| {
            let mut views = state.tick_views(schedule);
            views.sort_by_key(|view| Reverse((view.changed_at, view.at)));
            views.truncate(limit);
            views
        })
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        self.step(|state| state.tick_views(schedule).into_iter().filter(|view| !view.state.is_over()).collect())
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        self.step(|state| state.schedules.get(schedule).map_or_else(Vec::new, |schedule| schedule.over.clone()))
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        self.step(|state| {
            let (now, until) = (state.now, state.now.after(lasts));
            let new = || HeldRun { worker: worker.clone(), since: now, until };
            let lock = state.runs.entry(batch.clone()).or_insert_with(new);
            if lock.worker != *worker && lock.until > now {
                let (worker, ends_in) = (lock.worker.clone(), lock.until.since(now));
                return BatchHold::Taken { worker, since: lock.since, ends_in };
            }
            *lock = HeldRun { since: if lock.worker == *worker { lock.since } else { now }, ..new() };
            BatchHold::Held
        })
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        self.step(|state| state.runs.retain(|name, lock| name != batch || lock.worker != *worker))
    }
}
