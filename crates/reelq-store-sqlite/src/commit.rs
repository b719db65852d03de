//! Commits under a lease: event, due time, counters and history in one step.

use reelq_model::Event;

use super::{batch_guards, follow, late, lease, ledger::Ledger, row::Row, tx::Tx};
use crate::error::{Result, StepError};
use reelq_store::{
    Commit, Committed, Error,
    rules::cancel::CancelWish,
    transition::{self, Change, LeaseStep, Step},
};

pub(super) fn commit(tx: &Tx<'_>, commits: &[Commit]) -> Result<Vec<Committed>> {
    let mut ledger = Ledger::default();
    let answers = commits.iter().map(|commit| one(tx, &mut ledger, commit)).collect::<Result<_>>()?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(answers)
}

fn one(tx: &Tx<'_>, ledger: &mut Ledger, commit: &Commit) -> Result<Committed> {
    let before = match Row::of_lease(tx.conn, &commit.lease, tx.now) {
        // Whoever holds the lease of its present version has the job as it was.
        Err(StepError(Error::Unreadable { reason, .. })) => match Row::as_leased(tx.conn, &commit.lease)? {
            None => return Ok(commit.unheard(&reason)),
            leased => leased,
        },
        found => found?,
    };
    let Some(mut before) = before else { return Ok(commit.homeless()) };
    note_cancelling(tx, &mut before, commit)?;
    match transition::commit(tx.now, &before.stored(), commit) {
        Step::Move(change) => done(tx, ledger, &before, change, commit),
        Step::Park(change, illegal) => {
            before.change(tx, ledger, change)?;
            let event = commit.event.name();
            tracing::error!(job = %before.job.id, event, %illegal, "a job was parked: this is a bug");
            Ok(Committed::Illegal(illegal))
        }
        Step::Unwanted(change) => {
            before.change(tx, ledger, change)?;
            Ok(Committed::Stale)
        }
        Step::Late(None) => late(tx, ledger, &before, commit),
        Step::Late(Some(lease_ends)) => {
            let freed = before.change(tx, ledger, lease_ends)?;
            late(tx, ledger, &freed, commit)
        }
        Step::Stale => Ok(Committed::Stale),
    }
}

/// Of a job that is about to be sent, a cancel of its whole batch is a wish of its own.
fn note_cancelling(tx: &Tx<'_>, row: &mut Row, commit: &Commit) -> Result<()> {
    let is_sent = matches!(commit.event, Event::Sending { .. }) && row.stored().holds(commit.lease.version, tx.now);
    if is_sent && row.cancel == CancelWish::NONE && batch_guards::is_cancelling(tx.conn, row.batch)? {
        row.cancel = CancelWish::ASKED;
    }
    Ok(())
}

fn done(tx: &Tx<'_>, ledger: &mut Ledger, before: &Row, change: Change<'_>, commit: &Commit) -> Result<Committed> {
    let change = match change.lease {
        LeaseStep::Follows if !follow::is_open(tx, &commit.lease.worker)? => change.unfollowed(),
        _ => change,
    };
    let is_kept = matches!(change.lease, LeaseStep::Lasts(_) | LeaseStep::Follows);
    let row = before.change(tx, ledger, change)?;
    let kept = is_kept.then(|| lease::lease(tx, row, &commit.lease.worker, commit.lease.lasts)).transpose()?;
    Ok(Committed::Done(kept))
}

/// An acceptance is a fact, whatever has become of the lease.
fn late(tx: &Tx<'_>, ledger: &mut Ledger, row: &Row, commit: &Commit) -> Result<Committed> {
    let Event::Accepted { acceptance, first_poll } = &commit.event else { return Ok(Committed::Stale) };
    late::accept(tx, ledger, row, acceptance, *first_poll, Some(&commit.lease.worker))?;
    Ok(Committed::Done(None))
}
