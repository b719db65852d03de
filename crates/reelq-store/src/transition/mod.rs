//! What each verb makes of one job, as pure functions: no clock, no I/O, no randomness.
//!
//! An engine loads a job, asks one of these, and saves the [`Change`] or sets it by compare-and-set. So every store judges
//! alike.

mod change;
mod commit;
mod edit;
mod import;
mod late;
mod lease;
#[cfg(test)]
pub(crate) mod samples;
mod stored;

pub use change::{Change, HistoryNote, LeaseStep};
pub use commit::{Step, commit};
pub use edit::{EditStep, after_note, apply_event, cancel, edit, wake};
pub use import::{LineGone, LineTerms, line_is_back, line_is_gone, take_over};
pub use late::{LateStep, OrphanCharge, record_acceptance, restore_submission, settle_doubt};
pub use lease::{hand_back, withdraw};
pub use stored::StoredJob;
