//! Facts that came without a valid lease: acceptances, and submissions that were forgotten. Recorded whatever the job
//! has become.

use std::time::Duration;

use reelq_model::{Acceptance, Job, JobId, Submission, WorkerId};

use super::{
    caller::Caller,
    change::{self, Answer, Guard, Guarded},
};
use reelq_store::{
    Error, LateAcceptance, RestoredSubmission, Result,
    transition::{self, LateStep, OrphanCharge},
};

/// Records an acceptance for a job as it stands; read and worked out anew where someone else was first.
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
        let orphan_is_known = found.next().flatten().is_some();
        let (now, stored) = (caller.server_clock.now(), record.stored());
        let token = change::token(&[b"accepted", acceptance.task.as_str().as_bytes(), &record.version.to_be_bytes()]);
        let step = transition::record_acceptance(now, &stored, acceptance, first_poll, actor, orphan_is_known);
        let (change, outcome) = match step {
            LateStep::Known => return Ok(LateAcceptance::Known),
            LateStep::Settled(change) => {
                (Guarded::new(Guard::At, &stored, *change, token, now), LateAcceptance::Settled)
            }
            LateStep::Orphan(charge) => {
                let OrphanCharge { id, record: own, .. } = *charge;
                let change = Guarded::new(Guard::New, &stored, own, token, now);
                (Guarded { parent: Some(job), ..change }, LateAcceptance::Orphan(id))
            }
        };
        if let Some(Answer::Done { .. }) = change::apply(caller, &[&change]).await?.each.first() {
            if let LateAcceptance::Orphan(_) = outcome {
                settle(caller, job, acceptance.submission).await?;
            }
            return Ok(outcome);
        }
    }
}

/// Takes a submission whose charge a record of its own follows out of its job's doubts. A job that a worker holds is left
/// alone: its record is that one's to write. Each step of the orphan tries again.
pub(super) async fn settle(caller: &Caller, job: JobId, number: u32) -> Result<()> {
    loop {
        let Some((record, _)) = change::read(caller, &[job]).await?.into_iter().next().flatten() else { return Ok(()) };
        let (now, stored) = (caller.server_clock.now(), record.stored());
        let settled = if stored.is_leased() { None } else { transition::settle_doubt(&stored, number) };
        let Some(settled) = settled else { return Ok(()) };
        let token = change::token(&[b"settled", &number.to_be_bytes(), &record.version.to_be_bytes()]);
        let change = Guarded::new(Guard::Free, &stored, settled, token, now);
        let done = change::apply(caller, &[&change]).await?;
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

/// Takes in a submission that was forgotten; whoever holds the job loses it.
pub(super) async fn recall(caller: &Caller, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
    loop {
        let found = change::read(caller, &[job]).await?.into_iter().next().flatten();
        let record = found.ok_or_else(|| Error::NoJob(job.to_string()))?.0;
        let (now, stored) = (caller.server_clock.now(), record.stored());
        let change = match transition::restore_submission(now, &stored, submission) {
            Ok(Some(change)) => change,
            Ok(None) => return Ok(RestoredSubmission::Known),
            Err(illegal) => return Ok(RestoredSubmission::Refused(illegal)),
        };
        let token = change::token(&[b"recalled", &submission.number.to_be_bytes(), &record.version.to_be_bytes()]);
        let change = Guarded::new(Guard::At, &stored, change, token, now);
        if let Some(Answer::Done { .. }) = change::apply(caller, &[&change]).await?.each.first() {
            return Ok(RestoredSubmission::Restored);
        }
    }
}
