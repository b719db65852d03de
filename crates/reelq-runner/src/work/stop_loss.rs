//! Stop rules of batches: the workers look at what became of all rows, whoever bought them, and hold the batch that breaks one.
//!
//! What became of rows before this process began, or before a person let a held batch go on, is no reason to stop again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::{BatchName, FailureKind, Money, Status};
use reelq_store::{
    BatchView, JobFilter, SharedStore, Store, Walk,
    rules::stop_rule::{StopRule, Toll},
};
use reelq_worker::Overview;

/// How often it is looked. What is known of the batches is no older than a second.
const EVERY: Duration = Duration::from_millis(500);
/// Rules about refusals and charges read the jobs of their batch: one part in so many of the time.
const READS_ONE_IN: u32 = 10;
/// It is looked again after this time all the same, also where a clock that was set makes a look seem long.
const REST_MAX: Duration = Duration::from_secs(30);

/// Looks after the stop rules of the batches that a process works on.
#[derive(Debug)]
pub(crate) struct StopLoss {
    store: SharedStore,
    overview: Arc<Overview>,
    known: Mutex<BTreeMap<BatchName, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    /// What had become of its rows when it was let go on.
    before: Toll,
    /// What its counts were at the last look: where they are the same, nothing is read.
    counts: (u64, u64),
    paused: bool,
}

impl StopLoss {
    pub(crate) fn new(store: SharedStore, overview: Arc<Overview>) -> Self {
        Self { store, overview, known: Mutex::default() }
    }

    /// Looks for as long as it is polled.
    pub(crate) async fn run(&self) {
        loop {
            let begun = self.store.time();
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "the store does not say how batches with stop rules stand");
            }
            let took = self.store.time().since(begun).min(REST_MAX);
            tokio::time::sleep((took * (READS_ONE_IN - 1)).clamp(EVERY, REST_MAX)).await;
        }
    }

    async fn look(&self) -> reelq_store::Result<()> {
        for view in self.overview.batches().await?.iter() {
            let rules = rules(view);
            if !rules.is_empty() && view.whole {
                self.judge(view, &rules).await?;
            }
        }
        Ok(())
    }

    async fn judge(&self, view: &BatchView, rules: &[StopRule]) -> reelq_store::Result<()> {
        let name = &view.batch.name;
        let counts = (ended(view), view.counts.of(Status::Failed));
        let known = self.known().get(name).copied();
        if let Some(known) = known
            && (known.counts, known.paused) == (counts, view.paused)
        {
            return Ok(());
        }
        let toll = toll(&*self.store, view, rules).await?;
        let begins = known.is_none_or(|known| known.paused && !view.paused);
        let before = known.filter(|_| !begins).map_or(toll, |known| known.before);
        self.known().insert(name.clone(), Known { before, counts, paused: view.paused });
        let since = toll.since(&before);
        let broken = rules.iter().find_map(|rule| rule.broken(&since)).filter(|_| !view.paused);
        if let Some(why) = broken {
            self.store.pause_batch(name, true).await?;
            tracing::warn!(batch = %name, %why, "stop_rule_broken: no further row of the batch is bought");
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<BatchName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stop rules that a batch was loaded with.
fn rules(view: &BatchView) -> Vec<StopRule> {
    let said = view.batch.loaded_with.iter().flat_map(|with| &with.stop_if);
    said.filter_map(|rule| rule.parse().ok()).collect()
}

fn ended(view: &BatchView) -> u64 {
    [Status::Succeeded, Status::Failed, Status::Cancelled].map(|status| view.counts.of(status)).iter().sum()
}

/// Why a paused batch with stop rules is likely paused: the rule that all its rows together break.
pub(crate) async fn told(store: &dyn Store, view: &BatchView) -> reelq_store::Result<Option<String>> {
    let rules = rules(view);
    if !view.paused || rules.is_empty() {
        return Ok(None);
    }
    let toll = toll(store, view, &rules).await?;
    Ok(rules.iter().find_map(|rule| rule.broken(&toll)))
}

/// What became of a batch's rows so far, as far as its rules ask.
async fn toll(store: &dyn Store, view: &BatchView, rules: &[StopRule]) -> reelq_store::Result<Toll> {
    let mut toll = Toll { ended: ended(view), failed: view.counts.of(Status::Failed), ..Toll::default() };
    let of = |statuses: Vec<Status>, failures: Vec<FailureKind>| JobFilter {
        batch: Some(view.batch.name.clone()),
        statuses,
        failures,
        ..JobFilter::default()
    };
    if rules.iter().any(StopRule::counts_refused) && toll.failed > 0 {
        let refused = of(vec![Status::Failed], vec![FailureKind::Content]);
        let mut jobs = Walk::new(store, &refused);
        while jobs.next().await?.is_some() {
            toll.refused += 1;
        }
    }
    if rules.iter().any(StopRule::weighs_cost) {
        let charged = of(vec![Status::Running, Status::Fetching, Status::Succeeded, Status::Failed], Vec::new());
        let mut jobs = Walk::new(store, &charged);
        while let Some(view) = jobs.next().await? {
            let (price, spent) = (view.job.price, view.job.spent());
            if let Some(price) = price.filter(|_| spent > Money::ZERO) {
                toll.charged += spent;
                toll.priced += price;
            }
        }
    }
    Ok(toll)
}
