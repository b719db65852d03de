//! Commits under a lease: event, due time, counters and history in one step.

use reelq_model::{Event, IllegalTransition};

use super::{books::Books, bulk, code, history, late, lease, rescue, row::Row, writer::Scribe};
use crate::error::{Result, StepError};
use reelq_store::rules::figures;
use reelq_store::{Commit, Committed, Error};

pub(super) fn commit(scribe: &Scribe<'_>, commits: &[Commit]) -> Result<Vec<Committed>> {
    let mut books = Books::default();
    let answers = commits.iter().map(|commit| one(scribe, &mut books, commit)).collect::<Result<_>>()?;
    books.close(scribe)?;
    scribe.news.set(true);
    Ok(answers)
}

fn one(scribe: &Scribe<'_>, books: &mut Books, commit: &Commit) -> Result<Committed> {
    let before = match Row::by_id(scribe.conn, commit.lease.job.id) {
        // Whoever holds the lease of its present version has the job as it was.
        Err(StepError(Error::Unreadable { reason, .. })) => match Row::as_leased(scribe.conn, &commit.lease)? {
            None => return Ok(commit.unheard(&reason)),
            leased => leased,
        },
        found => found?,
    };
    let Some(mut before) = before else { return Ok(commit.homeless()) };
    if !before.held(commit.lease.version, scribe.now) {
        return stale(scribe, books, &before, commit);
    }
    if matches!(commit.event, Event::Sending { .. }) && is_unwanted(scribe, &mut before)? {
        rescue::hand_back(scribe, books, &before, None)?;
        return Ok(Committed::Stale);
    }
    let mut row = before.clone();
    match row.step(commit.event.clone(), scribe.now) {
        Ok(()) => done(scribe, books, &before, row, commit),
        Err(illegal) => refused(scribe, books, &before, commit, illegal),
    }
}

/// Whether the row is to be withdrawn instead of sent: by its own wish, or by that of its whole batch.
fn is_unwanted(scribe: &Scribe<'_>, row: &mut Row) -> Result<bool> {
    if row.cancel == code::CANCEL_NONE && bulk::is_cancelling(scribe.conn, row.batch)? {
        row.cancel = code::CANCEL_ASKED;
    }
    Ok(row.cancel_is_due())
}

fn done(scribe: &Scribe<'_>, books: &mut Books, before: &Row, mut row: Row, commit: &Commit) -> Result<Committed> {
    if !figures::is_mere_poll(&before.job, &commit.event) {
        history::record(scribe.conn, &mut row, &commit.event, Some(&commit.lease.worker), scribe.now)?;
    }
    let keep = commit.keep && !row.job.stage.is_terminal() && !row.cancel_is_due();
    if keep {
        row.lease_until = Some(scribe.now.after(commit.lease.lasts));
    } else {
        row.unlease(scribe.now);
    }
    if row.cancel_is_due() {
        rescue::withdraw(scribe, &mut row)?;
    }
    row.save(scribe.conn, books, Some(before), scribe.now)?;
    Ok(Committed::Done(keep.then(|| lease::lease(scribe, row, &commit.lease.worker, commit.lease.lasts))))
}

/// A lease that ended changes nothing, but for an acceptance, which is a fact.
fn stale(scribe: &Scribe<'_>, books: &mut Books, row: &Row, commit: &Commit) -> Result<Committed> {
    let Event::Accepted { acceptance, first_poll } = &commit.event else { return Ok(Committed::Stale) };
    late::accept(scribe, books, row, acceptance, *first_poll, Some(&commit.lease.worker))?;
    Ok(Committed::Done(None))
}

fn refused(
    scribe: &Scribe<'_>,
    books: &mut Books,
    before: &Row,
    commit: &Commit,
    illegal: IllegalTransition,
) -> Result<Committed> {
    let mut row = before.clone();
    if let Event::Accepted { acceptance, first_poll } = &commit.event {
        row.unlease(scribe.now);
        row.save(scribe.conn, books, Some(before), scribe.now)?;
        late::accept(scribe, books, &row, acceptance, *first_poll, Some(&commit.lease.worker))?;
        return Ok(Committed::Done(None));
    }
    (row.parked, row.due) = (true, None);
    row.unlease(scribe.now);
    let (worker, event) = (Some(&commit.lease.worker), commit.event.name());
    history::write(scribe.conn, &mut row, "parked", &format!("{illegal}"), worker, scribe.now)?;
    row.save(scribe.conn, books, Some(before), scribe.now)?;
    tracing::error!(job = %row.job.id, event, %illegal, "a job was parked: this is a bug");
    Ok(Committed::Illegal(illegal))
}
