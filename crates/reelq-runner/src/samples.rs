//! Jobs in each state, for tests.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "samples of tests: a broken one is a failed test")]

use std::time::Duration;

use reelq_model::{
    Acceptance, BatchName, Digest, Event, Failure, FailureKind, IdempotencyKey, Job, JobDraft, JobId, Money,
    OutputKind, OutputLink, Resolution, Settlement, Submission, TaskId, Timestamp,
};

use reelq_store::JobView;

/// A moment of the store, long after the epoch.
pub const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// The job as the store shows it, in no one's hand and with nothing due.
pub fn view(job: Job) -> JobView {
    JobView { job, line: None, due: None, worker: None, cancel_requested: false, parked: false, unread: None }
}

/// A job that waits to be bought, for $0.30.
pub fn ready() -> Job {
    let text = r#"{"provider":"wave","account":"wave","model":"m","mode":"text","fields":{"prompt":"a cat"}}"#;
    let spec: reelq_model::JobSpec = serde_json::from_str(text).unwrap();
    let batch = BatchName::new("set").unwrap();
    let id = JobId::derive(&batch, &spec.digest(), 1);
    let price = Some(Money::from_micros(300_000));
    Job::new(JobDraft { id, spec, price, priority: 0 }, batch, Timestamp::default())
}

/// The job after these events.
pub fn after(job: &Job, events: impl IntoIterator<Item = Event>) -> Job {
    events.into_iter().fold(job.clone(), |job, event| job.apply(event, Timestamp::default()).unwrap().job)
}

/// A job whose request is under way.
pub fn submitting() -> Job {
    let job = ready();
    let key: IdempotencyKey = job.next_key();
    let submission = Submission { number: 1, key, body: Digest::of(b"x"), at: Timestamp::default(), mark: None };
    after(&job, [Event::Sending { submission }])
}

/// A job whose task `t-1` runs.
pub fn running() -> Job {
    let acceptance = Acceptance {
        task: TaskId::new("t-1").unwrap(),
        submission: 1,
        cost: None,
        at: Timestamp::default(),
        outputs: Vec::new(),
    };
    after(&submitting(), [Event::Accepted { acceptance, first_poll: Duration::ZERO }])
}

/// A job whose task failed.
pub fn failed(kind: FailureKind, settlement: Settlement) -> Job {
    after(
        &running(),
        [Event::Failed { failure: Failure::new(kind, "said so"), settlement, cost: None, retry_after: None }],
    )
}

/// A job whose output is fetched.
pub fn fetching() -> Job {
    let link = OutputLink {
        url: "https://v.example/1.mp4".to_owned(),
        kind: OutputKind::Video,
        expires_at: None,
        assumed: false,
    };
    after(&running(), [Event::Finished { outputs: vec![link], cost: None }])
}

/// A job whose output could not be fetched.
pub fn lost(kind: FailureKind) -> Job {
    after(&fetching(), [Event::FetchFailed { failure: Failure::new(kind, "404") }])
}

/// The job after a person gave it up.
pub fn given_up(job: &Job) -> Job {
    after(job, [Event::Resolved { resolution: Resolution::GiveUp }])
}

/// A job that its provider refused.
pub fn rejected(kind: FailureKind) -> Job {
    after(&submitting(), [Event::Rejected { failure: Failure::new(kind, "no") }])
}
