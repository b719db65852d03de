//! Commits under a lease: each event's outcome is worked out by the contract's pure function; record, queue, counters and history move together.

use std::{sync::Arc, time::Duration};

use reelq_model::{Acceptance, Event, IllegalTransition, Timestamp};

use super::{
    caller::Caller,
    change::{self, Answer, Guard, Guarded, Token},
    edit, late, lease,
};
use reelq_store::{
    Commit, Committed, Error, Lease, Result,
    transition::{self, LeaseStep, Step, StoredJob},
};

/// One commit's part of the step.
enum Plan<'a> {
    /// The job moves, or is parked after an event that cannot happen to it.
    Change(Guarded<'a>, Option<IllegalTransition>),
    /// The acceptance cannot be the leased job's.
    Fact,
}

pub(super) async fn commit(caller: &Caller, commits: &[Commit]) -> Result<Vec<Committed>> {
    let now = caller.server_clock.now();
    let plans = commits.iter().map(|commit| plan(commit, now)).collect::<Result<Vec<_>>>()?;
    let changes: Vec<&Guarded<'_>> = plans
        .iter()
        .filter_map(|plan| match plan {
            Plan::Change(change, _) => Some(change),
            Plan::Fact => None,
        })
        .collect();
    let done = change::apply(caller, &changes).await?;
    let mut answers = done.each.into_iter();
    let mut committed = Vec::with_capacity(commits.len());
    for (commit, plan) in commits.iter().zip(plans) {
        let answer = if let Plan::Fact = plan { Answer::Stale } else { answers.next().unwrap_or(Answer::Stale) };
        committed.push(conclude(caller, commit, plan, answer, done.now).await?);
    }
    edit::withdraw(caller, &done.withdrawn).await?;
    late::settle_parents(caller, commits.iter().map(|commit| &*commit.lease.job)).await;
    Ok(committed)
}

/// Judges the commit by what its lease knows of the job; whether the lease holds, and whether anyone wants the job cancelled,
/// is judged by the script.
fn plan(commit: &Commit, now: Timestamp) -> Result<Plan<'_>> {
    let (stored, token) = (StoredJob::as_leased(&commit.lease), token(commit)?);
    let guard = if let Event::Sending { .. } = commit.event { Guard::Send } else { Guard::Held };
    Ok(match transition::commit(now, &stored, commit) {
        Step::Move(change) => Plan::Change(Guarded::new(guard, &stored, change, token, now), None),
        Step::Park(change, illegal) => {
            let (job, event) = (commit.lease.job.id, commit.event.name());
            tracing::error!(%job, event, %illegal, "a job is parked: this is a bug");
            Plan::Change(Guarded::new(Guard::Held, &stored, change, token, now), Some(illegal))
        }
        Step::Unwanted(change) => Plan::Change(Guarded::new(guard, &stored, change, token, now), None),
        Step::Late(_) | Step::Stale => Plan::Fact,
    })
}

/// A commit that is repeated because its answer was lost has the token of the first.
fn token(commit: &Commit) -> Result<Token> {
    let event = serde_json::to_vec(&commit.event).map_err(|error| Error::broken(error.to_string()))?;
    let version = commit.lease.version.to_be_bytes();
    Ok(change::token(&[b"commit", commit.lease.worker.as_str().as_bytes(), &version, &event, &[u8::from(commit.keep)]]))
}

async fn conclude(
    caller: &Caller,
    commit: &Commit,
    plan: Plan<'_>,
    answer: Answer,
    now: Timestamp,
) -> Result<Committed> {
    match (plan, answer) {
        (Plan::Change(guarded, None), Answer::Done { version, cancel_requested, in_hand, twin }) => {
            let is_kept = in_hand && guarded.change.lease != LeaseStep::Ends;
            let kept = is_kept.then(|| {
                let mut job = guarded.change.job.into_owned();
                job.shares_task_with = job.shares_task_with.or(twin);
                let job = Arc::new(job);
                Lease { job, version, granted_at: now, cancel_requested, ..commit.lease.clone() }
            });
            Ok(Committed::Done(kept))
        }
        (Plan::Change(_, Some(illegal)), Answer::Done { .. }) => Ok(Committed::Illegal(illegal)),
        (_, Answer::Unwanted | Answer::Purging) => Ok(Committed::Stale),
        (plan, _) => match &commit.event {
            Event::Accepted { acceptance, first_poll } => {
                match fact(caller, commit, acceptance, *first_poll, &plan).await {
                    // The other commits of the call were done: this answer must not hide theirs.
                    Err(Error::NoJob(_)) => Ok(commit.homeless()),
                    Err(Error::Unreadable { reason, .. }) => Ok(commit.unheard(&reason)),
                    told => told.map(|()| Committed::Done(None)),
                }
            }
            _ => Ok(Committed::Stale),
        },
    }
}

/// A lease that ended changes nothing, but for an acceptance, which is a fact.
async fn fact(
    caller: &Caller,
    commit: &Commit,
    acceptance: &Acceptance,
    first_poll: Duration,
    plan: &Plan<'_>,
) -> Result<()> {
    late::accept(caller, commit.lease.job.id, acceptance, first_poll, Some(&commit.lease.worker)).await?;
    if let Plan::Fact = plan {
        lease::release(caller, std::slice::from_ref(&commit.lease)).await?;
    }
    Ok(())
}
