//! Retries store verbs on transient errors: an unreachable store is waited for, never an error of the current work.

use std::{future::Future, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use reelq_store::{Error, Result};

use crate::SharedRng;

/// Repeats `verb` while the store is unreachable. Every other error is returned at once.
///
/// Waits for as long as it takes: callers that must end before that race it against their own end.
pub async fn retry_transient<T, F>(rng: &SharedRng, verb: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(rng.seed());
    // The lease renewer reports it, once for all callers.
    let log = |error: &Error, delay| tracing::debug!(%error, ?delay, "the store is unreachable; asking again");
    verb.retry(delays).when(Error::is_transient).notify(log).await
}
