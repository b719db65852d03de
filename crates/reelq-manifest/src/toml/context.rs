//! What the sources of one document share.

use std::sync::Arc;

use crate::{entries::Defaults, input::Input, names::Names};

/// What the sources of a document share.
pub(crate) struct DocumentContext<'a> {
    pub(crate) input: &'a Input,
    pub(crate) names: Arc<Names>,
    pub(crate) defaults: Option<Defaults>,
    /// Defaults from outside give a prompt.
    pub(crate) has_prompt: bool,
    /// Rows that the matrices may still expand to.
    pub(crate) room: u64,
}
