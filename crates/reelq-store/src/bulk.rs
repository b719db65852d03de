//! Changing many jobs on a person's word: bounded steps along a cursor, so that no step reads or holds up much, and whoever
//! died between two of them says the same again.

use reelq_model::{BatchName, Event, Job, Status};

use crate::JobView;

/// Where a walk over jobs goes on. It names a place among all jobs, not a number of jobs to pass over: a job that moves while
/// the walk is under way makes it miss no other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The batch that it came to, where a store keeps jobs by batch.
    pub batch: Option<BatchName>,
    /// Among jobs without a line.
    pub unlisted: bool,
    /// The place there.
    pub at: i64,
}

/// A part of a walk.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// The jobs that the filter means, as they stand; there may be none in a part that is not the last.
    pub views: Vec<JobView>,
    /// Where to go on; `None` after the last part.
    pub next: Option<Cursor>,
}

/// How a job stood when a person was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    status: Status,
    submissions: u32,
}

impl Shown {
    /// As it stands.
    pub const fn of(job: &Job) -> Self {
        Self { status: job.status(), submissions: job.submissions }
    }
}

/// What a person wants done to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// An event: see [`Store::apply_event`](crate::Store::apply_event).
    Event(Event),
    /// An event, to the job as a person saw it: one that has been bought or has moved on since is left alone.
    OfShown(Event, Shown),
    /// It is not wanted any more: see [`Store::cancel`](crate::Store::cancel).
    Cancel,
    /// It is due at once, whatever it waits for. It changes nothing else, and is no entry of its history.
    Wake,
}

impl Edit {
    /// The event, and whether it is for a job that stands so.
    pub fn event_for(&self, job: &Job) -> Option<(&Event, bool)> {
        match self {
            Self::Event(event) => Some((event, true)),
            Self::OfShown(event, shown) => Some((event, *shown == Shown::of(job))),
            Self::Cancel | Self::Wake => None,
        }
    }

    /// What it is called where it is refused.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Event(event) | Self::OfShown(event, _) => event.name(),
            Self::Cancel => "cancelled",
            Self::Wake => "wake",
        }
    }
}
