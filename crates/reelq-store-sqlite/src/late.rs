//! Facts that came without a valid lease: acceptances, and submissions that were forgotten. Recorded whatever the job has become.

use std::time::Duration;

use reelq_model::{Acceptance, Event, JobId, Submission};

use super::{
    history::{self, Actor},
    ledger::Ledger,
    row::Row,
    writer::Tx,
};
use crate::error::Result;
use reelq_store::{LateAcceptance, RestoredSubmission};

/// Records an acceptance that a person, a callback or a late reply brought.
pub(super) fn record_acceptance(
    tx: &Tx<'_>,
    job: JobId,
    acceptance: &Acceptance,
    first_poll: Duration,
) -> Result<LateAcceptance> {
    let mut ledger = Ledger::default();
    let row = Row::known(tx.conn, job)?;
    let outcome = accept(tx, &mut ledger, &row, acceptance, first_poll, None)?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(outcome)
}

/// Takes in a submission that was forgotten; whoever has the job in hand loses it.
pub(super) fn recall(tx: &Tx<'_>, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
    let before = Row::known(tx.conn, job)?;
    if before.job.knows_submission(submission.number) {
        return Ok(RestoredSubmission::Known);
    }
    let event = Event::RestoredSubmission { submission: submission.clone() };
    let mut row = before.clone();
    if let Err(illegal) = row.step(event.clone(), tx.now) {
        return Ok(RestoredSubmission::Refused(illegal));
    }
    let mut ledger = Ledger::default();
    row.unlease(tx.now);
    history::record(tx.conn, &mut row, &event, None, tx.now)?;
    row.save(tx.conn, &mut ledger, Some(&before), tx.now)?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(RestoredSubmission::Restored)
}

/// Records an acceptance for a job as it stands now.
pub(super) fn accept(
    tx: &Tx<'_>,
    ledger: &mut Ledger,
    before: &Row,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Actor<'_>,
) -> Result<LateAcceptance> {
    let orphan = before.job.id.orphan(acceptance.task.as_str());
    if before.job.knows_task(&acceptance.task) || Row::by_id(tx.conn, orphan)?.is_some() {
        return Ok(LateAcceptance::Known);
    }
    let event = Event::Accepted { acceptance: acceptance.clone(), first_poll };
    let mut row = before.clone();
    if row.step(event.clone(), tx.now).is_err() {
        follow(tx, ledger, before, acceptance, first_poll, actor)?;
        return Ok(LateAcceptance::Orphan(orphan));
    }
    row.unlease(tx.now);
    history::record(tx.conn, &mut row, &event, actor, tx.now)?;
    row.save(tx.conn, ledger, Some(before), tx.now)?;
    Ok(LateAcceptance::Settled)
}

/// Keeps a charge that nobody expected, in a record of its own.
fn follow(
    tx: &Tx<'_>,
    ledger: &mut Ledger,
    parent: &Row,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Actor<'_>,
) -> Result<()> {
    let (conn, now) = (tx.conn, tx.now);
    let mut orphan = Row::insert(conn, parent.batch, parent.account, parent.job.orphan(acceptance, now))?;
    orphan.due = Some(now.after(first_poll));
    let (event, reason) = ("accepted", acceptance.task.as_str());
    history::write(conn, &mut orphan, event, reason, actor, now)?;
    orphan.save(conn, ledger, None, now)?;
    let mut row = parent.clone();
    history::write(conn, &mut row, "second_charge", reason, actor, now)?;
    // What the orphan is charged for is no longer set aside with its parent. Whoever has that in hand keeps it.
    row.job.settle_doubt(acceptance.submission);
    row.version -= 1;
    row.save(conn, ledger, Some(parent), now)
}
