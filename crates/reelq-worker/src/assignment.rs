//! One claimed job on its way from the claimer to its handler.

use std::sync::Arc;

use crate::{Finish, held::Held, registry::Place};

/// A claimed job. Its slot is taken and its lease kept for as long as its place exists.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) held: Arc<Held>,
    /// Taken out by the commit layer, so that slot and lease outlive the handler until the commit is in.
    pub(crate) place: Option<Place>,
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
