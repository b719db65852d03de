//! The circuit breaker of an account, shared with all other workers through the store.
//!
//! Every change is made from the version that was read, or not at all, so that what is under way is counted exactly.

use std::{future::Future, time::Duration};

use reelq_model::{AccountName, JobId, Timestamp};
use reelq_store::{Ask, Begun, Breaker, BreakerPolicy, BreakerView, Result, SharedStore, Told, Verdict};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use crate::{SharedRng, retry_transient};

/// How long to try to reach the breaker; the current job must be settled before its lease ends.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a change is tried that others got before.
const TRIES: u32 = 100;
/// A breaker that was found quiet is looked at again after this.
const EVERY: Duration = Duration::from_secs(1);
/// Between two looks for a free slot, made up to half longer or shorter.
const SLOT_EVERY: Duration = Duration::from_millis(100);
/// How long a leased job waits for a free slot before it goes back.
const SLOT_WAIT: Duration = Duration::from_secs(3);

/// One account's breaker as this process knows it.
#[derive(Debug)]
pub struct CircuitBreaker {
    account: AccountName,
    store: SharedStore,
    policy: BreakerPolicy,
    rng: SharedRng,
    /// What was last seen, and when by the store's time. Changes of this process go one after the other.
    known: Mutex<Option<(Breaker, Timestamp)>>,
}

/// Whether a purchase may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Free,
    /// It may, and must have its outcome by then. The outcome must be recorded in any case.
    Until(Timestamp),
    /// The same, as the probe of an open breaker, after so many that were in vain.
    Probe {
        /// When it must have its outcome.
        until: Timestamp,
        /// Probes so far.
        after: u32,
    },
    /// Not now; the store holds the account's submissions, or they are as many as there may be.
    Refused,
}

/// A change of a breaker: what it is after it, if it changes, and what to answer.
type Step<T> = (Option<Breaker>, T);

impl CircuitBreaker {
    /// Begins without knowing anything.
    pub fn new(account: AccountName, store: SharedStore, policy: BreakerPolicy, rng: SharedRng) -> Self {
        Self { account, store, policy, rng, known: Mutex::new(None) }
    }

    /// A purchase is about to begin, at `now` by the store's time. Waits a little where as many as may be are under way.
    pub async fn admit(&self, ask: &Ask, now: Timestamp) -> Admission {
        if self.policy.is_off() || (!self.policy.slots && self.is_quiet(now, |_| true).await) {
            return Admission::Free;
        }
        let mut waited = Duration::ZERO;
        loop {
            match self.in_time(self.change(|view| self.admission(ask, view))).await {
                Some(Some(admission)) => return admission,
                Some(None) if waited < SLOT_WAIT => {
                    let moment = self.rng.around(SLOT_EVERY, 0.5);
                    sleep(moment).await;
                    waited += moment;
                }
                _ => return Admission::Refused,
            }
        }
    }

    /// Records the outcome of a purchase, at `now` by the store's time. Gives the breaker as it is then, as far as is known.
    pub async fn record(&self, outcome: &Told, now: Timestamp) -> Breaker {
        if self.policy.is_off() {
            return Breaker::default();
        }
        let good = outcome.verdict == Verdict::Good;
        let adds_nothing = |breaker: &Breaker| !good || breaker.is_known_good(now);
        if !matches!(outcome.verdict, Verdict::Bad { .. })
            && !self.policy.slots
            && self.is_quiet(now, adds_nothing).await
        {
            return Breaker::default();
        }
        let rng = self.rng.fraction();
        let step = |view: &BreakerView| (view.breaker.settle(outcome, &self.policy, view.now, rng), ());
        self.in_time(self.change(step)).await;
        self.last_seen().await
    }

    /// A purchase whose worker died is found: its fate is not known, and never will be.
    pub async fn record_lost(&self, job: JobId, number: u32) {
        if !self.policy.is_off() {
            let step = |view: &BreakerView| (view.breaker.lost_one(job, number, &self.policy, view.now), ());
            self.in_time(self.change(step)).await;
        }
    }

    /// A job's outputs were fetched, or `Err` says why they could not be.
    pub async fn record_fetch(&self, job: JobId, outcome: std::result::Result<(), &str>, now: Timestamp) {
        if self.policy.is_off() || (outcome.is_ok() && self.is_quiet(now, |breaker| breaker.fetched().is_none()).await)
        {
            return;
        }
        let step = |view: &BreakerView| match outcome {
            Ok(()) => (view.breaker.fetched(), ()),
            Err(reason) => (view.breaker.unfetched(job, reason, &self.policy, view.now), ()),
        };
        self.in_time(self.change(step)).await;
    }

    /// `None` where as many as may be are under way.
    fn admission(&self, ask: &Ask, view: &BreakerView) -> Step<Option<Admission>> {
        match view.breaker.begin(ask, &self.policy, view.now) {
            Begun::Free => (None, Some(Admission::Free)),
            Begun::Taken(next, until) => {
                let probes = next.open.as_ref().map(|open| open.probes);
                let admission = probes.map_or(Admission::Until(until), |after| Admission::Probe { until, after });
                (Some(next), Some(admission))
            }
            Begun::Open(_) => (None, Some(Admission::Refused)),
            Begun::Full => (None, None),
        }
    }

    /// Whether all was well within the last second; looks where that is not known.
    async fn is_quiet(&self, now: Timestamp, also: impl Fn(&Breaker) -> bool) -> bool {
        let quiet = |breaker: &Breaker| breaker.is_quiet() && also(breaker);
        if let Some((breaker, at)) = &*self.known.lock().await
            && now.since(*at) < EVERY
        {
            return quiet(breaker);
        }
        let seen = self.in_time(self.change(|view| (None, quiet(&view.breaker)))).await;
        seen.unwrap_or(false)
    }

    async fn last_seen(&self) -> Breaker {
        self.known.lock().await.as_ref().map(|(breaker, _)| breaker.clone()).unwrap_or_default()
    }

    /// Makes a step from what the store has, again where another worker was faster. `None` where others always were.
    async fn change<T>(&self, step: impl Fn(&BreakerView) -> Step<T>) -> Result<Option<T>> {
        let mut known = self.known.lock().await;
        for _ in 0..TRIES {
            let view = retry_transient(&self.rng, || self.store.breaker(&self.account)).await?;
            let (next, answer) = step(&view);
            let Some(next) = next else {
                *known = Some((view.breaker, view.now));
                return Ok(Some(answer));
            };
            let set = || self.store.set_breaker(&self.account, view.version, &next);
            if retry_transient(&self.rng, set).await? {
                self.log(&view.breaker, &next);
                *known = Some((next, view.now));
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// An outcome that is not recorded in time is made up for when the purchase's slot ends.
    async fn in_time<T>(&self, change: impl Future<Output = Result<Option<T>>>) -> Option<T> {
        match timeout(PATIENCE, change).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::warn!(account = %self.account, %error, "the account's breaker could not be reached");
                None
            }
            Err(_) => {
                tracing::warn!(account = %self.account, "the store is unreachable, and so is the account's breaker");
                None
            }
        }
    }

    fn log(&self, before: &Breaker, after: &Breaker) {
        let account = &self.account;
        match (&before.open, &after.open) {
            (None, Some(open)) => {
                let (count, fault, message, next) = (open.count, open.fault, &open.message, open.next);
                tracing::warn!(%account, count, %fault, message, %next, "the breaker opens: nothing is bought until a probe");
            }
            (Some(_), None) => tracing::warn!(%account, "the breaker closes: purchases go on"),
            _ => {}
        }
    }
}
