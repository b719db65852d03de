//! What becomes of a job whose handler panicked: another try later, and after a few the safest end that its stage has.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{Event, Failure, FailureKind, JobId, Stage};

use crate::{Backoff, Dice};

/// Panics of one job after which it is not tried like any other any more.
pub(crate) const PATIENCE: u32 = 3;

const BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(10) };
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
pub(crate) fn event_of(stage: &Stage, panics: u32, message: &str, dice: &Dice) -> Option<Event> {
    let after = BACKOFF.full_jitter(panics, dice).max(BACKOFF.base);
    let reason = format!("the worker panicked: {message}");
    let given_up = panics >= PATIENCE;
    let failure = |kind| Failure::new(kind, format!("the worker panicked {panics} times: {message}"));
    match stage {
        Stage::Ready if given_up => Some(Event::Rejected { failure: failure(FailureKind::Provider) }),
        Stage::Ready => Some(Event::NotSent { reason, after }),
        Stage::Submitting { .. } if given_up => Some(Event::Unresolved { reason }),
        Stage::Running { .. } => {
            Some(Event::Running { next_poll: after, word: None, progress: None, overdue: false, answered: false })
        }
        // The output stays known: a retry fetches it again and buys nothing.
        Stage::Fetching { .. } if given_up => Some(Event::FetchFailed { failure: failure(FailureKind::Output) }),
        Stage::Fetching { .. } => Some(Event::FetchLater { reason, after }),
        _ => None,
    }
}
