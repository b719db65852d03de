//! Facts that came without a valid lease: acceptances, and submissions that were forgotten. Recorded whatever the job has
//! become.

use std::{borrow::Cow, time::Duration};

use reelq_model::{Acceptance, Event, IllegalTransition, Job, JobId, Submission, Timestamp, Wake, WorkerId};

use super::{Change, HistoryNote, LeaseStep, StoredJob};
use crate::rules::cancel::DroppedWishes;

/// What a late acceptance comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum LateStep<'a> {
    /// The task was known already: nothing changes.
    Known,
    /// It settles its own submission, whoever holds the job.
    Settled(Box<Change<'a>>),
    /// The job was settled otherwise: the charge is kept and followed in a record of its own.
    Orphan(Box<OrphanCharge<'a>>),
}

/// A charge that no one expected.
#[derive(Debug, Clone, PartialEq)]
pub struct OrphanCharge<'a> {
    /// The id of its record.
    pub id: JobId,
    /// The record: new, in the batch and on the account of its parent, and without a line.
    pub record: Change<'a>,
    /// What it changes in its parent, whose worker keeps its lease.
    pub parent: Change<'a>,
}

/// Records an acceptance for a job as it stands. `orphan_is_known` says whether the store has the record of the charge
/// ([`JobId::orphan`]) already.
pub fn record_acceptance<'a>(
    now: Timestamp,
    stored: &StoredJob<'a>,
    acceptance: &Acceptance,
    first_poll: Duration,
    worker: Option<&'a WorkerId>,
    orphan_is_known: bool,
) -> LateStep<'a> {
    if orphan_is_known || stored.job.knows_task(&acceptance.task) {
        return LateStep::Known;
    }
    let event = Event::Accepted { acceptance: acceptance.clone(), first_poll };
    if let Ok(applied) = stored.job.apply(event.clone(), now) {
        let change = Change::applied(applied);
        let note = HistoryNote::of(&event, worker, &change.job);
        return LateStep::Settled(Box::new(change.noting(note)));
    }
    let orphan = stored.job.orphan(acceptance, now);
    let note = HistoryNote::of(&event, worker, &orphan);
    let charge = HistoryNote { event: "second_charge", status: stored.job.status(), ..note.clone() };
    LateStep::Orphan(Box::new(OrphanCharge {
        id: orphan.id,
        record: followed(orphan, first_poll).noting(note),
        parent: parent(stored, acceptance.submission).noting(charge),
    }))
}

fn followed<'a>(orphan: Job, first_poll: Duration) -> Change<'a> {
    Change {
        job: Cow::Owned(orphan),
        wake: Some(Wake::After(first_poll)),
        parked: false,
        lease: LeaseStep::Ends,
        dropped: DroppedWishes::NONE,
        history: Vec::new(),
    }
}

/// What the orphan is charged for is no longer set aside with its parent.
fn parent<'a>(stored: &StoredJob<'a>, submission: u32) -> Change<'a> {
    let unchanged = Change { lease: LeaseStep::Untouched, ..Change::nothing(stored) };
    settle_doubt(stored, submission).unwrap_or(unchanged)
}

/// Takes a submission whose charge a record of its own follows out of its job's doubts; nothing where it was in none.
/// Lease and version stay as they are.
pub fn settle_doubt<'a>(stored: &StoredJob<'a>, submission: u32) -> Option<Change<'a>> {
    if !stored.job.doubtful.contains(&submission) {
        return None;
    }
    let mut job = stored.job.clone();
    job.settle_doubt(submission);
    Some(Change { job: Cow::Owned(job), lease: LeaseStep::Untouched, ..Change::nothing(stored) })
}

