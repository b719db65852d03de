//! The right to run a batch: two runs of one batch do not overlap, on one machine or on several.
//!
//! It is renewed for as long as the run lives. A run that died gives it up at once on the same machine, else after its time.

use std::time::Duration;

use reelq_model::{BatchName, WorkerId};
use reelq_store::{BatchHold, SharedStore};

use crate::failure::Failure;

/// How long it lasts without a sign of life.
const LASTS: Duration = Duration::from_secs(30);

/// The right to run a batch.
#[derive(Debug)]
pub(crate) struct Holding {
    store: SharedStore,
    batch: BatchName,
    worker: WorkerId,
}

impl Holding {
    /// Takes it, or says who has it.
    pub(crate) async fn take(store: SharedStore, batch: BatchName, worker: WorkerId) -> Result<Self, Failure> {
        match store.hold_batch(&batch, &worker, LASTS).await? {
            BatchHold::Held => Ok(Self { store, batch, worker }),
            BatchHold::Taken { worker, since, .. } => Err(Failure::Again(format!(
                "batch {batch} is run by {worker} since {since}: nothing was done; run it again when that has ended"
            ))),
        }
    }

    /// Renews it for as long as it is polled.
    pub(crate) async fn keep(&self) {
        loop {
            tokio::time::sleep(LASTS / 3).await;
            self.renew().await;
        }
    }

    /// Renews it now.
    pub(crate) async fn renew(&self) {
        if let Err(error) = self.store.hold_batch(&self.batch, &self.worker, LASTS).await {
            tracing::warn!(batch = %self.batch, %error, "the right to run the batch was not renewed");
        }
    }

    /// Gives it up.
    pub(crate) async fn leave(self) {
        let left = self.store.leave_batch(&self.batch, &self.worker).await;
        if let Err(error) = left.and(self.store.sign_off(&self.worker).await) {
            tracing::warn!(batch = %self.batch, %error, "the right to run the batch lapses by itself");
        }
    }
}
