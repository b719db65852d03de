//! One of each stage and of each event.

use std::time::Duration;

use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Failure, FailureKind, Fields, IdempotencyKey, Job, JobDraft,
    JobId, JobSpec, ModelName, Money, OutputKind, OutputLink, ProviderName, RemoteTask, Resolution, Settlement, Stage,
    StoredFile, Submission, TaskId, Timestamp, Trouble, TroubleKind,
};

/// How many events [`sample_event`] knows.
pub(crate) const EVENTS: usize = 34;

const WAIT: Duration = Duration::from_secs(5);

pub(crate) fn job() -> Job {
    let batch = BatchName::new("b").unwrap();
    let mut fields = Fields::new();
    fields.insert("prompt".to_owned(), "a cat".into());
    let spec = JobSpec {
        account: AccountName::new("main").unwrap(),
        provider: ProviderName::new("wave").unwrap(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields,
    };
    let id = JobId::derive(&batch, &spec.digest(), 1);
    let draft = JobDraft { id, spec, price: Some(Money::from_micros(280_000)), priority: 0 };
    Job::new(draft, batch, Timestamp::from_millis(1_795_226_400_000))
}

pub(crate) fn submission(number: u32) -> Submission {
    let key = IdempotencyKey::derive(job().id, number);
    Submission { number, key, body: Digest::of(b"body"), at: Timestamp::from_millis(1_795_226_401_000), mark: None }
}

pub(crate) fn task(number: u32) -> RemoteTask {
    RemoteTask::accepted(task_id(number), 1, Timestamp::from_millis(1_795_226_402_000))
}

fn task_id(number: u32) -> TaskId {
    TaskId::new(format!("task-{number}")).unwrap()
}

pub(crate) fn link() -> OutputLink {
    let expires_at = Some(Timestamp::from_millis(1_795_312_800_000));
    OutputLink { url: "https://cdn.example/1.mp4".to_owned(), kind: OutputKind::Video, expires_at, assumed: false }
}

pub(crate) fn file() -> StoredFile {
    StoredFile {
        path: "000001.mp4".to_owned(),
        bytes: 4_096,
        sha256: Digest::of(b"video"),
        source_url: link().url,
        expires_at: link().expires_at,
        note: None,
    }
}

pub(crate) fn sample_stages() -> Vec<(&'static str, Stage)> {
    let failed = |kind, task| Stage::Failed { failure: Failure::new(kind, "no"), task };
    vec![
        ("ready", Stage::Ready),
        ("submitting", Stage::Submitting { submission: submission(1) }),
        ("unconfirmed", Stage::Unconfirmed { submission: submission(1), reason: "no reply".to_owned() }),
        ("running", Stage::Running { task: task(1) }),
        ("running another", Stage::Running { task: task(2) }),
        ("fetching", Stage::Fetching { task: task(1), outputs: vec![link()] }),
        ("succeeded", Stage::Succeeded { task: task(1), files: vec![file()] }),
        ("failed", failed(FailureKind::Content, None)),
        ("failed at the provider", failed(FailureKind::Provider, Some(task(1)))),
        ("failed to fetch", failed(FailureKind::Output, Some(task(1)))),
        ("cancelled", Stage::Cancelled { task: None }),
    ]
}

/// Stages that later versions added something to.
pub(crate) fn later_stages() -> Vec<(&'static str, Stage)> {
    vec![
        ("looked at again", Stage::Running { task: task(1).looked_at_again(true) }),
        ("fetching again", Stage::Fetching { task: task(1).looked_at_again(true), outputs: vec![link()] }),
        ("withdrawn", Stage::Cancelled { task: Some(task(1)) }),
        ("asked for fresh links", Stage::Running { task: task(1).remembering(vec![link()]) }),
    ]
}

fn accepted(submission: u32, task: u32) -> Event {
    let at = Timestamp::from_millis(1_795_226_402_000);
    let acceptance = Acceptance { task: task_id(task), submission, cost: None, at, outputs: Vec::new() };
    Event::Accepted { acceptance, first_poll: WAIT }
}

fn failed(settlement: Settlement, retry_after: Option<Duration>) -> Event {
    Event::Failed { failure: Failure::new(FailureKind::Transient, "overloaded"), settlement, cost: None, retry_after }
}

fn running(answered: bool) -> Event {
    let (word, progress, trouble) = (Some("rendering".to_owned()), Some(40), None);
    Event::Running { next_poll: WAIT, word, progress, overdue: false, answered, trouble }
}

/// The event of this kind, for the numbers of a submission and of a task where it has any.
pub(crate) fn sample_event(kind: usize, number: u32, task: u32) -> Event {
    let reason = || "reason".to_owned();
    match kind {
        0 => Event::Sending { submission: submission(number) },
        1 => Event::NotSent { reason: reason(), after: WAIT },
        2 => Event::Throttled { reason: reason(), after: WAIT },
        3 => Event::Replay { reason: reason(), after: WAIT, candidate: Some(task_id(task)) },
        4 => Event::Rejected { failure: Failure::new(FailureKind::Invalid, "no").with_code("1004") },
        5 => accepted(number, task),
        6 => accepted(number + 1, task),
        7 => accepted(number, task + 1),
        8 => Event::Unresolved { reason: reason(), candidate: Some(task_id(task)) },
        9 => Event::Resolved { resolution: Resolution::NotBought },
        10 => Event::Resolved { resolution: Resolution::GiveUp },
        11 => running(true),
        12 => running(false),
        13 => Event::Finished { outputs: vec![link()], cost: Some(Money::from_micros(300_000)) },
        14 => Event::Finished { outputs: Vec::new(), cost: None },
        15 => failed(Settlement::Refunded, None),
        16 => failed(Settlement::Refunded, Some(WAIT)),
        17 => failed(Settlement::Charged, None),
        18 => failed(Settlement::Charged, Some(WAIT)),
        19 => failed(Settlement::Open, None),
        20 => Event::FetchLater { reason: reason(), after: WAIT },
        21 => Event::LinksExpired { reason: reason(), after: WAIT },
        22 => Event::FetchFailed { failure: Failure::new(FailureKind::Output, "torn") },
        23 => Event::Stored { files: vec![file()] },
        24 => Event::Cancelled { settlement: None },
        25 => Event::Cancelled { settlement: Some(Settlement::Refunded) },
        26 => Event::Retry { buy: true },
        29 => Event::Retry { buy: false },
        30 => Event::FetchFailed { failure: Failure::new(FailureKind::Expired, "gone") },
        31 => {
            let trouble = Some(Trouble::new(TroubleKind::NotFound, "404"));
            Event::Running { next_poll: WAIT, word: None, progress: None, overdue: true, answered: true, trouble }
        }
        32 => Event::FetchAgain { trouble: Trouble::new(TroubleKind::NotFound, "404"), answered: true },
        27 => Event::RestoredSubmission { submission: submission(number) },
        28 => Event::RestoredSubmission { submission: submission(number + 1) },
        // There are `EVENTS` of them.
        _ => Event::TurnedAway { reason: reason(), after: WAIT },
    }
}
