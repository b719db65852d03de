//! Leases that end without an event of their holder, and withdrawals of jobs that are not wanted any more.

use std::borrow::Cow;

use reelq_model::{Event, IllegalTransition, Job, Timestamp};

use super::{Change, HistoryNote, StoredJob};
use crate::rules::cancel::CancelWish;

pub(super) const CANCELLED: Event = Event::Cancelled { settlement: None };

/// Ends a lease: its worker gave the job back, or, with a reason `why`, lost it. A job that is not wanted any more is
/// withdrawn with it.
///
/// A lease that ended in `ready` makes the job due, one in `submitting` a replay. `hand_back` in the Redis store's
/// `leases.lua` is the same rule.
pub fn hand_back<'a>(now: Timestamp, stored: &StoredJob<'a>, why: Option<&'static str>) -> Change<'a> {
    let mut change = Change::nothing(stored);
    if let Some(why) = why {
        let (event, status) = ("lease_ended", stored.job.status());
        change = change.noting(HistoryNote { event, reason: why.into(), worker: None, status });
    }
    change.or_withdrawn(now, stored.cancel)
}

/// Cancels a job that waits to be submitted.
///
/// # Errors
/// The job does not stand at `ready`.
pub fn withdraw<'a>(now: Timestamp, stored: &StoredJob<'a>) -> Result<Change<'a>, IllegalTransition> {
    let applied = stored.job.apply(CANCELLED, now)?;
    let note = withdrawal_note(&applied.job, stored.cancel);
    Ok(Change::applied(applied).noting(note))
}

pub(super) fn withdrawal_note<'a>(withdrawn: &Job, wish: CancelWish) -> HistoryNote<'a> {
    let why = if wish == CancelWish::GONE { "its line is gone" } else { "" };
    HistoryNote { event: CANCELLED.name(), reason: Cow::Borrowed(why), worker: None, status: withdrawn.status() }
}

#[cfg(test)]
mod tests {
    use reelq_model::{Status, Wake};

    use super::*;
    use crate::transition::samples;

    #[test]
    fn a_lease_that_ends_makes_its_job_due_unless_it_waits() {
        let now = samples::at(5);
        for (job, due) in [
            (samples::ready(), Some(now)),
            (samples::submitting(), Some(now)),
            (samples::unconfirmed(), None),
            (samples::running(), Some(now)),
            (samples::failed(), None),
        ] {
            let stored = samples::leased(&job);
            let change = hand_back(now, &stored, Some("its time passed"));
            let after = change.leaves(&stored, now);
            assert_eq!(
                (after.due, after.lease_until, after.version),
                (due, None, stored.version + 1),
                "{:?}",
                job.stage
            );
            assert_eq!(after.job, &job);
            let note = &change.history[0];
            assert_eq!((note.event, &*note.reason, note.status), ("lease_ended", "its time passed", job.status()));
            let waits = StoredJob { due: Some(samples::at(9)), ..stored };
            assert_eq!(hand_back(now, &waits, None).leaves(&waits, now).due, Some(samples::at(9)));
        }
    }

    #[test]
    fn an_unwanted_job_is_withdrawn_with_the_end_of_its_lease() {
        let (job, now) = (samples::ready(), samples::at(5));
        for (wish, left, reason) in
            [(CancelWish::ASKED, CancelWish::NONE, ""), (CancelWish::GONE, CancelWish::GONE, "its line is gone")]
        {
            let stored = StoredJob { cancel: wish, ..samples::leased(&job) };
            let change = hand_back(now, &stored, None);
            let after = change.leaves(&stored, now);
            assert_eq!((after.job.status(), after.cancel, after.due), (Status::Cancelled, left, None));
            let entries: Vec<_> = change.history.iter().map(|note| (note.event, &*note.reason, note.status)).collect();
            assert_eq!(entries, [("cancelled", reason, Status::Cancelled)]);
        }
        let running = samples::running();
        let stored = StoredJob { cancel: CancelWish::ASKED, ..samples::leased(&running) };
        assert_eq!(hand_back(now, &stored, None).leaves(&stored, now).cancel, CancelWish::ASKED);
    }

    #[test]
    fn only_a_job_that_waits_to_be_submitted_is_withdrawn() {
        let (job, now) = (samples::ready(), samples::at(5));
        assert_eq!(withdraw(now, &samples::stored(&job)).unwrap().wake, Some(Wake::Never));
        for job in [samples::submitting(), samples::unconfirmed(), samples::fetching(), samples::failed()] {
            assert_eq!(withdraw(now, &samples::stored(&job)).unwrap_err().event, "cancelled");
        }
    }
}
