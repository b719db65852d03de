//! Waits for what happens, with a limit, and says what was there instead.

use std::{fmt::Debug, time::Duration};

use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{sleep, timeout},
};

/// How often a state is read again that announces nothing itself.
const EVERY: Duration = Duration::from_millis(5);
/// Longer than anything takes that a test waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// Reads `state` until `is_reached`; gives it then. Panics with the last state after `limit`.
pub async fn wait_for<T: Debug, F: Future<Output = T>>(
    limit: Duration,
    mut state: impl FnMut() -> F,
    is_reached: impl Fn(&T) -> bool,
) -> T {
    let mut last = state().await;
    let reached = timeout(limit, async {
        while !is_reached(&last) {
            sleep(EVERY).await;
            last = state().await;
        }
    });
    let in_time = reached.await.is_ok();
    assert!(in_time, "not reached within {limit:?}; the last state was {last:#?}");
    last
}

/// The next value of a signal of the product. Panics where it does not come.
pub async fn next_signal<T>(signals: &mut UnboundedReceiver<T>) -> T {
    let next = timeout(LIMIT, signals.recv()).await;
    next.expect("the signal did not come in time").expect("what fires the signal is gone")
}
