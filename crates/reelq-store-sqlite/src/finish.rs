//! The end of a load: its lines become the batch's manifest, in one transaction, mostly in sets.

use reelq_model::IllegalTransition;
use rusqlite::{Connection, params};

use super::{
    code, edit,
    ledger::{self, Ledger},
    load::{self, Open},
    requests,
    row::Row,
    unreadable,
    writer::Tx,
};
use crate::error::{Result, StepError};
use reelq_store::rules::{bounds, cancel::CancelWish};
use reelq_store::transition::{self, LineGone};
use reelq_store::{BatchDraft, Error, Import, Imported};

const START: &str = "INSERT INTO jobs (id, batch, account, position, status, queue, due, priority, price, version, \
    unpriced, state) SELECT job, batch, account, position, 0, 1, ?2, priority, price, 1, unpriced, state \
    FROM staged WHERE batch = ?1 AND state IS NOT NULL ORDER BY position";

/// Jobs that were never submitted and that no one holds take over what the manifest now says of them: also the spelling of
/// their request, and how its answer is to come back. The rule is [`transition::take_over`].
const TAKE_OVER: &str = "UPDATE jobs SET account = s.account, price = s.price, priority = s.priority, \
    unpriced = s.unpriced, version = version + 1, \
    state = json_set(jobs.state, '$.spec.account', (SELECT name FROM accounts WHERE id = s.account), \
        '$.price', CASE WHEN s.price < 0 THEN NULL ELSE s.price END, '$.priority', s.priority, \
        '$.spec.fields', json(coalesce(s.fields, json_extract(jobs.state, '$.spec.fields')))) \
    FROM staged s WHERE s.batch = ?1 AND s.state IS NULL AND jobs.id = s.job \
    AND (jobs.status = 0 OR (jobs.status = 7 AND jobs.cancel = 2)) AND jobs.lease_until IS NULL \
    AND CASE WHEN json_valid(jobs.state) THEN json_extract(jobs.state, '$.submissions') = 0 END \
    AND CASE WHEN json_valid(jobs.state) THEN (jobs.account, jobs.price, jobs.priority) \
            IS NOT (s.account, s.price, s.priority) \
        OR json_extract(jobs.state, '$.spec.fields') IS NOT coalesce(s.fields, json_extract(jobs.state, '$.spec.fields')) \
        END";

const PLACE: &str = "UPDATE jobs SET position = s.position FROM staged s \
    WHERE s.batch = ?1 AND s.state IS NULL AND jobs.id = s.job AND jobs.position IS NOT s.position";

const GONE: &str = "SELECT seq FROM jobs WHERE batch = ?1 AND status = 0 AND cancel = 0 \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.job = jobs.id)";
/// What may have been bought is kept, but is not bought a second time should it come back to `ready`. The rule is
/// [`transition::line_is_gone`].
const GONE_ONCE_BOUGHT: &str = "UPDATE jobs SET cancel = 2 WHERE batch = ?1 AND status IN (1, 2, 3) AND cancel = 0 \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.job = jobs.id)";
const UNPLACE: &str = "UPDATE jobs SET position = NULL WHERE batch = ?1 AND position IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.job = jobs.id)";
const BACK: &str = "SELECT j.seq FROM staged s JOIN jobs j ON j.id = s.job \
    WHERE s.batch = ?1 AND s.state IS NULL AND j.cancel = 2";

pub(super) fn finish(tx: &Tx<'_>, load: &Import) -> Result<Imported> {
    let open = match load::open(tx.conn, load) {
        Err(StepError(Error::ImportSuperseded)) => return finished_before(tx.conn, load),
        open => open?,
    };
    let (conn, batch) = (tx.conn, open.batch);
    if let Some(seen) = &load.seen
        && seen.mark != requests::imports_seen(conn)?.mark
    {
        return Err(Error::ImportedMeanwhile.into());
    }
    let cancelled = cancel_gone(tx, batch)?;
    conn.execute(GONE_ONCE_BOUGHT, [batch])?;
    conn.execute(UNPLACE, [batch])?;
    conn.execute(TAKE_OVER, [batch])?;
    conn.execute(PLACE, [batch])?;
    let revived = revive(tx, batch)?;
    conn.execute(START, params![batch, tx.now.millis()])?;
    swap(tx, open)?;
    ledger::recount(conn, batch)?;
    give_back(conn)?;
    tx.news.set(true);
    Ok(Imported { lines: code::count(open.lines), cancelled, revived })
}

