//! The end of a load: its lines become the batch's manifest, in one transaction, mostly in sets.

use reelq_model::IllegalTransition;
use rusqlite::{Connection, params};

use super::results::OF_GONE;
use super::{
    code, edit,
    ledger::{self, Ledger},
    load::{self, Open},
    noted,
    row::Row,
    tx::Tx,
    unreadable,
};
use crate::error::{Result, StepError};
use reelq_store::rules::{bounds, cancel::CancelWish, hold};
use reelq_store::transition::{self, LineGone};
use reelq_store::{BatchDraft, Error, Import, Imported};

const START: &str = "INSERT INTO jobs (seq, batch, account, position, status, queue, due, priority, price, version, unpriced) \
    SELECT seq, batch, account, position, 0, CASE WHEN priority <= ?3 THEN 8 ELSE 1 END, ?2, priority, price, 1, unpriced \
    FROM staged \
    WHERE batch = ?1 AND NOT known ORDER BY seq";

/// Jobs that were never submitted and that no one holds take over what the manifest now says of them: also the spelling of
/// their request, and how its answer is to come back. The rule is [`transition::take_over`].
const TAKES: &str = "UPDATE staged SET takes = 1 FROM jobs j, specs p WHERE staged.batch = ?1 AND staged.known \
    AND j.seq = staged.seq AND p.seq = staged.seq \
    AND (j.status = 0 OR (j.status = 7 AND j.cancel = 2)) AND j.lease_until IS NULL \
    AND (j.state IS NULL OR CASE WHEN json_valid(j.state) THEN coalesce(json_extract(j.state, '$.submissions'), 0) = 0 END) \
    AND CASE WHEN json_valid(p.spec) THEN (j.account, j.price, j.priority) \
            IS NOT (staged.account, staged.price, staged.priority) \
        OR json_extract(p.spec, '$.spec.fields') IS NOT coalesce(staged.fields, json_extract(p.spec, '$.spec.fields')) \
        END";
/// What is held now, or is held no more, changes its queue with it: [`reelq_store::rules::queue::Queue::of`].
const TAKE_OVER: &str = "UPDATE jobs SET account = s.account, price = s.price, priority = s.priority, unpriced = s.unpriced, \
    queue = CASE WHEN jobs.status <> 0 OR jobs.parked OR jobs.due IS NULL THEN jobs.queue WHEN s.priority <= ?3 THEN 8 \
        WHEN jobs.due <= ?2 THEN 1 ELSE 2 END, \
    version = version + 1 FROM staged s WHERE s.batch = ?1 AND s.takes AND jobs.seq = s.seq";
const RESPELL: &str = "UPDATE specs SET spec = json_set(spec, \
        '$.spec.account', (SELECT name FROM accounts WHERE id = s.account), \
        '$.spec.fields', json(coalesce(s.fields, json_extract(spec, '$.spec.fields')))) \
    FROM staged s WHERE s.batch = ?1 AND s.takes AND specs.seq = s.seq";

const PLACE: &str = "UPDATE jobs SET position = s.position FROM staged s \
    WHERE s.batch = ?1 AND s.known AND jobs.seq = s.seq AND jobs.position IS NOT s.position";

const GONE: &str = "SELECT seq FROM jobs WHERE batch = ?1 AND status = 0 AND cancel = 0 \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.seq = jobs.seq)";
/// What may have been bought is kept, but is not bought a second time should it come back to `ready`. The rule is
/// [`transition::line_is_gone`].
const GONE_ONCE_BOUGHT: &str = "UPDATE jobs SET cancel = 2 WHERE batch = ?1 AND status IN (1, 2, 3) AND cancel = 0 \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.seq = jobs.seq)";
/// Of jobs that are shown though no line asks for them any more, the results go on to repeat what the last one said.
const KEEP_LINES: &str = "INSERT OR REPLACE INTO lines (batch, generation, position, line, copy, label, passthrough, job) \
    SELECT l.batch, ?2, j.seq, l.line, l.copy, l.label, l.passthrough, l.job FROM jobs j \
    JOIN lines l ON l.batch = j.batch AND l.position = j.position \
        AND l.generation = (SELECT generation FROM batches WHERE id = ?1) \
    WHERE j.batch = ?1 AND j.position IS NOT NULL AND (j.bought OR j.status BETWEEN 0 AND 4) \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.seq = j.seq)";
const DROP_LINES: &str = "DELETE FROM lines WHERE batch = ?1 AND generation = ?2 \
    AND position IN (SELECT seq FROM staged WHERE batch = ?1 AND known)";
const UNPLACE: &str = "UPDATE jobs SET position = NULL WHERE batch = ?1 AND position IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.seq = jobs.seq)";
const BACK: &str = "SELECT j.seq FROM staged s JOIN jobs j ON j.seq = s.seq \
    WHERE s.batch = ?1 AND s.known AND j.cancel = 2";

pub(super) fn finish(tx: &Tx<'_>, load: &Import) -> Result<Imported> {
    let open = match load::open(tx.conn, load) {
        Err(StepError(Error::ImportSuperseded)) => return finished_before(tx.conn, load),
        open => open?,
    };
    let (conn, batch) = (tx.conn, open.batch);
    if let Some(seen) = &load.seen
        && seen.mark != noted::imports_seen(conn)?.mark
    {
        return Err(Error::ImportedMeanwhile.into());
    }
    let cancelled = cancel_gone(tx, batch)?;
    conn.execute(GONE_ONCE_BOUGHT, [batch])?;
    for sql in [KEEP_LINES, DROP_LINES] {
        conn.execute(sql, [batch, OF_GONE])?;
    }
    conn.execute(UNPLACE, [batch])?;
    conn.execute(TAKES, [batch])?;
    conn.execute(TAKE_OVER, params![batch, tx.now.millis(), hold::HELD_MOST])?;
    conn.execute(RESPELL, [batch])?;
    conn.execute(PLACE, [batch])?;
    let revived = revive(tx, batch)?;
    conn.execute(START, params![batch, tx.now.millis(), hold::HELD_MOST])?;
    swap(tx, open)?;
    ledger::recount(conn, batch)?;
    if is_mostly_free(conn)? {
        give_back(conn)?;
    }
    tx.news.set(true);
    Ok(Imported { lines: code::count(open.lines), cancelled, revived })
}

/// Whether a quarter of the file is free. Less than that is soon in use again, and moving pages to its place costs more than
/// the load.
fn is_mostly_free(conn: &Connection) -> Result<bool> {
    let of = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(of("freelist_count")? > of("page_count")? / 4)
}

/// Returns free room at the file's end; each step of the statement frees one page.
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
    let sql = "DELETE FROM lines WHERE batch = ?1 AND generation NOT IN (?2, ?3)";
    conn.execute(sql, [open.batch, open.generation, OF_GONE])?;
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
