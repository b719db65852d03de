//! A reply's body as JSON.

use crate::{Reply, lenient_json, lenient_json::Document};

/// The object in the reply's body; `None` where it holds none.
///
/// A reply that was cut is torn even where its object is whole: another part may have followed.
pub(crate) fn document(reply: &Reply) -> Option<Document> {
    let mut document = lenient_json::read(&reply.body)?;
    if reply.cut.is_some() {
        document.torn.get_or_insert_default();
    }
    Some(document)
}
