//! One claimed job on its way from the claimer to its handler.

use std::sync::Arc;

use crate::{Finish, in_flight::InFlightEntry, leased_job::LeasedJob};

/// A claimed job. Its slot is taken and its lease kept for as long as its entry exists.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) leased: Arc<LeasedJob>,
    /// Taken out by the commit layer, so that slot and lease outlive the handler until the commit is in.
    pub(crate) entry: Option<InFlightEntry>,
}

/// How a handler's run ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The handler had something to say.
    Finished(Finish),
    /// The handler panicked with this message.
    Panicked(String),
    /// The runtime dropped it.
    Cut,
}
