//! Learns an account's limits together with all other workers: reports outcomes of requests to the store, and lets the rate
//! grow while they go well. Races between workers are harmless: a change is made from the version that was read, or not.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{AccountName, Limit, SharedClock, Timestamp};
use reelq_store::{AccountLimits, Pace, PaceView, Present, Refused, Result, SharedStore};
use tokio::time::timeout;

/// The shortest time between two checks by one process.
const EVERY: Duration = Duration::from_secs(1);
/// Growth and server errors can wait for a slow store; the request that they ride on cannot.
const HASTE: Duration = Duration::from_millis(500);
/// A refusal is reported with more patience, but not for longer than the current job can wait.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a change is tried that others got before.
const TRIES: u32 = 5;

/// One account's limits as this process knows them.
#[derive(Debug)]
pub struct RateController {
    account: AccountName,
    store: SharedStore,
    limits: AccountLimits,
    clock: SharedClock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked: Option<Duration>,
    requests_per_second: f64,
}

impl RateController {
    /// Begins with what is configured.
    pub fn new(account: AccountName, store: SharedStore, limits: AccountLimits, clock: SharedClock) -> Self {
        let state = State { looked: None, requests_per_second: limits.requests_per_second };
        Self { account, store, limits, clock, state: Mutex::new(state) }
    }

    /// The rate that all workers together keep to, as of the last check.
    pub fn requests_per_second(&self) -> f64 {
        self.state().requests_per_second
    }

    /// A request is about to be sent: checks the pace once a second, and lets it grow where its time has come.
    pub async fn refresh(&self) {
        if !self.is_due() {
            return;
        }
        let refreshed = self.change(|view| view.pace.on_quiet(&self.present(view)));
        match timeout(HASTE, refreshed).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the pace could not be refreshed"),
            Err(_) => tracing::debug!("the store is slow; the pace is refreshed later"),
        }
    }

    /// A request that was begun at `begun`, by the store's time, was answered with 429; the account pauses for `wait`.
    pub async fn throttled(&self, limit: Option<Limit>, begun: Timestamp, wait: Duration) {
        let refused = Refused { limit, begun, wait };
        self.report(PATIENCE, |view| Some(view.pace.on_throttled(&refused, &self.present(view)))).await;
    }

    /// A request met with a server error: nothing grows for a while.
    pub async fn server_failed(&self) {
        let step = |view: &PaceView| view.pace.on_trouble(view.now).filter(|_| view.pace.is_learning(&self.limits));
        self.report(HASTE, step).await;
    }

    async fn report(&self, patience: Duration, step: impl Fn(&PaceView) -> Option<Pace>) {
        match timeout(patience, self.change(step)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the outcome of a request could not be shared with the other workers");
            }
            Err(_) => tracing::warn!(
                "the store is unreachable; the outcome of a request could not be shared with the other workers"
            ),
        }
    }

    /// Makes a step from what the store has, again where another worker was faster.
    async fn change(&self, step: impl Fn(&PaceView) -> Option<Pace>) -> Result<()> {
        for _ in 0..TRIES {
            let view = self.store.pace(&self.account).await?;
            let Some(next) = step(&view) else {
                self.note(&view.pace);
                return Ok(());
            };
            if self.store.set_pace(&self.account, view.version, &next).await? {
                self.log(&view.pace, &next);
                self.note(&next);
                return Ok(());
            }
        }
        Ok(())
    }

    fn present(&self, view: &PaceView) -> Present<'_> {
        Present { limits: &self.limits, usage: view.usage, now: view.now }
    }

    fn log(&self, before: &Pace, after: &Pace) {
        let numbers = |pace: &Pace| (pace.requests_per_second(&self.limits), pace.max_in_flight(&self.limits).get());
        let ((rate_before, places_before), (rate, places)) = (numbers(before), numbers(after));
        if rate < rate_before || places < places_before {
            tracing::info!(account = %self.account, rate_before, rate, places_before, places, "refused: slower from now on");
        }
    }

    fn note(&self, pace: &Pace) {
        self.state().requests_per_second = pace.requests_per_second(&self.limits);
    }

    fn is_due(&self) -> bool {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let is_due = state.looked.is_none_or(|looked| now.saturating_sub(looked) >= EVERY);
        if is_due {
            state.looked = Some(now);
        }
        is_due
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
