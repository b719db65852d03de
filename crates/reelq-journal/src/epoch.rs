//! Whom the store waits for before anything new is bought, and how often that is said.

use std::time::Duration;

use reelq_store::{FolderView, StoreGuard};

/// Living processes answer within this; only then it is worth a word.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is said.
const REMIND: Duration = Duration::from_secs(30);
/// How often it is asked while someone is missing.
const ASK: Duration = Duration::from_secs(1);

/// The folders that the store waits for.
#[derive(Debug, Default)]
pub(super) struct Waits {
    since: Option<Duration>,
    asked: Duration,
    told: Option<Duration>,
}

impl Waits {
    /// Takes the store's word; tells it where it lasts.
    pub(super) fn see(&mut self, guard: &StoreGuard, own_file: &str, now: Duration) {
        self.asked = now;
        if guard.awaited().next().is_none() {
            if self.told.take().is_some() {
                tracing::info!("every journal was held against the store: buying goes on");
            }
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert(now);
        let own_is_short = guard.awaited().any(|view| view.folder.id == own_file && view.is_short);
        let is_time = self.told.is_none_or(|told| now.saturating_sub(told) >= REMIND);
        if is_time && (own_is_short || now.saturating_sub(since) >= PATIENCE) {
            self.told = Some(now);
            guard.awaited().for_each(warn);
        }
    }

    /// Whether someone was missing when it was last asked.
    pub(super) const fn is_waiting(&self) -> bool {
        self.since.is_some()
    }

    /// Whether someone was missing a while ago.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.since.is_some() && now.saturating_sub(self.asked) >= ASK
    }
}

fn warn(view: &FolderView) {
    let (host, folder, seen) = (&view.folder.host, &view.folder.path, view.seen_at);
    if view.is_short {
        tracing::warn!(
            %host, %folder,
            "nothing new is bought: the store has lost purchases of more than ten minutes ago, which this journal holds no \
             more; compare the vendors' bills, then go on with: reelq resume --after-loss"
        );
    } else {
        tracing::warn!(
            %host, %folder, %seen,
            "nothing new is bought: the store may have lost purchases that this journal knows; start a worker there, or, \
             where it is gone for good, go on with: reelq resume --after-loss"
        );
    }
}
