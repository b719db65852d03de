//! The workers of one process, and the loop that shows them and listens for signals.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use reelq_collector::Places;
use reelq_config::{AccountConfig, RedisPlace, StorePlace};
use reelq_console::CommandError;
use reelq_http::{AccountHttp, Transport};
use reelq_model::{AccountName, SharedClock, WorkerId};
use reelq_store::ClaimStage;
use reelq_store_redis::{LinkOptions, Patience};
use reelq_worker::{AccountMetrics, AccountWork, Builder, Overview, RunEnd, Runtime, SubmissionGate};

use super::{
    account::{self, SharedParts},
    collecting::{Collecting, LinkGuard},
    descriptors,
    renewal::KeyRenewal,
    reporting::Reporter,
    retention::{KeepBought, Retention},
    scope::{WorkEnd, WorkScope},
    stop_loss::StopLoss,
};
use crate::{
    adapters, context::CommandContext, images, machine::worker_id, opened::OpenedStore, progress::view::ProgressView,
    signals::Signals, simulated_vendors::SimulatedVendors, stores,
};

/// The workers of one process, ready to start.
#[derive(Debug)]
pub struct Engine {
    builder: Builder,
    guard: LinkGuard,
    reporter: Reporter,
    retention: Retention,
    stop_loss: StopLoss,
    renewal: KeyRenewal,
    /// What its accounts have done so far.
    pub metrics: Vec<(AccountName, Arc<AccountMetrics>)>,
    /// What holds submissions back.
    pub submission_gate: Arc<SubmissionGate>,
    /// How things stand in the store.
    pub overview: Arc<Overview>,
    /// What speaks to its accounts' vendors.
    pub transports: Transports,
    /// Its name on the store.
    pub worker: WorkerId,
    /// Workers repeat their verbs themselves, for as long as it takes.
    patience: Patience,
    /// The server that is looked at as the work begins, where it may forget.
    server: Option<(RedisPlace, LinkOptions)>,
    clock: SharedClock,
}

impl Engine {
    /// Opens the accounts; a key that is missing is an error.
    pub fn prepare(
        opened: &OpenedStore<'_>,
        accounts: &[&AccountConfig],
        task: &WorkScope,
        simulated: Option<&SimulatedVendors>,
    ) -> Result<Self, CommandError> {
        let context = opened.context();
        let seed = context.seed;
        let worker = worker_id(task.kind, seed)?;
        let store = opened.journaled(&worker)?;
        let submission_gate: Arc<SubmissionGate> = Arc::default();
        let shared = SharedParts {
            images: images::of_workers(context, &store)?,
            store: Arc::clone(&store),
            places: task.concurrency.has(ClaimStage::Collect).then(|| {
                let (store, clock) = (Arc::clone(&store), Arc::clone(&context.clock));
                Arc::new(Places::new(store, clock, context.storage(), Arc::clone(&submission_gate)))
            }),
            submission_gate,
            descriptors: descriptors::raised(),
            seed,
            concurrency: task.concurrency.clone(),
        };
        let mut opened = Vec::new();
        for account in accounts {
            opened.push((*account, account::http(context, account, simulated)?));
        }
        let https: Vec<_> = opened.iter().map(|(_, http)| http.clone()).collect();
        let collecting = Collecting::prepare(context, &shared, &https)?;
        let overview = Arc::new(Overview::new(Arc::clone(&store), Arc::clone(&context.clock), task.batch.clone()));
        let mut builder = Runtime::builder(Arc::clone(&store), Arc::clone(&context.clock), worker.clone())
            .submission_gate(Arc::clone(&shared.submission_gate))
            .overview(Arc::clone(&overview))
            .seed(seed)
            .lease(context.config.lease);
        if let Some(batch) = &task.batch {
            builder = builder.batch(batch.clone());
        }
        builder = builder.drain(task.drain).wait_at_most(task.wait_at_most);
        let (mut metrics, mut transports) = (Vec::new(), Vec::new());
        let mut renewal = KeyRenewal::new(Arc::clone(&store));
        for (account, http) in opened {
            let transport = account::transport(context, account, &http, &store)?;
            for name in std::iter::once(&account.name).chain(account.was.as_ref()) {
                let account_metrics = Arc::new(AccountMetrics::default());
                let worked =
                    Worked { account, name, http: &http, transport: &transport, account_metrics: &account_metrics };
                builder = builder.account(worked.work(context, &shared, &collecting)?);
                metrics.push((name.clone(), account_metrics));
                renewal.add(name.clone(), Arc::clone(&transport));
            }
            transports.push((account.name.clone(), transport));
        }
        let guard = collecting.guard(Arc::clone(&overview), metrics.clone());
        let reporter = Reporter::new(context, Arc::clone(&store), Arc::clone(&overview), worker.clone(), task);
        // Only who may reach the output places can see whether a batch's result manifests are there.
        let retention = context.config.retention.filter(|_| task.reports && task.concurrency.has(ClaimStage::Collect));
        let bought = KeepBought { accounts: adapters::accounts(context, None)?, most: context.config.keep_bought };
        let stop_loss = StopLoss::new(Arc::clone(&store), Arc::clone(&overview));
        let retention = Retention::new(store, context.storage(), retention, bought);
        let patience = context.patience.clone();
        let server = match context.place() {
            StorePlace::Redis(place) if !context.is_simulated() => {
                Some(((*place).clone(), stores::options(&place, context)?))
            }
            _ => None,
        };
        Ok(Self {
            builder,
            guard,
            reporter,
            retention,
            stop_loss,
            renewal,
            metrics,
            submission_gate: shared.submission_gate,
            overview,
            transports: Transports(transports),
            worker,
            patience,
            server,
            clock: Arc::clone(&context.clock),
        })
    }

