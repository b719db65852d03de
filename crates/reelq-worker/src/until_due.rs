//! Waiting for a time that may be changed meanwhile.

use std::time::Duration;

use reelq_model::SharedClock;
use tokio::sync::Notify;

/// Waits until what `due` answers has come, by the process's monotonic clock; it is asked anew whenever `changed` is notified.
pub(crate) async fn until_due(clock: &SharedClock, changed: &Notify, due: impl Fn() -> Option<Duration>) {
    loop {
        let now = clock.monotonic();
        match due() {
            Some(due) if due <= now => return,
            Some(due) => {
                tokio::select! {
                    () = tokio::time::sleep(due.saturating_sub(now)) => {}
                    () = changed.notified() => {}
                }
            }
            None => changed.notified().await,
        }
    }
}
