//! What people do to single jobs: retry, resolve, name a task, cancel.

use reelq_model::{Event, IllegalTransition, JobId, Stage};

use super::{books::Books, code, history, purge, rescue, row::Row, unreadable, writer::Scribe};
use crate::error::Result;
use reelq_store::Edited;
use reelq_store::rules::figures;

pub(super) fn edit(scribe: &Scribe<'_>, job: JobId, event: &Event) -> Result<Edited> {
    let Some(before) = unreadable::if_readable(Row::known(scribe.conn, job))? else {
        return Ok(Edited::unreadable(event.name()));
    };
    purge::refuse_purging(scribe.conn, before.batch)?;
    let mut row = before.clone();
    let refused = || IllegalTransition { stage: before.job.status().as_str(), event: event.name() };
    // A row that is given up is taken from whoever has it in hand: their lease is of an earlier version then.
    if before.in_hand() && !figures::is_give_up(event) {
        return Ok(Edited::Refused(refused()));
    }
    let unpark = before.parked && matches!(event, Event::Retry { .. }) && !before.job.stage.is_terminal();
    if unpark {
        (row.parked, row.due) = (false, None);
    } else if let Err(illegal) = row.step(event.clone(), scribe.now) {
        return Ok(Edited::Refused(illegal));
    }
    if matches!(event, Event::Retry { .. }) {
        row.cancel = code::CANCEL_NONE;
    }
    row.unlease(scribe.now);
    history::record(scribe.conn, &mut row, event, None, scribe.now)?;
    if row.cancel_is_due() {
        rescue::withdraw(scribe, &mut row)?;
    }
    save(scribe, &before, row)?;
    Ok(Edited::Done)
}

pub(super) fn cancel(scribe: &Scribe<'_>, job: JobId) -> Result<Edited> {
    let Some(before) = unreadable::if_readable(Row::known(scribe.conn, job))? else {
        return Ok(Edited::unreadable("cancelled"));
    };
    match &before.job.stage {
        Stage::Ready if !before.in_hand() => {
            let mut row = before.clone();
            rescue::withdraw(scribe, &mut row)?;
            save(scribe, &before, row)?;
            Ok(Edited::Done)
        }
        Stage::Ready | Stage::Submitting { .. } | Stage::Running { .. } => {
            flag(scribe, before.seq, code::CANCEL_ASKED)?;
            Ok(Edited::Requested)
        }
        stage => Ok(Edited::Refused(IllegalTransition { stage: stage.status().as_str(), event: "cancelled" })),
    }
}

/// Notes the wish without touching the lease of whoever has the job in hand.
pub(super) fn flag(scribe: &Scribe<'_>, seq: i64, wish: i64) -> Result<()> {
    scribe.conn.prepare_cached("UPDATE jobs SET cancel = ?1 WHERE seq = ?2")?.execute([wish, seq])?;
    scribe.news.set(true);
    Ok(())
}

pub(super) fn save(scribe: &Scribe<'_>, before: &Row, mut row: Row) -> Result<()> {
    let mut books = Books::default();
    row.save(scribe.conn, &mut books, Some(before), scribe.now)?;
    books.close(scribe)?;
    scribe.news.set(true);
    Ok(())
}
