//! A transaction of the writer, as verbs see it.

use reelq_model::Timestamp;
use rusqlite::Connection;

/// What a verb may use while it runs.
pub(super) struct Tx<'a> {
    pub conn: &'a Connection,
    /// The store's time.
    pub now: Timestamp,
    /// What the clock on the wall shows; only the calendar of schedules goes by it.
    pub wall: Timestamp,
    /// Set by a verb that changed something others may wait for.
    pub news: std::cell::Cell<bool>,
}
