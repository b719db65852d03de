//! Commits under a lease: each event's outcome is worked out here; record, queue, counters and history move together.

use std::{sync::Arc, time::Duration};

use reelq_model::{Acceptance, Event, IllegalTransition, Timestamp};

use super::{
    caller::Caller,
    change::{self, Answer, Change, Entry, Guard, Token},
    edit, late, lease,
};
use reelq_store::rules::figures;
use reelq_store::{Commit, Committed, Error, Lease, Result};

/// One commit's part of the step.
enum Plan {
    /// The event moves the job.
    Move(Change),
    /// The event cannot happen to the job, which is parked.
    Park(Change, IllegalTransition),
    /// The acceptance cannot be the leased job's.
    Fact,
}

pub(super) async fn commit(caller: &Caller, commits: &[Commit]) -> Result<Vec<Committed>> {
    let now = caller.server_clock.now();
    let plans = commits.iter().map(|commit| plan(commit, now)).collect::<Result<Vec<_>>>()?;
    let changes: Vec<Change> = plans
        .iter()
        .filter_map(|plan| match plan {
            Plan::Move(change) | Plan::Park(change, _) => Some(change.clone()),
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

fn plan(commit: &Commit, now: Timestamp) -> Result<Plan> {
    let Commit { lease, event, keep } = commit;
    let (job, token) = (&lease.job, token(commit)?);
    let mut change = match Change::by(job, lease.version, event, now, token) {
        Ok(change) => change,
        Err(_) if matches!(event, Event::Accepted { .. }) => return Ok(Plan::Fact),
        Err(illegal) => return Ok(Plan::Park(park(lease, event, &illegal, token), illegal)),
    };
    change.guard = if let Event::Sending { .. } = event { Guard::Send } else { Guard::Held };
    if !figures::is_mere_poll(job, event) {
        change.history = Some(Entry::of(event, Some(&lease.worker)));
    }
    if *keep && !change.job.stage.is_terminal() {
        change.lasts = lease.lasts;
    }
    Ok(Plan::Move(change))
}

fn park(lease: &Lease, event: &Event, illegal: &IllegalTransition, token: Token) -> Change {
    tracing::error!(job = %lease.job.id, event = event.name(), %illegal, "a job is parked: this is a bug");
    let worker = Some(lease.worker.clone());
    let entry = Entry { event: "parked".to_owned(), worker, reason: illegal.to_string() };
    Change {
        guard: Guard::Held,
        parked: true,
        history: Some(entry),
        ..Change::nothing(&lease.job, lease.version, token)
    }
}

/// A commit that is repeated because its answer was lost has the token of the first.
fn token(commit: &Commit) -> Result<Token> {
    let event = serde_json::to_vec(&commit.event).map_err(|error| Error::broken(error.to_string()))?;
    let version = commit.lease.version.to_be_bytes();
    Ok(change::token(&[b"commit", commit.lease.worker.as_str().as_bytes(), &version, &event, &[u8::from(commit.keep)]]))
}

async fn conclude(caller: &Caller, commit: &Commit, plan: Plan, answer: Answer, now: Timestamp) -> Result<Committed> {
    match (plan, answer) {
        (Plan::Move(mut change), Answer::Done { version, cancel_requested, in_hand, twin }) => {
            change.job.shares_task_with = change.job.shares_task_with.or(twin);
            let kept = (in_hand && change.lasts > Duration::ZERO).then(|| Lease {
                job: Arc::new(change.job),
                version,
                granted_at: now,
                cancel_requested,
                ..commit.lease.clone()
            });
            Ok(Committed::Done(kept))
        }
        (Plan::Park(_, illegal), Answer::Done { .. }) => Ok(Committed::Illegal(illegal)),
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
    plan: &Plan,
) -> Result<()> {
    late::accept(caller, commit.lease.job.id, acceptance, first_poll, Some(&commit.lease.worker)).await?;
    if let Plan::Fact = plan {
        lease::release(caller, std::slice::from_ref(&commit.lease)).await?;
    }
    Ok(())
}
