//! The mark that moves when this process changed something others may wait for.

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use tokio::sync::watch;

/// Rung by the writer after a transaction that others may wait for.
#[derive(Debug, Clone)]
pub(super) struct ChangeSignal {
    mark: Arc<watch::Sender<u64>>,
    /// The file's version when another process's commits were last looked for.
    pub(super) abroad: Arc<AtomicI64>,
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
