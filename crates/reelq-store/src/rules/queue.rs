//! Queues: where a job waits that no worker holds.

use reelq_model::{Stage, Timestamp};

use crate::transition::StoredJob;

/// A queue. The numbers are stored and never given another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// Not to be claimed: leased, parked or ended.
    None = 0,
    /// To submit, due.
    Ready = 1,
    /// To submit, due later.
    Waiting = 2,
    /// To send again under the same key.
    Replay = 3,
    /// To ask the provider about.
    Poll = 4,
    /// To fetch, due.
    Fetch = 5,
    /// To fetch, due later.
    FetchLater = 6,
    /// Not to be claimed: a worker follows the task.
    Followed = 7,
    /// Not to be claimed: it is held until a person says otherwise.
    Held = 8,
}

impl Queue {
    /// The queue that a stored job waits in at `now`.
    ///
    /// `queue_for` in the Redis store's `queues.lua` is the same rule.
    pub fn of(stored: &StoredJob<'_>, now: Timestamp) -> Self {
        match stored.due {
            Some(_) if stored.is_held() => Self::Held,
            Some(due) if !stored.parked && !stored.is_leased() => Self::at(&stored.job.stage, due <= now),
            _ if stored.is_followed() => Self::Followed,
            _ => Self::None,
        }
    }

    /// The queue of a job at `stage` that no one holds.
    pub const fn at(stage: &Stage, is_due: bool) -> Self {
        match stage {
            Stage::Ready if is_due => Self::Ready,
            Stage::Ready => Self::Waiting,
            Stage::Submitting { .. } => Self::Replay,
            Stage::Running { .. } => Self::Poll,
            Stage::Fetching { .. } if is_due => Self::Fetch,
            Stage::Fetching { .. } => Self::FetchLater,
            _ => Self::None,
        }
    }

    /// The number that is stored.
    pub const fn code(self) -> i64 {
        self as i64
    }
}

/// Whether a job at `stage` has work that a worker can do.
pub const fn has_work(stage: &Stage) -> bool {
    !matches!(Queue::at(stage, true), Queue::None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rules::hold, transition::samples};

    #[test]
    fn each_stage_waits_in_its_queue_and_no_leased_or_parked_job_in_any() {
        let (now, later) = (samples::at(10), Some(samples::at(11)));
        let table = [
            (samples::ready(), Queue::Ready, Queue::Waiting),
            (samples::submitting(), Queue::Replay, Queue::Replay),
            (samples::unconfirmed(), Queue::None, Queue::None),
            (samples::running(), Queue::Poll, Queue::Poll),
            (samples::fetching(), Queue::Fetch, Queue::FetchLater),
            (samples::failed(), Queue::None, Queue::None),
            (samples::withdrawn(), Queue::None, Queue::None),
        ];
        for (job, due, not_due) in table {
            let stored = StoredJob { due: Some(now), ..samples::stored(&job) };
            assert_eq!(Queue::of(&stored, now), due);
            assert_eq!(Queue::of(&StoredJob { due: later, ..stored }, now), not_due);
            assert_eq!(Queue::of(&StoredJob { due: None, ..stored }, now), Queue::None);
            assert_eq!(Queue::of(&StoredJob { parked: true, ..stored }, now), Queue::None);
            assert_eq!(Queue::of(&StoredJob { lease_until: later, ..stored }, now), Queue::None);
            let followed = StoredJob { lease_until: Some(crate::rules::bounds::FOLLOWED), ..stored };
            assert_eq!(Queue::of(&followed, now), Queue::Followed);
            assert_eq!(has_work(&job.stage), due != Queue::None);
            let held = reelq_model::Job { priority: hold::held(3), ..job.clone() };
            let expected = if due == Queue::Ready { Queue::Held } else { due };
            assert_eq!(Queue::of(&StoredJob { job: &held, due: Some(now), ..samples::stored(&job) }, now), expected);
        }
    }
}