    /// Works until nothing more moves by itself, or until a person stops it. The signals are those that were taken when the
    /// process began: one that came meanwhile is not lost.
    pub async fn run(self, view: &impl ProgressView, mut signals: Signals) -> Result<WorkEnd, CommandError> {
        let runtime = self.builder.build();
        let stopper = runtime.stopper();
        let mut running = Box::pin(runtime.run());
        let (mut guarding, mut watching) = (pin!(self.guard.run()), pin!(view.watch()));
        let (mut reporting, mut retention) = (Box::pin(self.reporter.run()), pin!(self.retention.run()));
        let mut renewal = Box::pin(self.renewal.run());
        let mut stop_loss = Box::pin(self.stop_loss.run());
        let mut looking = Box::pin(look_at(self.server, self.clock));
        // Workers repeat their verbs themselves, for as long as it takes, and say so.
        let patience = self.patience.get();
        self.patience.set(Duration::ZERO);
        let mut interrupted = 0_u32;
        let ending = loop {
            tokio::select! {
                ending = &mut running => break ending,
                () = &mut guarding => {}
                () = &mut watching => {}
                () = &mut reporting => {}
                () = &mut retention => {}
                () = &mut renewal => {}
                () = &mut stop_loss => {}
                never = &mut looking => match never {},
                () = signals.next() => {
                    interrupted += 1;
                    view.message(if interrupted == 1 { STOPPING } else { "ending at once; the state is safe" });
                    stopper.stop();
                }
            }
        };
        self.patience.set(patience);
        drop(reporting);
        view.finish();
        match ending? {
            RunEnd::Stopped if interrupted > 0 => Ok(WorkEnd::Interrupted),
            _ => {
                self.reporter.last().await;
                Ok(WorkEnd::Settled)
            }
        }
    }
}

/// An account under one of its names: its own, or an earlier one.
struct Worked<'a> {
    account: &'a AccountConfig,
    name: &'a AccountName,
    http: &'a AccountHttp,
    transport: &'a Arc<Transport>,
    account_metrics: &'a Arc<AccountMetrics>,
}

impl Worked<'_> {
    fn work(
        &self,
        context: &CommandContext,
        shared: &SharedParts,
        collecting: &Collecting,
    ) -> Result<AccountWork, CommandError> {
        let Self { account, name, http, transport, account_metrics } = *self;
        let work = account::work(context, account, name, http, Arc::clone(transport), shared, account_metrics)?;
        let breaking = account::breaking(context, account, name, shared)?;
        let work = collecting.join(work, context, account_metrics, breaking);
        Ok(match &account.was {
            // Under its earlier name it follows what was bought.
            Some(was) if was == name => work.only_open(),
            Some(was) => work.acts_for(was.clone()),
            None => work,
        })
    }
}

/// What speaks to the vendors of a process's accounts.
#[derive(Debug, Clone)]
pub struct Transports(Vec<(AccountName, Arc<Transport>)>);

impl Transports {
    /// The accounts whose vendor takes no connection, with why.
    pub fn unreachable(&self) -> Vec<String> {
        let said = |(account, transport): &(AccountName, Arc<Transport>)| {
            let why = transport.unreachable()?;
            Some(format!("account {account}: its vendor cannot be reached: {why}; it is asked again until it can"))
        };
        self.0.iter().filter_map(said).collect()
    }
}

const STOPPING: &str = "stopping: requests in flight may finish, nothing new is sent; once more ends at once";

/// Warns of a server that may forget what was bought; never ends.
async fn look_at(server: Option<(RedisPlace, LinkOptions)>, clock: SharedClock) -> Infallible {
    if let Some((place, options)) = server {
        stores::warn_of_forgetfulness(place, options, clock).await;
    }
    std::future::pending().await
}
