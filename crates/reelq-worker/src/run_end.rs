//! Why a runtime ended.

/// Why a runtime ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Nothing of the batch is outstanding: each job has ended, or waits for a person to resolve it.
    Finished,
    /// Jobs are outstanding, and none can move before a person acts: an account is blocked or paused, a budget is
    /// reached. (A day's budget, too: a runtime without a batch goes on the next day.)
    Held,
    /// Jobs are outstanding, and none is due within the time that the runtime waits at most: the provider is asked again
    /// later, by whoever works then.
    Waiting,
    /// It was stopped.
    Stopped,
}
