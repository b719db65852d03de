//! A batch, and the load that is under way for it.

use std::collections::BTreeMap;

use reelq_model::{JobId, Timestamp};
use reelq_store::{BatchDraft, Error, Line, LineDraft, Result};

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is set by itself, and all may hold at once")]
pub(super) struct Batch {
    /// Its age among all batches.
    pub serial: i64,
    pub draft: BatchDraft,
    pub whole: bool,
    pub paused: bool,
    pub cancelling: bool,
    pub purging: bool,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// How many loads of it were begun.
    pub loads: u64,
    /// The load that brought its lines.
    pub load: u64,
    /// The load whose requests are noted.
    pub noted: u64,
    pub lines: Vec<(JobId, Line)>,
    pub staged: Option<Staged>,
}

impl Batch {
    pub(super) const fn new(serial: i64, draft: BatchDraft, created_at: Timestamp) -> Self {
        Self {
            serial,
            draft,
            whole: false,
            paused: false,
            cancelling: false,
            purging: false,
            created_at,
            ended_at: None,
            loads: 0,
            load: 0,
            noted: 0,
            lines: Vec::new(),
            staged: None,
        }
    }

    pub(super) fn refuse_purging(&self) -> Result<()> {
        if self.purging { Err(Error::BeingPurged(self.draft.name.to_string())) } else { Ok(()) }
    }
}

/// A load that is under way.
#[derive(Debug)]
pub(super) struct Staged {
    pub draft: BatchDraft,
    pub lines: Vec<LineDraft>,
    /// Where each job's line is among them.
    pub places: BTreeMap<JobId, usize>,
}
