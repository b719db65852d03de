//! An account: what it allows, what was learned of that, and what holds it back.

use std::{collections::BTreeMap, time::Duration};

use reelq_limits::DayTotal;
use reelq_model::Timestamp;
use reelq_store::{
    AccountLimits, Breaker, Pace, Pause, PauseReason,
    rules::{codes, pauses},
};

/// A value that is set only by whoever saw the last one.
#[derive(Debug, Default)]
pub(super) struct Versioned<T> {
    pub value: T,
    pub version: u64,
}

impl<T: Clone> Versioned<T> {
    /// Whether it was still this version.
    pub(super) fn set(&mut self, version: u64, value: &T) -> bool {
        let is_last = self.version == version;
        if is_last {
            (self.value, self.version) = (value.clone(), version + 1);
        }
        is_last
    }
}

/// What is known of an account. What its jobs add up to is not kept here.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub limits: Option<AccountLimits>,
    pub pace: Versioned<Pace>,
    pub breaker: Versioned<Breaker>,
    /// By the number of their reason: at most one active pause per reason.
    pub pauses: BTreeMap<i64, Pause>,
    /// Where its buckets of rate tokens stand.
    pub submit_tat: i64,
    pub poll_tat: i64,
    /// Tokens for submissions that were ever handed out.
    pub tokens: u64,
    /// The virtual time of its batches' turns, and the pass of each batch.
    pub turn: i64,
    pub passes: BTreeMap<i64, i64>,
    /// What purged jobs had cost, in all and on the day of their removal.
    pub purged: i64,
    pub purged_today: DayTotal,
}

impl Account {
    /// The pauses that stand, each with the number of its reason.
    pub(super) fn pauses(&self, now: Timestamp) -> impl Iterator<Item = (i64, &Pause)> {
        let standing = self.pauses.iter().filter(move |(_, pause)| pause.until.is_none_or(|until| until > now));
        standing.map(|(kind, pause)| (*kind, pause))
    }

    pub(super) fn pause(&mut self, reason: &PauseReason, lasts: Option<Duration>, now: Timestamp) {
        let kind = codes::pause(reason);
        let standing = self.pauses(now).find_map(|(each, pause)| (each == kind).then_some(pause));
        let (since, until) = pauses::merged(standing, lasts, now);
        self.pauses.insert(kind, Pause { reason: reason.clone(), since, until });
    }

    /// Ends the provider's refusal; on a person's word also all else that holds the account back.
    pub(super) fn resume(&mut self, operator: bool) {
        self.pauses.remove(&codes::PAUSE_BLOCKED);
        if operator {
            self.pauses.clear();
            self.set_breaker(self.breaker.version, &self.breaker.value.resumed());
        }
    }

    pub(super) fn set_breaker(&mut self, version: u64, breaker: &Breaker) -> bool {
        let is_set = self.breaker.set(version, breaker);
        if is_set {
            self.pauses.remove(&codes::PAUSE_BREAKER);
            self.pauses.extend(breaker.pause().map(|pause| (codes::PAUSE_BREAKER, pause)));
        }
        is_set
    }
}
