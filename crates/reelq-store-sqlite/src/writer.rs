//! The one thread that writes: it takes all waiting verbs into one transaction, and so pays one fsync for all of them.
//!
//! No answer leaves before the transaction is on disk.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    changes::ChangeSignal,
    group::{Group, Verb, WaitingVerb},
    steady::Steady,
    tx::Tx,
    witness::Witness,
};
use crate::error::Result;
use reelq_store::Error;

/// At most this many verbs share a transaction, so that the first of them does not wait for ever.
const GROUP: usize = 256;

/// Hands verbs to the writer's thread.
#[derive(Debug)]
pub(super) struct Writer {
    verbs: Option<Sender<Box<dyn Verb>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    #[expect(clippy::disallowed_methods, reason = "the writer's own thread; joined when the writer is dropped")]
    pub(super) fn start(conn: Connection, time: Arc<Steady>, witness: Witness, changes: ChangeSignal) -> Self {
        let (verbs, waiting) = channel();
        let thread = std::thread::spawn(move || serve(&Group { conn, time, witness, changes }, &waiting));
        Self { verbs: Some(verbs), thread: Some(thread) }
    }

    /// The writer of a state that was opened to be read: it refuses every verb.
    pub(super) const fn none() -> Self {
        Self { verbs: None, thread: None }
    }

    /// Runs a verb in the next transaction and answers once it is durable. The verb runs a second time where another one of its
    /// transaction failed halfway; what it did the first time was rolled back by then.
    pub(super) async fn run<T, F>(&self, verb: F) -> reelq_store::Result<T>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let gone = || Error::broken("the thread that writes the state has stopped");
        let none = || Error::broken("the state was opened to be read, and nothing of it may be changed");
        let verb = Box::new(WaitingVerb::new(verb, tell));
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

fn serve(group: &Group, waiting: &Receiver<Box<dyn Verb>>) {
    while let Ok(first) = waiting.recv() {
        group.run(std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect());
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::SystemClock;

    use super::{super::format, *};

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
