//! The embedded store: one `SQLite` file, one writer thread a process, any number of processes.
//!
//! All SQL of reelq lives below this folder. A verb's answer goes out only after the transaction that holds it is on disk.

mod account;
mod backup;
mod batch_guards;
mod breaker;
mod bulk;
mod changes;
mod claim;
mod claim_due;
mod claim_queue;
mod claim_ready;
mod claim_scope;
mod code;
mod commit;
mod edit;
mod embedded;
mod error;
mod finish;
mod format;
mod group;
mod groups;
mod heal;
mod history;
mod holds;
mod late;
mod lease;
mod ledger;
mod limits;
mod listing;
mod load;
mod noted;
mod open;
mod pace;
mod purge;
mod readers;
mod ready_index;
mod record;
mod remaining_budget;
mod remove;
mod rescue;
mod reserve;
mod restored;
mod results;
mod row;
mod row_writing;
mod source;
mod spans;
mod split;
mod steady;
#[cfg(test)]
mod steps;
mod store;
mod tasks;
mod ticks;
mod tx;
mod unreadable;
mod views;
mod walk;
mod walk_wanted;
mod watch;
mod witness;
mod worker_locks;
mod writer;

pub use backup::Backup;
pub use embedded::SqliteStore;
