//! What people do to single jobs: retry, resolve, name a task, cancel.

use reelq_model::{Event, IllegalTransition, JobId, Stage};

use super::{code, history, ledger::Ledger, purge, rescue, row::Row, unreadable, writer::Tx};
use crate::error::Result;
use reelq_store::Edited;
use reelq_store::rules::figures;

pub(super) fn edit(tx: &Tx<'_>, job: JobId, event: &Event) -> Result<Edited> {
    let Some(before) = unreadable::if_readable(Row::known(tx.conn, job))? else {
        return Ok(Edited::unreadable(event.name()));
    };
    purge::refuse_purging(tx.conn, before.batch)?;
    let mut row = before.clone();
    let refused = || IllegalTransition { stage: before.job.status().as_str(), event: event.name() };
    // A row that is given up is taken from whoever has it in hand: their lease is of an earlier version then.
    if before.in_hand() && !figures::is_give_up(event) {
        return Ok(Edited::Refused(refused()));
    }
    let unpark = before.parked && matches!(event, Event::Retry { .. }) && !before.job.stage.is_terminal();
    if unpark {
        (row.parked, row.due) = (false, None);
    } else if let Err(illegal) = row.step(event.clone(), tx.now) {
        return Ok(Edited::Refused(illegal));
    }
    if matches!(event, Event::Retry { .. }) {
        row.cancel = code::CANCEL_NONE;
    }
    row.unlease(tx.now);
    history::record(tx.conn, &mut row, event, None, tx.now)?;
    if row.cancel_is_due() {
        rescue::withdraw(tx, &mut row)?;
    }
    save(tx, &before, row)?;
    Ok(Edited::Done)
}

pub(super) fn cancel(tx: &Tx<'_>, job: JobId) -> Result<Edited> {
    let Some(before) = unreadable::if_readable(Row::known(tx.conn, job))? else {
        return Ok(Edited::unreadable("cancelled"));
    };
    match &before.job.stage {
        Stage::Ready if !before.in_hand() => {
            let mut row = before.clone();
            rescue::withdraw(tx, &mut row)?;
            save(tx, &before, row)?;
            Ok(Edited::Done)
        }
        Stage::Ready | Stage::Submitting { .. } | Stage::Running { .. } => {
            flag(tx, before.seq, code::CANCEL_ASKED)?;
            Ok(Edited::Requested)
        }
        stage => Ok(Edited::Refused(IllegalTransition { stage: stage.status().as_str(), event: "cancelled" })),
    }
}

/// Notes the wish without touching the lease of whoever has the job in hand.
pub(super) fn flag(tx: &Tx<'_>, seq: i64, wish: i64) -> Result<()> {
    tx.conn.prepare_cached("UPDATE jobs SET cancel = ?1 WHERE seq = ?2")?.execute([wish, seq])?;
    tx.news.set(true);
    Ok(())
}

pub(super) fn save(tx: &Tx<'_>, before: &Row, mut row: Row) -> Result<()> {
    let mut ledger = Ledger::default();
    row.save(tx.conn, &mut ledger, Some(before), tx.now)?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(())
}
