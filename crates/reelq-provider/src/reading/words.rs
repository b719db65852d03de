//! Status words, over all vendors.

/// What a status word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The task goes on.
    GoesOn,
    /// Not a word that any vendor documents: what stands beside it tells, and without that it goes on.
    Unknown,
    Succeeded,
    Failed,
    Cancelled,
}

const GOES_ON: [&str; 15] = [
    "queued",
    "notstarted",
    "pending",
    "waiting",
    "queuing",
    "submitted",
    "starting",
    "inqueue",
    "preparing",
    "queueing",
    "processing",
    "running",
    "generating",
    "inprogress",
    "started",
];
const SUCCEEDED: [&str; 5] = ["completed", "succeeded", "success", "finished", "done"];
const FAILED: [&str; 4] = ["failed", "fail", "error", "aborted"];
const CANCELLED: [&str; 2] = ["cancelled", "canceled"];

/// What `word` means, whatever its case and however its parts are joined. No other form of a word is guessed.
pub(crate) fn meaning(word: &str) -> Meaning {
    let joint = |letter: &char| !matches!(letter, '-' | '_') && !letter.is_whitespace();
    let word = word.chars().filter(joint).collect::<String>().to_ascii_lowercase();
    let among = |words: &[&str]| words.contains(&word.as_str());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_whatever_their_case_and_joints_and_never_guessed() {
        for (word, means) in [
            ("COMPLETED", Meaning::Succeeded),
            (" In Progress ", Meaning::GoesOn),
            ("IN-PROGRESS", Meaning::GoesOn),
            ("not_started", Meaning::GoesOn),
            ("NotStarted", Meaning::GoesOn),
            ("Canceled", Meaning::Cancelled),
            ("succeed", Meaning::Unknown),
            ("complete", Meaning::Unknown),
            ("canceled by user", Meaning::Unknown),
            ("failed?", Meaning::Unknown),
            ("", Meaning::Unknown),
        ] {
            assert_eq!(meaning(word), means, "{word}");
        }
    }
}
