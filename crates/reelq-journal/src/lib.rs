//! The local submission journal: what this machine sent and what vendors said yes to, on its own disk before the store is asked.
//!
//! A store that forgot what it acknowledged (Redis may) is told again. Intents are synced before a request can leave,
//! yeses before the store is told.

mod entry;
mod folder;
mod journaled;
mod keeper;
mod lives;
mod own;
mod passed_on;
mod pending;
mod reconcile;
mod scribe;
mod settings;
mod standing;
mod story;

pub use journaled::Journaled;
pub use settings::JournalSettings;
