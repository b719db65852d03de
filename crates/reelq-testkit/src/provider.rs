//! A provider that builds plain requests and whose answers are scripted.

use reelq_model::{
    Acceptance, Digest, Failure, FailureKind, Fields, Finding, JobSpec, OutputKind, OutputLink, ProviderName, Setback,
    SubmitOutcome, TaskId,
};
use reelq_provider::{
    BalanceOutcome, BuildError, CancelOutcome, Capability, Checked, ImageFacts, PollOutcome, Provider, Reply, Request,
    SubmitInput, retry_after,
};

use crate::{Script, sample};

/// How a [`FakeProvider`] reads status replies.
#[derive(Debug, Clone)]
pub enum Polled {
    /// Whatever the reply is, these are the outcomes.
    Scripted(Script<PollOutcome>),
    /// By its body: `running` is a running task, everything else a finished one with a video.
    ByBody,
}

/// A provider whose requests are readable and whose answers a test gives in advance.
#[derive(Debug, Clone)]
pub struct FakeProvider {
    /// Its name.
    pub name: ProviderName,
    /// What it is capable of. A balance and a cancel request exist only where this says so.
    pub capability: Capability,
    /// Goes into each body: a newer version may build another one.
    pub version: u32,
    /// Whether no row becomes a request.
    pub refuses: bool,
    /// The outcomes of status requests.
    pub polled: Polled,
    /// The outcomes of cancel requests.
    pub cancels: Script<CancelOutcome>,
    /// The outcomes of balance requests.
    pub balances: Script<BalanceOutcome>,
}

impl FakeProvider {
    /// A provider with this capability, and nothing scripted.
    pub fn new(capability: Capability) -> Self {
        Self {
            name: sample::provider_name(),
            capability,
            version: 1,
            refuses: false,
            polled: Polled::Scripted(Script::default()),
            cancels: Script::default(),
            balances: Script::default(),
        }
    }
}

impl Provider for FakeProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn check(&self, _: &str, _: Option<&str>, _: &Fields) -> Checked {
        panic!("no row is checked here")
    }

    fn check_image(&self, _: &str, _: &str, _: &ImageFacts) -> Vec<Finding> {
        panic!("no image is checked here")
    }

    fn submit(&self, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
        if self.refuses {
            return Err(BuildError::MissingImage { sha256: Digest::of(b"x") });
        }
        let body = format!("v{} {}", self.version, input.spec.prompt());
        let mut request = Request::post("/submit", body.into_bytes());
        request.headers.extend(input.key.map(|key| ("Idempotency-Key", key.to_string())));
        Ok(request)
    }

    fn submitted(&self, submission: u32, reply: &Reply) -> SubmitOutcome {
        read_submission(submission, reply)
    }

    fn poll(&self, _: &JobSpec, task: &TaskId) -> Request {
        Request::get(format!("/tasks/{task}"))
    }

    fn polled(&self, _: &JobSpec, _: &TaskId, reply: &Reply) -> PollOutcome {
        match &self.polled {
            Polled::Scripted(outcomes) => outcomes.next("a status request"),
            Polled::ByBody if reply.body == "running" => {
                PollOutcome::Running { word: "running".to_owned(), unknown_word: false, progress: None, wait: None }
            }
            Polled::ByBody => PollOutcome::Finished { outputs: vec![video_link()], cost: None, ran: None },
        }
    }

    fn cancel(&self, task: &TaskId) -> Option<Request> {
        self.capability.cancel.then(|| Request::post(format!("/tasks/{task}/cancel"), Vec::new()))
    }

    fn cancelled(&self, _: &TaskId, _: &Reply) -> CancelOutcome {
        self.cancels.next("a cancel request")
    }

    fn balance(&self) -> Option<Request> {
        self.capability.balance.then(|| Request::get("/balance"))
    }

    fn balanced(&self, _: &Reply) -> BalanceOutcome {
        self.balances.next("a balance request")
    }
}

fn video_link() -> OutputLink {
    sample::link(sample::VIDEO_URL, OutputKind::Video)
}

/// Takes `{"task":"ID"}` for an acceptance.
fn read_submission(submission: u32, reply: &Reply) -> SubmitOutcome {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    match reply.status {
        200 => match text.strip_prefix("{\"task\":\"").and_then(|rest| rest.strip_suffix("\"}")) {
            Some(task) => {
                let at = reply.at;
                SubmitOutcome::Accepted(Acceptance { submission, at, ..sample::acceptance(task) })
            }
            None => SubmitOutcome::Ambiguous(Setback::new("an acceptance that cannot be read")),
        },
        _ if reply.cut.is_some() => SubmitOutcome::Ambiguous(Setback::new("half a reply")),
        429 => {
            let wait = reply.retry_after.as_deref().and_then(|value| retry_after::parse(value, reply.at));
            SubmitOutcome::Throttled(Setback { wait, ..Setback::new("429") })
        }
        400..500 => SubmitOutcome::Rejected(Failure::new(FailureKind::Invalid, text)),
        _ => SubmitOutcome::Ambiguous(Setback::new(text)),
    }
}