/// Returns the room that staging took to the file's end; each step of the statement frees one page.
pub(super) fn give_back(conn: &Connection) -> Result<()> {
    let mut statement = conn.prepare_cached("PRAGMA incremental_vacuum")?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    Ok(())
}

/// The answer to a finish that is repeated because its first answer was lost.
fn finished_before(conn: &Connection, load: &Import) -> Result<Imported> {
    let sql = "SELECT lines FROM batches WHERE name = ?1 AND generation = ?2";
    let found = conn.query_row(sql, params![load.batch.as_str(), code::int(load.generation)], |row| row.get(0));
    let lines = found.map_err(|_| Error::ImportSuperseded)?;
    Ok(Imported { lines: code::count(lines), ..Imported::default() })
}

fn sequence(conn: &Connection, sql: &str, batch: i64) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([batch], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Withdraws jobs whose line is gone and that wait to be submitted; those in hand are withdrawn when they come back.
fn cancel_gone(tx: &Tx<'_>, batch: i64) -> Result<u64> {
    let mut ledger = Ledger::default();
    let gone = sequence(tx.conn, GONE, batch)?;
    for seq in &gone {
        let Some(before) = unreadable::if_readable(Row::by_seq(tx.conn, *seq))? else { continue };
        match transition::line_is_gone(tx.now, &before.stored()).map_err(|illegal| bug(&illegal))? {
            LineGone::Withdraw(change) => {
                let unwanted = Row { cancel: CancelWish::GONE, ..before.clone() };
                unwanted.change(tx, &mut ledger, *change)?;
            }
            LineGone::Note(wish) => edit::flag(tx, *seq, wish)?,
            LineGone::Kept => {}
        }
    }
    ledger.close(tx)?;
    Ok(code::count(code::limit(gone.len())))
}

/// Takes up jobs again that were withdrawn, or are about to be, only because their line was gone.
fn revive(tx: &Tx<'_>, batch: i64) -> Result<u64> {
    let mut ledger = Ledger::default();
    let mut revived = 0;
    for seq in sequence(tx.conn, BACK, batch)? {
        edit::flag(tx, seq, CancelWish::NONE)?;
        let Some(before) = unreadable::if_readable(Row::by_seq(tx.conn, seq))? else { continue };
        if let Some(change) = transition::line_is_back(tx.now, &before.stored()).map_err(|illegal| bug(&illegal))? {
            before.change(tx, &mut ledger, change)?;
            revived += 1;
        }
    }
    ledger.close(tx)?;
    Ok(revived)
}

fn bug(illegal: &IllegalTransition) -> Error {
    Error::broken(illegal.to_string())
}

/// Puts the load's lines in the place of those before.
fn swap(tx: &Tx<'_>, open: Open) -> Result<()> {
    let conn = tx.conn;
    conn.execute("DELETE FROM lines WHERE batch = ?1 AND generation <> ?2", [open.batch, open.generation])?;
    conn.execute("DELETE FROM staged WHERE batch = ?1", [open.batch])?;
    let text: String =
        conn.query_row("SELECT loading_draft FROM batches WHERE id = ?1", [open.batch], |row| row.get(0))?;
    let draft: BatchDraft = serde_json::from_str(&text).map_err(|error| Error::broken(error.to_string()))?;
    conn.execute(
        "UPDATE batches SET draft = ?1, budget = ?2, whole = 1, generation = ?3, lines = ?4, loading = NULL, \
            loading_draft = NULL, loading_lines = 0, ended_at = coalesce(ended_at, ?5) WHERE id = ?6",
        params![text, draft.budget.map(bounds::cap), open.generation, open.lines, tx.now.millis(), open.batch],
    )?;
    Ok(())
}
