//! What becomes of a job whose handler panicked: another try later, and after a few the safest end that its stage has.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{Event, Failure, FailureKind, JobId, Stage, Trouble, TroubleKind};

use crate::{Backoff, SharedRng};

/// Panics of one job after which it is not tried like any other any more.
pub(crate) const PATIENCE: u32 = 3;

const BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(10) };
/// How soon an output is tried again whose fetching always panics: later than a run waits by default.
const RARELY: Duration = Duration::from_mins(20);
/// The book forgets everything rather than grow past this.
const REMEMBERED: usize = 10_000;

/// Counts the panics of each job since the process started.
#[derive(Debug, Default)]
pub(crate) struct Panics {
    counts: Mutex<HashMap<JobId, u32>>,
}

impl Panics {
    pub(crate) fn count(&self, job: JobId) -> u32 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= REMEMBERED {
            counts.clear();
        }
        let count = counts.entry(job).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

/// The event that a panic stands for. `None` where the lease must lapse: the request may have left, and the next holder looks at its key.
pub(crate) fn event_of(stage: &Stage, panics: u32, message: &str, rng: &SharedRng) -> Option<Event> {
    let after = BACKOFF.full_jitter(panics, rng).max(BACKOFF.base);
    let reason = format!("the worker panicked: {message}");
    let given_up = panics >= PATIENCE;
    match stage {
        Stage::Ready if given_up => {
            let message = format!("the worker panicked {panics} times: {message}");
            Some(Event::Rejected { failure: Failure::new(FailureKind::Provider, message) })
        }
        Stage::Ready => Some(Event::NotSent { reason, after }),
        Stage::Submitting { .. } if given_up => Some(Event::Unresolved { reason, candidate: None }),
        Stage::Running { .. } => {
            let trouble = Some(Trouble::new(TroubleKind::Status, reason));
            Some(Event::Running {
                next_poll: after,
                word: None,
                progress: None,
                overdue: false,
                answered: false,
                trouble,
            })
        }
        // It is paid for, so no count ends it: it is tried ever more rarely, and a run goes on without it.
        Stage::Fetching { .. } if given_up => Some(Event::FetchLater { reason, after: after.max(RARELY) }),
        Stage::Fetching { .. } => Some(Event::FetchLater { reason, after }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::{Digest, IdempotencyKey, RemoteTask, Submission, TaskId, Timestamp};

    use super::*;

    fn task() -> RemoteTask {
        RemoteTask::accepted(TaskId::new("t").unwrap(), 1, Timestamp::from_millis(0))
    }

    fn stages() -> [Stage; 4] {
        let id = JobId::from_bytes([1; 16]);
        let at = Timestamp::from_millis(0);
        let submission =
            Submission { number: 1, key: IdempotencyKey::derive(id, 1), body: Digest::of(b""), at, mark: None };
        [
            Stage::Ready,
            Stage::Submitting { submission },
            Stage::Running { task: task() },
            Stage::Fetching { task: task(), outputs: Vec::new() },
        ]
    }

    fn events(panics: u32) -> [Option<&'static str>; 4] {
        let rng = SharedRng::seeded(1);
        stages().map(|stage| event_of(&stage, panics, "boom", &rng).map(|event| event.name()))
    }

    #[test]
    fn first_panics_mean_another_try_and_never_a_second_request() {
        assert_eq!(events(1), [Some("not_sent"), None, Some("running"), Some("fetch_later")]);
    }

    #[test]
    fn job_that_always_panics_ends_without_losing_what_is_paid_for() {
        assert_eq!(events(PATIENCE), [Some("rejected"), Some("unresolved"), Some("running"), Some("fetch_later")]);
    }

    #[test]
    fn every_event_can_happen_to_its_stage() {
        let rng = SharedRng::seeded(1);
        for panics in [1, PATIENCE] {
            for stage in stages() {
                let Some(event) = event_of(&stage, panics, "boom", &rng) else { continue };
                assert!(stage.clone().on(event).is_ok(), "{stage:?}");
            }
        }
    }

    #[test]
    fn panics_are_counted_for_each_job() {
        let panics = Panics::default();
        let (one, two) = (JobId::from_bytes([1; 16]), JobId::from_bytes([2; 16]));
        assert_eq!([panics.count(one), panics.count(one), panics.count(two)], [1, 2, 1]);
    }
}
