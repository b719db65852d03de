//! What a retry does with one job.

use reelq_model::{Event, FailureKind, Timestamp};
use reelq_runner::paid::{Paid, failure_of};
use reelq_store::JobView;

/// What a retry does with one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It is bought at once: no task is known that could be looked at.
    Buy,
    /// Its task is looked at, and it is bought again only if the provider says that it is over without an output.
    LookThenBuy,
    /// Its task is looked at, and what there is is fetched; it is not bought.
    Look,
    /// Nothing, for there is no task to look at, and it must not be bought.
    Leave,
}

impl Course {
    /// What a retry does with a job that ended; `free`: nothing may be bought.
    pub(super) fn of(view: &JobView, free: bool, now: Timestamp) -> Self {
        // The record of an unexpected charge is never bought again, and what stands parked was not yet decided.
        let free = free || view.job.orphan_of.is_some() || !view.job.stage.is_terminal();
        match view.job.stage.task() {
            _ if view.parked && !view.job.stage.is_terminal() => Self::Look,
            None if free => Self::Leave,
            None => Self::Buy,
            Some(_) if free || Paid::of(&view.job, now) == Paid::Clip => Self::Look,
            Some(_) => Self::LookThenBuy,
        }
    }

    /// Whether money may be spent.
    pub(super) const fn may_buy(self) -> bool {
        matches!(self, Self::Buy | Self::LookThenBuy)
    }

    pub(super) const fn event(self) -> Event {
        Event::Retry { buy: self.may_buy() }
    }
}

/// Kinds that the same request would only meet again, or that a person ended.
const NOT_BY_ITSELF: [FailureKind; 3] = [FailureKind::Content, FailureKind::Invalid, FailureKind::GivenUp];

/// Whether a job is taken up though no one named it or its kind: a look at what was given up costs nothing.
pub(super) fn is_taken_by_itself(view: &JobView, free: bool) -> bool {
    let passed_over = |kind| NOT_BY_ITSELF.contains(&kind) && !(free && kind == FailureKind::GivenUp);
    !failure_of(&view.job).is_some_and(passed_over)
}

#[cfg(test)]
mod tests {
    use reelq_model::{Job, Settlement, Stage, Status};
    use reelq_runner::samples::{NOW, after, failed, fetching, given_up, lost, rejected, running, submitting, view};

    use super::*;

    fn course(job: &Job, free: bool) -> Course {
        Course::of(&view(job.clone()), free, NOW)
    }

    #[test]
    fn what_has_no_task_is_bought_or_left() {
        for job in [rejected(FailureKind::Transient), given_up(&submitting())] {
            assert_eq!([course(&job, false), course(&job, true)], [Course::Buy, Course::Leave]);
        }
    }

    #[test]
    fn a_known_task_is_looked_at_before_anything_is_bought() {
        let charged = |kind| failed(kind, Settlement::Charged);
        let withdrawn = after(&running(), [Event::Cancelled { settlement: Some(Settlement::Refunded) }]);
        let jobs = [charged(FailureKind::Expired), charged(FailureKind::Transient), given_up(&running()), withdrawn];
        for job in jobs {
            assert_eq!([course(&job, false), course(&job, true)], [Course::LookThenBuy, Course::Look]);
        }
    }

    #[test]
    fn a_clip_that_was_seen_is_only_fetched() {
        for job in [lost(FailureKind::Output), given_up(&fetching()), lost(FailureKind::Expired)] {
            assert_eq!(course(&job, false), Course::Look);
        }
    }

    #[test]
    fn the_record_of_an_unexpected_charge_is_never_bought() {
        let mut orphan = failed(FailureKind::Provider, Settlement::Charged);
        orphan.orphan_of = Some(orphan.id);
        assert_eq!(course(&orphan, false), Course::Look);
        orphan.stage = Stage::Cancelled { task: None };
        assert_eq!(course(&orphan, false), Course::Leave);
    }

    #[test]
    fn each_course_does_to_the_job_what_it_says() {
        let to = |job: &Job, course: Course| job.apply(course.event(), NOW).ok().map(|applied| applied.job.status());
        assert_eq!(to(&rejected(FailureKind::Provider), Course::Buy), Some(Status::Queued));
        assert_eq!(to(&given_up(&running()), Course::LookThenBuy), Some(Status::Running));
        assert_eq!(to(&lost(FailureKind::Output), Course::Look), Some(Status::Running));
        assert_eq!(to(&rejected(FailureKind::Provider), Course::Look), None, "without a task nothing is looked at");
    }

    #[test]
    fn rows_that_must_change_are_passed_over_and_given_up_ones_only_where_money_is_at_stake() {
        let taken = |job: &Job, free| is_taken_by_itself(&view(job.clone()), free);
        assert!(!taken(&rejected(FailureKind::Content), true) && taken(&rejected(FailureKind::Transient), false));
        assert!(!taken(&given_up(&running()), false) && taken(&given_up(&running()), true));
    }
}
