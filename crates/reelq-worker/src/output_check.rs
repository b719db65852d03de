//! What a submitter asks before it buys: whether the output can be put anywhere.

use std::fmt;

use async_trait::async_trait;
use reelq_model::BatchName;

/// Knows the output places of batches.
#[async_trait]
pub trait OutputCheck: Send + Sync + fmt::Debug {
    /// Checks whether the batch's output place takes files. The result is remembered for a while.
    ///
    /// # Errors
    /// Why it does not, as a fragment for messages. May be asked again at any time.
    async fn check(&self, batch: &BatchName) -> Result<(), String>;
}
