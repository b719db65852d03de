//! Short words for what the cases do again and again.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{
    Acceptance, AccountName, BatchName, Digest, Event, Fields, JobDraft, JobId, JobSpec, ModelName, Money, OutputKind,
    OutputLink, ProviderName, StoredFile, Submission, TaskId, Timestamp, WorkerId,
};

use super::Subject;
use reelq_store::{
    AccountLimits, AccountView, BatchDraft, BatchView, Claim, ClaimStage, Claimed, Commit, Committed, Imported,
    JobView, Lease, Line, LineDraft, SharedStore,
};

/// How long the suite's leases last.
pub const LEASE: Duration = Duration::from_mins(1);
/// A second.
pub const SECOND: Duration = Duration::from_secs(1);

/// One store under test.
pub struct Kit<'a> {
    subject: &'a dyn Subject,
    pub store: SharedStore,
    /// Who claims.
    pub me: WorkerId,
}

/// A line to load: prompt, price in cents, priority, account.
#[derive(Debug, Clone)]
pub struct Wish {
    pub prompt: String,
    pub cents: Option<i64>,
    pub priority: i32,
    pub account: String,
}

/// A line that asks for `prompt` at ten cents.
pub fn wish(prompt: impl Into<String>) -> Wish {
    Wish { prompt: prompt.into(), cents: Some(10), priority: 0, account: "acct".to_owned() }
}

impl Wish {
    #[must_use]
    pub fn cents(mut self, cents: i64) -> Self {
        self.cents = Some(cents);
        self
    }

    #[must_use]
    pub fn unpriced(mut self) -> Self {
        self.cents = None;
        self
    }

    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    fn spec(&self) -> JobSpec {
        let mut fields = Fields::new();
        fields.insert("prompt".to_owned(), self.prompt.clone().into());
        JobSpec {
            account: account(&self.account),
            provider: ProviderName::new("wave").unwrap(),
            model: ModelName::new("hailuo-2.3").unwrap(),
            mode: "text-to-video".to_owned(),
            fields,
        }
    }

    pub fn line(&self, batch: &BatchName, row: u64) -> LineDraft {
        let spec = self.spec();
        let id = JobId::derive(batch, &spec.digest(), 1);
        let job = JobDraft { id, spec, price: self.cents.map(cents), priority: self.priority };
        let label = Some(format!("label-{row}"));
        LineDraft { job, line: Line { row, copy: 1, label, passthrough: BTreeMap::new() } }
    }
}

pub fn wishes(count: usize) -> Vec<Wish> {
    (0..count).map(|number| wish(format!("prompt {number}"))).collect()
}

pub fn cents(cents: i64) -> Money {
    Money::from_micros(cents * 10_000)
}

pub fn batch(name: &str) -> BatchName {
    BatchName::new(name).unwrap()
}

pub fn account(name: &str) -> AccountName {
    AccountName::new(name).unwrap()
}

pub fn worker(name: &str) -> WorkerId {
    WorkerId::new(name).unwrap()
}

/// A job that no store knows.
pub fn stranger() -> JobId {
    JobId::from_bytes([7; 16])
}

pub fn draft(name: &BatchName) -> BatchDraft {
    BatchDraft {
        name: name.clone(),
        output: "out".to_owned(),
        file_name: "{row:06}.mp4".to_owned(),
        budget: None,
        priority: 0,
        manifest: "jobs.csv".to_owned(),
        manifest_path: None,
        passthrough: Vec::new(),
        loaded_with: None,
    }
}

pub fn limits(per_second: f64, burst: u32, cap: u32) -> AccountLimits {
    AccountLimits {
        requests_per_second: per_second,
        burst: burst.try_into().unwrap(),
        polls_per_second: 1000.0,
        max_in_flight: cap.try_into().unwrap(),
        budget: None,
        daily_budget: None,
        open_rate: false,
        open_in_flight: false,
    }
}

