//! How a batch stands once nothing more happens to it, and the exit code that says so.

use std::collections::BTreeSet;

use reelq_console::{CommandError, Exit};
use reelq_model::{AccountName, BatchName, FailureKind, Status};
use reelq_store::{AccountView, BatchView, HeldBatch, JobFilter, Pause, PauseReason, Store, first};
use serde::Serialize;

use super::remedies::Remedy;
use crate::{
    jobs::{
        noticed::Noticed,
        stuck::{Stuck, stuck},
    },
    work::stop_loss,
};

/// How a batch stands.
#[derive(Debug, Clone, Serialize)]
pub struct BatchOutcome {
    /// The batch.
    pub batch: BatchView,
    /// The accounts that it uses.
    pub accounts: Vec<AccountView>,
    /// Failed jobs by kind.
    pub failures: Vec<(FailureKind, u64)>,
    /// The same, by what was paid for them.
    #[serde(skip)]
    pub(crate) remedies: Vec<Remedy>,
    /// Jobs that will still move by themselves.
    pub outstanding: u64,
    /// Jobs of unknown fate, those whose line is gone included.
    pub unconfirmed: u64,
    /// Rows whose task was withdrawn at the provider, by whomever.
    pub withdrawn: u64,
    /// Rows that do not get on, with what they wait for.
    pub waiting: Vec<Stuck>,
    /// Rows whose task stands for another row, too.
    pub shared_tasks: u64,
    /// Accounts with a charge of the batch of unknown amount: it is in none of their sums.
    pub unpriced_accounts: BTreeSet<AccountName>,
    /// Why a stop rule holds the batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Rows whose record cannot be read, where the result manifest was written just now.
    #[serde(skip)]
    pub unreadable: u64,
}

/// Failed jobs of one kind are counted up to here; beyond, it is "at least".
const COUNTED: usize = 10_000;

impl BatchOutcome {
    /// Reads how the batch stands.
    pub async fn read(store: &dyn Store, batch: BatchView, used: &[String]) -> Result<Self, CommandError> {
        let noticed = Noticed::read(store, [&batch.batch.name]).await?;
        Self::with(store, batch, used, noticed).await
    }

    /// The same, where its jobs were looked at already.
    pub async fn with(
        store: &dyn Store,
        batch: BatchView,
        used: &[String],
        noticed: Noticed,
    ) -> Result<Self, CommandError> {
        let mut accounts = store.accounts().await?;
        let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
        accounts.retain(|view| used.contains(view.name.as_str()));
        let (mut failures, mut remedies) = (Vec::new(), Vec::new());
        if batch.counts.of(Status::Failed) > 0 {
            let now = store.now().await?;
            for kind in FailureKind::ALL {
                let filter = JobFilter {
                    batch: Some(batch.batch.name.clone()),
                    statuses: vec![Status::Failed],
                    failures: vec![kind],
                    ..JobFilter::default()
                };
                let found = first(store, &filter, COUNTED).await?;
                let lines = found.iter().filter(|view| view.line.is_some() && !view.is_unreadable()).count();
                failures.push((kind, u64::try_from(lines).unwrap_or(u64::MAX)));
                remedies.extend(Remedy::of(kind, &found, now));
            }
            failures.retain(|(_, count)| *count > 0);
        }
        let outstanding = batch.counts.outstanding() + batch.others.outstanding();
        let unconfirmed = batch.counts.of(Status::Unconfirmed) + batch.others.of(Status::Unconfirmed);
        let withdrawn = withdrawn(store, &batch).await?;
        let waiting = if outstanding > 0 { waiting_rows(store, &batch.batch.name).await? } else { Vec::new() };
        let stopped = stop_loss::told(store, &batch).await?;
        let shared_tasks = noticed.shared(&batch.batch.name);
        Ok(Self {
            batch,
            accounts,
            failures,
            remedies,
            outstanding,
            unconfirmed,
            withdrawn,
            waiting,
            shared_tasks,
            unpriced_accounts: noticed.unpriced_accounts,
            stopped,
            unreadable: 0,
        })
    }

    /// The accounts that the provider refuses.
    pub fn blocked(&self) -> impl Iterator<Item = (&AccountView, &PauseReason)> {
        let reasons = |view| {
            let view: &AccountView = view;
            view.pauses.iter().map(move |pause| (view, &pause.reason))
        };
        self.accounts.iter().flat_map(reasons).filter(|(_, reason)| matches!(reason, PauseReason::Blocked { .. }))
    }

    /// The accounts whose breaker is open while rows wait for them.
    pub fn held_by_breaker(&self) -> impl Iterator<Item = (&AccountView, &Pause)> {
        let accounts = self.accounts.iter().filter(|_| self.outstanding > 0);
        let pauses = accounts.flat_map(|view| view.pauses.iter().map(move |pause| (view, pause)));
        pauses.filter(|(_, pause)| matches!(pause.reason, PauseReason::Breaker { .. }))
    }

    /// The accounts whose money does not cover the batch's next job, with what holds it back.
    pub fn short(&self) -> impl Iterator<Item = (&AccountView, &HeldBatch)> {
        short(&self.accounts, &self.batch)
    }

    /// Lines that ended without an output.
    pub fn without_output(&self) -> u64 {
        self.batch.counts.of(Status::Failed) + self.batch.counts.of(Status::Cancelled)
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        Exit::most_urgent(|exit| self.holds(exit))
    }

    /// Whether this exit code is true of the batch; the most urgent is the one to end with.
    pub fn holds(&self, exit: Exit) -> bool {
        match exit {
            Exit::Blocked => self.outstanding > 0 && self.blocked().next().is_some(),
            Exit::Unconfirmed => self.unconfirmed > 0,
            Exit::Budget => self.outstanding > 0 && (self.batch.budget_reached || self.short().next().is_some()),
            // The rows that no one tried are what is left to do.
            Exit::Failed => self.without_output() > 0 && (self.stopped.is_none() || self.outstanding == 0),
            Exit::Outstanding => self.outstanding > 0 || self.unreadable > 0,
            _ => false,
        }
    }
}

/// How many rows were cancelled with a task that is known: it may have finished all the same.
async fn withdrawn(store: &dyn Store, batch: &BatchView) -> Result<u64, CommandError> {
    if batch.counts.of(Status::Cancelled) == 0 {
        return Ok(0);
    }
    let (name, statuses) = (Some(batch.batch.name.clone()), vec![Status::Cancelled]);
    let filter = JobFilter { batch: name, statuses, ..JobFilter::default() };
    let found = first(store, &filter, COUNTED).await?;
    let known = found.iter().filter(|view| view.line.is_some() && view.job.stage.task().is_some()).count();
    Ok(u64::try_from(known).unwrap_or(u64::MAX))
}

/// The accounts whose money does not cover the batch's next job.
pub fn short<'a>(
    accounts: &'a [AccountView],
    batch: &'a BatchView,
) -> impl Iterator<Item = (&'a AccountView, &'a HeldBatch)> {
    let held = accounts.iter().flat_map(|account| account.held.iter().map(move |held| (account, held)));
    held.filter(|(_, held)| held.batch == batch.batch.name)
}

/// Reads the batch's rows that do not get on.
async fn waiting_rows(store: &dyn Store, batch: &BatchName) -> Result<Vec<Stuck>, CommandError> {
    let filter = JobFilter { batch: Some(batch.clone()), ..JobFilter::default() };
    Ok(stuck(store, &filter).await?.into_iter().map(|(_, stuck)| stuck).collect())
}
