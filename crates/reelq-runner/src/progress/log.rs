//! What a worker says: plain lines, one now and then, and at once what a person may want to act on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reelq_console::{Out, grouped, spent};
use reelq_model::{AccountName, BatchName, SharedClock, Status};
use reelq_store::{AccountView, BatchView, PauseReason, SharedStore, StatusCounts};
use reelq_worker::{AccountMetrics, Overview, SubmissionGate};

use super::{
    troubles::{StuckWatch, news},
    view::ProgressView,
};
use crate::{
    context::CommandContext,
    ending::summary::counts,
    work::engine::{Engine, Transports},
};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);
/// How many looks pass between two lines that say how things stand.
const LINE_EVERY: u32 = 5;

/// Batches whose jobs are looked at for what holds them up.
const WATCHED: usize = 5;

/// Says in lines what a worker does.
#[derive(Debug)]
pub struct LogProgress {
    out: Out,
    store: SharedStore,
    clock: SharedClock,
    overview: Arc<Overview>,
    /// What commands that it names are said with.
    flags: String,
    submission_gate: Arc<SubmissionGate>,
    transports: Transports,
    metrics: Vec<(AccountName, Arc<AccountMetrics>)>,
    said: Mutex<Said>,
    read: tokio::sync::Mutex<BTreeMap<BatchName, StuckWatch>>,
}

/// What was said already.
#[derive(Debug, Default)]
struct Said {
    looks: u32,
    line: String,
    alarms: BTreeSet<String>,
    left_alone: BTreeSet<AccountName>,
    open: BTreeSet<BatchName>,
    submits: u64,
    troubles: BTreeSet<String>,
}

impl LogProgress {
    /// A view of what `engine` works on.
    pub fn new(context: &CommandContext, store: SharedStore, engine: &Engine, out: Out) -> Self {
        Self {
            out,
            store,
            clock: Arc::clone(&context.clock),
            overview: Arc::clone(&engine.overview),
            flags: context.flags(),
            submission_gate: Arc::clone(&engine.submission_gate),
            transports: engine.transports.clone(),
            metrics: engine.metrics.clone(),
            said: Mutex::default(),
            read: tokio::sync::Mutex::default(),
        }
    }

    async fn look(&self) -> reelq_store::Result<()> {
        let (views, accounts) = (self.overview.batches().await?, self.overview.accounts().await?);
        self.tell(&views, &accounts);
        self.tell_troubles(&views).await;
        Ok(())
    }

    fn tell(&self, views: &[BatchView], accounts: &[AccountView]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for line in said.news(views).into_iter().chain(said.left_alone(accounts, &self.metrics)) {
            self.say(&line);
        }
        for line in said.alarms(alarms(accounts, self.held())) {
            self.warn(&line);
        }
        said.looks += 1;
        if said.looks % LINE_EVERY != 1 {
            return;
        }
        let submits: u64 = self.metrics.iter().map(|(_, account_metrics)| account_metrics.snapshot().submits).sum();
        let line = standing(views, accounts, submits.saturating_sub(said.submits));
        said.submits = submits;
        if said.line != line {
            self.say(&line);
            said.line = line;
        }
    }

    /// Why rows of the batches that are worked on do not get on.
    async fn tell_troubles(&self, views: &[BatchView]) {
        let (at, now) = (self.clock.monotonic(), self.store.time());
        let mut read = self.read.lock().await;
        read.retain(|name, _| views.iter().any(|view| view.batch.name == *name && outstanding(view) > 0));
        for view in views.iter().filter(|view| outstanding(view) > 0).take(WATCHED) {
            let name = &view.batch.name;
            let stuck = read.entry(name.clone()).or_default().read(&*self.store, name, at, now).await;
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            for line in news(stuck, name, &self.flags, &mut said.troubles) {
                self.warn(&line);
            }
        }
    }

    /// What holds submissions back in this process.
    fn held(&self) -> impl Iterator<Item = String> {
        self.submission_gate.all().into_iter().chain(self.transports.unreachable())
    }

