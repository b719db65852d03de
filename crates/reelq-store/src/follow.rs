//! Tasks that stay with the worker that follows them ([`Lease::FOLLOWED`](crate::Lease::FOLLOWED)).

use std::time::Duration;

use reelq_model::JobId;

/// What became of the tasks that a worker follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// All that it followed was taken back: its time had passed, or it never followed any.
    pub all_ended: bool,
    /// Jobs that were taken from it since it last asked, by what others did to them, with the version that it had.
    pub ended: Vec<(JobId, u64)>,
}

/// Status requests that may be sent without a claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollTokens {
    /// How many.
    pub granted: usize,
    /// When to ask for more, counted from the call, where fewer were given than asked for. `None` where only news can bring any.
    pub retry_in: Option<Duration>,
}
