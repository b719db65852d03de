//! The store's first error that a retry cannot fix: nothing more is claimed, what was sent is waited for, and the
//! runtime ends. Leases lapse as after a crash.

use std::sync::{Mutex, PoisonError};

use reelq_store::Error;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Default)]
pub(crate) struct FatalError {
    error: Mutex<Option<Error>>,
    raised: CancellationToken,
}

impl FatalError {
    /// Keeps the first error and wakes everyone who waits for one.
    pub(crate) fn raise(&self, error: Error) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if self.raised.is_cancelled() {
            tracing::debug!(%error, "the store cannot be used");
            return;
        }
        tracing::error!(%error, "the store cannot be used: nothing more is bought, and what was sent is waited for");
        *first = Some(error);
        self.raised.cancel();
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.raised.is_cancelled()
    }

    pub(crate) async fn raised(&self) {
        self.raised.cancelled().await;
    }

    pub(crate) fn take(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