    fn warn(&self, line: &str) {
        self.out.say(&format!("{}  warning: {line}", self.clock.now()));
    }

    fn say(&self, line: &str) {
        self.out.note(&format!("{}  {line}", self.clock.now()));
    }
}

impl ProgressView for LogProgress {
    async fn watch(&self) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "the store does not say how things stand");
            }
        }
    }

    fn message(&self, text: &str) {
        self.say(text);
    }

    fn finish(&self) {
        // What no look has told yet is said all the same.
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let held: BTreeSet<String> = self.held().filter(|line| !said.alarms.contains(line)).collect();
        for line in &held {
            self.warn(line);
        }
        said.alarms.extend(held);
    }
}

impl Said {
    /// Batches that came and batches that are done since the last look.
    fn news(&mut self, views: &[BatchView]) -> Vec<String> {
        let open: BTreeSet<_> =
            views.iter().filter(|view| outstanding(view) > 0).map(|view| view.batch.name.clone()).collect();
        let came = open.difference(&self.open).map(|name| format!("batch {name} has work"));
        let done = views.iter().filter(|view| self.open.contains(&view.batch.name) && outstanding(view) == 0);
        let done = done.map(|view| {
            let (name, output) = (&view.batch.name, &view.batch.output);
            format!("batch {name} is done: {}; spent {}; results in {output}", counts(&view.counts), spent(view))
        });
        let lines = came.chain(done).collect();
        self.open = open;
        lines
    }

    /// Accounts that have work and are not this worker's, each once.
    fn left_alone(&mut self, accounts: &[AccountView], own: &[(AccountName, Arc<AccountMetrics>)]) -> Vec<String> {
        let own: BTreeSet<&AccountName> = own.iter().map(|(name, _)| name).collect();
        let foreign = accounts.iter().map(|view| &view.name).filter(|name| !own.contains(*name));
        let new: Vec<_> = foreign.filter(|name| !self.left_alone.contains(*name)).cloned().collect();
        self.left_alone.extend(new.iter().cloned());
        new.iter()
            .map(|name| format!("account {name} is left alone: this worker has no key for it, or was not given it"))
            .collect()
    }

    /// Of what is wrong now, what was not wrong at the last look.
    fn alarms(&mut self, now: BTreeSet<String>) -> Vec<String> {
        let new = now.difference(&self.alarms).cloned().collect();
        self.alarms = now;
        new
    }
}

fn outstanding(view: &BatchView) -> u64 {
    view.counts.outstanding() + view.others.outstanding()
}

fn alarms(accounts: &[AccountView], held: impl Iterator<Item = String>) -> BTreeSet<String> {
    let lasting = |view: &AccountView| {
        let pauses = view.pauses.iter().filter(|pause| pause.reason != PauseReason::Throttled);
        pauses.map(|pause| format!("account {} is {}", view.name, crate::pauses::pause(pause))).collect::<Vec<_>>()
    };
    accounts.iter().flat_map(lasting).chain(held).collect()
}

fn standing(views: &[BatchView], accounts: &[AccountView], submits: u64) -> String {
    let open: Vec<_> = views.iter().filter(|view| outstanding(view) > 0).collect();
    if open.is_empty() {
        return "nothing is outstanding; waiting for work".to_owned();
    }
    let mut sums = StatusCounts::default();
    for (status, count) in open.iter().flat_map(|view| &view.counts.0) {
        *sums.0.entry(*status).or_insert(0) += count;
    }
    let in_flight: u64 = accounts.iter().map(|view| view.in_flight).sum();
    let left = sums.total() - Status::ALL.iter().filter(|it| it.is_terminal()).map(|it| sums.of(*it)).sum::<u64>();
    format!(
        "{} of {} left in {} batch{}: {}; {} in flight; {} paid requests from here",
        grouped(left),
        grouped(sums.total()),
        open.len(),
        if open.len() == 1 { "" } else { "es" },
        counts(&sums),
        grouped(in_flight),
        grouped(submits)
    )
}
