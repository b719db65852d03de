//! Which requests were asked for in which batch: rows of the table.

use std::{collections::BTreeMap, fmt::Write as _};

use reelq_model::{BatchName, JobId, RequestKey};
use rusqlite::{Connection, params};

use super::{code, tx::Tx};
use crate::error::Result;
use reelq_store::{Error, ImportsSeen, NotedRequest, Noting, RequestNote, Unnoted};

const TRIM: &str = "DELETE FROM requests WHERE (key, batch) IN (SELECT key, batch FROM requests WHERE job IS NULL \
    ORDER BY at DESC LIMIT -1 OFFSET ?1)";
const UNNOTED: &str = "SELECT name, generation FROM batches WHERE whole AND NOT purging AND generation <> noted";
const NOTE: &str = "INSERT OR REPLACE INTO requests (key, batch, job, at) VALUES (?1, ?2, ?3, ?4)";
pub(super) fn unnoted(conn: &Connection) -> Result<Vec<Unnoted>> {
    let mut statement = conn.prepare_cached(UNNOTED)?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (name, generation) = row?;
        Ok(Unnoted { batch: name_of(name)?, generation: code::count(generation) })
    })
    .collect()
}

/// Loads are finished in one transaction: none is half made.
pub(super) fn imports_seen(conn: &Connection) -> Result<ImportsSeen> {
    let mut statement = conn.prepare_cached("SELECT name, id, generation FROM batches WHERE whole ORDER BY id")?;
    let mut rows = statement.query([])?;
    let (mut each, mut mark) = (BTreeMap::new(), String::new());
    while let Some(row) = rows.next()? {
        let (id, generation): (i64, i64) = (row.get(1)?, row.get(2)?);
        each.insert(name_of(row.get(0)?)?, code::count(generation));
        // Writing to a text cannot fail.
        _ = write!(mark, "{id}:{generation} ");
    }
    Ok(ImportsSeen { each, mark })
}

fn name_of(name: String) -> Result<BatchName> {
    Ok(BatchName::new(name).map_err(|error| Error::broken(error.to_string()))?)
}

pub(super) fn note(tx: &Tx<'_>, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
    let mut put = tx.conn.prepare_cached(NOTE)?;
    let mut forget = tx.conn.prepare_cached("DELETE FROM requests WHERE key = ?1 AND batch = ?2")?;
    for RequestNote { key, noting } in notes {
        let job = match noting {
            Noting::Job(job) => Some(job),
            Noting::Bought => None,
            Noting::Nothing => {
                forget.execute(params![key.as_bytes(), batch.as_str()])?;
                continue;
            }
        };
        put.execute(params![key.as_bytes(), batch.as_str(), job.map(JobId::as_bytes), tx.now.millis()])?;
    }
    Ok(())
}

pub(super) fn finish(tx: &Tx<'_>, noted: &Unnoted) -> Result<()> {
    let sql = "UPDATE batches SET noted = ?1 WHERE name = ?2 AND generation = ?1";
    tx.conn.prepare_cached(sql)?.execute(params![code::int(noted.generation), noted.batch.as_str()])?;
    Ok(())
}

pub(super) fn find(conn: &Connection, key: &RequestKey) -> Result<Vec<NotedRequest>> {
    let mut statement = conn.prepare_cached("SELECT batch, job FROM requests WHERE key = ?1 ORDER BY batch")?;
    let rows = statement
        .query_map([key.as_bytes()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<[u8; 16]>>(1)?)))?;
    rows.map(|row| {
        let (batch, job) = row?;
        Ok(NotedRequest { batch: name_of(batch)?, job: job.map(JobId::from_bytes) })
    })
    .collect()
}

/// Forgets the requests of purged batches that were noted first, so that at most `most` stay.
pub(super) fn trim_bought(tx: &Tx<'_>, most: u64) -> Result<()> {
    tx.conn.prepare_cached(TRIM)?.execute([code::int(most)])?;
    Ok(())
}
