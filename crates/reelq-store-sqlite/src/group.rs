//! A transaction of several verbs, each of which happens whole or not at all, and fails for itself alone.
//!
//! A verb that fails has mostly changed nothing. Where one has, the transaction is rolled back and each verb gets one of its own:
//! that is rare, and no savepoint is paid for by those that succeed.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{changes::ChangeSignal, format, steady::Steady, tx::Tx, witness::Witness};
use crate::error::{Result, StepError};
use reelq_store::Error;

/// Why a whole group failed; each of its verbs is told.
#[derive(Debug, Clone)]
pub(super) enum GroupFailure {
    Passes(String),
    Stays(String),
    /// A newer version has raised the file's format since it was opened.
    Format(u32),
}

impl From<GroupFailure> for Error {
    fn from(failure: GroupFailure) -> Self {
        match failure {
            GroupFailure::Passes(reason) => Self::unavailable(reason),
            GroupFailure::Stays(reason) => Self::broken(reason),
            GroupFailure::Format(found) => Self::Format { found, supported: format::FORMAT },
        }
    }
}

impl GroupFailure {
    /// What `error` is to those who wait; `doing` is named.
    fn of(error: rusqlite::Error, doing: &str) -> Self {
        let reason = format!("{doing}: {error}");
        if StepError::from(error).is_transient() { Self::Passes(reason) } else { Self::Stays(reason) }
    }
}

/// A verb that waits to be run, and to answer.
pub(super) trait Verb: Send {
    /// Runs it and keeps its outcome in the place of that before; whether it succeeded.
    fn run(&mut self, tx: &Tx<'_>) -> bool;

    /// Answers with its outcome, or with why its transaction failed.
    fn answer(self: Box<Self>, committed: Result<(), GroupFailure>);
}

/// A verb with whoever waits for it.
pub(super) struct WaitingVerb<T, F> {
    verb: F,
    outcome: Option<Result<T>>,
    tell: oneshot::Sender<reelq_store::Result<T>>,
}

impl<T, F> WaitingVerb<T, F> {
    pub(super) const fn new(verb: F, tell: oneshot::Sender<reelq_store::Result<T>>) -> Self {
        Self { verb, outcome: None, tell }
    }
}

impl<T: Send, F: Fn(&Tx<'_>) -> Result<T> + Send> Verb for WaitingVerb<T, F> {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        self.outcome.insert((self.verb)(tx)).is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), GroupFailure>) {
        let Self { outcome, tell, .. } = *self;
        let unrun = || Err(Error::broken("the verb was not run").into());
        let outcome = committed.map_err(Error::from).and_then(|()| outcome.unwrap_or_else(unrun).map_err(Error::from));
        // A caller that went away does not want the answer.
        drop(tell.send(outcome));
    }
}

/// What the writer's thread runs groups of verbs with.
pub(super) struct Group {
    pub conn: Connection,
    pub time: Arc<Steady>,
    pub witness: Witness,
    pub changes: ChangeSignal,
}

impl Group {
    /// Runs the verbs and answers each.
    pub(super) fn run(&self, mut verbs: Vec<Box<dyn Verb>>) {
        if let Some(outcome) = self.run_together(&mut verbs) {
            for verb in verbs {
                verb.answer(outcome.clone());
            }
            return;
        }
        for mut verb in verbs {
            let outcome = self.run_together(std::slice::from_mut(&mut verb));
            // Alone, it is no news that nothing of it happened.
            verb.answer(outcome.unwrap_or(Ok(())));
        }
    }

    /// Runs the verbs in one transaction and says what became of that; `None` where it was rolled back because a verb failed
    /// halfway.
    fn run_together(&self, verbs: &mut [Box<dyn Verb>]) -> Option<Result<(), GroupFailure>> {
        let conn = &self.conn;
        if let Err(failure) = begin(conn, verbs.len()) {
            return Some(Err(failure));
        }
        let before = conn.total_changes();
        let now = self.time.begin(conn);
        let tx = Tx { conn, now, wall: self.time.wall(), news: std::cell::Cell::new(false) };
        for verb in verbs {
            let unchanged = conn.total_changes();
            let is_whole = verb.run(&tx) || conn.total_changes() == unchanged;
            if conn.is_autocommit() {
                let reason = "the transaction was rolled back by a fault of the disk".to_owned();
                return Some(Err(GroupFailure::Passes(reason)));
            }
            if !is_whole {
                return roll_back(conn).err().map(Err);
            }
        }
        Some(self.end(&tx, conn.total_changes() != before))
    }

    /// Commits, and lets others know. A look that changed nothing must not look like a change to them.
    fn end(&self, tx: &Tx<'_>, changed: bool) -> Result<(), GroupFailure> {
        let conn = tx.conn;
        if changed && let Err(error) = self.time.keep(conn, tx.now).and_then(|()| Witness::count(conn)) {
            tracing::debug!(%error, "the time was not kept with the transaction");
        }
        commit(conn)?;
        if changed {
            self.witness.committed(conn);
        }
        if tx.news.get() {
            self.changes.ring();
        }
        Ok(())
    }
}

/// Begins a transaction on a file that still has this version's format: whoever raised it may reckon with what this one does not
/// write.
fn begin(conn: &Connection, verbs: usize) -> Result<(), GroupFailure> {
    if let Err(error) = conn.execute_batch("BEGIN IMMEDIATE") {
        tracing::warn!(%error, verbs, "the state file could not be locked");
        return Err(GroupFailure::of(error, "the state file cannot be locked for writing"));
    }
    let found: rusqlite::Result<u32> =
        conn.prepare_cached("PRAGMA user_version").and_then(|mut read| read.query_row([], |row| row.get(0)));
    let failure = match found {
        Ok(found) if found == format::FORMAT => return Ok(()),
        Ok(found) => GroupFailure::Format(found),
        Err(error) => GroupFailure::of(error, "the state file cannot be read"),
    };
    drop(conn.execute_batch("ROLLBACK"));
    Err(failure)
}

/// Takes back what the transaction did. Where it cannot, the transaction is gone or is none that may be committed.
fn roll_back(conn: &Connection) -> Result<(), GroupFailure> {
    conn.execute_batch("ROLLBACK").map_err(|error| GroupFailure::of(error, "a transaction cannot be rolled back"))
}

fn commit(conn: &Connection) -> Result<(), GroupFailure> {
    conn.execute_batch("COMMIT").map_err(|error| {
        if !conn.is_autocommit() {
            drop(conn.execute_batch("ROLLBACK"));
        }
        GroupFailure::of(error, "the state file cannot be written")
    })
}

#[cfg(test)]
mod tests;
