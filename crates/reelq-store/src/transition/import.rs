//! What a changed manifest makes of jobs whose lines are gone, or are back.

use reelq_model::{AccountName, Event, Fields, IllegalTransition, Job, JobDraft, Money, Stage, Timestamp};

use super::{Change, HistoryNote, StoredJob, withdraw};
use crate::rules::cancel::CancelWish;

/// What becomes of a job whose line is gone.
#[derive(Debug, Clone, PartialEq)]
pub enum LineGone<'a> {
    /// It waits to be submitted: it is withdrawn.
    Withdraw(Box<Change<'a>>),
    /// It may have been bought, or a worker holds it: what was bought is kept, but is not bought again should it come back to
    /// `ready`.
    Note(CancelWish),
    /// It stays as it is.
    Kept,
}

/// Judges a job whose line is gone.
///
/// # Errors
/// The job cannot be withdrawn: a bug.
pub fn line_is_gone<'a>(now: Timestamp, stored: &StoredJob<'a>) -> Result<LineGone<'a>, IllegalTransition> {
    if stored.cancel != CancelWish::NONE {
        return Ok(LineGone::Kept);
    }
    match &stored.job.stage {
        Stage::Ready if !stored.is_leased() => {
            let unwanted = StoredJob { cancel: CancelWish::GONE, ..*stored };
            Ok(LineGone::Withdraw(Box::new(withdraw(now, &unwanted)?)))
        }
        Stage::Ready | Stage::Submitting { .. } | Stage::Unconfirmed { .. } | Stage::Running { .. } => {
            Ok(LineGone::Note(CancelWish::GONE))
        }
        _ => Ok(LineGone::Kept),
    }
}

/// Takes up a job again that was withdrawn only because its line was gone; `None` where it did not end. The wish of the gone
/// line is dropped either way, and is no part of this change.
///
/// # Errors
/// The job cannot be retried: a bug.
pub fn line_is_back<'a>(now: Timestamp, stored: &StoredJob<'a>) -> Result<Option<Change<'a>>, IllegalTransition> {
    let stage = &stored.job.stage;
    if !stage.is_terminal() {
        return Ok(None);
    }
    // A line that is back is no agreement to buy again what was bought: its task is looked at first.
    let event = Event::Retry { buy: stage.task().is_none() };
    let change = Change::applied(stored.job.apply(event.clone(), now)?);
    let note = HistoryNote { reason: "its line is back".into(), ..HistoryNote::of(&event, None, &change.job) };
    Ok(Some(change.noting(note)))
}

/// What a line now says of its job.
#[derive(Debug, Clone, PartialEq)]
pub struct LineTerms {
    /// On which account it is bought.
    pub account: AccountName,
    /// The catalogue's price; `None` where it is not known.
    pub price: Option<Money>,
    /// Higher goes first.
    pub priority: i32,
    /// The request's fields as they are spelled now; `None` where they stay.
    pub fields: Option<Fields>,
}

impl From<&JobDraft> for LineTerms {
    fn from(draft: &JobDraft) -> Self {
        let JobDraft { spec, price, priority, .. } = draft;
        let (account, fields) = (spec.account.clone(), Some(spec.fields.clone()));
        Self { account, price: *price, priority: *priority, fields }
    }
}

/// The job with what its line says of it; `None` where it was submitted before, and so keeps what it has.
pub fn take_over(job: &Job, terms: LineTerms) -> Option<Job> {
    (job.submissions == 0).then(|| {
        let mut taken = job.clone();
        taken.spec.account = terms.account;
        (taken.price, taken.priority) = (terms.price, terms.priority);
        taken.spec.fields = terms.fields.unwrap_or(taken.spec.fields);
        taken
    })
}

#[cfg(test)]
mod tests {
    use reelq_model::Status;

    use super::*;
    use crate::transition::samples::{self, at};

    #[test]
    fn what_waits_is_withdrawn_and_what_may_be_bought_is_noted() {
        let now = at(5);
        let ready = samples::ready();
        let stored = samples::stored(&ready);
        let LineGone::Withdraw(change) = line_is_gone(now, &stored).unwrap() else { panic!("it is withdrawn") };
        assert_eq!(&*change.history[0].reason, "its line is gone");
        let gone = StoredJob { cancel: CancelWish::GONE, ..stored };
        assert_eq!(change.leaves(&gone, now).cancel, CancelWish::GONE);
        assert_eq!(line_is_gone(now, &gone).unwrap(), LineGone::Kept);
        let noted = LineGone::Note(CancelWish::GONE);
        assert_eq!(line_is_gone(now, &samples::leased(&ready)).unwrap(), noted);
        for job in [samples::submitting(), samples::unconfirmed(), samples::running()] {
            assert_eq!(line_is_gone(now, &samples::stored(&job)).unwrap(), noted);
        }
        for job in [samples::fetching(), samples::failed()] {
            assert_eq!(line_is_gone(now, &samples::stored(&job)).unwrap(), LineGone::Kept);
        }
    }

    #[test]
    fn a_withdrawn_job_comes_back_with_its_line() {
        let (job, now) = (samples::withdrawn(), at(5));
        let stored = samples::stored(&job);
        let change = line_is_back(now, &stored).unwrap().unwrap();
        let after = change.leaves(&stored, now);
        assert_eq!((after.job.status(), after.due), (Status::Queued, Some(now)));
        assert_eq!((change.history[0].event, &*change.history[0].reason), ("retry", "its line is back"));
        let running = samples::running();
        assert!(line_is_back(now, &samples::stored(&running)).unwrap().is_none());
    }
}
