//! Commits under a lease: event, due time, counters and history in one step.

use reelq_model::{Event, IllegalTransition};

use super::{bulk, code, history, late, lease, ledger::Ledger, rescue, row::Row, writer::Tx};
use crate::error::{Result, StepError};
use reelq_store::rules::figures;
use reelq_store::{Commit, Committed, Error};

pub(super) fn commit(tx: &Tx<'_>, commits: &[Commit]) -> Result<Vec<Committed>> {
    let mut ledger = Ledger::default();
    let answers = commits.iter().map(|commit| one(tx, &mut ledger, commit)).collect::<Result<_>>()?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(answers)
}

fn one(tx: &Tx<'_>, ledger: &mut Ledger, commit: &Commit) -> Result<Committed> {
    let before = match Row::by_id(tx.conn, commit.lease.job.id) {
        // Whoever holds the lease of its present version has the job as it was.
        Err(StepError(Error::Unreadable { reason, .. })) => match Row::as_leased(tx.conn, &commit.lease)? {
            None => return Ok(commit.unheard(&reason)),
            leased => leased,
        },
        found => found?,
    };
    let Some(mut before) = before else { return Ok(commit.homeless()) };
    if !before.held(commit.lease.version, tx.now) {
        return stale(tx, ledger, &before, commit);
    }
    if matches!(commit.event, Event::Sending { .. }) && is_unwanted(tx, &mut before)? {
        rescue::hand_back(tx, ledger, &before, None)?;
        return Ok(Committed::Stale);
    }
    let mut row = before.clone();
    match row.step(commit.event.clone(), tx.now) {
        Ok(()) => done(tx, ledger, &before, row, commit),
        Err(illegal) => refused(tx, ledger, &before, commit, illegal),
    }
}

/// Whether the row is to be withdrawn instead of sent: by its own wish, or by that of its whole batch.
fn is_unwanted(tx: &Tx<'_>, row: &mut Row) -> Result<bool> {
    if row.cancel == code::CANCEL_NONE && bulk::is_cancelling(tx.conn, row.batch)? {
        row.cancel = code::CANCEL_ASKED;
    }
    Ok(row.cancel_is_due())
}

fn done(tx: &Tx<'_>, ledger: &mut Ledger, before: &Row, mut row: Row, commit: &Commit) -> Result<Committed> {
    if !figures::is_mere_poll(&before.job, &commit.event) {
        history::record(tx.conn, &mut row, &commit.event, Some(&commit.lease.worker), tx.now)?;
    }
    let keep = commit.keep && !row.job.stage.is_terminal() && !row.cancel_is_due();
    if keep {
        row.lease_until = Some(tx.now.after(commit.lease.lasts));
    } else {
        row.unlease(tx.now);
    }
    if row.cancel_is_due() {
        rescue::withdraw(tx, &mut row)?;
    }
    row.save(tx.conn, ledger, Some(before), tx.now)?;
    Ok(Committed::Done(keep.then(|| lease::lease(tx, row, &commit.lease.worker, commit.lease.lasts))))
}

/// A lease that ended changes nothing, but for an acceptance, which is a fact.
fn stale(tx: &Tx<'_>, ledger: &mut Ledger, row: &Row, commit: &Commit) -> Result<Committed> {
    let Event::Accepted { acceptance, first_poll } = &commit.event else { return Ok(Committed::Stale) };
    late::accept(tx, ledger, row, acceptance, *first_poll, Some(&commit.lease.worker))?;
    Ok(Committed::Done(None))
}

fn refused(
    tx: &Tx<'_>,
    ledger: &mut Ledger,
    before: &Row,
    commit: &Commit,
    illegal: IllegalTransition,
) -> Result<Committed> {
    let mut row = before.clone();
    if let Event::Accepted { acceptance, first_poll } = &commit.event {
        row.unlease(tx.now);
        row.save(tx.conn, ledger, Some(before), tx.now)?;
        late::accept(tx, ledger, &row, acceptance, *first_poll, Some(&commit.lease.worker))?;
        return Ok(Committed::Done(None));
    }
    (row.parked, row.due) = (true, None);
    row.unlease(tx.now);
    let (worker, event) = (Some(&commit.lease.worker), commit.event.name());
    history::write(tx.conn, &mut row, "parked", &format!("{illegal}"), worker, tx.now)?;
    row.save(tx.conn, ledger, Some(before), tx.now)?;
    tracing::error!(job = %row.job.id, event, %illegal, "a job was parked: this is a bug");
    Ok(Committed::Illegal(illegal))
}
