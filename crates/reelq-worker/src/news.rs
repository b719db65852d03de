//! Hears of changes that others make to the store, and has every lane look again.

use std::{sync::Arc, time::Duration};

use reelq_store::SharedStore;
use tokio_util::sync::CancellationToken;

use crate::bells::Bells;

/// The longest wait for news in one call.
const PATIENCE: Duration = Duration::from_secs(30);
/// The shortest time between two looks: our own commits are news too.
const CALM: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct News {
    pub(crate) store: SharedStore,
    pub(crate) bells: Arc<Bells>,
    pub(crate) done: CancellationToken,
}

impl News {
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
                        self.bells.ring_all();
                    }
                    mark = next;
                }
                Err(error) => tracing::debug!(%error, "no news from the store"),
            }
            tokio::time::sleep(CALM).await;
        }
    }
}
