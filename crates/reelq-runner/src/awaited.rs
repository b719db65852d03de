//! Journals that the store waits for, since it may have lost purchases.

use reelq_console::{CommandError, Out};
use reelq_store::{FolderView, GuardStep, Store, StoreGuard};

/// Says whom the store waits for; nothing where it waits for no one.
pub async fn say_waiting(store: &dyn Store, out: Out) -> Result<(), CommandError> {
    let guard = store.guard(&GuardStep::Read).await?;
    if let Some(found) = waiting(&guard) {
        out.note(&format!("{found}; {FIX}"));
    }
    Ok(())
}

/// How to end the waiting.
pub const FIX: &str =
    "start a worker on each of these machines, or, where one is gone for good: reelq resume --after-loss";

/// Whom the store waits for.
pub fn waiting(guard: &StoreGuard) -> Option<String> {
    let all: Vec<String> = guard.awaited().map(shown).collect();
    (!all.is_empty()).then(|| {
        format!(
            "the store may have lost purchases, and nothing new is bought before these were asked: {}",
            all.join(", ")
        )
    })
}

/// A journal that is waited for, as people read it.
pub fn shown(view: &FolderView) -> String {
    let (path, host, seen) = (&view.folder.path, &view.folder.host, view.seen_at);
    let why =
        if view.is_short { "it holds no more what the store has lost" } else { "it was not held against the store" };
    format!("the journal {path} on {host}, last heard {seen} ({why})")
}
