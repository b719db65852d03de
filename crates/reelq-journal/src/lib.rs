//! The local submission journal: what this machine sent and what vendors said yes to, on its own disk before the store is asked.
//!
//! A store that forgot what it acknowledged (Redis may) is told again. Intents are synced before a request can leave,
//! yeses before the store is told.

mod entry;
mod epoch;
mod folder;
mod journaled;
mod lives;
mod manager;
mod own_file;
mod pending;
mod purchases;
mod reconcile;
mod replay;
mod settings;
mod writer;

pub use journaled::Journaled;
pub use settings::JournalSettings;
