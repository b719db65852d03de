//! The verbs about accounts.

use reelq_model::AccountName;
use reelq_store::{Breaker, PaceView, Usage};

use super::{account::Account, state::State, views::count};

impl State {
    pub(super) fn account(&mut self, name: &AccountName) -> &mut Account {
        self.accounts.entry(name.clone()).or_default()
    }

    pub(super) fn pace(&self, name: &AccountName) -> PaceView {
        let now = self.now;
        let Some(account) = self.accounts.get(name) else { return PaceView { now, ..PaceView::default() } };
        let usage = Usage { tokens: account.tokens, in_flight: count(self.account_sums(name).account.in_flight) };
        PaceView { pace: account.pace.value.clone(), version: account.pace.version, usage, now }
    }

    /// Only a pause that changes is news: purchases take and give back their slots all the time.
    pub(super) fn set_breaker(&mut self, name: &AccountName, version: u64, breaker: &Breaker) -> bool {
        let account = self.account(name);
        let before = account.pauses.clone();
        let is_set = account.set_breaker(version, breaker);
        self.changes += u64::from(before != self.account(name).pauses);
        is_set
    }
}
