//! The one thread that writes: it takes all waiting verbs into one transaction, and so pays one fsync for all of them.
//!
//! Each verb runs in a savepoint of its own; no answer leaves before the transaction is on disk.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
};

use reelq_model::{SharedClock, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::watch::Bell;
use crate::{Error, Result};

/// At most this many verbs share a transaction, so that the first of them does not wait for ever.
const GROUP: usize = 256;

/// What a verb may use while it runs.
pub(super) struct Scribe<'a> {
    pub conn: &'a Connection,
    pub now: Timestamp,
    /// Set by a verb that changed something others may wait for.
    pub news: std::cell::Cell<bool>,
}

type Answer = Box<dyn FnOnce(Result<()>) + Send>;
type Verb = Box<dyn FnOnce(Result<&Scribe<'_>, Trouble>) -> Answer + Send>;

/// Why a whole group failed; each of its verbs is told.
#[derive(Debug, Clone)]
struct Trouble {
    reason: String,
    passes: bool,
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        if trouble.passes { Self::unavailable(trouble.reason) } else { Self::broken(trouble.reason) }
    }
}

impl Trouble {
    /// What `error` is to those who wait; `doing` is named.
    fn of(error: rusqlite::Error, doing: &str) -> Self {
        let reason = format!("{doing}: {error}");
        Self { reason, passes: Error::from(error).is_transient() }
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
    pub(super) fn start(conn: Connection, clock: SharedClock, bell: Bell) -> Self {
        let (verbs, waiting) = channel();
        let thread = std::thread::spawn(move || serve(&conn, &clock, &bell, &waiting));
        Self { verbs: Some(verbs), thread: Some(thread) }
    }

    /// Runs a verb in the next transaction and answers once it is durable.
    pub(super) async fn run<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Scribe<'_>) -> Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let verb: Verb = Box::new(move |scribe: Result<&Scribe<'_>, Trouble>| {
            let outcome = scribe.map_err(Error::from).and_then(|scribe| in_savepoint(scribe.conn, || verb(scribe)));
            Box::new(move |committed| {
                // A caller that went away does not want the answer.
                drop(tell.send(committed.and(outcome)));
            })
        });
        let gone = || Error::broken("the thread that writes the state has stopped");
        self.verbs.as_ref().ok_or_else(gone)?.send(verb).map_err(|_| gone())?;
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

fn serve(conn: &Connection, clock: &SharedClock, bell: &Bell, waiting: &Receiver<Verb>) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Verb> = std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect();
        run_group(conn, clock, bell, group);
    }
}

fn run_group(conn: &Connection, clock: &SharedClock, bell: &Bell, group: Vec<Verb>) {
    if let Err(error) = conn.execute_batch("BEGIN IMMEDIATE") {
        tracing::warn!(%error, verbs = group.len(), "the state file could not be locked");
        let trouble = Trouble::of(error, "the state file cannot be locked for writing");
        for verb in group {
            verb(Err(trouble.clone()))(Ok(()));
        }
        return;
    }
    let scribe = Scribe { conn, now: clock.now(), news: std::cell::Cell::new(false) };
    let answers: Vec<Answer> = group.into_iter().map(|verb| verb(Ok(&scribe))).collect();
    let outcome = finish(conn);
    if outcome.is_ok() && scribe.news.get() {
        bell.ring();
    }
    for answer in answers {
        answer(outcome.clone().map_err(Error::from));
    }
}

fn finish(conn: &Connection) -> Result<(), Trouble> {
    if conn.is_autocommit() {
        let reason = "the transaction was rolled back by a fault of the disk".to_owned();
        return Err(Trouble { reason, passes: true });
    }
    conn.execute_batch("COMMIT").map_err(|error| {
        if !conn.is_autocommit() {
            drop(conn.execute_batch("ROLLBACK"));
        }
        Trouble::of(error, "the state file cannot be written")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelq_model::SystemClock;

    use super::*;

    #[tokio::test]
    async fn a_dead_writer_thread_is_an_error_that_repeating_does_not_mend() {
        let conn = Connection::open_in_memory().unwrap();
        let writer = Writer::start(conn, Arc::new(SystemClock::new()), Bell::new(0));
        let killed: Result<()> = writer.run(|_| panic!("a verb that kills the thread")).await;
        let after = writer.run(|_| Ok(())).await;
        for outcome in [killed, after] {
            let error = outcome.unwrap_err();
            assert!(!error.is_transient(), "a run that waits for it would wait for ever: {error}");
            assert!(error.to_string().contains("has stopped"), "{error}");
        }
    }
}
