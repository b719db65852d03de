//! The figures of a run at one moment, and what follows from two of them.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use reelq_model::{AccountName, BatchName, Status, Timestamp};
use reelq_store::{AccountView, BatchView, SharedStore};
use reelq_worker::AccountMetrics;

use super::troubles::StuckWatch;
use crate::jobs::stuck::Stuck;

/// What the view shows.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub batch: BatchView,
    pub accounts: Vec<AccountView>,
    /// Paid requests a second, lately.
    pub rate: f64,
    /// Paid requests a second that the limits allow.
    pub rate_allowed: f64,
    /// Seconds until the last job ends, at the pace since the start.
    pub eta_s: Option<u64>,
    pub now: Timestamp,
    /// Jobs that have not got on for a while.
    pub stuck: Vec<Stuck>,
}

impl Figures {
    pub(super) fn done(&self) -> u64 {
        Status::ALL.iter().filter(|status| status.is_terminal()).map(|status| self.batch.counts.of(*status)).sum()
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.accounts.iter().map(|account| account.in_flight).sum()
    }

    pub(super) fn in_flight_allowed(&self) -> u64 {
        self.accounts
            .iter()
            .filter_map(|account| Some(account.pace.max_in_flight(&account.limits?)))
            .map(|places| u64::from(places.get()))
            .sum()
    }
}

/// Reads figures again and again.
#[derive(Debug)]
pub(super) struct BatchStats {
    store: SharedStore,
    batch: BatchName,
    accounts: Vec<(AccountName, Arc<AccountMetrics>)>,
    /// Moments of this process with the paid requests sent and the jobs done until then.
    trail: VecDeque<(Duration, u64, u64)>,
    first: Option<(Duration, u64)>,
    troubles: StuckWatch,
}

/// Rates are told over this long.
const WINDOW: Duration = Duration::from_secs(10);

impl BatchStats {
    pub(super) fn new(store: SharedStore, batch: BatchName, accounts: Vec<(AccountName, Arc<AccountMetrics>)>) -> Self {
        Self { store, batch, accounts, trail: VecDeque::new(), first: None, troubles: StuckWatch::default() }
    }

    /// The figures now; `at` is this process's monotonic time.
    pub(super) async fn read(&mut self, at: Duration) -> reelq_store::Result<Option<Figures>> {
        let Some(batch) = self.store.batch(&self.batch).await? else { return Ok(None) };
        let mut accounts = self.store.accounts().await?;
        let own: BTreeSet<&AccountName> = self.accounts.iter().map(|(name, _)| name).collect();
        accounts.retain(|view| own.contains(&view.name));
        let rate_allowed = accounts.iter().filter_map(|view| Some(view.pace.requests_per_second(&view.limits?))).sum();
        let now = self.store.now().await?;
        let stuck = self.troubles.read(&*self.store, &self.batch, at, now).await.to_vec();
        let mut figures = Figures { batch, accounts, rate: 0.0, rate_allowed, eta_s: None, now, stuck };
        let submits = self.accounts.iter().map(|(_, account_metrics)| account_metrics.snapshot().submits).sum();
        self.note(at, submits, figures.done());
        figures.rate = self.rate();
        figures.eta_s = self.eta(at, figures.done(), figures.batch.counts.outstanding());
        Ok(Some(figures))
    }

    fn note(&mut self, at: Duration, submits: u64, done: u64) {
        self.first.get_or_insert((at, done));
        self.trail.push_back((at, submits, done));
        while self.trail.len() > 2 && self.trail.front().is_some_and(|(first, ..)| at.saturating_sub(*first) > WINDOW) {
            self.trail.pop_front();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.trail.front(), self.trail.back()) else { return 0.0 };
        let elapsed = last.0.saturating_sub(first.0).as_secs_f64();
        if elapsed > 0.0 { last.1.saturating_sub(first.1) as f64 / elapsed } else { 0.0 }
    }

    fn eta(&self, at: Duration, done: u64, left: u64) -> Option<u64> {
        let (since, done_then) = self.first?;
        let elapsed = u64::try_from(at.saturating_sub(since).as_millis()).ok()?;
        let done_since = done.saturating_sub(done_then);
        elapsed.checked_mul(left)?.checked_div(done_since).map(|millis| millis / 1_000)
    }
}
