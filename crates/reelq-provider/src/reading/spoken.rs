//! What a reply says in words, for the few rules that have nothing else to go by.

use super::says;
use crate::{
    Reply,
    lenient_json::{Document, decode},
};

/// A page's first words tell what it is about.
const PAGE_BYTES_MAX: usize = 4096;

/// The codes and messages of a reply, or its text where it is no JSON.
pub(super) fn spoken(reply: &Reply, document: Option<&Document>) -> Vec<String> {
    match document {
        Some(found) => says::codes(&found.value).chain(says::messages(&found.value)).collect(),
        None => vec![decode(&reply.body[..reply.body.len().min(PAGE_BYTES_MAX)]).into_owned()],
    }
}
