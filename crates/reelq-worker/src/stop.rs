//! Stops a runtime: the first call lets jobs in flight finish, the second drops them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

/// Stops a runtime from anywhere, for example from a signal handler.
#[derive(Debug, Clone, Default)]
pub struct Stopper {
    stopping: CancellationToken,
    cut: CancellationToken,
    /// Someone called [`Stopper::stop`]; the runtime may end by itself as well.
    called: Arc<AtomicBool>,
}

impl Stopper {
    /// The first call stops claiming and lets requests in flight finish; the second drops them. Both are safe. A runtime that
    /// is ending by itself lets them finish, too: then the first call changes nothing.
    pub fn stop(&self) {
        if self.called.swap(true, Ordering::SeqCst) {
            self.cut.cancel();
        }
        self.stopping.cancel();
    }

    /// Whether the runtime is ending.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Waits for the first call.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Stops claiming, as the first [`Stopper::stop`] does; never drops anything.
    pub(crate) fn begin(&self) {
        self.stopping.cancel();
    }

    /// Drops the jobs in flight.
    pub(crate) fn cut(&self) {
        self.stopping.cancel();
        self.cut.cancel();
    }

    /// Waits for the second call.
    pub(crate) async fn cutting(&self) {
        self.cut.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_stop_of_a_runtime_that_ends_by_itself_drops_nothing() {
        let stopper = Stopper::default();
        stopper.begin();
        stopper.clone().stop();
        assert!(stopper.is_stopping() && !stopper.cut.is_cancelled());
        stopper.stop();
        assert!(stopper.cut.is_cancelled());
    }
}