/// Limits that hold nothing back: without any, nothing is bought.
pub fn plenty() -> AccountLimits {
    limits(1e6, 1_000_000, 1_000_000)
}

/// The submission that a worker would commit before it sends.
pub fn sending(lease: &Lease) -> Event {
    let job = &lease.job;
    Event::Sending {
        submission: Submission {
            number: job.next_submission(),
            key: job.next_key(),
            body: Digest::of(b"body"),
            at: lease.granted_at,
            mark: None,
        },
    }
}

pub fn acceptance(task: &str, submission: u32) -> Acceptance {
    let task = TaskId::new(task).unwrap();
    Acceptance { task, submission, cost: None, at: Timestamp::from_millis(0), outputs: Vec::new() }
}

pub fn accepted(lease: &Lease, task: &str) -> Event {
    Event::Accepted { acceptance: acceptance(task, lease.job.next_submission()), first_poll: SECOND }
}

pub fn running(word: &str, next_poll: Duration) -> Event {
    Event::Running {
        next_poll,
        word: Some(word.to_owned()),
        progress: None,
        overdue: false,
        answered: true,
        trouble: None,
    }
}

pub fn finished(expires_at: Option<Timestamp>) -> Event {
    let link =
        OutputLink { url: "https://cdn.example/v.mp4".to_owned(), kind: OutputKind::Video, expires_at, assumed: false };
    Event::Finished { outputs: vec![link], cost: None }
}

pub fn stored() -> Event {
    let file = StoredFile {
        path: "1.mp4".to_owned(),
        bytes: 1,
        sha256: Digest::of(b"video"),
        source_url: "https://cdn.example/v.mp4".to_owned(),
        expires_at: None,
        note: None,
    };
    Event::Stored { files: vec![file] }
}

impl<'a> Kit<'a> {
    pub fn new(subject: &'a dyn Subject) -> Self {
        Self { subject, store: subject.store(), me: worker("w1") }
    }

