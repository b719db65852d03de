//! The workers of one run, and the loop that shows them and listens for signals.

use std::sync::Arc;

use anyhow::Context;
use reelq_model::{AccountName, BatchName, SharedClock, Status, WorkerId};
use reelq_producer::Plan;
use reelq_store::{JobFilter, Page, SharedStore, Store};
use reelq_worker::{Brake, Builder, Ending, Pulse, Runtime};

use super::{
    account,
    collecting::{Collecting, Guard},
    figures::Gauge,
    live::Live,
    signals::Signals,
};
use crate::{config::AccountConfig, failure::Failure, output::Out, providers, session::Session, simulation::Simulated};

/// The workers of one run, ready to start.
#[derive(Debug)]
pub(crate) struct Engine {
    builder: Builder,
    store: SharedStore,
    batch: BatchName,
    pulses: Vec<(AccountName, Arc<Pulse>)>,
    guard: Guard,
    brake: Arc<Brake>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nothing more moves by itself.
    Settled,
    /// A person stopped it.
    Interrupted,
}

impl Engine {
    /// Opens every account that the batch needs; a key that is missing stops the run before anything is enqueued.
    pub(crate) async fn prepare(
        session: &Session,
        store: SharedStore,
        plan: &Plan,
        simulated: Option<&Simulated>,
    ) -> Result<Self, Failure> {
        let seed = seed(&session.clock);
        let shared = account::Shared { store: Arc::clone(&store), brake: Arc::default(), seed };
        let mut accounts = Vec::new();
        for account in needed(session, &*store, plan).await? {
            accounts.push((account, account::http(session, account, simulated)?));
        }
        let https: Vec<_> = accounts.iter().map(|(_, http)| http.clone()).collect();
        let collecting = Collecting::prepare(session, &shared, plan, &https).await?;
        let mut builder = Runtime::builder(Arc::clone(&store), Arc::clone(&session.clock), worker_id(seed)?)
            .batch(plan.batch.name.clone())
            .brake(Arc::clone(&shared.brake))
            .seed(seed);
        let mut pulses = Vec::new();
        for (account, http) in accounts {
            let pulse = Arc::new(Pulse::default());
            let work = account::work(session, account, &http, &shared, &pulse)?;
            builder = builder.account(collecting.join(work, session, &pulse));
            pulses.push((account.name.clone(), pulse));
        }
        let batch = plan.batch.name.clone();
        let guard = collecting.guard(batch.clone(), pulses.iter().map(|(_, pulse)| Arc::clone(pulse)).collect());
        Ok(Self { builder, store, batch, pulses, guard, brake: shared.brake })
    }

    /// Works until nothing more moves by itself, or until a person stops it.
    pub(crate) async fn run(self, session: &Session, out: Out) -> Result<Finish, Failure> {
        let mut signals = Signals::take().context("listen for signals")?;
        let runtime = self.builder.build();
        let stopper = runtime.stopper();
        let mut gauge = Gauge::new(Arc::clone(&self.store), self.batch.clone(), self.pulses);
        let mut live = Live::new(out, self.batch.as_str());
        let mut ticks = tokio::time::interval(live.every());
        let (mut running, mut guarding) = (Box::pin(runtime.run()), Box::pin(self.guard.run()));
        let mut interrupted = 0_u32;
        let ending = loop {
            tokio::select! {
                ending = &mut running => break ending,
                () = &mut guarding => {}
                () = signals.next() => {
                    interrupted += 1;
                    live.message(if interrupted == 1 { STOPPING } else { "ending at once; the state is safe" });
                    stopper.stop();
                }
                _ = ticks.tick() => {
                    let at = session.clock.monotonic();
                    if let Some(figures) = gauge.read(at).await? {
                        live.show(at, &figures, self.brake.engaged());
                    }
                }
            }
        };
        live.finish();
        match ending? {
            Ending::Stopped if interrupted > 0 => Ok(Finish::Interrupted),
            _ => Ok(Finish::Settled),
        }
    }
}

const STOPPING: &str = "stopping: requests in flight may finish, nothing new is sent; once more ends at once";

/// The accounts that the plan names, and those whose tasks of the batch are still to be followed.
async fn needed<'a>(session: &'a Session, store: &dyn Store, plan: &Plan) -> Result<Vec<&'a AccountConfig>, Failure> {
    let used = providers::used(plan);
    let mut needed = Vec::new();
    for account in session.config.accounts.values() {
        if used.contains(&account.name) || follows(store, plan, &account.name).await? {
            needed.push(account);
        }
    }
    Ok(needed)
}

async fn follows(store: &dyn Store, plan: &Plan, account: &AccountName) -> Result<bool, Failure> {
    let filter = JobFilter {
        batch: Some(plan.batch.name.clone()),
        account: Some(account.clone()),
        statuses: vec![Status::Queued, Status::Submitting, Status::Running, Status::Fetching],
        ..JobFilter::default()
    };
    Ok(!store.jobs(&filter, Page { after: 0, limit: 1 }).await?.is_empty())
}

/// Delays need no secrecy, only variety between processes.
fn seed(clock: &SharedClock) -> u64 {
    clock.now().millis().unsigned_abs() ^ (u64::from(std::process::id()) << 40)
}

/// A name that no other process on this store has.
fn worker_id(seed: u64) -> Result<WorkerId, Failure> {
    let name = format!("run-{}-{seed:x}", std::process::id());
    Ok(WorkerId::new(name).context("name the worker")?)
}
