//! Accounts that act for an earlier name of theirs: what the earlier one still has in flight, and has spent, counts against
//! the limits of both together.

use std::{sync::Arc, time::Duration};

use reelq_model::{AccountName, Money};
use reelq_store::{AccountLimits, AccountView, Result, SharedStore};
use tokio_util::sync::CancellationToken;

use crate::{Scope, SubmissionGate};

/// How often it is checked what the earlier names still hold.
const EVERY: Duration = Duration::from_secs(5);
/// The kind of the gate's reason.
const WHAT: &str = "renamed";

/// An account that acts for an earlier name.
#[derive(Debug, Clone)]
pub(crate) struct RenamedAccount {
    pub(crate) name: AccountName,
    pub(crate) was: AccountName,
    /// Its own limits, as configured.
    pub(crate) limits: AccountLimits,
}

/// Keeps the limits of renamed accounts in the store at what their earlier names leave of them.
#[derive(Debug)]
pub(crate) struct RenamedAccounts {
    pub(crate) store: SharedStore,
    pub(crate) gate: Arc<SubmissionGate>,
    pub(crate) all: Vec<RenamedAccount>,
    pub(crate) done: CancellationToken,
}

impl RenamedAccounts {
    /// Runs until the runtime has no job left in flight.
    pub(crate) async fn run(self) {
        while !self.all.is_empty() {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.done.cancelled() => return,
            }
            if let Err(error) = self.set().await {
                tracing::debug!(%error, "what an earlier name of an account holds is unknown for now");
            }
        }
    }

    /// Sets the limits that are not what the store has: whoever finds none there writes the configured ones.
    pub(crate) async fn set(&self) -> Result<()> {
        let views = if self.all.is_empty() { Vec::new() } else { self.store.accounts().await? };
        for account in &self.all {
            let left = views
                .iter()
                .find(|view| view.name == account.was)
                .map_or(Some(account.limits), |was| left(account, was));
            let scope = Scope::Account(account.name.clone());
            let Some(limits) = left else {
                let reason = format!("tasks of its earlier name {} take all its places", account.was);
                self.gate.close(scope, WHAT, reason);
                continue;
            };
            let known = views.iter().find(|view| view.name == account.name).and_then(|view| view.limits);
            if known != Some(limits) {
                self.store.set_limits(&account.name, &limits).await?;
            }
            self.gate.open(scope, WHAT);
        }
        Ok(())
    }
}

/// What of the account's limits its earlier name leaves; `None` where it leaves no slot in flight.
fn left(account: &RenamedAccount, was: &AccountView) -> Option<AccountLimits> {
    let taken = u32::try_from(was.in_flight).unwrap_or(u32::MAX);
    let places = account.limits.max_in_flight.get().saturating_sub(taken);
    let minus = |budget: Option<Money>, used: Money| budget.map(|budget| Money::ZERO.max(budget - used));
    Some(AccountLimits {
        max_in_flight: std::num::NonZeroU32::new(places)?,
        budget: minus(account.limits.budget, was.spent + was.reserved),
        daily_budget: minus(account.limits.daily_budget, was.spent_today + was.reserved),
        ..account.limits
    })
}
