//! Asks the store until it answers: an unreachable store is waited for, never an error of the current work.

use std::{future::Future, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use reelq_store::{Error, Result};

use crate::Dice;

/// Repeats `verb` while the store is away. A fault that repeating will not mend comes back at once.
///
/// Waits for as long as it takes: callers that must end before that race it against their own end.
pub async fn until_answered<T, F>(dice: &Dice, verb: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(dice.seed());
    // The lease renewer reports it, once for all callers.
    let told = |error: &Error, delay| tracing::debug!(%error, ?delay, "the store is away; asking again");
    verb.retry(delays).when(Error::is_transient).notify(told).await
}
