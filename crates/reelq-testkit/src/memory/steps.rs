//! Steps of jobs: under a lease, by facts that came without one, by people, and by leases that end.

use std::{sync::Arc, time::Duration};

use reelq_model::{Acceptance, Event, JobId, Stage, Submission, Timestamp, WorkerId};
use reelq_store::rules::{bounds, cancel::CancelWish};
use reelq_store::transition::{self, EditStep, LateStep, Step};
use reelq_store::{Commit, Committed, Edit, Edited, LateAcceptance, Lease, RestoredSubmission, Result};

use super::state::{Batch, Record, State};

impl State {
    /// The lease of a record as it stands.
    pub(super) fn lease(&self, record: &Record, worker: &WorkerId, granted_at: Timestamp, lasts: Duration) -> Lease {
        let (job, worker, cancel_requested) =
            (Arc::clone(&record.job), worker.clone(), record.stored().cancel_is_requested());
        let line = self.line(record).filter(|_| matches!(job.stage, Stage::Fetching { .. }));
        let line = line.map(|(_, draft)| Arc::new(draft.line.clone()));
        Lease { job, version: record.version, worker, granted_at, lasts, cancel_requested, line }
    }

    pub(super) fn commit(&mut self, commits: &[Commit]) -> Result<Vec<Committed>> {
        Ok(commits.iter().map(|commit| self.commit_one(commit)).collect())
    }

    fn commit_one(&mut self, commit: &Commit) -> Committed {
        let Ok(record) = self.record(commit.lease.job.id) else { return commit.homeless() };
        let (worker, lasts) = (&commit.lease.worker, commit.lease.lasts);
        let mut stored = record.stored();
        let is_cancelling = self.batches.get(&record.job.batch).is_none_or(|batch| batch.record.cancelling);
        if matches!(commit.event, Event::Sending { .. }) && is_cancelling && stored.cancel == CancelWish::NONE {
            stored.cancel = CancelWish::ASKED;
        }
        match transition::commit(self.now, &stored, commit) {
            Step::Stale => Committed::Stale,
            Step::Unwanted(change) => self.saved(&record, change, Committed::Stale),
            Step::Park(change, illegal) => self.saved(&record, change, Committed::Illegal(illegal)),
            Step::Late(change) => {
                let ended = change.map(|change| self.save(&record, change));
                if let Event::Accepted { acceptance, first_poll } = &commit.event {
                    self.accept(&ended.unwrap_or(record.clone()), acceptance, *first_poll, Some(worker));
                }
                Committed::Done(None)
            }
            Step::Move(change) => {
                let change = if self.may_follow(worker) { change } else { change.unfollowed() };
                let after = self.save(&record, change);
                Committed::Done(after.lease_until.is_some().then(|| self.lease(&after, worker, self.now, lasts)))
            }
        }
    }

    fn accept(
        &mut self,
        record: &Record,
        acceptance: &Acceptance,
        first_poll: Duration,
        worker: Option<&WorkerId>,
    ) -> LateAcceptance {
        let is_known = self.jobs.contains_key(&record.job.id.orphan(acceptance.task.as_str()));
        match transition::record_acceptance(self.now, &record.stored(), acceptance, first_poll, worker, is_known) {
            LateStep::Known => LateAcceptance::Known,
            LateStep::Settled(change) => {
                self.note_taken(record);
                self.saved(record, *change, LateAcceptance::Settled)
            }
            LateStep::Orphan(charge) => {
                let orphan = self.insert(charge.record.job.clone().into_owned(), false);
                let orphan = self.save(&orphan, charge.record);
                self.mark_twins(&orphan.job);
                self.saved(record, charge.parent, LateAcceptance::Orphan(charge.id))
            }
        }
    }

    pub(super) fn record_acceptance(
        &mut self,
        job: JobId,
        acceptance: &Acceptance,
        first_poll: Duration,
    ) -> Result<LateAcceptance> {
        Ok(self.accept(&self.record(job)?, acceptance, first_poll, None))
    }

