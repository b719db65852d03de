//! Facts that came without a valid lease: acceptances, and submissions that were forgotten. Recorded whatever the job
//! has become.

use std::time::Duration;

use reelq_model::{Acceptance, Event, Job, JobId, Submission, Timestamp, Wake, WorkerId};

use super::{
    caller::Caller,
    change::{self, Answer, Change, Entry, Guard, Token},
    record::Record,
};
use reelq_store::{Error, LateAcceptance, RestoredSubmission, Result};

/// Records an acceptance for a job as it stands; read and worked out anew where somebody else was first.
pub(super) async fn accept(
    caller: &Caller,
    job: JobId,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Option<&WorkerId>,
) -> Result<LateAcceptance> {
    let orphan = job.orphan(acceptance.task.as_str());
    loop {
        let mut found = change::read(caller, &[job, orphan]).await?.into_iter();
        let record = found.next().flatten().ok_or_else(|| Error::NoJob(job.to_string()))?.0;
        if record.job.knows_task(&acceptance.task) || found.next().flatten().is_some() {
            return Ok(LateAcceptance::Known);
        }
        let (change, outcome) = plan(&record, acceptance, first_poll, actor, caller.server_clock.now());
        if let Some(Answer::Done { .. }) = change::apply(caller, &[change]).await?.each.first() {
            if let LateAcceptance::Orphan(_) = outcome {
                settle(caller, job, acceptance.submission).await?;
            }
            return Ok(outcome);
        }
    }
}

/// Takes a submission whose charge a record of its own follows out of its job's doubts. A job that somebody has in hand is left
/// alone: its record is that one's to write. Each step of the orphan tries again.
pub(super) async fn settle(caller: &Caller, job: JobId, number: u32) -> Result<()> {
    loop {
        let Some((record, _)) = change::read(caller, &[job]).await?.into_iter().next().flatten() else { return Ok(()) };
        let mut settled = record.job.clone();
        if record.in_hand() || !settled.settle_doubt(number) {
            return Ok(());
        }
        let token = change::token(&[b"settled", &number.to_be_bytes(), &record.version.to_be_bytes()]);
        let wake = record.due.map_or(Wake::Never, |due| Wake::After(due.since(caller.server_clock.now())));
        let (guard, parked) = (Guard::Free, record.parked);
        let change = Change { guard, parked, wake, ..Change::nothing(&settled, record.version, token) };
        let done = change::apply(caller, &[change]).await?;
        if matches!(done.each.first(), Some(Answer::Done { .. } | Answer::Purging)) {
            return Ok(());
        }
    }
}

/// The same of the jobs of orphans that were changed just now; it can wait where it fails.
pub(super) async fn settle_parents(caller: &Caller, orphans: impl Iterator<Item = &Job>) {
    for orphan in orphans {
        let (Some(parent), Some(charge)) = (orphan.orphan_of, orphan.charges.first()) else { continue };
        if let Err(error) = settle(caller, parent, charge.submission).await {
            tracing::debug!(job = %parent, %error, "what was in doubt of the job is still set aside");
        }
    }
}

fn plan(
    record: &Record,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Option<&WorkerId>,
    now: Timestamp,
) -> (Change, LateAcceptance) {
    let token = change::token(&[b"accepted", acceptance.task.as_str().as_bytes(), &record.version.to_be_bytes()]);
    let event = Event::Accepted { acceptance: acceptance.clone(), first_poll };
    let history = Some(Entry::of(&event, actor));
    if let Ok(change) = Change::by(&record.job, record.version, &event, now, token) {
        return (Change { history, ..change }, LateAcceptance::Settled);
    }
    let change = follow(record, acceptance, first_poll, now, token);
    let outcome = LateAcceptance::Orphan(change.job.id);
    (Change { history, ..change }, outcome)
}

/// Keeps a charge that nobody expected, in a record of its own.
fn follow(record: &Record, acceptance: &Acceptance, first_poll: Duration, now: Timestamp, token: Token) -> Change {
    let orphan = record.job.orphan(acceptance, now);
    Change {
        guard: Guard::New,
        wake: Wake::After(first_poll),
        parent: Some(record.job.id),
        ..Change::nothing(&orphan, record.version, token)
    }
}

/// Takes in a submission that was forgotten; whoever has the job in hand loses it.
pub(super) async fn recall(caller: &Caller, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
    loop {
        let found = change::read(caller, &[job]).await?.into_iter().next().flatten();
        let record = found.ok_or_else(|| Error::NoJob(job.to_string()))?.0;
        if record.job.knows_submission(submission.number) {
            return Ok(RestoredSubmission::Known);
        }
        let event = Event::RestoredSubmission { submission: submission.clone() };
        let token = change::token(&[b"recalled", &submission.number.to_be_bytes(), &record.version.to_be_bytes()]);
        let change = match Change::by(&record.job, record.version, &event, caller.server_clock.now(), token) {
            Ok(change) => Change { history: Some(Entry::of(&event, None)), ..change },
            Err(illegal) => return Ok(RestoredSubmission::Refused(illegal)),
        };
        if let Some(Answer::Done { .. }) = change::apply(caller, &[change]).await?.each.first() {
            return Ok(RestoredSubmission::Restored);
        }
    }
}
