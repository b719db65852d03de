//! The ledger, copied out of the market's state.

use reelq_model::Timestamp;

use super::{Market, State};
use crate::{
    Vendor,
    account::SimAccount,
    ledger::{AccountTotals, Ledger, SimCharge, Totals},
    task::{SimTask, TaskEnd},
};

impl Market {
    /// A picture of this moment.
    pub(crate) fn ledger(&self) -> Ledger {
        let now = self.clock.now();
        let mut ledger = self.state().copy(now);
        ledger.sum_up();
        ledger
    }
}

impl State {
    fn copy(&self, now: Timestamp) -> Ledger {
        Ledger {
            seed: self.seed,
            at: now,
            totals: Totals::default(),
            accounts: self.accounts.iter().map(|(name, (vendor, account))| totals(name, *vendor, account)).collect(),
            requests: self.requests,
            violations: self.violations.clone(),
            duplicates: Vec::new(),
            charges: self.tasks.values().map(|task| charge(task, now)).collect(),
        }
    }
}

fn totals(name: &str, provider: Vendor, account: &SimAccount) -> AccountTotals {
    AccountTotals {
        provider,
        account: name.to_owned(),
        totals: Totals::default(),
        peak_in_flight: account.peak_in_flight,
    }
}

fn charge(task: &SimTask, now: Timestamp) -> SimCharge {
    SimCharge {
        provider: task.vendor,
        account: task.account.clone(),
        task: task.id.clone(),
        idempotency_key: task.idempotency_key.clone(),
        body_sha256: task.body,
        model: task.model.clone(),
        mode: task.mode.clone(),
        prompt: task.prompt.clone(),
        amount: task.amount,
        settlement: task.settlement(now),
        at: task.accepted,
        ends_at: task.cancelled.is_none().then_some(task.ended),
        has_output: task.cancelled.is_none() && task.ending == TaskEnd::Success,
        replays: task.visits.replays,
    }
}
