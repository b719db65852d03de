//! Jobs at each stage, for tests of the pure functions.

use std::{sync::Arc, time::Duration};

use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Failure, FailureKind, Fields, IdempotencyKey, Job, JobDraft,
    JobId, JobSpec, ModelName, Money, OutputKind, OutputLink, ProviderName, Submission, TaskId, Timestamp, WorkerId,
};

use super::StoredJob;
use crate::{BatchDraft, Lease, rules::cancel::CancelWish};

/// The price of each sample, in micro-dollars.
pub(crate) const PRICE: i64 = 50_000;

/// A time, in milliseconds.
pub(crate) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Listed, due at once and free.
pub(crate) fn stored(job: &Job) -> StoredJob<'_> {
    StoredJob { version: 3, due: Some(at(1)), listed: true, ..StoredJob::new(job) }
}

/// Leased until 100 ms, as version 3, and waiting for nothing.
pub(crate) fn leased(job: &Job) -> StoredJob<'_> {
    StoredJob { due: None, lease_until: Some(at(100)), cancel: CancelWish::NONE, ..stored(job) }
}

pub(crate) fn worker(name: &str) -> WorkerId {
    WorkerId::new(name).unwrap()
}

pub(crate) fn batch_draft(name: &str) -> BatchDraft {
    BatchDraft {
        name: BatchName::new(name).unwrap(),
        output: "out".to_owned(),
        file_name: "{row}".to_owned(),
        budget: None,
        priority: 0,
        manifest: "jobs.csv".to_owned(),
        manifest_path: None,
        passthrough: Vec::new(),
        loaded_with: None,
    }
}

/// The lease of [`leased`].
pub(crate) fn lease(job: &Job, lasts: Duration) -> Lease {
    Lease {
        job: Arc::new(job.clone()),
        version: 3,
        worker: worker("w-1"),
        granted_at: at(0),
        lasts,
        cancel_requested: false,
        line: None,
    }
}

pub(crate) fn submission(number: u32) -> Submission {
    let (id, body) = (JobId::from_bytes([1; 16]), Digest::of(b"body"));
    Submission { number, key: IdempotencyKey::derive(id, number), body, at: at(0), mark: None }
}

pub(crate) fn acceptance(task: &str, submission: u32) -> Acceptance {
    Acceptance { task: TaskId::new(task).unwrap(), submission, cost: None, at: at(2), outputs: Vec::new() }
}

pub(crate) fn accepted(task: &str, submission: u32) -> Event {
    Event::Accepted { acceptance: acceptance(task, submission), first_poll: Duration::from_millis(30) }
}

pub(crate) fn sending() -> Event {
    Event::Sending { submission: submission(1) }
}

pub(crate) fn polled() -> Event {
    let (next_poll, word, progress) = (Duration::from_millis(9), None, None);
    Event::Running { next_poll, word, progress, overdue: false, answered: true, trouble: None }
}

pub(crate) fn failure() -> Failure {
    Failure::new(FailureKind::GivenUp, "no")
}

fn after(job: &Job, event: Event) -> Job {
    job.apply(event, at(2)).unwrap().job
}

pub(crate) fn ready() -> Job {
    let spec = JobSpec {
        account: AccountName::new("acct").unwrap(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("m").unwrap(),
        mode: "text-to-video".to_owned(),
        fields: Fields::new(),
    };
    let price = Some(Money::from_micros(PRICE));
    let draft = JobDraft { id: JobId::from_bytes([1; 16]), spec, price, priority: 0 };
    Job::new(draft, BatchName::new("b").unwrap(), at(0))
}

pub(crate) fn submitting() -> Job {
    after(&ready(), sending())
}

pub(crate) fn unconfirmed() -> Job {
    after(&submitting(), Event::Unresolved { reason: "cut off".to_owned(), candidate: None })
}

pub(crate) fn running() -> Job {
    after(&submitting(), accepted("t-1", 1))
}

pub(crate) fn fetching() -> Job {
    let url = "https://files.example.test/1.mp4".to_owned();
    let link = OutputLink { url, kind: OutputKind::Video, expires_at: None, assumed: false };
    after(&running(), Event::Finished { outputs: vec![link], cost: None })
}

pub(crate) fn failed() -> Job {
    after(&submitting(), Event::Rejected { failure: Failure::new(FailureKind::Invalid, "no") })
}

pub(crate) fn withdrawn() -> Job {
    after(&ready(), Event::Cancelled { settlement: None })
}
