//! News: a mark that moves when something changed, here or in another process on the same file.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::{open, source::Source, writer::Writer};
use crate::error::Result;

/// How often another process's changes are looked for while somebody waits.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// Rung by the writer after a transaction that others may wait for.
#[derive(Debug, Clone)]
pub(super) struct ChangeSignal {
    mark: Arc<watch::Sender<u64>>,
    /// The file's version when another process's commits were last looked for.
    abroad: Arc<AtomicI64>,
}

impl ChangeSignal {
    pub(super) fn new(version: i64) -> Self {
        Self { mark: Arc::new(watch::Sender::new(1)), abroad: Arc::new(AtomicI64::new(version)) }
    }

    pub(super) fn ring(&self) {
        self.mark.send_modify(|mark| *mark = mark.wrapping_add(1).max(1));
    }

    pub(super) fn mark(&self) -> u64 {
        *self.mark.borrow()
    }

    /// Waits until the mark differs from `seen`, at most `limit`.
    pub(super) async fn heard(&self, seen: u64, limit: Duration) -> u64 {
        let mut listener = self.mark.subscribe();
        // Either way the present mark is the answer.
        drop(tokio::time::timeout(limit, listener.wait_for(|mark| *mark != seen)).await);
        self.mark()
    }
}

/// Waits for news after `mark`, looking now and then whether another process brought some.
pub(super) async fn wait(changes: &ChangeSignal, writer: &Writer, mark: u64, limit: Duration) -> Result<u64> {
    let mut left = limit;
    loop {
        let present = changes.mark();
        if present != mark || left.is_zero() {
            return Ok(present);
        }
        let step = left.min(LOOK);
        let heard = changes.heard(mark, step).await;
        if heard != mark {
            return Ok(heard);
        }
        left = left.saturating_sub(step);
        look_abroad(changes, writer).await?;
    }
}

/// The same for a state that is only read: waits until its files change.
pub(super) async fn look(source: &Source, mark: u64, limit: Duration) -> Result<u64> {
    let mut left = limit;
    loop {
        let present = source.mark()?;
        if present != mark || left.is_zero() {
            return Ok(present);
        }
        let step = left.min(LOOK);
        tokio::time::sleep(step).await;
        left = left.saturating_sub(step);
    }
}

/// Rings the bell where another process has written to the file since the last look.
async fn look_abroad(changes: &ChangeSignal, writer: &Writer) -> Result<()> {
    // On the writer's own connection this number moves only with the commits of others.
    let version = writer.run(|tx| open::data_version(tx.conn)).await?;
    if changes.abroad.swap(version, Ordering::Relaxed) != version {
        changes.ring();
    }
    Ok(())
}
