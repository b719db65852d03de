//! Taking finished batches out of the store. Nothing of a batch goes while any of its jobs may still move or cost.

/// What a step of a purge came to. The sums of accounts keep what the batch has cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Purge {
    /// Some of the batch is gone: ask again until it is [`Purge::Done`].
    Going {
        /// Jobs that this step removed.
        jobs: u64,
    },
    /// The batch and everything of it is gone; a load of its name begins a new one.
    Done {
        /// Jobs that this step removed.
        jobs: u64,
    },
    /// The batch is not finished: this step removed nothing.
    Refused(Unfinished),
}

/// Why a batch cannot be purged yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Jobs, also such as no line asks for, that will still move by themselves.
    pub outstanding: u64,
    /// Jobs that wait for a person: they may have been bought.
    pub unconfirmed: u64,
    /// Another manifest is being loaded into it, or a load of one died: run that load again.
    pub loading: bool,
}

impl Unfinished {
    /// Whether nothing is left to do.
    pub const fn is_finished(&self) -> bool {
        self.outstanding == 0 && self.unconfirmed == 0 && !self.loading
    }
}
