//! What was paid for a row that ended without an output, and whether that may still bring its clip.
//!
//! Whatever is advised, and whatever `retry` does, follows from this: no row is bought again while a paid task may still
//! hold its clip.

use reelq_model::{FailureKind, Job, Settlement, Stage, Timestamp};

/// What was paid for a row that ended without an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Paid {
    /// Nothing: the provider took nothing, or gave the money back. Buying it again pays for it once.
    Nothing,
    /// Nobody knows: it was given up while that was unknown, and no task is known that could be looked at.
    Unknown,
    /// A task, which may still have its clip: only the provider's word at another look says that it has not.
    Task,
    /// The clip: the provider said that the task succeeded, and may still hold its output.
    Clip,
}

impl Paid {
    /// What was paid for `job`, as it stands at `now` (the store's time).
    pub(crate) fn of(job: &Job, now: Timestamp) -> Self {
        match job.stage.task() {
            Some(_) if has_clip(job, now) => Self::Clip,
            Some(_) if is_lost(job) || !costs_nothing(job) => Self::Task,
            None if is_lost(job) || !job.doubtful.is_empty() => Self::Unknown,
            _ => Self::Nothing,
        }
    }
}

/// How a job failed, if it did.
pub(crate) fn failure_of(job: &Job) -> Option<FailureKind> {
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
pub(crate) mod tests {
    use std::time::Duration;

    use reelq_model::{
        Acceptance, BatchName, Digest, Event, Failure, IdempotencyKey, JobDraft, JobId, Money, OutputKind, OutputLink,
        Resolution, Submission, TaskId,
    };

    use reelq_store::JobView;

    use super::*;

    pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    /// The job as the store shows it, in nobody's hand and with nothing due.
    pub(crate) fn view(job: Job) -> JobView {
        JobView { job, line: None, due: None, worker: None, cancel_requested: false, parked: false, unread: None }
    }

    /// A job that waits to be bought, for $0.30.
    pub(crate) fn ready() -> Job {
        let text = r#"{"provider":"wave","account":"wave","model":"m","mode":"text","fields":{"prompt":"a cat"}}"#;
        let spec: reelq_model::JobSpec = serde_json::from_str(text).unwrap();
        let batch = BatchName::new("set").unwrap();
        let id = JobId::derive(&batch, &spec.digest(), 1);
        let price = Some(Money::from_micros(300_000));
        Job::new(JobDraft { id, spec, price, priority: 0 }, batch, Timestamp::default())
    }

    pub(crate) fn after(job: &Job, events: impl IntoIterator<Item = Event>) -> Job {
        events.into_iter().fold(job.clone(), |job, event| job.apply(event, Timestamp::default()).unwrap().job)
    }

    pub(crate) fn submitting() -> Job {
        let job = ready();
        let key: IdempotencyKey = job.next_key();
        let submission = Submission { number: 1, key, body: Digest::of(b"x"), at: Timestamp::default(), mark: None };
        after(&job, [Event::Sending { submission }])
    }

    pub(crate) fn running() -> Job {
        let acceptance = Acceptance {
            task: TaskId::new("t-1").unwrap(),
            submission: 1,
            cost: None,
            at: Timestamp::default(),
            outputs: Vec::new(),
        };
        after(&submitting(), [Event::Accepted { acceptance, first_poll: Duration::ZERO }])
    }

    pub(crate) fn failed(kind: FailureKind, settlement: Settlement) -> Job {
        after(
            &running(),
            [Event::Failed { failure: Failure::new(kind, "said so"), settlement, cost: None, retry_after: None }],
        )
    }

    pub(crate) fn fetching() -> Job {
        let link = OutputLink {
            url: "https://v.example/1.mp4".to_owned(),
            kind: OutputKind::Video,
            expires_at: None,
            assumed: false,
        };
        after(&running(), [Event::Finished { outputs: vec![link], cost: None }])
    }

    pub(crate) fn lost(kind: FailureKind) -> Job {
        after(&fetching(), [Event::FetchFailed { failure: Failure::new(kind, "404") }])
    }

    pub(crate) fn given_up(job: &Job) -> Job {
        after(job, [Event::Resolved { resolution: Resolution::GiveUp }])
    }

    pub(crate) fn rejected(kind: FailureKind) -> Job {
        after(&submitting(), [Event::Rejected { failure: Failure::new(kind, "no") }])
    }

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
