//! A vendor that charges: it outlives every crash, and its ledger tells what was bought.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{Acceptance, Setback, SubmitOutcome, TaskId, Timestamp};
use reelq_provider::{Capability, Idempotency, Provider, Reply, Request};
use reelq_testkit::{FakeProvider, Polled, sample};
use reelq_worker::Exchange;

use super::points::Points;

/// What was bought: one prompt for each task, in order.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    tasks: Vec<String>,
    keys: BTreeMap<String, usize>,
    looks: BTreeMap<String, u32>,
}

#[derive(Debug)]
pub(crate) struct Vendor {
    pub(crate) provider: FakeProvider,
    ledger: Mutex<Ledger>,
}

impl Vendor {
    pub(crate) fn new(idempotency: Idempotency) -> Self {
        let soon = Duration::from_millis(10);
        let capability = Capability { idempotency, first_poll: soon, poll_interval: soon, ..sample::capability() };
        let provider = FakeProvider { polled: Polled::ByBody, ..FakeProvider::new(capability) };
        Self { provider, ledger: Mutex::default() }
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
        let at = Timestamp::from_millis(0);
        SubmitOutcome::Accepted(Acceptance { task, submission, at, ..sample::acceptance("task") })
    }

    async fn call(&self, request: &Request) -> Result<Reply, Setback> {
        self.points.pass("before the look").await;
        let body = self.vendor.look(&request.path);
        self.points.pass("after the look").await;
        Ok(Reply::whole(200, body, Timestamp::from_millis(0)))
    }
}
