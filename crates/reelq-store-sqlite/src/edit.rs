//! What people do to single jobs: retry, resolve, name a task, cancel, wake.

use reelq_model::{Event, JobId};

use super::{batch_guards, follow, ledger::Ledger, row::Row, tx::Tx, unreadable};
use crate::error::Result;
use reelq_store::{
    Edit, Edited,
    rules::cancel::CancelWish,
    transition::{self, Change, EditStep},
};

pub(super) fn apply_event(tx: &Tx<'_>, job: JobId, event: &Event) -> Result<Edited> {
    let Some(before) = unreadable::if_readable(Row::known(tx.conn, job))? else {
        return Ok(Edited::unreadable(event.name()));
    };
    conclude(tx, &before, transition::apply_event(tx.now, &before.stored(), event).into())
}

pub(super) fn edit(tx: &Tx<'_>, job: JobId, edit: &Edit) -> Result<Edited> {
    let Some(before) = unreadable::if_readable(Row::known(tx.conn, job))? else {
        return Ok(Edited::unreadable(edit.name()));
    };
    conclude(tx, &before, transition::edit(tx.now, &before.stored(), edit))
}

fn conclude(tx: &Tx<'_>, before: &Row, step: EditStep<'_>) -> Result<Edited> {
    Ok(match step {
        EditStep::Change(change) => {
            if !change.ends_job() {
                batch_guards::refuse_purging(tx.conn, before.batch)?;
            }
            save(tx, before, *change)?;
            Edited::Done
        }
        EditStep::Note(wish) => {
            let before = Row { cancel: wish, ..before.clone() };
            match transition::after_note(tx.now, &before.stored()) {
                Some(change) => save(tx, &before, change)?,
                None => flag(tx, before.seq, wish)?,
            }
            Edited::Requested
        }
        EditStep::Refused(illegal) => Edited::Refused(illegal),
    })
}

/// Notes the wish without touching the lease of whoever holds the job.
pub(super) fn flag(tx: &Tx<'_>, seq: i64, wish: CancelWish) -> Result<()> {
    tx.conn.prepare_cached("UPDATE jobs SET cancel = ?1 WHERE seq = ?2")?.execute([wish.code(), seq])?;
    tx.news.set(true);
    Ok(())
}

/// Writes a change that is the verb's only one.
pub(super) fn save(tx: &Tx<'_>, before: &Row, change: Change<'_>) -> Result<()> {
    let mut ledger = Ledger::default();
    follow::note_taken(tx, before)?;
    before.change(tx, &mut ledger, change)?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(())
}
