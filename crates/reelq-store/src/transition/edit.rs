//! What people do to single jobs: retry, resolve, name a task, cancel, wake.

use reelq_model::{Event, IllegalTransition, Stage, Timestamp, Wake};

use super::{Change, HistoryNote, StoredJob, withdraw};
use crate::{
    Edit,
    rules::{
        cancel::{CancelWish, DroppedWishes},
        figures,
        queue::Queue,
    },
};

/// What a person's change to one job comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum EditStep<'a> {
    /// It is done.
    Change(Box<Change<'a>>),
    /// The wish is noted, without touching the lease of whoever holds the job.
    Note(CancelWish),
    /// The job's stage does not allow it: nothing changes.
    Refused(IllegalTransition),
}

impl<'a> From<Result<Change<'a>, IllegalTransition>> for EditStep<'a> {
    fn from(step: Result<Change<'a>, IllegalTransition>) -> Self {
        step.map_or_else(Self::Refused, |change| Self::Change(Box::new(change)))
    }
}

/// Judges a person's change.
pub fn edit<'a>(now: Timestamp, stored: &StoredJob<'a>, edit: &Edit) -> EditStep<'a> {
    match edit {
        Edit::Cancel => cancel(now, stored),
        Edit::Wake => wake(stored).into(),
        Edit::Event(_) | Edit::OfShown(..) => match edit.event_for(stored.job) {
            Some((event, true)) => apply_event(now, stored, event).into(),
            _ => EditStep::Refused(illegal(stored, edit.name())),
        },
    }
}

/// Applies a person's event. A parked job is taken up again, where it stands, by a retry.
///
/// # Errors
/// The job's stage does not allow it, or a worker holds the job and it is not given up.
pub fn apply_event<'a>(now: Timestamp, stored: &StoredJob<'a>, event: &Event) -> Result<Change<'a>, IllegalTransition> {
    // A row that is given up is taken from whoever holds it: their lease is of an earlier version then.
    if stored.is_in_hand() && !figures::is_give_up(event) {
        return Err(illegal(stored, event.name()));
    }
    let is_retry = matches!(event, Event::Retry { .. });
    let unparks = stored.parked && is_retry && !stored.job.stage.is_terminal();
    let mut change = if unparks {
        Change { parked: false, wake: Some(Wake::Never), ..Change::nothing(stored) }
    } else {
        Change::applied(stored.job.apply(event.clone(), now)?)
    };
    if is_retry {
        change.dropped = DroppedWishes::ALL;
    }
    let note = HistoryNote::of(event, None, &change.job);
    Ok(change.noting(note).or_withdrawn(now, stored.cancel))
}

/// Withdraws a job that waits to be submitted; of one that a worker holds or that is at the provider, the wish is noted.
pub fn cancel<'a>(now: Timestamp, stored: &StoredJob<'a>) -> EditStep<'a> {
    match &stored.job.stage {
        Stage::Ready if !stored.is_leased() => withdraw(now, stored).into(),
        Stage::Ready | Stage::Submitting { .. } | Stage::Running { .. } => EditStep::Note(CancelWish::ASKED),
        _ => EditStep::Refused(illegal(stored, super::lease::CANCELLED.name())),
    }
}

/// What a wish to cancel that was noted does to a task that waits for its next look, however far that is, or that is followed: it
/// is taken from its follower and due at once, for the provider may still withdraw it. `None` where whoever has the job keeps it.
///
/// `cancel.lua` of the Redis store is the same rule.
pub fn after_note<'a>(now: Timestamp, stored: &StoredJob<'a>) -> Option<Change<'a>> {
    let is_looked_at = matches!(Queue::of(stored, now), Queue::Poll | Queue::Followed);
    is_looked_at.then(|| Change { wake: Some(Wake::Now), ..Change::nothing(stored) })
}

/// Makes a job due at once, whatever it waits for. It is no entry of its history.
///
/// # Errors
/// The job waits for no time.
pub fn wake<'a>(stored: &StoredJob<'a>) -> Result<Change<'a>, IllegalTransition> {
    if stored.is_in_hand() || stored.parked || stored.due.is_none() {
        return Err(illegal(stored, Edit::Wake.name()));
    }
    Ok(Change { wake: Some(Wake::Now), ..Change::nothing(stored) })
}

const fn illegal(stored: &StoredJob<'_>, event: &'static str) -> IllegalTransition {
    IllegalTransition { stage: stored.job.status().as_str(), event }
}

#[cfg(test)]
mod tests {
    use reelq_model::{Resolution, Status};

    use super::*;
    use crate::{
        Shown,
        rules::bounds::FOLLOWED,
        transition::samples::{self, at},
    };

    const fn resolved(resolution: Resolution) -> Event {
        Event::Resolved { resolution }
    }

