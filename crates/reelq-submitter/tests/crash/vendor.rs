//! A vendor that charges: it outlives every crash, and its ledger tells what was bought.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{
    Acceptance, Fields, JobSpec, OutputKind, OutputLink, ProviderName, Setback, SubmitOutcome, TaskId, Timestamp,
};
use reelq_provider::{
    BalanceOutcome, BuildError, CallbackSignature, CancelOutcome, Capability, Checked, FailedTasks, Idempotency,
    ImageFacts, PollOutcome, Provider, Reply, Request, SubmitInput,
};
use reelq_worker::Exchange;

use crate::points::Points;

/// What was bought: one prompt for each task, in order.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    tasks: Vec<String>,
    keys: BTreeMap<String, usize>,
    looks: BTreeMap<String, u32>,
}

#[derive(Debug)]
pub(crate) struct Vendor {
    name: ProviderName,
    capability: Capability,
    ledger: Mutex<Ledger>,
}

impl Vendor {
    pub(crate) fn new(idempotency: Idempotency) -> Self {
        let capability = Capability {
            idempotency,
            cancel: false,
            balance: false,
            link_lifetime: None,
            price_known: true,
            failed_tasks: FailedTasks::Refunded,
            callback_signature: CallbackSignature::None,
            not_found_grace: Duration::from_mins(1),
            first_poll: Duration::from_millis(10),
            poll_interval: Duration::from_millis(10),
        };
        Self { name: ProviderName::new("wave").unwrap(), capability, ledger: Mutex::default() }
    }

    /// How often each prompt was bought.
    pub(crate) fn purchases(&self) -> BTreeMap<String, usize> {
        let mut purchases = BTreeMap::new();
        for prompt in &self.ledger.lock().unwrap().tasks {
            *purchases.entry(prompt.clone()).or_default() += 1;
        }
        purchases
    }

    fn buy(&self, request: &Request) -> TaskId {
        let prompt = String::from_utf8(request.body.clone().unwrap().to_vec()).unwrap();
        let key = request.headers.first().map(|(_, key)| key.clone());
        let mut ledger = self.ledger.lock().unwrap();
        let known = key.as_ref().and_then(|key| ledger.keys.get(key).copied());
        let number = known.unwrap_or_else(|| {
            ledger.tasks.push(prompt);
            ledger.tasks.len() - 1
        });
        ledger.keys.extend(key.map(|key| (key, number)));
        TaskId::new(format!("task-{number}")).unwrap()
    }

    /// Each task is running at the first look and finished at the second.
    fn look(&self, path: &str) -> &'static str {
        let mut ledger = self.ledger.lock().unwrap();
        let looks = ledger.looks.entry(path.to_owned()).or_default();
        *looks += 1;
        if *looks > 1 { "finished" } else { "running" }
    }
}

impl Provider for Vendor {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn check(&self, _: &str, _: Option<&str>, _: &Fields) -> Checked {
        panic!("rows are not checked here")
    }

    fn check_image(&self, _: &str, _: &str, _: &ImageFacts) -> Vec<reelq_model::Finding> {
        panic!("images are not checked here")
    }

    fn submit(&self, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
        let mut request = Request::post("/submit", input.spec.prompt().to_owned().into_bytes());
        request.headers.extend(input.key.map(|key| ("Idempotency-Key", key.to_string())));
        Ok(request)
    }

    fn submitted(&self, _: u32, _: &Reply) -> SubmitOutcome {
        panic!("the exchange answers in its place")
    }

    fn poll(&self, _: &JobSpec, task: &TaskId) -> Request {
        Request::get(format!("/tasks/{task}"))
    }

    fn polled(&self, _: &JobSpec, _: &TaskId, reply: &Reply) -> PollOutcome {
        if reply.body == "running" {
            let word = "running".to_owned();
            return PollOutcome::Running { word, unknown_word: false, progress: None, wait: None };
        }
        let url = "https://cdn.example/v.mp4".to_owned();
        let link = OutputLink { url, kind: OutputKind::Video, expires_at: None, assumed: false };
        PollOutcome::Finished { outputs: vec![link], cost: None }
    }

    fn cancel(&self, _: &TaskId) -> Option<Request> {
        None
    }

    fn cancelled(&self, _: &TaskId, _: &Reply) -> CancelOutcome {
        panic!("nothing is cancelled here")
    }

    fn balance(&self) -> Option<Request> {
        None
    }

    fn balanced(&self, _: &Reply) -> BalanceOutcome {
        panic!("nobody asks for the balance here")
    }
}

/// The way to the vendor, which can end on either side of it.
pub(crate) struct Line {
    pub(crate) vendor: Arc<Vendor>,
    pub(crate) points: Arc<Points>,
}

#[async_trait]
impl Exchange for Line {
    async fn submit(&self, _: &dyn Provider, submission: u32, request: &Request) -> SubmitOutcome {
        self.points.pass("before the purchase").await;
        let task = self.vendor.buy(request);
        self.points.pass("after the purchase").await;
        SubmitOutcome::Accepted(Acceptance {
            task,
            submission,
            cost: None,
            at: Timestamp::from_millis(0),
            outputs: Vec::new(),
        })
    }

    async fn call(&self, request: &Request) -> Result<Reply, Setback> {
        self.points.pass("before the look").await;
        let body = self.vendor.look(&request.path);
        self.points.pass("after the look").await;
        Ok(Reply::whole(200, body, Timestamp::from_millis(0)))
    }
}
