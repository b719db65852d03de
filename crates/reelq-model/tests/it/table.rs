//! The stage machine's full table: one of each stage and of each event, and what comes of each pair.

use std::time::Duration;

use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Failure, FailureKind, Fields, IdempotencyKey, Job, JobDraft,
    JobId, JobSpec, ModelName, Money, OutputKind, OutputLink, ProviderName, RemoteTask, Resolution, Settlement, Stage,
    StoredFile, Submission, TaskId, Timestamp, Trouble, TroubleKind, Wake,
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

fn shown(wake: Wake) -> String {
    match wake {
        Wake::Now => "now".to_owned(),
        Wake::After(wait) => format!("after {}s", wait.as_secs()),
        Wake::Never => "never".to_owned(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of them are the table")]
fn every_stage_answers_every_event() {
    let mut table = Vec::new();
    for (name, stage) in sample_stages().into_iter().chain(later_stages()) {
        for kind in 0..EVENTS {
            let event = sample_event(kind, 1, 1);
            let line = match stage.clone().on(event.clone()) {
                Ok((next, wake)) => format!("{name} + {} -> {} ({})", event_name(&event), next.status(), shown(wake)),
                Err(illegal) => {
                    assert_eq!((illegal.stage, illegal.event), (stage.status().as_str(), event.name()));
                    continue;
                }
            };
            table.push(line);
        }
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    ready + sending -> submitting (never)
    ready + not_sent -> queued (after 5s)
    ready + throttled -> queued (after 5s)
    ready + rejected -> failed (never)
    ready + accepted(task-1 for 1) -> running (after 5s)
    ready + accepted(task-1 for 2) -> running (after 5s)
    ready + accepted(task-2 for 1) -> running (after 5s)
    ready + cancelled(None) -> cancelled (never)
    ready + cancelled(Some(Refunded)) -> cancelled (never)
    ready + recalled(1) -> submitting (now)
    ready + recalled(2) -> submitting (now)
    submitting + not_sent -> queued (after 5s)
    submitting + throttled -> queued (after 5s)
    submitting + replay -> submitting (after 5s)
    submitting + rejected -> failed (never)
    submitting + accepted(task-1 for 1) -> running (after 5s)
    submitting + accepted(task-2 for 1) -> running (after 5s)
    submitting + unresolved -> unconfirmed (never)
    submitting + resolved(GiveUp) -> failed (never)
    submitting + turned_away -> queued (after 5s)
    unconfirmed + accepted(task-1 for 1) -> running (after 5s)
    unconfirmed + accepted(task-2 for 1) -> running (after 5s)
    unconfirmed + resolved(NotBought) -> queued (now)
    unconfirmed + resolved(GiveUp) -> failed (never)
    running + accepted(task-1 for 1) -> running (after 5s)
    running + accepted(task-1 for 2) -> running (after 5s)
    running + resolved(GiveUp) -> failed (never)
    running + running -> running (after 5s)
    running + running -> running (after 5s)
    running + finished(1 outputs) -> fetching (now)
    running + failed(Refunded) -> failed (never)
    running + failed(Refunded, again) -> queued (after 5s)
    running + failed(Charged) -> failed (never)
    running + failed(Open) -> failed (never)
    running + cancelled(None) -> cancelled (never)
    running + cancelled(Some(Refunded)) -> cancelled (never)
    running + recalled(2) -> submitting (now)
    running + running -> running (after 5s)
    running another + accepted(task-1 for 2) -> running (after 5s)
    running another + accepted(task-2 for 1) -> running (after 5s)
    running another + resolved(GiveUp) -> failed (never)
    running another + running -> running (after 5s)
    running another + running -> running (after 5s)
    running another + finished(1 outputs) -> fetching (now)
    running another + failed(Refunded) -> failed (never)
    running another + failed(Refunded, again) -> queued (after 5s)
    running another + failed(Charged) -> failed (never)
    running another + failed(Open) -> failed (never)
    running another + cancelled(None) -> cancelled (never)
    running another + cancelled(Some(Refunded)) -> cancelled (never)
    running another + recalled(2) -> submitting (now)
    running another + running -> running (after 5s)
    fetching + accepted(task-1 for 1) -> fetching (now)
    fetching + accepted(task-1 for 2) -> fetching (now)
    fetching + resolved(GiveUp) -> failed (never)
    fetching + fetch_later -> fetching (after 5s)
    fetching + links_expired -> running (after 5s)
    fetching + fetch_failed(output) -> failed (never)
    fetching + stored -> succeeded (never)
    fetching + fetch_failed(expired) -> failed (never)
    succeeded + retry(buy) -> running (now)
    succeeded + retry(look) -> running (now)
    failed + retry(buy) -> queued (now)
    failed at the provider + retry(buy) -> running (now)
    failed at the provider + retry(look) -> running (now)
    failed to fetch + retry(buy) -> running (now)
    failed to fetch + retry(look) -> running (now)
    cancelled + retry(buy) -> queued (now)
    looked at again + accepted(task-1 for 1) -> running (after 5s)
    looked at again + accepted(task-1 for 2) -> running (after 5s)
    looked at again + resolved(GiveUp) -> failed (never)
    looked at again + running -> running (after 5s)
    looked at again + running -> running (after 5s)
    looked at again + finished(1 outputs) -> fetching (now)
    looked at again + failed(Refunded) -> failed (never)
    looked at again + failed(Refunded, again) -> queued (after 5s)
    looked at again + failed(Charged) -> failed (never)
    looked at again + failed(Charged, again) -> queued (after 5s)
    looked at again + failed(Open) -> failed (never)
    looked at again + cancelled(None) -> queued (now)
    looked at again + cancelled(Some(Refunded)) -> queued (now)
    looked at again + recalled(2) -> submitting (now)
    looked at again + running -> running (after 5s)
    fetching again + accepted(task-1 for 1) -> fetching (now)
    fetching again + accepted(task-1 for 2) -> fetching (now)
    fetching again + resolved(GiveUp) -> failed (never)
    fetching again + fetch_later -> fetching (after 5s)
    fetching again + links_expired -> running (after 5s)
    fetching again + fetch_failed(output) -> failed (never)
    fetching again + stored -> succeeded (never)
    fetching again + fetch_failed(expired) -> queued (now)
    withdrawn + retry(buy) -> running (now)
    withdrawn + retry(look) -> running (now)
    asked for fresh links + accepted(task-1 for 1) -> running (after 5s)
    asked for fresh links + accepted(task-1 for 2) -> running (after 5s)
    asked for fresh links + resolved(GiveUp) -> failed (never)
    asked for fresh links + running -> running (after 5s)
    asked for fresh links + running -> running (after 5s)
    asked for fresh links + finished(1 outputs) -> fetching (now)
    asked for fresh links + failed(Refunded) -> failed (never)
    asked for fresh links + failed(Refunded, again) -> queued (after 5s)
    asked for fresh links + failed(Charged) -> failed (never)
    asked for fresh links + failed(Open) -> failed (never)
    asked for fresh links + cancelled(None) -> cancelled (never)
    asked for fresh links + cancelled(Some(Refunded)) -> cancelled (never)
    asked for fresh links + recalled(2) -> submitting (now)
    asked for fresh links + running -> running (after 5s)
    asked for fresh links + fetch_again -> fetching (now)
    ");
}

/// The event's name and what tells it from others of that name.
fn event_name(event: &Event) -> String {
    let detail = match event {
        Event::Resolved { resolution } => format!("{resolution:?}"),
        Event::Failed { settlement, retry_after, .. } => {
            format!("{settlement:?}{}", if retry_after.is_some() { ", again" } else { "" })
        }
        Event::Accepted { acceptance, .. } => format!("{} for {}", acceptance.task, acceptance.submission),
        Event::Finished { outputs, .. } => format!("{} outputs", outputs.len()),
        Event::Cancelled { settlement } => format!("{settlement:?}"),
        Event::RestoredSubmission { submission } => submission.number.to_string(),
        Event::Retry { buy } => if *buy { "buy" } else { "look" }.to_owned(),
        Event::FetchFailed { failure } => failure.kind.to_string(),
        _ => return event.name().to_owned(),
    };
    format!("{}({detail})", event.name())
}
