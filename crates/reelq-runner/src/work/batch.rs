//! A batch that is worked on to its end: what `run` and `continue` have in common.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use reelq_config::AccountConfig;
use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_model::{AccountName, BatchName, Status};
use reelq_store::{JobFilter, Store, first};

use super::{
    concurrency::Concurrency,
    engine::Engine,
    scope::{WorkEnd, WorkScope},
};
use crate::{
    context::CommandContext,
    ending::close::{Closing, closing},
    jobs::wake::look_soon,
    locks::run_lock::RunLock,
    machine::RUN,
    opened::OpenedStore,
    progress::batch::BatchProgress,
    signals::Signals,
    simulated_vendors::SimulatedVendors,
};

/// A batch in the store, and who works on it.
#[derive(Debug)]
pub struct Work<'a> {
    /// The store, and what it was opened in.
    pub opened: &'a OpenedStore<'a>,
    /// The right to run the batch.
    pub held: &'a RunLock,
    /// The batch.
    pub batch: &'a BatchName,
    /// The accounts that are said to hold it up, at the end.
    pub used: Vec<AccountName>,
    /// The manifest's lines that must be in the store, and how to see which are not.
    pub manifest: Option<(u64, String)>,
    /// Where it is told.
    pub out: Out,
}

impl Work<'_> {
    /// Works until nothing of the batch moves any more, and says what became of it.
    pub async fn to_end(&self, engine: Engine, wait_at_most: Duration) -> CommandResult {
        let Self { opened, batch, out, .. } = *self;
        let (context, store) = (opened.context(), opened.shared());
        look_soon(&**store, batch, wait_at_most).await?;
        let begun = context.clock.monotonic();
        let view = BatchProgress::new(context, Arc::clone(store), batch, &engine, out);
        let signals = Signals::take().context("listen for signals")?;
        let finish = Box::pin(engine.run(&view, signals)).await?;
        // The workers have signed off; the result manifests are still this run's to write.
        self.held.renew().await;
        let seconds = context.clock.monotonic().saturating_sub(begun).as_secs();
        let worked = Closing { batch, used: &self.used, manifest: self.manifest.as_ref(), finish, seconds };
        let exit = Box::pin(closing(context, store, &worked, out)).await?;
        Ok(if finish == WorkEnd::Interrupted { Exit::Interrupted } else { exit })
    }
}

/// The workers of a batch, until nothing of it moves any more.
pub fn engine(
    opened: &OpenedStore<'_>,
    accounts: &[&AccountConfig],
    batch: &BatchName,
    wait_at_most: Duration,
    simulated: Option<&SimulatedVendors>,
) -> Result<Engine, CommandError> {
    // What is said at the end comes with the result manifest.
    let (batch, concurrency) = (Some(batch.clone()), Concurrency::default());
    let task = WorkScope { batch, drain: true, wait_at_most, concurrency, reports: false, kind: RUN };
    Engine::prepare(opened, accounts, &task, simulated)
}

/// The accounts that are named, and those whose tasks of the batch are still to be followed.
pub async fn needed<'a>(
    context: &'a CommandContext,
    store: &dyn Store,
    batch: &BatchName,
    used: &[AccountName],
) -> Result<Vec<&'a AccountConfig>, CommandError> {
    let mut needed = Vec::new();
    for account in context.config.accounts.values() {
        for name in std::iter::once(&account.name).chain(account.was.as_ref()) {
            if used.contains(name) || follows(store, batch, name).await? {
                needed.push(account);
                break;
            }
        }
    }
    Ok(needed)
}

async fn follows(store: &dyn Store, batch: &BatchName, account: &AccountName) -> Result<bool, CommandError> {
    let filter = JobFilter {
        batch: Some(batch.clone()),
        account: Some(account.clone()),
        statuses: vec![Status::Queued, Status::Submitting, Status::Running, Status::Fetching],
        ..JobFilter::default()
    };
    Ok(!first(store, &filter, 1).await?.is_empty())
}
