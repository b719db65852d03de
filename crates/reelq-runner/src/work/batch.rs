//! A batch that is worked on to its end: what `run` and `continue` have in common.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use reelq_config::AccountConfig;
use reelq_console::{Exit, Failure, Out, Outcome};
use reelq_model::{AccountName, BatchName, Status};
use reelq_store::{JobFilter, Page, Store};

use super::{
    concurrency::Hands,
    engine::Engine,
    scope::{Finish, Task},
};
use crate::{
    context::Session,
    ending::close::{Closing, closing},
    jobs::wake::look_soon,
    locks::run_lock::Holding,
    machine::RUN,
    opened::OpenedStore,
    progress::batch::BatchFace,
    signals::Signals,
    simulated_vendors::Simulated,
};

/// A batch in the store, and who works on it.
#[derive(Debug)]
pub struct Work<'a> {
    /// The store, and what it was opened in.
    pub opened: &'a OpenedStore<'a>,
    /// The right to run the batch.
    pub held: &'a Holding,
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
    pub async fn to_end(&self, engine: Engine, wait_at_most: Duration) -> Outcome {
        let Self { opened, batch, out, .. } = *self;
        let (session, store) = (opened.context(), opened.shared());
        look_soon(&**store, batch, wait_at_most).await?;
        let begun = session.clock.monotonic();
        let face = BatchFace::new(session, Arc::clone(store), batch, &engine, out);
        let signals = Signals::take().context("listen for signals")?;
        let finish = Box::pin(engine.run(&face, signals)).await?;
        // The workers have signed off; the result manifests are still this run's to write.
        self.held.renew().await;
        let seconds = session.clock.monotonic().saturating_sub(begun).as_secs();
        let worked = Closing { batch, used: &self.used, manifest: self.manifest.as_ref(), finish, seconds };
        let exit = Box::pin(closing(session, store, &worked, out)).await?;
        Ok(if finish == Finish::Interrupted { Exit::Interrupted } else { exit })
    }
}

/// The workers of a batch, until nothing of it moves any more.
pub fn engine(
    opened: &OpenedStore<'_>,
    accounts: &[&AccountConfig],
    batch: &BatchName,
    wait_at_most: Duration,
    simulated: Option<&Simulated>,
) -> Result<Engine, Failure> {
    // What is said at the end comes with the result manifest.
    let (batch, hands) = (Some(batch.clone()), Hands::default());
    let task = Task { batch, drain: true, wait_at_most, hands, reports: false, kind: RUN };
    Engine::prepare(opened, accounts, &task, simulated)
}

/// The accounts that are named, and those whose tasks of the batch are still to be followed.
pub async fn needed<'a>(
    session: &'a Session,
    store: &dyn Store,
    batch: &BatchName,
    used: &[AccountName],
) -> Result<Vec<&'a AccountConfig>, Failure> {
    let mut needed = Vec::new();
    for account in session.config.accounts.values() {
        for name in std::iter::once(&account.name).chain(account.was.as_ref()) {
            if used.contains(name) || follows(store, batch, name).await? {
                needed.push(account);
                break;
            }
        }
    }
    Ok(needed)
}

async fn follows(store: &dyn Store, batch: &BatchName, account: &AccountName) -> Result<bool, Failure> {
    let filter = JobFilter {
        batch: Some(batch.clone()),
        account: Some(account.clone()),
        statuses: vec![Status::Queued, Status::Submitting, Status::Running, Status::Fetching],
        ..JobFilter::default()
    };
    Ok(!store.jobs(&filter, Page { after: 0, limit: 1 }).await?.is_empty())
}
