//! Refusals of a request because an equal one was taken before: they prove nothing about what was bought.

use super::{Complaint, text::plain_words};

const WAYS: [&str; 12] = [
    "already submitted",
    "already been submitted",
    "already exists",
    "already accepted",
    "already being processed",
    "already in progress",
    "duplicate request",
    "duplicate task",
    "duplicate submission",
    "duplicated request",
    "idempotency",
    "重复提交",
];

/// Whether the complaint is that the request was made before.
pub(super) fn is_meant(complaint: &Complaint) -> bool {
    let said = [complaint.code.as_deref().unwrap_or_default(), &complaint.message].map(plain_words);
    WAYS.iter().any(|way| said.iter().any(|words| words.contains(way)))
}
