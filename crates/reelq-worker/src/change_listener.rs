//! Listens to changes that other processes make to the store, and wakes every stage worker.

use std::{sync::Arc, time::Duration};

use reelq_store::SharedStore;
use tokio_util::sync::CancellationToken;

use crate::{Overview, followed_tasks::FollowedByAccount, wakeup_timers::WakeupTimers};

/// The longest wait for a change in one call.
const PATIENCE: Duration = Duration::from_secs(30);
/// The shortest time between two calls: our own commits are changes too.
const CALM: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct ChangeListener {
    pub(crate) store: SharedStore,
    pub(crate) timers: Arc<WakeupTimers>,
    pub(crate) followed: FollowedByAccount,
    pub(crate) overview: Arc<Overview>,
    pub(crate) done: CancellationToken,
}

impl ChangeListener {
    /// Listens until the runtime is done.
    pub(crate) async fn run(self) {
        tokio::select! {
            () = self.listen() => {}
            () = self.done.cancelled() => {}
        }
    }

    async fn listen(&self) {
        let mut mark = 0;
        loop {
            match self.store.watch(mark, PATIENCE).await {
                Ok(next) => {
                    if next != mark {
                        self.overview.outdate();
                        self.timers.wake_all();
                        self.followed.values().for_each(|tasks| tasks.outdate());
                    }
                    mark = next;
                }
                Err(error) => {
                    self.overview.outdate();
                    tracing::debug!(%error, "the store reports no changes");
                }
            }
            tokio::time::sleep(CALM).await;
        }
    }
}
