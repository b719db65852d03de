//! Commits under a lease: the contract's pure function works out each event's outcome. Record, queue, counters and history
//! move together.

use std::{sync::Arc, time::Duration};

use reelq_model::{Acceptance, Event, IllegalTransition, Timestamp};

use super::{
    caller::Caller,
    change::{self, Answer, Answers, Guard, Guarded, Token},
    edit, late, lease, settle,
};
use reelq_store::{
    Commit, Committed, Error, LateAcceptance, Lease, Result,
    transition::{self, LeaseStep, Step, StoredJob},
};

/// One commit's part of the step.
struct Plan<'a> {
    change: Guarded<'a>,
    /// The event cannot happen to the job, which is parked.
    illegal: Option<IllegalTransition>,
}

pub(super) async fn commit(caller: &Caller, commits: &[Commit]) -> Result<Vec<Committed>> {
    let now = caller.server_clock.now();
    let plans = commits.iter().map(|commit| plan(commit, now)).collect::<Result<Vec<_>>>()?;
    let planned = commits.iter().zip(&plans).filter_map(|(commit, plan)| Some((commit, &plan.as_ref()?.change)));
    let planned: Vec<_> = planned.collect();
    let done = apply(caller, &planned).await?;
    let mut answers = done.each.into_iter();
    let mut committed = Vec::with_capacity(commits.len());
    for (commit, plan) in commits.iter().zip(plans) {
        let answer = if plan.is_some() { answers.next() } else { None };
        let answer = answer.unwrap_or(Answer::Stale);
        committed.push(conclude(caller, commit, plan, answer, done.now).await?);
    }
    edit::withdraw(caller, &done.withdrawn).await?;
    late::settle_parents(caller, commits.iter().map(|commit| &*commit.lease.job)).await;
    Ok(committed)
}

/// Does the changes: those that need no judging in one call, and the others, if there are any, in another.
async fn apply(caller: &Caller, planned: &[(&Commit, &Guarded<'_>)]) -> Result<Answers> {
    let (settled, now) = settle::settle(caller, planned).await?;
    let open = planned.iter().zip(&settled).filter(|(_, answer)| answer.is_none());
    let open: Vec<_> = open.map(|((_, change), _)| *change).collect();
    if let (Some(now), true) = (now, open.is_empty()) {
        return Ok(Answers { now, each: settled.into_iter().flatten().collect(), withdrawn: Vec::new() });
    }
    let done = change::apply(caller, &open).await?;
    let mut judged = done.each.into_iter();
    let each = settled.into_iter().map(|answer| answer.or_else(|| judged.next()).unwrap_or(Answer::Stale)).collect();
    // Leases that were kept first began then.
    Ok(Answers { now: now.unwrap_or(done.now), each, withdrawn: done.withdrawn })
}

/// Judges the commit by what its lease knows of the job; whether the lease holds, and whether anyone wants the job cancelled,
/// is judged by the script. `None` where its acceptance cannot be the leased job's.
fn plan(commit: &Commit, now: Timestamp) -> Result<Option<Plan<'_>>> {
    let (stored, token) = (StoredJob::as_leased(&commit.lease), token(commit)?);
    let guard = if let Event::Sending { .. } = commit.event { Guard::Send } else { Guard::Held };
    Ok(match transition::commit(now, &stored, commit) {
        Step::Move(change) => Some(Plan { change: Guarded::new(guard, &stored, change, token, now), illegal: None }),
        Step::Park(change, illegal) => {
            let (job, event) = (commit.lease.job.id, commit.event.name());
            tracing::error!(%job, event, %illegal, "a job is parked: this is a bug");
            let change = Guarded::new(Guard::Held, &stored, change, token, now);
            Some(Plan { change, illegal: Some(illegal) })
        }
        // Of a wish to cancel the lease knows nothing: the script answers that.
        Step::Unwanted(_) | Step::Late(_) | Step::Stale => None,
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
    plan: Option<Plan<'_>>,
    answer: Answer,
    now: Timestamp,
) -> Result<Committed> {
    match (plan, answer) {
        (
            Some(Plan { change: guarded, illegal: None }),
            Answer::Done { version, cancel_requested, in_hand, twin, line },
        ) => {
            let is_kept = in_hand && guarded.change.lease != LeaseStep::Ends;
            let kept = is_kept.then(|| {
                let mut job = guarded.change.job.into_owned();
                job.shares_task_with = job.shares_task_with.or(twin);
                let job = Arc::new(job);
                Lease { job, version, granted_at: now, cancel_requested, line, ..commit.lease.clone() }
            });
            Ok(Committed::Done(kept))
        }
        (Some(Plan { illegal: Some(illegal), .. }), Answer::Done { .. }) => Ok(Committed::Illegal(illegal)),
        (_, Answer::Unwanted | Answer::Purging) => Ok(Committed::Stale),
        (plan, _) => match &commit.event {
            Event::Accepted { acceptance, first_poll } => {
                match fact(caller, commit, acceptance, *first_poll, plan.is_none()).await {
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

/// A lease that ended changes nothing, but for an acceptance, which is a fact. A lease that may still hold ends with it.
async fn fact(
    caller: &Caller,
    commit: &Commit,
    acceptance: &Acceptance,
    first_poll: Duration,
    is_leased: bool,
) -> Result<()> {
    let job = commit.lease.job.id;
    let outcome = late::accept(caller, job, acceptance, first_poll, Some(&commit.lease.worker)).await?;
    if is_leased {
        lease::release(caller, std::slice::from_ref(&commit.lease)).await?;
        // While the lease held, the job's record was its worker's to write.
        if outcome != LateAcceptance::Settled {
            late::settle(caller, job, acceptance.submission).await?;
        }
    }
    Ok(())
}
