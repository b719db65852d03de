//! Accounts that have work in the store and that no one acts for: renamed or taken away in the configuration, or given another
//! provider.

use std::collections::BTreeMap;

use reelq_config::Config;
use reelq_console::{CommandError, cost, grouped, plural};
use reelq_model::{AccountName, BatchName, Money, ProviderName, Status};
use reelq_store::{JobFilter, JobView, Store, first};
use serde::Serialize;

/// Jobs of an account that are looked at; beyond, it is "at least".
const LOOKED_AT: usize = 10_000;
/// At most this many accounts are looked at.
const ACCOUNTS: usize = 100;
/// What was bought, or may have been, and has not ended.
const BOUGHT: [Status; 4] = [Status::Submitting, Status::Unconfirmed, Status::Running, Status::Fetching];

/// Work that waits for an account that no one acts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stranded {
    /// The account.
    pub account: AccountName,
    /// The provider of its jobs.
    pub provider: ProviderName,
    /// The provider that the account has in the configuration; nothing where it is not there.
    configured: Option<String>,
    /// Tasks that were bought, or may have been, and have not ended.
    pub tasks: u64,
    /// Jobs that wait to be bought.
    pub queued: u64,
    /// What was paid for the tasks, or may have been, as far as it is known.
    pub cost_usd: Money,
    /// Tasks whose price is not known.
    pub unpriced: u64,
    /// Only a part was looked at.
    at_least: bool,
}

impl Stranded {
    /// Says what waits, and the way back.
    pub fn told(&self) -> String {
        let Self { account, provider, .. } = self;
        let at_least = if self.at_least { "at least " } else { "" };
        let sum = cost(self.cost_usd, self.unpriced);
        let tasks = format!("{at_least}{} paid task{} for {sum}", grouped(self.tasks), plural(self.tasks));
        let queued = (self.queued > 0).then(|| format!("{} queued job{}", grouped(self.queued), plural(self.queued)));
        let what: Vec<_> = (self.tasks > 0).then_some(tasks).into_iter().chain(queued).collect();
        let what = what.join(" and ");
        match &self.configured {
            Some(configured) => format!(
                "account {account} is one of {configured} in the configuration, and {what} of {provider} wait for it; to go \
                 on: give it provider = \"{provider}\" back"
            ),
            None => format!(
                "account {account} is not in the configuration, and {what} wait for it; to go on: write \
                 `was = \"{account}\"` into the [accounts.NAME] of {provider} that takes its place, or put \
                 [accounts.{account}] back"
            ),
        }
    }
}

/// What waits for accounts that no one acts for; of one batch, where it is given.
pub async fn stranded(
    store: &dyn Store,
    config: &Config,
    batch: Option<&BatchName>,
) -> Result<Vec<Stranded>, CommandError> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    for view in store.accounts().await? {
        let acting = config.acting_for(&view.name);
        // Of an account that is configured only what is in flight is looked at, and only at a few of that.
        let limit = if acting.is_some() { 1 } else { LOOKED_AT };
        if looked_at >= ACCOUNTS || (acting.is_some() && view.in_flight == 0) {
            continue;
        }
        looked_at += 1;
        let filter = JobFilter { batch: batch.cloned(), account: Some(view.name.clone()), ..JobFilter::default() };
        let bought = JobFilter { statuses: BOUGHT.to_vec(), ..filter.clone() };
        let bought = first(store, &bought, limit).await?;
        let queued = if acting.is_some() {
            Vec::new()
        } else {
            let queued = JobFilter { statuses: vec![Status::Queued], ..filter };
            first(store, &queued, limit).await?
        };
        found.extend(of_account(&bought, &queued, acting, limit));
    }
    Ok(found)
}

/// By the provider of the jobs: an account may have been given one after the other.
fn of_account(bought: &[JobView], queued: &[JobView], acting: Option<&str>, limit: usize) -> Vec<Stranded> {
    let mut found: BTreeMap<ProviderName, Stranded> = BTreeMap::new();
    let at_least = bought.len() >= limit || queued.len() >= limit;
    for view in bought.iter().chain(queued).filter(|view| !view.is_unreadable()) {
        let job = &view.job;
        if acting.is_some_and(|provider| provider == job.spec.provider.as_str()) {
            continue;
        }
        let stranded = found.entry(job.spec.provider.clone()).or_insert_with(|| Stranded {
            account: job.spec.account.clone(),
            provider: job.spec.provider.clone(),
            configured: acting.map(str::to_owned),
            tasks: 0,
            queued: 0,
            cost_usd: Money::ZERO,
            unpriced: 0,
            at_least,
        });
        if job.status() == Status::Queued {
            stranded.queued += 1;
            continue;
        }
        stranded.tasks += 1;
        match job.cost().filter(|cost| *cost > Money::ZERO).or(job.price) {
            Some(amount) => stranded.cost_usd += amount,
            None => stranded.unpriced += 1,
        }
    }
    found.into_values().collect()
}
