//! Purges of finished batches. Nothing of a batch is removed while any of its jobs may still move or cost.

/// What a step of a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Purge {
    /// A part of the batch is gone: ask again until it is [`Purge::Done`].
    Going {
        /// Jobs that this step removed.
        jobs: u64,
    },
    /// The batch is gone with all that it had. A load of its name begins a new batch.
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
    /// How many jobs will still move by themselves, those without a line included.
    pub outstanding: u64,
    /// How many jobs wait for a person: they may have been bought.
    pub unconfirmed: u64,
    /// Another manifest is being loaded into it, or such a load died: run that load again.
    pub loading: bool,
}

impl Unfinished {
    /// Whether nothing keeps the batch from being purged.
    pub const fn is_finished(&self) -> bool {
        self.outstanding == 0 && self.unconfirmed == 0 && !self.loading
    }
}
