//! What accounts allow, what was learned of that, and what holds them back.

use std::{collections::BTreeMap, time::Duration};

use reelq_limits::DayTotal;
use reelq_model::{AccountName, Timestamp};
use reelq_store::{
    AccountLimits, Breaker, BreakerView, Pace, PaceView, Pause, PauseReason, Usage,
    rules::{codes, pauses},
};

use super::{state::State, views::count};

/// What is known of an account. What its jobs add up to is not kept here.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub limits: Option<AccountLimits>,
    pub pace: Pace,
    pub pace_version: u64,
    breaker: Breaker,
    breaker_version: u64,
    /// By the number of their reason: at most one of each stands.
    pauses: BTreeMap<i64, Pause>,
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

    fn pause(&mut self, reason: &PauseReason, lasts: Option<Duration>, now: Timestamp) {
        let kind = codes::pause(reason);
        let standing = self.pauses(now).find_map(|(each, pause)| (each == kind).then_some(pause));
        let (since, until) = pauses::merged(standing, lasts, now);
        self.pauses.insert(kind, Pause { reason: reason.clone(), since, until });
    }

    fn set_breaker(&mut self, version: u64, breaker: &Breaker) -> bool {
        if self.breaker_version != version {
            return false;
        }
        (self.breaker, self.breaker_version) = (breaker.clone(), version + 1);
        match breaker.pause() {
            Some(pause) => drop(self.pauses.insert(codes::PAUSE_BREAKER, pause)),
            None => drop(self.pauses.remove(&codes::PAUSE_BREAKER)),
        }
        true
    }
}

impl State {
    pub(super) fn account(&mut self, name: &AccountName) -> &mut Account {
        self.accounts.entry(name.clone()).or_default()
    }

    pub(super) fn set_limits(&mut self, name: &AccountName, limits: &AccountLimits) {
        let before = self.account(name).limits.replace(*limits);
        self.changes += u64::from(before.as_ref() != Some(limits));
    }

    pub(super) fn pace(&self, name: &AccountName) -> PaceView {
        let now = self.now;
        let Some(account) = self.accounts.get(name) else { return PaceView { now, ..PaceView::default() } };
        let usage = Usage { tokens: account.tokens, in_flight: count(self.account_sums(name).sums.in_flight) };
        PaceView { pace: account.pace.clone(), version: account.pace_version, usage, now }
    }

    pub(super) fn set_pace(&mut self, name: &AccountName, version: u64, pace: &Pace) -> bool {
        let account = self.account(name);
        if account.pace_version != version {
            return false;
        }
        (account.pace, account.pace_version) = (pace.clone(), version + 1);
        self.changes += 1;
        true
    }

    pub(super) fn breaker(&self, name: &AccountName) -> BreakerView {
        let known = self.accounts.get(name);
        let (breaker, version) =
            known.map(|account| (account.breaker.clone(), account.breaker_version)).unwrap_or_default();
        BreakerView { breaker, version, now: self.now }
    }

    /// Only a pause that changes is news: purchases take and give back their slots all the time.
    pub(super) fn set_breaker(&mut self, name: &AccountName, version: u64, breaker: &Breaker) -> bool {
        let account = self.account(name);
        let before = account.pauses.clone();
        let set = account.set_breaker(version, breaker);
        self.changes += u64::from(before != self.account(name).pauses);
        set
    }

    pub(super) fn pause_account(&mut self, name: &AccountName, reason: &PauseReason, lasts: Option<Duration>) {
        let now = self.now;
        self.account(name).pause(reason, lasts, now);
        self.changes += 1;
    }

    pub(super) fn resume_account(&mut self, name: &AccountName, operator: bool) {
        let account = self.account(name);
        account.pauses.remove(&codes::PAUSE_BLOCKED);
        if operator {
            let resumed = account.breaker.resumed();
            account.set_breaker(account.breaker_version, &resumed);
            account.pauses.retain(|code, _| *code == codes::PAUSE_BREAKER);
        }
        self.changes += 1;
    }
}
