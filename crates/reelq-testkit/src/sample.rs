//! Samples: one account, one batch, and the rows and jobs in it.

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Fields, Job, JobDraft, JobId, JobSpec, ModelName, Money,
    OutputKind, OutputLink, ProviderName, StoredFile, Submission, TaskId, Timestamp,
};
use reelq_provider::{CallbackSignature, Capability, FailedTasks, Idempotency};
use reelq_store::{AccountLimits, BatchDraft, Line, LineDraft};

/// The time at which samples begin.
pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// The price of a row.
pub const PRICE: Money = Money::from_micros(100_000);

/// The address of a video.
pub const VIDEO_URL: &str = "https://cdn.example/v.mp4";

/// The account `acct`.
pub fn account() -> AccountName {
    AccountName::new("acct").unwrap()
}

/// The batch `films`.
pub fn batch() -> BatchName {
    BatchName::new("films").unwrap()
}

/// The provider `wave`.
pub fn provider_name() -> ProviderName {
    ProviderName::new("wave").unwrap()
}

/// A text-to-video request for `prompt`.
pub fn spec(prompt: &str) -> JobSpec {
    let mut fields = Fields::new();
    fields.insert("prompt".to_owned(), prompt.into());
    JobSpec {
        account: account(),
        provider: provider_name(),
        model: ModelName::new("hailuo-2.3").unwrap(),
        mode: "text-to-video".to_owned(),
        fields,
    }
}

/// A draft of a job of [`batch`] without a price.
pub fn job_draft(prompt: &str, copy: u32) -> JobDraft {
    let spec = spec(prompt);
    JobDraft { id: JobId::derive(&batch(), &spec.digest(), copy), spec, price: None, priority: 0 }
}

/// A queued job of [`batch`].
pub fn job(prompt: &str) -> Job {
    Job::new(job_draft(prompt, 1), batch(), NOW)
}

/// A job whose task `task` is running; copies are jobs of their own.
pub fn running_job(prompt: &str, copy: u32, task: &str) -> Job {
    let job = Job::new(job_draft(prompt, copy), batch(), NOW);
    let submission = Submission { number: 1, key: job.next_key(), body: Digest::of(b""), at: NOW, mark: None };
    let job = job.apply(Event::Sending { submission }, NOW).unwrap().job;
    job.apply(Event::Accepted { acceptance: acceptance(task), first_poll: Duration::ZERO }, NOW).unwrap().job
}

/// The acceptance of a job's first submission.
pub fn acceptance(task: &str) -> Acceptance {
    Acceptance { task: TaskId::new(task).unwrap(), submission: 1, cost: None, at: NOW, outputs: Vec::new() }
}

/// A link that does not expire.
pub fn link(url: &str, kind: OutputKind) -> OutputLink {
    OutputLink { url: url.to_owned(), kind, expires_at: None, assumed: false }
}

/// A stored video of one byte.
pub fn stored_file() -> StoredFile {
    StoredFile {
        path: "1.mp4".to_owned(),
        bytes: 1,
        sha256: Digest::of(b"video"),
        source_url: VIDEO_URL.to_owned(),
        expires_at: None,
        note: None,
    }
}

/// The draft of [`batch`], whose files go to `output`.
pub fn batch_draft(output: &str) -> BatchDraft {
    BatchDraft {
        name: batch(),
        output: output.to_owned(),
        file_name: "{row:06}.mp4".to_owned(),
        budget: None,
        priority: 0,
        manifest: "jobs.csv".to_owned(),
        manifest_path: None,
        passthrough: Vec::new(),
        loaded_with: None,
    }
}

/// Row `row` of [`batch`], which costs [`PRICE`].
pub fn line(row: usize) -> LineDraft {
    let job = JobDraft { price: Some(PRICE), ..job_draft(&format!("prompt {row}"), 1) };
    let line = Line { row: row.try_into().unwrap(), copy: 1, label: None, passthrough: BTreeMap::new() };
    LineDraft { job, line }
}

/// Limits that no test reaches.
pub fn limits() -> AccountLimits {
    AccountLimits {
        requests_per_second: 5000.0,
        burst: NonZeroU32::new(1000).unwrap(),
        polls_per_second: 5000.0,
        max_in_flight: NonZeroU32::new(1000).unwrap(),
        budget: None,
        daily_budget: None,
        open_rate: false,
        open_in_flight: false,
    }
}

/// A provider that replays keys for a day, and has neither a cancel request nor a balance.
pub fn capability() -> Capability {
    Capability {
        idempotency: Idempotency::Replay { window: Duration::from_hours(24) },
        cancel: false,
        balance: false,
        link_lifetime: None,
        price_known: true,
        failed_tasks: FailedTasks::Refunded,
        callback_signature: CallbackSignature::None,
        not_found_grace: Duration::from_mins(1),
        first_poll: Duration::from_secs(5),
        poll_interval: Duration::from_secs(5),
    }
}
