//! Refusals of a request because an equal one was taken before: they prove nothing about what was bought.

use super::text::plain_words;

const WAYS: [&str; 16] = [
    "already submitted",
    "already been submitted",
    "already exists",
    "already created",
    "already been created",
    "existing task",
    "task exists",
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

/// Whether the texts of a refusal say that the request was made before.
pub(super) fn is_meant(spoken: &[String]) -> bool {
    spoken.iter().map(|text| plain_words(text)).any(|words| WAYS.iter().any(|way| words.contains(way)))
}
