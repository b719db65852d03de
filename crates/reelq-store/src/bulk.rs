//! Changes of many jobs on a person's word: bounded steps along a cursor. No step reads much or holds up others for long, and
//! a walk that died between two steps is simply begun again.

use reelq_model::{Event, Job, Status};

use crate::JobView;

/// Where a walk over jobs goes on; the default is where one begins.
///
/// It names a place among all jobs, not a number of jobs to pass over: a job that moves during the walk makes it miss no other.
/// Places are in the order of the walk. Only the store reads the fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The number of the batch that the walk is in; newer batches have higher ones.
    pub batch: i64,
    /// The walk is among the batch's jobs without a line.
    pub unlisted: bool,
    /// The place there: in the manifest, or by age.
    pub at: i64,
}

/// A part of a walk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scanned {
    /// The jobs that the filter means, as they stand. Any part may have none.
    pub views: Vec<JobView>,
    /// Where to go on; `None` after the last part.
    pub next: Option<Cursor>,
}

/// How a job stood when a person saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    status: Status,
    submissions: u32,
}

impl Shown {
    /// How the job stands.
    pub const fn of(job: &Job) -> Self {
        Self { status: job.status(), submissions: job.submissions }
    }
}

/// What a person wants done to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// An event: see [`Store::apply_event`](crate::Store::apply_event).
    Event(Event),
    /// An event for the job as a person saw it. A job that was bought or moved on since is left alone, and refused.
    OfShown(Event, Shown),
    /// A cancel: see [`Store::cancel`](crate::Store::cancel).
    Cancel,
    /// The job is due at once, whatever time it waits for. Nothing else changes, and its history has no entry of it.
    Wake,
}

impl Edit {
    /// The event, and whether it is meant for the job as it stands; `None` where it is no event.
    pub fn event_for(&self, job: &Job) -> Option<(&Event, bool)> {
        match self {
            Self::Event(event) => Some((event, true)),
            Self::OfShown(event, shown) => Some((event, *shown == Shown::of(job))),
            Self::Cancel | Self::Wake => None,
        }
    }

    /// What the change is called where it is refused.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Event(event) | Self::OfShown(event, _) => event.name(),
            Self::Cancel => "cancelled",
            Self::Wake => "wake",
        }
    }
}
