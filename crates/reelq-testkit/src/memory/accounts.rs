//! Accounts: what they allow, what was learned of that, what holds them back, and what their jobs add up to.

use std::time::Duration;

use reelq_model::AccountName;
use reelq_store::{
    AccountBalance, AccountLimits, AccountView, Breaker, BreakerView, Pace, PaceView, Pause, PauseReason, Result,
    rules::{codes, pauses},
};

use super::state::{Account, State};

impl State {
    pub(super) fn account(&mut self, name: &AccountName) -> &mut Account {
        self.accounts.entry(name.clone()).or_default()
    }

    pub(super) fn set_limits(&mut self, name: &AccountName, limits: &AccountLimits) -> Result<()> {
        let before = self.account(name).limits.replace(*limits);
        self.changes += u64::from(before.as_ref() != Some(limits));
        Ok(())
    }

    pub(super) fn pace(&self, name: &AccountName) -> Result<PaceView> {
        let mut view = self.accounts.get(name).map(|account| account.pace.clone()).unwrap_or_default();
        let in_flight = u64::try_from(self.account_balance(name).sums.in_flight);
        (view.usage.in_flight, view.now) = (in_flight.unwrap_or(0), self.now);
        Ok(view)
    }

    pub(super) fn set_pace(&mut self, name: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
        let known = &mut self.account(name).pace;
        let is_last = known.version == version;
        if is_last {
            (known.pace, known.version) = (pace.clone(), version + 1);
        }
        self.changes += u64::from(is_last);
        Ok(is_last)
    }

    pub(super) fn breaker(&self, name: &AccountName) -> Result<BreakerView> {
        let known = self.accounts.get(name).map(|account| account.breaker.clone());
        Ok(BreakerView { now: self.now, ..known.unwrap_or_default() })
    }

    /// Only a pause that changes is news: purchases take and give back their slots all the time.
    pub(super) fn set_breaker(&mut self, name: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
        let Account { breaker: known, pauses, .. } = self.account(name);
        if known.version != version {
            return Ok(false);
        }
        (known.breaker, known.version) = (breaker.clone(), version + 1);
        let before = pauses.remove(&codes::PAUSE_BREAKER);
        pauses.extend(breaker.pause().map(|pause| (codes::PAUSE_BREAKER, pause)));
        let is_news = before.as_ref() != pauses.get(&codes::PAUSE_BREAKER);
        self.changes += u64::from(is_news);
        Ok(true)
    }

    pub(super) fn pause_account(
        &mut self,
        name: &AccountName,
        reason: &PauseReason,
        lasts: Option<Duration>,
    ) -> Result<()> {
        let (now, kind) = (self.now, codes::pause(reason));
        let pauses = &mut self.account(name).pauses;
        let (since, until) = pauses::merged(pauses.get(&kind).filter(|pause| pause.stands(now)), lasts, now);
        pauses.insert(kind, Pause { reason: reason.clone(), since, until });
        self.changes += 1;
        Ok(())
    }

    pub(super) fn resume_account(&mut self, name: &AccountName, operator: bool) -> Result<()> {
        let Account { breaker, pauses, .. } = self.account(name);
        pauses.remove(&codes::PAUSE_BLOCKED);
        if operator {
            pauses.clear();
            let (version, resumed) = (breaker.version, breaker.breaker.resumed());
            self.set_breaker(name, version, &resumed)?;
        }
        self.changes += 1;
        Ok(())
    }

    pub(super) fn accounts(&self) -> Result<Vec<AccountView>> {
        let view = |(name, account): (&AccountName, &Account)| {
            let balance = self.account_balance(name);
            AccountView {
                limits: account.limits,
                pace: account.pace.pace.clone(),
                pauses: account.pauses.values().filter(|pause| pause.stands(self.now)).cloned().collect(),
                held: self.held(name, &balance.remaining(account.limits.as_ref())),
                ..balance.view(name.clone(), self.now)
            }
        };
        Ok(self.accounts.iter().map(view).collect())
    }

    /// Purged jobs included.
    pub(super) fn account_balance(&self, name: &AccountName) -> AccountBalance {
        let mut balance = self.sums(self.jobs.values().filter(|record| record.job.spec.account == *name)).account;
        if let Some(account) = self.accounts.get(name) {
            balance.sums.spent += account.purged;
            balance.spent_today += account.purged_today.on(self.now.day());
        }
        balance
    }
}
