//! [`SqliteStore`]: what it consists of, and how it is opened.

use std::{path::Path, sync::Arc};

use reelq_model::{SharedClock, WorkerId};
use reelq_store::Result;

use super::{
    changes::ChangeSignal, format, lease, open, readers::Readers, rescue, reserve, reserve::Reserve, source::Source,
    steady::Steady, witness::Witness, worker_locks::WorkerLocks, writer::Writer,
};

/// The embedded store. Several processes may have the same file open.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) writer: Writer,
    pub(super) readers: Readers,
    pub(super) worker_locks: Arc<WorkerLocks>,
    pub(super) reserve: Arc<Reserve>,
    pub(super) changes: ChangeSignal,
    pub(super) time: Arc<Steady>,
}

impl SqliteStore {
    /// Opens the state file at `path`, creating it and its folder where they are new.
    ///
    /// Blocks for a moment; a file of another program, a damaged one or a newer format is refused and left as it is.
    pub fn open(path: &Path, clock: SharedClock) -> Result<Self> {
        let conn = open::writer(path)?;
        let changes = ChangeSignal::new(format::data_version(&conn)?);
        let time = Arc::new(Steady::open(&conn, clock));
        reserve::replay(&conn, path, &time);
        let witness = Witness::open(&conn, path)?;
        Ok(Self {
            writer: Writer::start(conn, Arc::clone(&time), witness, changes.clone()),
            readers: Readers::beside_a_writer(path.to_owned()),
            worker_locks: Arc::new(WorkerLocks::beside(path)),
            reserve: Arc::new(Reserve::beside(path)),
            changes,
            time,
        })
    }

    /// Opens the state file at `path` to be read: it may be another user's, on a read-only file system, or locked by a writer.
    ///
    /// Nothing is made, migrated or repaired, and every verb that would change something is refused. Blocks for a moment.
    ///
    /// # Errors
    ///
    /// Where the file is missing, another program's, or of a newer format, or where it cannot be read.
    pub fn open_reading(path: &Path, clock: &SharedClock) -> Result<Self> {
        let source = Source::open(path)?;
        let time = source.read(|conn| Ok(Steady::open(conn, Arc::clone(clock))))?;
        Ok(Self {
            writer: Writer::none(),
            readers: Readers::alone(source),
            worker_locks: Arc::new(WorkerLocks::beside(path)),
            reserve: Arc::new(Reserve::beside(path)),
            changes: ChangeSignal::new(0),
            time: Arc::new(time),
        })
    }

    /// Does what blocks for a moment where it holds no one up.
    pub(super) async fn aside(&self, work: impl FnOnce() + Send + 'static) {
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "keeping paid tasks beside the state failed");
        }
    }

    /// Holds the worker's lock; leases that an earlier process left under the same name are taken back.
    pub(super) async fn announce(&self, worker: &WorkerId) -> Result<()> {
        if !self.worker_locks.announce(worker)? {
            return Ok(());
        }
        let worker = worker.clone();
        self.writer
            .run(move |tx| {
                let id = lease::worker(tx, &worker)?;
                rescue::of_worker(tx, id).map(drop)
            })
            .await
    }
}
