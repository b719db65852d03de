//! Commits under a lease.

use std::borrow::Cow;

use reelq_model::{Event, IllegalTransition, Job, Stage, Timestamp, Wake};

use super::{Change, HistoryNote, LeaseStep, StoredJob, hand_back};
use crate::{Commit, Lease, rules::figures};

/// What a commit comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<'a> {
    /// The event moves the job.
    Move(Change<'a>),
    /// The event cannot happen to the job, which is parked: a bug.
    Park(Change<'a>, IllegalTransition),
    /// No one wants the job submitted any more: it is given back and withdrawn, and its worker sends nothing.
    Unwanted(Change<'a>),
    /// A fact that this lease cannot record: its acceptance goes to [`record_acceptance`](super::record_acceptance), after
    /// the lease ended with this change where it still held.
    Late(Option<Change<'a>>),
    /// The lease ended or passed to another: nothing changes.
    Stale,
}

/// Judges a commit.
///
/// A lease that ended changes nothing, but for an acceptance, which is a fact. An engine that does not read the job first
/// gives it as its holder knows it ([`StoredJob::as_leased`]), and judges the lease and the wish to cancel as it writes.
/// An engine that lets no task stay with its worker takes [`Change::unfollowed`].
pub fn commit<'a>(now: Timestamp, stored: &StoredJob<'a>, commit: &'a Commit) -> Step<'a> {
    let Commit { lease, event, keep } = commit;
    let is_fact = matches!(event, Event::Accepted { .. });
    if !stored.holds(lease.version, now) {
        return if is_fact { Step::Late(None) } else { Step::Stale };
    }
    if matches!(event, Event::Sending { .. }) && stored.cancel_is_due() {
        return Step::Unwanted(hand_back(now, stored, None));
    }
    match with_looks(stored.job, lease).apply(event.clone(), now) {
        Ok(applied) => {
            let mut change = Change::applied(applied);
            if !figures::is_mere_poll(stored.job, event) {
                let note = HistoryNote::of(event, Some(&lease.worker), &change.job);
                change = change.noting(note);
            }
            let stage = &change.job.stage;
            if *keep && !stage.is_terminal() && !stored.cancel.without(change.dropped).is_due(stage) {
                change.lease = match stage {
                    Stage::Running { .. } if lease.is_followed() => LeaseStep::Follows,
                    // There is no task to follow.
                    _ if lease.is_followed() => LeaseStep::Ends,
                    _ => LeaseStep::Lasts(lease.lasts),
                };
            }
            Step::Move(change.or_withdrawn(now, stored.cancel))
        }
        Err(_) if is_fact => Step::Late(Some(Change::nothing(stored))),
        Err(illegal) => Step::Park(park(stored, commit, &illegal), illegal),
    }
}

/// The job, with the looks that its holder counted and did not commit.
fn with_looks<'a>(job: &'a Job, lease: &Lease) -> Cow<'a, Job> {
    match lease.job.polls.checked_sub(job.polls) {
        None | Some(0) => Cow::Borrowed(job),
        Some(looks) => Cow::Owned(job.looked_at(looks)),
    }
}

/// The job stays as it is until a person retries it.
fn park<'a>(stored: &StoredJob<'a>, commit: &'a Commit, illegal: &IllegalTransition) -> Change<'a> {
    let (reason, worker) = (illegal.to_string().into(), Some(Cow::Borrowed(&commit.lease.worker)));
    let note = HistoryNote { event: "parked", reason, worker, status: stored.job.status() };
    Change { parked: true, wake: Some(Wake::Never), ..Change::nothing(stored) }.noting(note)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelq_model::{Job, Status};

    use super::*;
    use crate::{
        rules::cancel::CancelWish,
        transition::samples::{self, at},
    };

    const LASTS: Duration = Duration::from_millis(40);

    fn by(job: &Job, event: Event, keep: bool) -> Commit {
        Commit { lease: samples::lease(job, LASTS), event, keep }
    }

    fn kind(step: &Step<'_>) -> &'static str {
        match step {
            Step::Move(_) => "move",
            Step::Park(..) => "park",
            Step::Unwanted(_) => "unwanted",
            Step::Late(Some(_)) => "late, lease ends",
            Step::Late(None) => "late",
            Step::Stale => "stale",
        }
    }

    #[test]
    fn each_case_is_judged_once() {
        let [ready, submitting, running, failed] =
            [samples::ready(), samples::submitting(), samples::running(), samples::failed()];
        let (accepted, sending) = (samples::accepted("t-9", 9), samples::sending());
        let not_sent = || Event::NotSent { reason: String::new(), after: Duration::ZERO };
        let (held, ended) = (at(5), at(500));
        let table = [
            (&ready, sending.clone(), CancelWish::NONE, held, "move"),
            (&ready, sending.clone(), CancelWish::ASKED, held, "unwanted"),
            (&ready, sending.clone(), CancelWish::GONE, held, "unwanted"),
            (&ready, sending.clone(), CancelWish::ASKED, ended, "stale"),
            (&submitting, sending, CancelWish::ASKED, held, "park"),
            (&submitting, samples::accepted("t-1", 1), CancelWish::ASKED, held, "move"),
            (&submitting, accepted.clone(), CancelWish::NONE, held, "late, lease ends"),
            (&submitting, accepted.clone(), CancelWish::NONE, ended, "late"),
            (&failed, accepted, CancelWish::NONE, held, "late, lease ends"),
            (&running, not_sent(), CancelWish::NONE, held, "park"),
            (&running, not_sent(), CancelWish::NONE, ended, "stale"),
        ];
        for (job, event, cancel, now, expected) in table {
            let (name, stored) = (event.name(), StoredJob { cancel, ..samples::leased(job) });
            let commit = by(job, event, true);
            assert_eq!(kind(&super::commit(now, &stored, &commit)), expected, "{name} of {:?}", job.stage);
        }
    }

    #[test]
    fn another_version_is_stale() {
        let job = samples::ready();
        let stored = StoredJob { version: 8, ..samples::leased(&job) };
        assert_eq!(commit(at(5), &stored, &by(&job, samples::sending(), true)), Step::Stale);
    }

    #[test]
    fn a_lease_is_kept_for_the_next_step_unless_the_job_ended_or_is_not_wanted() {
        let (job, now) = (samples::submitting(), at(5));
        let back = || Event::NotSent { reason: "no route".to_owned(), after: Duration::from_millis(7) };
        let rejected = || Event::Rejected { failure: samples::failure() };
        let table = [
            (back(), true, CancelWish::NONE, Some(at(45)), Some(at(12)), Status::Queued, CancelWish::NONE),
            (back(), false, CancelWish::NONE, None, Some(at(12)), Status::Queued, CancelWish::NONE),
            (back(), true, CancelWish::ASKED, None, None, Status::Cancelled, CancelWish::NONE),
            (back(), true, CancelWish::GONE, None, None, Status::Cancelled, CancelWish::GONE),
            (rejected(), true, CancelWish::ASKED, None, None, Status::Failed, CancelWish::NONE),
        ];
        for (event, keep, cancel, lease, due, status, left) in table {
            let (stored, commit) = (StoredJob { cancel, ..samples::leased(&job) }, by(&job, event, keep));
            let Step::Move(change) = super::commit(now, &stored, &commit) else { panic!("it moves") };
            let after = change.leaves(&stored, now);
            assert_eq!((after.lease_until, after.due, after.job.status(), after.cancel), (lease, due, status, left));
            assert_eq!(after.version, stored.version + 1);
            let first = &change.history[0];
            assert_eq!((first.event, first.worker.as_deref()), (commit.event.name(), Some(&commit.lease.worker)));
            assert_eq!(change.history.len(), if status == Status::Cancelled { 2 } else { 1 });
        }
    }

    #[test]
    fn a_task_stays_with_its_worker_where_that_one_asks_for_it_and_the_job_runs() {
        let (running, submitting, now) = (samples::running(), samples::submitting(), at(5));
        let follow = |job: &Job, event| Commit {
            lease: Lease { lasts: Lease::FOLLOWED, ..samples::lease(job, LASTS) },
            event,
            keep: true,
        };
        let not_sent = Event::NotSent { reason: String::new(), after: Duration::ZERO };
        let table = [
            (&running, samples::polled(), LeaseStep::Follows),
            (&submitting, samples::accepted("t-1", 1), LeaseStep::Follows),
            (&submitting, not_sent, LeaseStep::Ends),
        ];
        for (job, event, lease) in table {
            let (stored, commit) = (samples::leased(job), follow(job, event));
            let Step::Move(change) = super::commit(now, &stored, &commit) else { panic!("it moves") };
            assert_eq!(change.lease, lease, "{}", commit.event.name());
            let after = change.leaves(&stored, now);
            assert_eq!(after.is_followed(), lease == LeaseStep::Follows);
            assert!(!after.is_in_hand() && after.version == stored.version + 1);
            let declined = change.clone().unfollowed();
            assert_eq!(declined.leaves(&stored, now).lease_until, None);
        }
    }

    #[test]
    fn looks_that_were_not_committed_are_counted_with_the_next_step() {
        let job = samples::running();
        let looked = Lease { job: std::sync::Arc::new(job.looked_at(3)), ..samples::lease(&job, LASTS) };
        let commit = Commit { lease: looked, event: samples::polled(), keep: false };
        let Step::Move(change) = super::commit(at(5), &samples::leased(&job), &commit) else { panic!("it moves") };
        assert_eq!(change.job.polls, job.polls + 4);
        assert_eq!(change.job.stage.task().map(|task| task.polls), job.stage.task().map(|task| task.polls + 4));
    }

    #[test]
    fn an_illegal_event_parks_the_job_as_it_is() {
        let (job, now) = (samples::running(), at(5));
        let stored = StoredJob { cancel: CancelWish::ASKED, due: Some(at(9)), ..samples::leased(&job) };
        let commit = by(&job, Event::Stored { files: Vec::new() }, true);
        let Step::Park(change, illegal) = super::commit(now, &stored, &commit) else { panic!("it parks") };
        let after = change.leaves(&stored, now);
        assert_eq!((after.parked, after.due, after.lease_until, after.cancel), (true, None, None, CancelWish::ASKED));
        assert_eq!(after.job, &job);
        assert_eq!((change.history[0].event, change.history[0].reason.to_string()), ("parked", illegal.to_string()));
    }

    #[test]
    fn one_more_poll_with_the_same_answer_is_no_history() {
        let job = samples::running();
        let commit = by(&job, samples::polled(), false);
        let Step::Move(change) = super::commit(at(5), &samples::leased(&job), &commit) else { panic!("it moves") };
        assert!(change.history.is_empty());
    }
}
