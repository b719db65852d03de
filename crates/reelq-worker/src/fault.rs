//! The store's first fault that repeating will not mend; it ends the runtime, and leases lapse as after a crash.

use std::sync::{Mutex, PoisonError};

use reelq_store::Error;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Default)]
pub(crate) struct Fault {
    error: Mutex<Option<Error>>,
    raised: CancellationToken,
}

impl Fault {
    /// Keeps the first error and wakes whoever waits for one.
    pub(crate) fn raise(&self, error: Error) {
        tracing::error!(%error, "the store cannot be used");
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.raised.cancel();
    }

    pub(crate) async fn raised(&self) {
        self.raised.cancelled().await;
    }

    pub(crate) fn take(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
