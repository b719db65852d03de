//! The end of a load: its lines become the batch's manifest, in one transaction, mostly in sets.

use reelq_model::Event;
use rusqlite::{Connection, params};

use super::{
    books::{self, Books},
    code, edit, history,
    load::{self, Open},
    requests, rescue,
    row::Row,
    unreadable,
    writer::Scribe,
};
use crate::error::{Result, StepError};
use reelq_store::rules::bounds;
use reelq_store::{BatchDraft, Error, Load, Loaded};

const START: &str = "INSERT INTO jobs (id, batch, account, position, status, queue, due, priority, price, version, \
    unpriced, state) SELECT job, batch, account, position, 0, 1, ?2, priority, price, 1, unpriced, state \
    FROM staged WHERE batch = ?1 AND state IS NOT NULL ORDER BY position";

/// Jobs that were never submitted and that nobody has in hand take over what the manifest now says of them: also the
/// spelling of their request, and how its answer is to come back.
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
/// What may have been bought is kept, but is not bought a second time should it come back to `ready`.
const GONE_ONCE_BOUGHT: &str = "UPDATE jobs SET cancel = 2 WHERE batch = ?1 AND status IN (1, 2, 3) AND cancel = 0 \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.job = jobs.id)";
const UNPLACE: &str = "UPDATE jobs SET position = NULL WHERE batch = ?1 AND position IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.batch = ?1 AND s.job = jobs.id)";
const BACK: &str = "SELECT j.seq FROM staged s JOIN jobs j ON j.id = s.job \
    WHERE s.batch = ?1 AND s.state IS NULL AND j.cancel = 2";

pub(super) fn finish(scribe: &Scribe<'_>, load: &Load) -> Result<Loaded> {
    let open = match load::open(scribe.conn, load) {
        Err(StepError(Error::LoadSuperseded)) => return finished_before(scribe.conn, load),
        open => open?,
    };
    let (conn, batch) = (scribe.conn, open.batch);
    if let Some(seen) = &load.seen
        && seen.mark != requests::loads_seen(conn)?.mark
    {
        return Err(Error::LoadedMeanwhile.into());
    }
    let cancelled = cancel_gone(scribe, batch)?;
    conn.execute(GONE_ONCE_BOUGHT, [batch])?;
    conn.execute(UNPLACE, [batch])?;
    conn.execute(TAKE_OVER, [batch])?;
    conn.execute(PLACE, [batch])?;
    let revived = revive(scribe, batch)?;
    conn.execute(START, params![batch, scribe.now.millis()])?;
    swap(scribe, open)?;
    books::recount(conn, batch)?;
    give_back(conn)?;
    scribe.news.set(true);
    Ok(Loaded { lines: code::count(open.lines), cancelled, revived })
}

/// Returns the room that staging took to the file's end; each step of the statement frees one page.
pub(super) fn give_back(conn: &Connection) -> Result<()> {
    let mut statement = conn.prepare_cached("PRAGMA incremental_vacuum")?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    Ok(())
}

/// The answer to a finish that is repeated because its first answer was lost.
fn finished_before(conn: &Connection, load: &Load) -> Result<Loaded> {
    let sql = "SELECT lines FROM batches WHERE name = ?1 AND generation = ?2";
    let found = conn.query_row(sql, params![load.batch.as_str(), code::int(load.generation)], |row| row.get(0));
    let lines = found.map_err(|_| Error::LoadSuperseded)?;
    Ok(Loaded { lines: code::count(lines), ..Loaded::default() })
}

fn sequence(conn: &Connection, sql: &str, batch: i64) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([batch], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Withdraws jobs whose line is gone and that wait to be submitted; those in hand are withdrawn when they come back.
fn cancel_gone(scribe: &Scribe<'_>, batch: i64) -> Result<u64> {
    let mut books = Books::default();
    let gone = sequence(scribe.conn, GONE, batch)?;
    for seq in &gone {
        let Some(before) = unreadable::if_readable(Row::by_seq(scribe.conn, *seq))? else { continue };
        if before.in_hand() {
            edit::flag(scribe, *seq, code::CANCEL_GONE)?;
            continue;
        }
        let mut row = before.clone();
        row.cancel = code::CANCEL_GONE;
        rescue::withdraw(scribe, &mut row)?;
        row.save(scribe.conn, &mut books, Some(&before), scribe.now)?;
    }
    books.close(scribe)?;
    Ok(code::count(code::limit(gone.len())))
}

/// Takes up jobs again that were withdrawn, or are about to be, only because their line was gone.
fn revive(scribe: &Scribe<'_>, batch: i64) -> Result<u64> {
    let mut books = Books::default();
    let mut revived = 0;
    for seq in sequence(scribe.conn, BACK, batch)? {
        edit::flag(scribe, seq, code::CANCEL_NONE)?;
        let Some(before) = unreadable::if_readable(Row::by_seq(scribe.conn, seq))? else { continue };
        if !before.job.stage.is_terminal() {
            continue;
        }
        let mut row = before.clone();
        // A line that is back is no agreement to buy again what was bought: its task is looked at first.
        let event = Event::Retry { buy: row.job.stage.task().is_none() };
        row.step(event.clone(), scribe.now).map_err(|illegal| Error::broken(illegal.to_string()))?;
        history::write(scribe.conn, &mut row, event.name(), "its line is back", None, scribe.now)?;
        row.save(scribe.conn, &mut books, Some(&before), scribe.now)?;
        revived += 1;
    }
    books.close(scribe)?;
    Ok(revived)
}

/// Puts the load's lines in the place of those before.
fn swap(scribe: &Scribe<'_>, open: Open) -> Result<()> {
    let conn = scribe.conn;
    conn.execute("DELETE FROM lines WHERE batch = ?1 AND generation <> ?2", [open.batch, open.generation])?;
    conn.execute("DELETE FROM staged WHERE batch = ?1", [open.batch])?;
    let text: String =
        conn.query_row("SELECT loading_draft FROM batches WHERE id = ?1", [open.batch], |row| row.get(0))?;
    let draft: BatchDraft = serde_json::from_str(&text).map_err(|error| Error::broken(error.to_string()))?;
    conn.execute(
        "UPDATE batches SET draft = ?1, budget = ?2, whole = 1, generation = ?3, lines = ?4, loading = NULL, \
            loading_draft = NULL, loading_lines = 0, ended_at = coalesce(ended_at, ?5) WHERE id = ?6",
        params![text, draft.budget.map(bounds::cap), open.generation, open.lines, scribe.now.millis(), open.batch],
    )?;
    Ok(())
}
