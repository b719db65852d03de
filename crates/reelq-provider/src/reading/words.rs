//! Status words, over all vendors.

/// What a status word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The task goes on.
    GoesOn,
    /// Not a word that any vendor documents: taken as going on.
    Unknown,
    Succeeded,
    Failed,
    Cancelled,
}

const GOES_ON: [&str; 15] = [
    "queued",
    "not_started",
    "pending",
    "waiting",
    "queuing",
    "submitted",
    "starting",
    "in_queue",
    "preparing",
    "queueing",
    "processing",
    "running",
    "generating",
    "in_progress",
    "started",
];
const SUCCEEDED: [&str; 5] = ["completed", "succeeded", "success", "finished", "done"];
const FAILED: [&str; 4] = ["failed", "fail", "error", "aborted"];
const CANCELLED: [&str; 2] = ["cancelled", "canceled"];

/// What `word` means, whatever its case.
pub(super) fn meaning(word: &str) -> Meaning {
    let word = word.trim();
    let among = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if among(&SUCCEEDED) {
        Meaning::Succeeded
    } else if among(&FAILED) {
        Meaning::Failed
    } else if among(&CANCELLED) {
        Meaning::Cancelled
    } else if among(&GOES_ON) {
        Meaning::GoesOn
    } else {
        Meaning::Unknown
    }
}
