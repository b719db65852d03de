//! Who takes part in buying: this folder, once whoever may take the server's place knows of it, and newcomers.

use super::{JournalManager, REMIND};
use reelq_store::{GuardStep, Result, StoreGuard};

impl JournalManager {
    pub(super) fn see_roster(&self, guard: &StoreGuard) {
        let own_file = guard.folders.iter().find(|view| view.folder.id == self.draft.id);
        let mut state = self.state();
        state.roster = guard.roster;
        state.joined = own_file.map(|view| (guard.identity.clone(), view.entered));
    }

    /// Notes who has joined, where someone has: should the store forget them, they are waited for all the same.
    pub(crate) async fn note_newcomers(&self, roster: u64) -> Result<()> {
        if self.state().roster != roster {
            let guard = self.store.guard(&GuardStep::Read).await?;
            self.note_folders(&guard);
            self.see_roster(&guard);
        }
        Ok(())
    }

    /// Whether every server that may take the store's place knows of this folder: before, nothing is bought, for no one would
    /// wait for it.
    pub(crate) async fn is_known_everywhere(&self) -> Result<bool> {
        let joined = self.state().joined.clone();
        if joined == self.state().known {
            return Ok(true);
        }
        let spread = self.store.everywhere().await?;
        let now = self.clock.monotonic();
        let mut state = self.state();
        if spread.is_everywhere() {
            (state.known, state.unknown_told) = (joined, None);
            return Ok(true);
        }
        if state.unknown_told.is_none_or(|told| now.saturating_sub(told) >= REMIND) {
            state.unknown_told = Some(now);
            let (replicas, reached) = (spread.replicas, spread.reached);
            tracing::warn!(
                replicas,
                reached,
                "nothing is bought from here before the server's disk and each of its replicas know of this machine's journal"
            );
        }
        Ok(false)
    }
}