    /// The same state through another process's eyes.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { subject: self.subject, store: self.subject.another(), me: worker("w9") }
    }

    pub fn advance(&self, by: Duration) {
        self.subject.advance(by);
    }

    /// Loads the wishes as the manifest of a batch without a budget.
    pub async fn load(&self, name: &str, wishes: &[Wish]) -> Vec<JobId> {
        self.load_as(&draft(&batch(name)), wishes).await.1
    }

    pub async fn load_with_budget(&self, name: &str, budget: i64, wishes: &[Wish]) -> Vec<JobId> {
        let draft = BatchDraft { budget: Some(cents(budget)), ..draft(&batch(name)) };
        self.load_as(&draft, wishes).await.1
    }

    /// Loads the wishes as the manifest of a batch of this priority.
    pub async fn load_with_priority(&self, name: &str, priority: i32, wishes: &[Wish]) -> Vec<JobId> {
        let draft = BatchDraft { priority, ..draft(&batch(name)) };
        self.load_as(&draft, wishes).await.1
    }

    pub async fn load_as(&self, draft: &BatchDraft, wishes: &[Wish]) -> (Imported, Vec<JobId>) {
        self.allow(wishes).await;
        let load = self.store.begin_import(draft).await.unwrap();
        let lines = lines(&draft.name, wishes);
        self.store.add_to_import(&load, &lines).await.unwrap();
        let loaded = self.store.commit_import(&load).await.unwrap();
        (loaded, lines.iter().map(LineDraft::id).collect())
    }

    /// Gives the accounts of the wishes limits that hold nothing back, where they have none.
    pub async fn allow(&self, wishes: &[Wish]) {
        let known = self.store.accounts().await.unwrap();
        let names: std::collections::BTreeSet<_> = wishes.iter().map(|wish| account(&wish.account)).collect();
        for name in names.iter().filter(|name| !known.iter().any(|view| view.name == **name && view.limits.is_some())) {
            self.store.set_limits(name, &plenty()).await.unwrap();
        }
    }

    pub fn claim_of(&self, stage: ClaimStage, limit: usize) -> Claim {
        Claim {
            stage,
            account: account("acct"),
            limit,
            worker: self.me.clone(),
            lease: LEASE,
            batch: None,
            except: Vec::new(),
            only_open: false,
        }
    }

    pub async fn claim(&self, stage: ClaimStage, limit: usize) -> Claimed {
        self.store.claim(&self.claim_of(stage, limit)).await.unwrap()
    }

    pub async fn submits(&self, limit: usize) -> Vec<Lease> {
        self.claim(ClaimStage::Submit, limit).await.leases
    }

    pub async fn polls(&self, limit: usize) -> Vec<Lease> {
        self.claim(ClaimStage::Poll, limit).await.leases
    }

    pub async fn fetches(&self, limit: usize) -> Vec<Lease> {
        self.claim(ClaimStage::Collect, limit).await.leases
    }

    /// The one job that a submit claim brings.
    pub async fn submit(&self) -> Lease {
        one(self.submits(1).await)
    }

    pub async fn commit(&self, lease: &Lease, event: Event, keep: bool) -> Committed {
        let commit = Commit { lease: lease.clone(), event, keep };
        self.store.commit(&[commit]).await.unwrap().remove(0)
    }

    /// Commits an event that must be taken, and ends the lease.
    pub async fn end(&self, lease: &Lease, event: Event) {
        let committed = self.commit(lease, event, false).await;
        assert!(matches!(committed, Committed::Done(None)), "{committed:?}");
    }

    /// Commits that the request is about to leave; the lease for what comes of it.
    pub async fn send(&self, lease: &Lease) -> Lease {
        match self.commit(lease, sending(lease), true).await {
            Committed::Done(Some(lease)) => lease,
            other => panic!("sending was not committed: {other:?}"),
        }
    }

    /// Takes a claimed job to `running`.
    pub async fn start(&self, lease: &Lease, task: &str) {
        let sent = self.send(lease).await;
        self.end(&sent, accepted(&sent, task)).await;
    }

    /// Takes the next job that is ready to `running`.
    pub async fn start_next(&self, task: &str) -> JobId {
        let lease = self.submit().await;
        self.start(&lease, task).await;
        lease.job.id
    }

    /// Takes the next job that is ready to `fetching`.
    pub async fn finish_next(&self, task: &str, expires_at: Option<Timestamp>) -> JobId {
        let job = self.start_next(task).await;
        self.advance(SECOND);
        let poll = one(self.polls(1).await);
        assert_eq!(poll.job.id, job);
        self.end(&poll, finished(expires_at)).await;
        job
    }

    pub async fn view(&self, job: JobId) -> JobView {
        self.store.job(job).await.unwrap().unwrap()
    }

    pub async fn batch(&self, name: &str) -> BatchView {
        self.store.batch(&batch(name)).await.unwrap().unwrap()
    }

    pub async fn in_flight(&self) -> u64 {
        self.in_flight_of("acct").await
    }

    pub async fn in_flight_of(&self, account: &str) -> u64 {
        self.account(account).await.in_flight
    }

    pub async fn account(&self, name: &str) -> AccountView {
        let accounts = self.store.accounts().await.unwrap();
        accounts.into_iter().find(|view| view.name.as_str() == name).unwrap()
    }

    /// Moves the store's time to the beginning of its next UTC day.
    pub async fn until_midnight(&self) {
        let now = self.store.now().await.unwrap();
        self.advance(now.day_end().since(now));
    }
}

pub fn lines(batch: &BatchName, wishes: &[Wish]) -> Vec<LineDraft> {
    wishes.iter().zip(1..).map(|(wish, row)| wish.line(batch, row)).collect()
}

pub fn one(mut leases: Vec<Lease>) -> Lease {
    assert_eq!(leases.len(), 1, "one lease was expected");
    leases.remove(0)
}

pub fn ids(leases: &[Lease]) -> Vec<JobId> {
    leases.iter().map(|lease| lease.job.id).collect()
}
