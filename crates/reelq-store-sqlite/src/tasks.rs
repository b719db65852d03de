//! Which job is charged for which task of an account: two purchases that one task answers are told loudly.

use reelq_model::{JobId, TaskId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{history, row::Row};
use crate::error::Result;

/// Beside the file's format: versions that do not know it do without it.
pub(super) const TABLE: &str = include_str!("schema_tasks.sql");

/// Notes that the row's job is charged for its tasks, and marks it where another job of the account is as well.
///
/// Jobs that were charged before the table was there are noted when they change next.
pub(super) fn note(conn: &Connection, row: &mut Row, before: Option<&Row>, now: Timestamp) -> Result<()> {
    let unchanged = |before: &Row| before.job.charges == row.job.charges && before.job.status() == row.job.status();
    if row.job.shares_task_with.is_some() || before.is_some_and(unchanged) {
        return Ok(());
    }
    forget_taken_back(conn, row, before)?;
    for task in row.job.charges.iter().map(|charge| charge.task.clone()).collect::<Vec<_>>() {
        if let Some(other) = claim(conn, row, &task)? {
            return share(conn, row, other, &task, now);
        }
    }
    Ok(())
}

/// A person may have exchanged its task, or taken it back.
fn forget_taken_back(conn: &Connection, row: &Row, before: Option<&Row>) -> Result<()> {
    for charge in
        before.iter().flat_map(|before| &before.job.charges).filter(|charge| !row.job.knows_task(&charge.task))
    {
        conn.prepare_cached("DELETE FROM tasks WHERE account = ?1 AND task = ?2 AND job = ?3")?.execute(params![
            row.account,
            charge.task.as_str(),
            row.job.id.as_bytes()
        ])?;
    }
    Ok(())
}

/// Takes the task for the job; the job that has it already, where it is another one.
fn claim(conn: &Connection, row: &Row, task: &TaskId) -> Result<Option<JobId>> {
    conn.prepare_cached("INSERT OR IGNORE INTO tasks (account, task, job) VALUES (?1, ?2, ?3)")?.execute(params![
        row.account,
        task.as_str(),
        row.job.id.as_bytes()
    ])?;
    let sql = "SELECT job FROM tasks WHERE account = ?1 AND task = ?2";
    let owner: Option<[u8; 16]> =
        conn.prepare_cached(sql)?.query_row(params![row.account, task.as_str()], |row| row.get(0)).optional()?;
    Ok(owner.map(JobId::from_bytes).filter(|owner| *owner != row.job.id))
}

const SHARE: &str = concat!(
    "UPDATE jobs SET entries = ?1, amended = version, state = json_set(state, '$.shares_task_with', ?2), ",
    history::appended!("?3"),
    " WHERE seq = ?4"
);

/// Marks both jobs. The other one's lease stays as it is: whoever has it in hand works on, and its next step is
/// worked out from the row.
fn share(conn: &Connection, row: &mut Row, other: JobId, task: &TaskId, now: Timestamp) -> Result<()> {
    tracing::error!(
        job = %row.job.id, batch = %row.job.batch, %other, account = %row.job.spec.account, %task,
        "two purchases of one account were answered with one task: one of them brought nothing of its own"
    );
    row.job.shares_task_with = Some(other);
    history::write(row, history::SHARED, &history::shared(other, task), None, now);
    let Ok(Some(mut twin)) = Row::by_id(conn, other) else { return Ok(()) };
    if twin.job.shares_task_with.is_some() {
        return Ok(());
    }
    history::write(&mut twin, history::SHARED, &history::shared(row.job.id, task), None, now);
    conn.prepare_cached(SHARE)?.execute(params![twin.entries, row.job.id.to_string(), twin.noted, twin.seq])?;
    history::trim(conn, twin.seq, twin.entries, 1)
}

/// Forgets the tasks of a job that is purged.
pub(super) fn forget(conn: &Connection, seq: i64) -> Result<()> {
    conn.prepare_cached("DELETE FROM tasks WHERE job = (SELECT id FROM specs WHERE seq = ?1)")?.execute([seq])?;
    Ok(())
}