/// Takes in a submission that was forgotten, whoever holds the job; `None` where the store knows it.
///
/// # Errors
/// The job has gone another way, and can no longer take it in.
pub fn restore_submission<'a>(
    now: Timestamp,
    stored: &StoredJob<'a>,
    submission: &Submission,
) -> Result<Option<Change<'a>>, IllegalTransition> {
    if stored.job.knows_submission(submission.number) {
        return Ok(None);
    }
    let event = Event::RestoredSubmission { submission: submission.clone() };
    let change = Change::applied(stored.job.apply(event.clone(), now)?);
    let note = HistoryNote::of(&event, None, &change.job);
    Ok(Some(change.noting(note)))
}

#[cfg(test)]
mod tests {
    use reelq_model::{Money, Status};

    use super::*;
    use crate::{
        rules::ledger::LedgerDelta,
        transition::samples::{self, at},
    };

    const FIRST_POLL: Duration = Duration::from_millis(30);

    fn late<'a>(stored: &StoredJob<'a>, task: &str, submission: u32, known: bool) -> LateStep<'a> {
        record_acceptance(at(5), stored, &samples::acceptance(task, submission), FIRST_POLL, None, known)
    }

    #[test]
    fn an_acceptance_settles_its_own_submission_whoever_holds_the_job() {
        for job in [samples::submitting(), samples::unconfirmed(), samples::ready()] {
            let stored = samples::leased(&job);
            let LateStep::Settled(change) = late(&stored, "t-1", 1, false) else {
                panic!("it settles {:?}", job.stage)
            };
            let after = change.leaves(&stored, at(5));
            assert_eq!((after.job.status(), after.due, after.lease_until), (Status::Running, Some(at(35)), None));
            assert_eq!((after.version, change.history[0].event), (stored.version + 1, "accepted"));
        }
    }

    #[test]
    fn a_task_that_is_known_changes_nothing() {
        let (running, failed) = (samples::running(), samples::failed());
        assert_eq!(late(&samples::stored(&running), "t-1", 1, false), LateStep::Known);
        assert_eq!(late(&samples::stored(&failed), "t-2", 1, true), LateStep::Known);
    }

    #[test]
    fn a_second_charge_is_followed_and_no_longer_set_aside_with_its_parent() {
        let mut job = samples::running();
        job.doubtful.push(1);
        let stored = samples::leased(&job);
        let LateStep::Orphan(charge) = late(&stored, "t-2", 1, false) else { panic!("it is an orphan") };
        let record = StoredJob::new(&charge.record.job);
        let followed = charge.record.leaves(&record, at(5));
        assert_eq!((followed.job.id, followed.job.orphan_of), (charge.id, Some(job.id)));
        assert_eq!((followed.job.status(), followed.due, followed.listed), (Status::Running, Some(at(35)), false));
        let after = charge.parent.leaves(&stored, at(5));
        assert_eq!((after.version, after.lease_until, after.due), (stored.version, stored.lease_until, stored.due));
        assert_eq!((after.job.reserved(), after.job.status()), (Money::ZERO, Status::Running));
        let entry = &charge.parent.history[0];
        assert_eq!((entry.event, &*entry.reason), ("second_charge", "t-2"));
        let delta = LedgerDelta::between(Some(&stored), Some(&after));
        assert_eq!((delta.account.reserved, delta.account.spent), (-samples::PRICE, 0));
    }

    #[test]
    fn a_forgotten_submission_is_taken_in_unless_it_is_known_or_the_job_went_on() {
        let job = samples::ready();
        let stored = samples::leased(&job);
        let change = restore_submission(at(5), &stored, &samples::submission(1)).unwrap().unwrap();
        let after = change.leaves(&stored, at(5));
        assert_eq!((after.job.status(), after.due, after.lease_until), (Status::Submitting, Some(at(5)), None));
        let (submitting, failed) = (samples::submitting(), samples::failed());
        assert!(restore_submission(at(5), &samples::stored(&submitting), &samples::submission(1)).unwrap().is_none());
        assert!(restore_submission(at(5), &samples::stored(&failed), &samples::submission(4)).is_err());
    }
}
