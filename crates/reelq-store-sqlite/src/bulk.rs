//! People's changes to many jobs in one transaction.

use reelq_model::{BatchName, JobId};
use rusqlite::OptionalExtension as _;

use super::{edit, tx::Tx};
use crate::error::Result;
use reelq_store::{Edit, Edited, Error};

pub(super) fn edit_all(tx: &Tx<'_>, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
    edits.iter().map(|(job, each)| edit::edit(tx, *job, each)).collect()
}

/// A load that is under way ends here: whoever is at it is told that it was superseded.
const STOP: &str = "UPDATE batches SET cancelling = 1, loading = NULL, loading_draft = NULL, loading_lines = 0 \
    WHERE name = ?1 AND NOT purging";

pub(super) fn begin_cancel(tx: &Tx<'_>, name: &BatchName) -> Result<()> {
    if tx.conn.prepare_cached(STOP)?.execute([name.as_str()])? == 0 {
        let sql = "SELECT 1 FROM batches WHERE name = ?1";
        let there = tx.conn.prepare_cached(sql)?.query_row([name.as_str()], |_| Ok(())).optional()?;
        let name = name.to_string();
        return Err(there.map_or(Error::NoBatch(name.clone()), |()| Error::BeingPurged(name)).into());
    }
    tx.news.set(true);
    Ok(())
}

pub(super) fn end_cancel(tx: &Tx<'_>, name: &BatchName) -> Result<()> {
    tx.conn.prepare_cached("UPDATE batches SET cancelling = 0 WHERE name = ?1")?.execute([name.as_str()])?;
    tx.news.set(true);
    Ok(())
}
