//! Pauses an account for all workers on the provider's word.

use std::time::Duration;

use reelq_model::{AccountName, BlockReason, Setback};
use reelq_store::{PauseReason, SharedStore};
use tokio::time::timeout;

use crate::{Backoff, SharedRng, retry_transient};

/// Waits after a 429 that names none, by setbacks in a row.
const THROTTLED: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(5) };
/// The shortest pause.
const MOMENT: Duration = Duration::from_millis(200);
/// No one waits longer than this on a provider's word alone.
const LONGEST: Duration = Duration::from_hours(24);
/// How long to try to share a pause with the other workers; the current job must be settled before its lease ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses an account for all workers, through the store.
#[derive(Debug)]
pub struct AccountPauser {
    /// The account.
    pub account: AccountName,
    /// Where pauses are kept.
    pub store: SharedStore,
    /// For delays.
    pub rng: SharedRng,
}

impl AccountPauser {
    /// The provider said "too fast": pauses for as long as it asked, or by setbacks where it named no wait. Gives the wait
    /// of the job that was refused: a moment, longer with its setbacks. The account's pause holds it for the rest, so that
    /// whoever lifts the pause frees the job too.
    pub async fn throttled(&self, setback: &Setback, setbacks: u32) -> Duration {
        let ours = THROTTLED.full_jitter(setbacks, &self.rng).max(THROTTLED.base / 2);
        // Whatever a provider names, a refusal in a row with others gives it a moment.
        let named = setback.wait.map(|wait| wait.max(MOMENT).min(LONGEST));
        let pause = named.unwrap_or(ours);
        self.pause(&PauseReason::Throttled, Some(pause)).await;
        ours
    }

    /// The provider refuses the account: pauses until a person acts.
    pub async fn blocked(&self, block: BlockReason, message: &str) {
        tracing::error!(account = %self.account, block = block.as_str(), message, "the provider refuses the account");
        self.pause(&PauseReason::Blocked { block, message: message.to_owned() }, None).await;
    }

    async fn pause(&self, reason: &PauseReason, lasts: Option<Duration>) {
        let paused = retry_transient(&self.rng, || self.store.pause_account(&self.account, reason, lasts));
        match timeout(PATIENCE, paused).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the pause could not be shared with the other workers"),
            Err(_) => tracing::warn!("the store is unreachable; the pause could not be shared with the other workers"),
        }
    }
}
