//! Steps of jobs: under a lease, by facts that came without one, by people, and by leases that end.

use std::{sync::Arc, time::Duration};

use reelq_model::{Acceptance, Event, JobId, Submission, WorkerId};
use reelq_store::{
    Commit, Committed, Edit, Edited, LateAcceptance, Lease, RestoredSubmission, Result,
    rules::cancel::CancelWish,
    transition::{self, EditStep, LateStep, Step, StoredJob},
};

use super::{batch::Batch, record::Record, state::State};

impl State {
    pub(super) fn commit(&mut self, commit: &Commit) -> Committed {
        let Ok(record) = self.record(commit.lease.job.id) else { return commit.homeless() };
        let (worker, lasts) = (&commit.lease.worker, commit.lease.lasts);
        let mut stored = record.stored();
        if matches!(commit.event, Event::Sending { .. }) && self.is_cancelling(&record) {
            stored.cancel = CancelWish::ASKED;
        }
        match transition::commit(self.now, &stored, commit) {
            Step::Stale => Committed::Stale,
            Step::Unwanted(change) => {
                self.save(&record, change);
                Committed::Stale
            }
            Step::Park(change, illegal) => {
                self.save(&record, change);
                Committed::Illegal(illegal)
            }
            Step::Late(change) => {
                let ended = change.map(|change| self.save(&record, change));
                if let Event::Accepted { acceptance, first_poll } = &commit.event {
                    self.accept(&ended.unwrap_or(record.clone()), acceptance, *first_poll, Some(worker));
                }
                Committed::Done(None)
            }
            Step::Move(change) => {
                let after = self.save(&record, change);
                Committed::Done(after.lease_until.is_some().then(|| self.lease(&after, worker, lasts)))
            }
        }
    }

    fn is_cancelling(&self, record: &Record) -> bool {
        record.cancel == CancelWish::NONE && self.batches.get(&record.job.batch).is_none_or(|batch| batch.cancelling)
    }

    /// The lease of a record as it stands.
    pub(super) fn lease(&self, record: &Record, worker: &WorkerId, lasts: Duration) -> Lease {
        let (job, version, cancel_requested) =
            (Arc::clone(&record.job), record.version, record.stored().cancel_is_requested());
        Lease { job, version, worker: worker.clone(), granted_at: self.now, lasts, cancel_requested }
    }

    pub(super) fn accept(
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
                self.save(record, *change);
                LateAcceptance::Settled
            }
            LateStep::Orphan(charge) => {
                let orphan = self.insert(charge.record.job.clone().into_owned(), None);
                let orphan = self.save(&orphan, charge.record);
                self.mark_twins(&orphan.job);
                self.save(record, charge.parent);
                LateAcceptance::Orphan(charge.id)
            }
        }
    }

    pub(super) fn restore(&mut self, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
        let record = self.record(job)?;
        Ok(match transition::restore_submission(self.now, &record.stored(), submission) {
            Err(illegal) => RestoredSubmission::Refused(illegal),
            Ok(None) => RestoredSubmission::Known,
            Ok(Some(change)) => {
                self.save(&record, change);
                RestoredSubmission::Restored
            }
        })
    }

    pub(super) fn edit(&mut self, job: JobId, edit: &Edit) -> Result<Edited> {
        let mut record = self.record(job)?;
        Ok(match transition::edit(self.now, &record.stored(), edit) {
            EditStep::Refused(illegal) => Edited::Refused(illegal),
            EditStep::Change(change) => {
                if !change.ends_job() {
                    self.batches.get(&record.job.batch).map_or(Ok(()), Batch::refuse_purging)?;
                }
                self.save(&record, *change);
                Edited::Done
            }
            EditStep::Note(wish) => {
                // Whoever holds the job keeps its lease.
                record.cancel = wish;
                self.jobs.insert(job, record);
                self.changes += 1;
                Edited::Requested
            }
        })
    }

    pub(super) fn extend(&mut self, lease: &Lease, lasts: Duration) -> bool {
        let (now, until) = (self.now, Some(self.now.after(lasts)));
        let held = self.jobs.get_mut(&lease.job.id).filter(|record| record.stored().holds(lease.version, now));
        held.map(|record| record.lease_until = record.lease_until.max(until)).is_some()
    }

    pub(super) fn release(&mut self, lease: &Lease) {
        let is_held = |stored: &StoredJob<'_>| stored.holds(lease.version, self.now);
        if let Some(record) = self.record(lease.job.id).ok().filter(|record| is_held(&record.stored())) {
            self.save(&record, transition::hand_back(self.now, &record.stored(), None));
        }
    }

    /// Takes back leases whose time has passed.
    pub(super) fn end_lapsed(&mut self) -> u64 {
        let now = self.now;
        self.take_back("its time passed", |record| record.lease_until.is_some_and(|until| until <= now))
    }

    pub(super) fn take_back(&mut self, why: &'static str, which: impl Fn(&Record) -> bool) -> u64 {
        let lapsed: Vec<_> = self.jobs.values().filter(|record| which(record)).cloned().collect();
        for record in &lapsed {
            self.save(record, transition::hand_back(self.now, &record.stored(), Some(why)));
        }
        lapsed.len() as u64
    }
}
