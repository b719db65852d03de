//! A reply's body as JSON.

use crate::{Reply, lenient_json, lenient_json::Document};

/// The object in the reply's body; `None` where it holds none.
pub(crate) fn document(reply: &Reply) -> Option<Document> {
    lenient_json::read(&reply.body)
}

/// Whether only a part of the reply came. An object that is closed is whole, whatever became of the connection after it.
pub(super) fn is_half(reply: &Reply, document: Option<&Document>) -> bool {
    match document {
        Some(found) => found.torn.as_ref().is_some_and(|torn| torn.at_end || reply.cut.is_some()),
        None => reply.cut.is_some(),
    }
}