    #[test]
    fn only_giving_up_takes_a_job_from_its_worker() {
        let (job, now) = (samples::submitting(), at(5));
        let stored = samples::leased(&job);
        let refused = apply_event(now, &stored, &Event::Retry { buy: true }).unwrap_err();
        assert_eq!((refused.stage, refused.event), ("submitting", "retry"));
        let given_up = apply_event(now, &stored, &resolved(Resolution::GiveUp)).unwrap();
        let after = given_up.leaves(&stored, now);
        assert_eq!((after.job.status(), after.lease_until), (Status::Failed, None));
    }

    #[test]
    fn a_retry_takes_a_parked_job_up_where_it_stands_and_drops_wishes_to_cancel() {
        let (job, now) = (samples::running(), at(5));
        let parked = StoredJob { parked: true, cancel: CancelWish::GONE, ..samples::stored(&job) };
        let change = apply_event(now, &parked, &Event::Retry { buy: false }).unwrap();
        let after = change.leaves(&parked, now);
        assert_eq!((after.job, after.parked, after.due, after.cancel), (&job, false, Some(now), CancelWish::NONE));
        assert_eq!(change.history[0].event, "retry");
    }

    #[test]
    fn a_job_that_comes_back_to_ready_unwanted_is_withdrawn_in_the_same_step() {
        let (job, now) = (samples::unconfirmed(), at(5));
        let stored = StoredJob { cancel: CancelWish::GONE, ..samples::stored(&job) };
        let change = apply_event(now, &stored, &resolved(Resolution::NotBought)).unwrap();
        let after = change.leaves(&stored, now);
        assert_eq!((after.job.status(), after.cancel, after.due), (Status::Cancelled, CancelWish::GONE, None));
        let entries: Vec<_> = change.history.iter().map(|note| (note.event, note.status)).collect();
        assert_eq!(entries, [("resolved", Status::Queued), ("cancelled", Status::Cancelled)]);
    }

    #[test]
    fn a_job_that_moved_on_since_it_was_shown_is_left_alone() {
        let (job, now) = (samples::failed(), at(5));
        let event = Event::Retry { buy: true };
        let step = |shown| edit(now, &samples::stored(&job), &Edit::OfShown(event.clone(), shown));
        assert!(matches!(step(Shown::of(&job)), EditStep::Change(_)));
        let EditStep::Refused(refused) = step(Shown::of(&samples::running())) else { panic!("it is refused") };
        assert_eq!((refused.stage, refused.event), ("failed", "retry"));
    }

    #[test]
    fn a_cancel_is_done_noted_or_refused_by_where_the_job_stands() {
        let now = at(5);
        let ready = samples::ready();
        assert!(matches!(cancel(now, &samples::stored(&ready)), EditStep::Change(_)));
        assert_eq!(cancel(now, &samples::leased(&ready)), EditStep::Note(CancelWish::ASKED));
        for job in [samples::submitting(), samples::running()] {
            assert_eq!(cancel(now, &samples::stored(&job)), EditStep::Note(CancelWish::ASKED));
        }
        for job in [samples::unconfirmed(), samples::fetching(), samples::failed(), samples::withdrawn()] {
            assert!(matches!(cancel(now, &samples::stored(&job)), EditStep::Refused(_)), "{:?}", job.stage);
        }
    }

    #[test]
    fn what_a_person_does_takes_a_followed_job_from_its_follower() {
        let (job, now) = (samples::running(), at(5));
        let followed = StoredJob { due: Some(at(90)), lease_until: Some(FOLLOWED), ..samples::stored(&job) };
        assert_eq!(cancel(now, &followed), EditStep::Note(CancelWish::ASKED));
        let resolved = apply_event(now, &followed, &resolved(Resolution::GiveUp)).unwrap();
        for change in [after_note(now, &followed).unwrap(), wake(&followed).unwrap(), resolved] {
            let after = change.leaves(&followed, now);
            assert_eq!((after.lease_until, after.version), (None, followed.version + 1));
            assert_eq!(after.due, (!after.job.stage.is_terminal()).then_some(now));
        }
        assert_eq!(after_note(now, &StoredJob { lease_until: Some(at(9)), ..followed }), None);
        let waits = StoredJob { lease_until: None, ..followed };
        assert_eq!(after_note(now, &waits).unwrap().leaves(&waits, now).due, Some(now));
        assert_eq!(after_note(now, &StoredJob { parked: true, ..waits }), None);
        let submitting = samples::submitting();
        assert_eq!(after_note(now, &StoredJob { job: &submitting, ..waits }), None);
    }

    #[test]
    fn only_a_job_that_waits_for_a_time_is_woken() {
        let job = samples::running();
        let waits = StoredJob { due: Some(at(90)), ..samples::stored(&job) };
        let change = wake(&waits).unwrap();
        let after = change.leaves(&waits, at(5));
        assert_eq!((after.due, after.job, change.history.len()), (Some(at(5)), &job, 0));
        for other in [
            StoredJob { due: None, ..waits },
            StoredJob { parked: true, ..waits },
            StoredJob { lease_until: Some(at(9)), ..waits },
        ] {
            assert_eq!(wake(&other).unwrap_err().event, "wake");
        }
    }
}
