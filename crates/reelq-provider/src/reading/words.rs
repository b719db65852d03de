//! Status words, over all vendors.

/// What a status word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusMeaning {
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
pub(crate) fn meaning(word: &str) -> StatusMeaning {
    let joint = |letter: &char| !matches!(letter, '-' | '_') && !letter.is_whitespace();
    let word = word.chars().filter(joint).collect::<String>().to_ascii_lowercase();
    let among = |words: &[&str]| words.contains(&word.as_str());
    if among(&SUCCEEDED) {
        StatusMeaning::Succeeded
    } else if among(&FAILED) {
        StatusMeaning::Failed
    } else if among(&CANCELLED) {
        StatusMeaning::Cancelled
    } else if among(&GOES_ON) {
        StatusMeaning::GoesOn
    } else {
        StatusMeaning::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_whatever_their_case_and_joints_and_never_guessed() {
        for (word, means) in [
            ("COMPLETED", StatusMeaning::Succeeded),
            (" In Progress ", StatusMeaning::GoesOn),
            ("IN-PROGRESS", StatusMeaning::GoesOn),
            ("not_started", StatusMeaning::GoesOn),
            ("NotStarted", StatusMeaning::GoesOn),
            ("Canceled", StatusMeaning::Cancelled),
            ("succeed", StatusMeaning::Unknown),
            ("complete", StatusMeaning::Unknown),
            ("canceled by user", StatusMeaning::Unknown),
            ("failed?", StatusMeaning::Unknown),
            ("", StatusMeaning::Unknown),
        ] {
            assert_eq!(meaning(word), means, "{word}");
        }
    }
}
