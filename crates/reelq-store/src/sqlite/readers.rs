//! Connections for reading; they see the last committed state and never hold up the writer.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::open;
use crate::{Error, Result};

const CONNECTIONS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Semaphore,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), free: Semaphore::new(CONNECTIONS) }
    }

    /// Runs `read` on one snapshot of the state.
    pub(super) async fn run<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let _permit = self.free.acquire().await.map_err(Error::unavailable)?;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let work = move || {
            let spare = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = spare.map_or_else(|| open::reader(&path), Ok)?;
            let answer = in_snapshot(&conn, read);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            answer
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::unavailable)?
    }
}

fn in_snapshot<T>(conn: &Connection, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    conn.execute_batch("BEGIN")?;
    let answer = read(conn);
    conn.execute_batch("ROLLBACK")?;
    answer
}
