//! Facts that came without a valid lease: acceptances, and submissions that were forgotten. Recorded whatever the job has become.

use std::time::Duration;

use reelq_model::{Acceptance, Event, JobId, Submission};

use super::{
    books::Books,
    history::{self, Actor},
    row::Row,
    writer::Scribe,
};
use crate::error::Result;
use reelq_store::{LateAcceptance, Recalled};

/// Records an acceptance that a person, a callback or a late reply brought.
pub(super) fn accept_late(
    scribe: &Scribe<'_>,
    job: JobId,
    acceptance: &Acceptance,
    first_poll: Duration,
) -> Result<LateAcceptance> {
    let mut books = Books::default();
    let row = Row::known(scribe.conn, job)?;
    let outcome = accept(scribe, &mut books, &row, acceptance, first_poll, None)?;
    books.close(scribe)?;
    scribe.news.set(true);
    Ok(outcome)
}

/// Takes in a submission that was forgotten; whoever has the job in hand loses it.
pub(super) fn recall(scribe: &Scribe<'_>, job: JobId, submission: &Submission) -> Result<Recalled> {
    let before = Row::known(scribe.conn, job)?;
    if before.job.knows_submission(submission.number) {
        return Ok(Recalled::Known);
    }
    let event = Event::Recalled { submission: submission.clone() };
    let mut row = before.clone();
    if let Err(illegal) = row.step(event.clone(), scribe.now) {
        return Ok(Recalled::Refused(illegal));
    }
    let mut books = Books::default();
    row.unlease(scribe.now);
    history::record(scribe.conn, &mut row, &event, None, scribe.now)?;
    row.save(scribe.conn, &mut books, Some(&before), scribe.now)?;
    books.close(scribe)?;
    scribe.news.set(true);
    Ok(Recalled::Restored)
}

/// Records an acceptance for a job as it stands now.
pub(super) fn accept(
    scribe: &Scribe<'_>,
    books: &mut Books,
    before: &Row,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Actor<'_>,
) -> Result<LateAcceptance> {
    let orphan = before.job.id.orphan(acceptance.task.as_str());
    if before.job.knows_task(&acceptance.task) || Row::by_id(scribe.conn, orphan)?.is_some() {
        return Ok(LateAcceptance::Known);
    }
    let event = Event::Accepted { acceptance: acceptance.clone(), first_poll };
    let mut row = before.clone();
    if row.step(event.clone(), scribe.now).is_err() {
        follow(scribe, books, before, acceptance, first_poll, actor)?;
        return Ok(LateAcceptance::Orphan(orphan));
    }
    row.unlease(scribe.now);
    history::record(scribe.conn, &mut row, &event, actor, scribe.now)?;
    row.save(scribe.conn, books, Some(before), scribe.now)?;
    Ok(LateAcceptance::Settled)
}

/// Keeps a charge that nobody expected, in a record of its own.
fn follow(
    scribe: &Scribe<'_>,
    books: &mut Books,
    parent: &Row,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Actor<'_>,
) -> Result<()> {
    let (conn, now) = (scribe.conn, scribe.now);
    let mut orphan = Row::insert(conn, parent.batch, parent.account, parent.job.orphan(acceptance, now))?;
    orphan.due = Some(now.after(first_poll));
    let (event, reason) = ("accepted", acceptance.task.as_str());
    history::write(conn, &mut orphan, event, reason, actor, now)?;
    orphan.save(conn, books, None, now)?;
    let mut row = parent.clone();
    history::write(conn, &mut row, "second_charge", reason, actor, now)?;
    // What the orphan is charged for is no longer set aside with its parent. Whoever has that in hand keeps it.
    row.job.settle_doubt(acceptance.submission);
    row.version -= 1;
    row.save(conn, books, Some(parent), now)
}
