//! Waits for a store that is away while a command begins: a server that restarts is back in a moment.

use std::{mem, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use reelq_console::CommandError;
use reelq_store_redis::Patience;

/// So long a store may be away before a command gives up, at its beginning and in the middle: a server that restarts is back
/// by then.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Repeats `attempt` while the store is away, and says so once.
///
/// # Errors
/// Whatever else fails, at once; and that the store is away, once it has been for half a minute.
pub(crate) async fn until_reached<T, F>(
    patience: &Patience,
    seed: u64,
    attempt: impl FnMut() -> F,
) -> Result<T, CommandError>
where
    F: Future<Output = Result<T, CommandError>>,
{
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .with_total_delay(Some(patience.get()))
        .with_jitter()
        .with_jitter_seed(seed);
    let mut is_told = false;
    let tell = |failure: &CommandError, _| {
        if !mem::replace(&mut is_told, true) {
            let why = failure.in_one_line();
            tracing::warn!("{why}; trying again for up to {} s", patience.get().as_secs());
        }
    };
    attempt.retry(delays).when(CommandError::is_transient).notify(tell).await
}
