//! What stores need to know of a job beside what it says itself.

use reelq_model::{Event, Job, Stage};

/// Whether it was, or may have been, bought.
pub(crate) fn bought(job: &Job) -> bool {
    !job.charges.is_empty()
        || matches!(job.stage, Stage::Submitting { .. } | Stage::Unconfirmed { .. })
        || job.cost().is_none()
}

/// Whether neither its charge nor, where it is yet to be bought, its price is known.
pub(crate) fn unpriced(job: &Job) -> bool {
    match job.stage {
        Stage::Ready => job.price.is_none() || job.cost().is_none(),
        Stage::Submitting { .. } | Stage::Unconfirmed { .. } => job.price.is_none(),
        _ => job.cost().is_none(),
    }
}

/// Whether its task runs past `running_timeout`.
pub(crate) fn overdue(job: &Job) -> bool {
    matches!(&job.stage, Stage::Running { task } if task.overdue)
}

/// Whether an event tells nothing that the job does not tell: one more status request with the same answer.
pub(crate) fn is_mere_poll(before: &Stage, event: &Event) -> bool {
    match (before, event) {
        (Stage::Running { task }, Event::Running { word, overdue, answered, .. }) => {
            (!answered || task.word == *word) && (task.overdue || !overdue)
        }
        _ => false,
    }
}
