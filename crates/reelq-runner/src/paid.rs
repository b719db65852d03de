//! What was paid for a row that ended without an output, and whether that may still bring its clip.
//!
//! Whatever is advised, and whatever `retry` does, follows from this: no row is bought again while a paid task may still
//! hold its clip.

use reelq_model::{FailureKind, Job, Settlement, Stage, Timestamp};

/// What was paid for a row that ended without an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paid {
    /// Nothing: the provider took nothing, or gave the money back. Buying it again pays for it once.
    Nothing,
    /// No one knows: it was given up while that was unknown, and no task is known that could be looked at.
    Unknown,
    /// A task, which may still have its clip: only the provider's word at another look says that it has not.
    Task,
    /// The clip: the provider said that the task succeeded, and may still hold its output.
    Clip,
}

impl Paid {
    /// What was paid for `job`, as it stands at `now` (the store's time).
    pub fn of(job: &Job, now: Timestamp) -> Self {
        match job.stage.task() {
            Some(_) if has_clip(job, now) => Self::Clip,
            Some(_) if is_lost(job) || !costs_nothing(job) => Self::Task,
            None if is_lost(job) || !job.doubtful.is_empty() => Self::Unknown,
            _ => Self::Nothing,
        }
    }
}

/// How a job failed, if it did.
pub fn failure_of(job: &Job) -> Option<FailureKind> {
    match &job.stage {
        Stage::Failed { failure, .. } => Some(failure.kind),
        _ => None,
    }
}

fn has_clip(job: &Job, now: Timestamp) -> bool {
    let lasts = job.outputs_until.is_none_or(|until| until > now);
    failure_of(job) == Some(FailureKind::Output) || (job.succeeded_at.is_some() && lasts)
}

/// It ended because we no longer followed it, not because the provider said that it has no output.
fn is_lost(job: &Job) -> bool {
    matches!(failure_of(job), Some(FailureKind::Expired | FailureKind::Output | FailureKind::GivenUp))
}

fn costs_nothing(job: &Job) -> bool {
    let refunded = job.charges.iter().all(|charge| charge.settlement == Settlement::Refunded);
    refunded && !job.charges.is_empty() && job.doubtful.is_empty()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::samples::{NOW, failed, fetching, given_up, lost, rejected, running, submitting};

    #[test]
    fn a_refusal_or_a_refund_costs_nothing() {
        assert_eq!(Paid::of(&rejected(FailureKind::Transient), NOW), Paid::Nothing);
        assert_eq!(Paid::of(&failed(FailureKind::Provider, Settlement::Refunded), NOW), Paid::Nothing);
    }

    #[test]
    fn a_charged_task_may_still_have_its_clip_whatever_the_failure_was_called() {
        for kind in [FailureKind::Transient, FailureKind::Provider, FailureKind::Expired, FailureKind::GivenUp] {
            assert_eq!(Paid::of(&failed(kind, Settlement::Charged), NOW), Paid::Task, "{kind}");
        }
        assert_eq!(Paid::of(&given_up(&running()), NOW), Paid::Task);
    }

    #[test]
    fn a_refund_of_a_task_that_was_only_lost_sight_of_proves_nothing() {
        assert_eq!(Paid::of(&failed(FailureKind::Expired, Settlement::Refunded), NOW), Paid::Task);
    }

    #[test]
    fn a_success_that_was_seen_is_a_clip_until_its_time_is_over() {
        assert_eq!(Paid::of(&lost(FailureKind::Output), NOW), Paid::Clip);
        assert_eq!(Paid::of(&given_up(&fetching()), NOW), Paid::Clip);
        let late = NOW.after(Duration::from_hours(30));
        assert_eq!(Paid::of(&lost(FailureKind::Expired), late), Paid::Task);
    }

    #[test]
    fn what_was_given_up_without_a_task_may_have_been_bought() {
        assert_eq!(Paid::of(&given_up(&submitting()), NOW), Paid::Unknown);
    }
}