    pub(super) fn restore_submission(&mut self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        let record = self.record(job)?;
        Ok(match transition::restore_submission(self.now, &record.stored(), submission) {
            Err(illegal) => RestoredSubmission::Refused(illegal),
            Ok(None) => RestoredSubmission::Known,
            Ok(Some(change)) => {
                self.note_taken(&record);
                self.saved(&record, change, RestoredSubmission::Restored)
            }
        })
    }

    pub(super) fn apply_event(&mut self, job: JobId, event: Event) -> Result<Edited> {
        self.edit(job, &Edit::Event(event))
    }

    pub(super) fn cancel(&mut self, job: JobId) -> Result<Edited> {
        self.edit(job, &Edit::Cancel)
    }

    pub(super) fn edit_all(&mut self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
        edits.iter().map(|(job, edit)| self.edit(*job, edit)).collect()
    }

    fn edit(&mut self, job: JobId, edit: &Edit) -> Result<Edited> {
        let mut record = self.record(job)?;
        Ok(match transition::edit(self.now, &record.stored(), edit) {
            EditStep::Refused(illegal) => Edited::Refused(illegal),
            EditStep::Change(change) => {
                if !change.ends_job() {
                    self.batches.get(&record.job.batch).map_or(Ok(()), Batch::refuse_purging)?;
                }
                self.note_taken(&record);
                self.saved(&record, *change, Edited::Done)
            }
            EditStep::Note(wish) => {
                record.cancel = wish;
                if let Some(change) = transition::after_note(self.now, &record.stored()) {
                    self.note_taken(&record);
                    return Ok(self.saved(&record, change, Edited::Requested));
                }
                // Whoever holds the job keeps its lease.
                self.jobs.insert(job, record);
                self.changes += 1;
                Edited::Requested
            }
        })
    }

    /// The record, where the lease still holds.
    fn leased(&mut self, lease: &Lease) -> Option<&mut Record> {
        let now = self.now;
        self.jobs.get_mut(&lease.job.id).filter(|record| record.stored().holds(lease.version, now))
    }

    pub(super) fn extend(&mut self, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
        let until = Some(bounds::time(self.now.after(lasts)));
        let mut extend =
            |lease| self.leased(lease).map(|held| held.lease_until = held.lease_until.max(until)).is_some();
        Ok(leases.iter().map(&mut extend).collect())
    }

    pub(super) fn release(&mut self, leases: &[Lease]) -> Result<()> {
        for lease in leases {
            if let Some(record) = self.leased(lease).cloned() {
                self.save(&record, transition::hand_back(self.now, &record.stored(), None));
            }
        }
        Ok(())
    }

    pub(super) fn heartbeat(&mut self, worker: &WorkerId) -> Result<u64> {
        self.workers.insert(worker.clone(), self.now);
        Ok(self.end_lapsed())
    }

    pub(super) fn deregister(&mut self, worker: &WorkerId) -> Result<()> {
        self.workers.remove(worker);
        self.follows.remove(worker);
        self.take_back("its worker is gone", |record| record.worker.as_ref() == Some(worker));
        Ok(())
    }

    /// Takes back leases whose time has passed.
    pub(super) fn end_lapsed(&mut self) -> u64 {
        let now = self.now;
        let lapsed: Vec<_> = self.follows.iter().filter(|(_, (until, _))| *until <= now).collect();
        let lapsed: Vec<_> = lapsed.into_iter().map(|(worker, _)| worker.clone()).collect();
        let followed: u64 = lapsed.iter().map(|worker| self.end_following(worker)).sum();
        followed + self.take_back("its time passed", |record| record.lease_until.is_some_and(|until| until <= now))
    }

    pub(super) fn take_back(&mut self, why: &'static str, which: impl Fn(&Record) -> bool) -> u64 {
        let lapsed: Vec<_> = self.jobs.values().filter(|record| which(record)).cloned().collect();
        for record in &lapsed {
            self.save(record, transition::hand_back(self.now, &record.stored(), Some(why)));
        }
        lapsed.len() as u64
    }
}
