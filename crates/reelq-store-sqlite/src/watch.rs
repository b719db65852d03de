//! News: a mark that moves when something changed, here or in another process on the same file.

use std::{sync::atomic::Ordering, time::Duration};

use super::{changes::ChangeSignal, format, source::Source, writer::Writer};
use crate::error::Result;

/// How often another process's changes are looked for while someone waits.
pub(super) const LOOK: Duration = Duration::from_millis(200);

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
    let version = writer.run(|tx| format::data_version(tx.conn)).await?;
    if changes.abroad.swap(version, Ordering::Relaxed) != version {
        changes.ring();
    }
    Ok(())
}
