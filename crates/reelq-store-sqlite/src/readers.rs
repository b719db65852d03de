//! Connections for reading; they see the last committed state and never hold up the writer.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{open, source::Source};
use crate::error::Result;
use reelq_store::Error;

const CONNECTIONS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    from: From,
    free: Semaphore,
}

/// Where connections come from.
#[derive(Debug, Clone)]
enum From {
    /// A writer of this process has the file open.
    Writers { path: PathBuf, idle: Arc<Mutex<Vec<Connection>>> },
    /// No one of this process writes.
    Alone(Arc<Source>),
}

impl Readers {
    pub(super) fn beside_a_writer(path: PathBuf) -> Self {
        Self { from: From::Writers { path, idle: Arc::default() }, free: Semaphore::new(CONNECTIONS) }
    }

    pub(super) fn alone(source: Source) -> Self {
        Self { from: From::Alone(Arc::new(source)), free: Semaphore::new(CONNECTIONS) }
    }

    /// The file, where it is only read.
    pub(super) const fn source(&self) -> Option<&Arc<Source>> {
        match &self.from {
            From::Writers { .. } => None,
            From::Alone(source) => Some(source),
        }
    }

    /// Runs `read` on one snapshot of the state. Where the file changes meanwhile in a way that makes it none, `read` is run
    /// once more.
    pub(super) async fn run<T, F>(&self, read: F) -> reelq_store::Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        let _permit = self.free.acquire().await.map_err(Error::unavailable)?;
        let from = self.from.clone();
        let answer = tokio::task::spawn_blocking(move || from.read(read)).await.map_err(Error::unavailable)?;
        answer.map_err(Error::from)
    }
}

impl From {
    fn read<T>(&self, read: impl Fn(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Self::Alone(source) => source.read(|conn| in_snapshot(conn, &read)),
            Self::Writers { path, idle } => {
                let spare = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let conn = spare.map_or_else(|| open::reader(path), Ok)?;
                let answer = in_snapshot(&conn, &read);
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
                answer
            }
        }
    }
}

fn in_snapshot<T>(conn: &Connection, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    conn.execute_batch("BEGIN")?;
    let answer = read(conn);
    conn.execute_batch("ROLLBACK")?;
    answer
}
