//! The one thread that writes: it takes all waiting verbs into one transaction, and so pays one fsync for all of them.
//!
//! Each verb runs in a savepoint of its own; no answer leaves before the transaction is on disk.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{changes::ChangeSignal, format, steady::Steady, tx::Tx, witness::Witness};
use crate::error::{Result, StepError};
use reelq_store::Error;

/// At most this many verbs share a transaction, so that the first of them does not wait for ever.
const GROUP: usize = 256;

type Answer = Box<dyn FnOnce(reelq_store::Result<()>) + Send>;
type Verb = Box<dyn FnOnce(Result<&Tx<'_>, GroupFailure>) -> Answer + Send>;

/// Why a whole group failed; each of its verbs is told.
#[derive(Debug, Clone)]
enum GroupFailure {
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

/// Hands verbs to the writer's thread.
#[derive(Debug)]
pub(super) struct Writer {
    verbs: Option<Sender<Verb>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    #[expect(clippy::disallowed_methods, reason = "the writer's own thread; joined when the writer is dropped")]
    pub(super) fn start(conn: Connection, time: Arc<Steady>, witness: Witness, changes: ChangeSignal) -> Self {
        let (verbs, waiting) = channel();
        let thread = std::thread::spawn(move || serve(&conn, &Kept { time, witness }, &changes, &waiting));
        Self { verbs: Some(verbs), thread: Some(thread) }
    }

    /// The writer of a state that was opened to be read: it refuses every verb.
    pub(super) const fn none() -> Self {
        Self { verbs: None, thread: None }
    }

    /// Runs a verb in the next transaction and answers once it is durable.
    pub(super) async fn run<T, F>(&self, verb: F) -> reelq_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let verb: Verb = Box::new(move |tx: Result<&Tx<'_>, GroupFailure>| {
            let outcome =
                tx.map_err(|failure| Error::from(failure).into()).and_then(|tx| in_savepoint(tx.conn, || verb(tx)));
            Box::new(move |committed| {
                // A caller that went away does not want the answer.
                drop(tell.send(committed.and(outcome.map_err(Error::from))));
            })
        });
        let gone = || Error::broken("the thread that writes the state has stopped");
        let none = || Error::broken("the state was opened to be read, and nothing of it may be changed");
        self.verbs.as_ref().ok_or_else(none)?.send(verb).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.verbs.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            drop(thread.join());
        }
    }
}

pub(super) fn in_savepoint<T>(conn: &Connection, verb: impl FnOnce() -> Result<T>) -> Result<T> {
    conn.prepare_cached("SAVEPOINT verb")?.execute([])?;
    let outcome = verb();
    if conn.is_autocommit() {
        // The fault rolled the whole transaction back; the group's end reports it.
        return outcome;
    }
    if outcome.is_err() {
        conn.execute_batch("ROLLBACK TO verb")?;
    }
    conn.prepare_cached("RELEASE verb")?.execute([])?;
    outcome
}

/// What is kept of each transaction beside what it is for.
struct Kept {
    time: Arc<Steady>,
    witness: Witness,
}

fn serve(conn: &Connection, kept: &Kept, changes: &ChangeSignal, waiting: &Receiver<Verb>) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Verb> = std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect();
        run_group(conn, kept, changes, group);
    }
}

fn run_group(conn: &Connection, kept: &Kept, changes: &ChangeSignal, group: Vec<Verb>) {
    if let Err(failure) = begin(conn, group.len()) {
        for verb in group {
            verb(Err(failure.clone()))(Ok(()));
        }
        return;
    }
    let before = conn.total_changes();
    let (time, witness) = (&kept.time, &kept.witness);
    let tx = Tx { conn, now: time.begin(conn), wall: time.wall(), news: std::cell::Cell::new(false) };
    let answers: Vec<Answer> = group.into_iter().map(|verb| verb(Ok(&tx))).collect();
    // A look that changed nothing must not look like a change to others.
    let changed = conn.total_changes() != before;
    if changed && let Err(error) = time.keep(conn, tx.now).and_then(|()| Witness::count(conn)) {
        tracing::debug!(%error, "the time was not kept with the transaction");
    }
    let outcome = finish(conn);
    if changed && outcome.is_ok() {
        witness.committed(conn);
    }
    if outcome.is_ok() && tx.news.get() {
        changes.ring();
    }
    for answer in answers {
        answer(outcome.clone().map_err(Error::from));
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

fn finish(conn: &Connection) -> Result<(), GroupFailure> {
    if conn.is_autocommit() {
        let reason = "the transaction was rolled back by a fault of the disk".to_owned();
        return Err(GroupFailure::Passes(reason));
    }
    conn.execute_batch("COMMIT").map_err(|error| {
        if !conn.is_autocommit() {
            drop(conn.execute_batch("ROLLBACK"));
        }
        GroupFailure::of(error, "the state file cannot be written")
    })
}

#[cfg(test)]
mod tests {
    use reelq_model::SystemClock;

    use super::*;

    #[tokio::test]
    async fn a_dead_writer_thread_is_an_error_that_repeating_does_not_mend() {
        let conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "user_version", format::FORMAT).unwrap();
        let time = Arc::new(Steady::open(&conn, Arc::new(SystemClock::new())));
        let writer = Writer::start(conn, time, Witness::none(), ChangeSignal::new(0));
        let killed: reelq_store::Result<()> = writer.run(|_| panic!("a verb that kills the thread")).await;
        let after = writer.run(|_| Ok(())).await;
        for outcome in [killed, after] {
            let error = outcome.unwrap_err();
            assert!(!error.is_transient(), "a run that waits for it would wait for ever: {error}");
            assert!(error.to_string().contains("has stopped"), "{error}");
        }
    }
}
