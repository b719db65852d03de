//! Tasks that stay with the worker that follows them: as long as it is heard, and no one else does anything to the job.

use std::time::Duration;

use reelq_model::{AccountName, JobId, WorkerId};
use rusqlite::{OptionalExtension as _, params};

use super::{account, claim_scope::ClaimScope, code, lease, limits, rescue, row::Row, tx::Tx};
use crate::error::Result;
use reelq_store::{
    ClaimStage, Followed, PollTokens,
    rules::{bounds, pauses},
};

/// Whether the worker may follow tasks: not before it said so, and not once its time has passed.
pub(super) fn is_open(tx: &Tx<'_>, worker: &WorkerId) -> Result<bool> {
    let sql = "SELECT 1 FROM workers WHERE name = ?1 AND follows_until > ?2";
    let found = tx.conn.prepare_cached(sql)?.query_row(params![worker.as_str(), tx.now.millis()], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

/// Lengthens what the worker follows; begins it where nothing is left of what it followed before.
pub(super) fn keep(tx: &Tx<'_>, name: &WorkerId, lasts: Duration) -> Result<Followed> {
    let all_ended = !is_open(tx, name)?;
    let worker = lease::worker(tx, name)?;
    if all_ended && !rescue::of_follower(tx, worker)? {
        // The next call takes back more.
        return Ok(Followed { all_ended, ended: Vec::new() });
    }
    let until = bounds::time(tx.now.after(lasts)).millis();
    let sql = "UPDATE workers SET follows_until = max(coalesce(follows_until, 0), ?1) WHERE id = ?2";
    tx.conn.prepare_cached(sql)?.execute(params![until, worker])?;
    Ok(Followed { all_ended, ended: ended(tx, worker)? })
}

/// What was taken from the worker since it last asked.
fn ended(tx: &Tx<'_>, worker: i64) -> Result<Vec<(JobId, u64)>> {
    let read = |row: &rusqlite::Row<'_>| Ok((JobId::from_bytes(row.get(0)?), code::count(row.get(1)?)));
    let mut find = tx.conn.prepare_cached("SELECT job, version FROM unfollowed WHERE worker = ?1")?;
    let ended: Vec<_> = find.query_map([worker], read)?.collect::<rusqlite::Result<_>>()?;
    if !ended.is_empty() {
        tx.conn.prepare_cached("DELETE FROM unfollowed WHERE worker = ?1")?.execute([worker])?;
    }
    Ok(ended)
}

/// Notes that a change takes the job from the worker that follows its task, where one does.
pub(super) fn note_taken(tx: &Tx<'_>, before: &Row) -> Result<()> {
    let Some(worker) = before.worker.filter(|_| before.stored().is_followed()) else { return Ok(()) };
    let sql = "INSERT OR REPLACE INTO unfollowed (worker, job, version) VALUES (?1, ?2, ?3)";
    tx.conn.prepare_cached(sql)?.execute(params![worker, before.job.id.as_bytes(), before.version])?;
    Ok(())
}

/// Takes status requests from the bucket that claims use.
pub(super) fn tokens(tx: &Tx<'_>, name: &AccountName, most: usize) -> Result<PollTokens> {
    let Some(account) = account::find(tx.conn, name)?.filter(|_| most > 0) else { return Ok(PollTokens::default()) };
    let standing = account::pauses(tx.conn, account.id, tx.now)?;
    let now = || Ok::<_, crate::error::StepError>(Some(Duration::ZERO));
    if let Some(held) = pauses::held(ClaimStage::Poll, standing, tx.now, now)? {
        return Ok(PollTokens { granted: 0, retry_in: held.retry_in });
    }
    let Some(bucket) = limits::poll_bucket(&account, tx.now) else {
        return Ok(PollTokens { granted: if account.is_bounded() { 0 } else { most }, retry_in: None });
    };
    let granted = bucket.available().min(most);
    limits::keep_poll_tokens(tx, account.id, &bucket, granted)?;
    Ok(PollTokens { granted, retry_in: (granted < most).then(|| bucket.next_in(granted)) })
}

const FOLLOWERS: &str = "SELECT w.follows_until FROM jobs j JOIN workers w ON w.id = j.worker \
    WHERE j.account = ?1 AND j.queue = 7 LIMIT 1";
const FOLLOWERS_OF_BATCH: &str = "SELECT w.follows_until FROM jobs j JOIN workers w ON w.id = j.worker \
    WHERE j.account = ?1 AND j.batch = ?2 AND j.queue = 7 LIMIT 1";

/// How long until a task that a claim may have may be taken from its follower, where any has one.
pub(super) fn next_lapse(scope: &ClaimScope<'_>) -> Result<Option<Duration>> {
    let (conn, account) = (scope.tx.conn, scope.account.id);
    let read = |row: &rusqlite::Row<'_>| code::whole(row, 0);
    let until: Option<Option<i64>> = match scope.batch {
        None => conn.prepare_cached(FOLLOWERS)?.query_row([account], read).optional()?,
        Some(batch) => conn.prepare_cached(FOLLOWERS_OF_BATCH)?.query_row([account, batch], read).optional()?,
    };
    // One that is being taken back is due at once.
    Ok(until.map(|until| reelq_model::Timestamp::from_millis(until.unwrap_or(0)).since(scope.tx.now)))
}
