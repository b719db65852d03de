//! The right to run a batch: two runs of one batch do not overlap, on one machine or on several.
//!
//! It is renewed for as long as the run lives. A run that died gives it up at once on the same machine, else after its time.

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use reelq_console::CommandError;
use reelq_model::{BatchName, WorkerId};
use reelq_store::{BatchHold, SharedStore};

use super::process_lock::ProcessLock;
use crate::{
    machine::{RUN, worker_id},
    opened::OpenedStore,
};

/// The right to run a batch.
#[derive(Debug)]
pub struct RunLock {
    store: SharedStore,
    batch: BatchName,
    worker: WorkerId,
    /// How long it lasts without a sign of life: as long as the leases of a dead run.
    lasts: Duration,
    /// Where runs of this machine are seen, where the store does not know of it.
    seen: Option<(PathBuf, ProcessLock)>,
}

impl RunLock {
    /// Takes it, or says who has it.
    pub async fn take(opened: &OpenedStore<'_>, batch: BatchName) -> Result<Self, CommandError> {
        let (context, store) = (opened.context(), opened.shared());
        let worker = worker_id(RUN, context.seed)?;
        let folder = context.is_shared().then(|| context.state_folder().join("runs"));
        let seen = folder.map(|folder| ProcessLock::begin(&folder, &worker).map(|lock| (folder, lock)));
        let seen = seen.transpose().context("note on this machine's disk that the run lives")?;
        let lasts = context.config.lease.saturating_add(Duration::from_secs(1));
        let held = Self { store: Arc::clone(store), batch, worker, lasts, seen };
        let taken = held.take_from_the_dead().await;
        if taken.is_err() {
            held.deregister().await;
        }
        taken.map(|()| held)
    }

    async fn take_from_the_dead(&self) -> Result<(), CommandError> {
        if let BatchHold::Taken { worker, .. } = self.ask().await?
            && self.seen.as_ref().is_some_and(|(folder, _)| ProcessLock::has_ended(folder, &worker))
        {
            self.store.leave_batch(&self.batch, &worker).await?;
        }
        self.assure().await?;
        if let Some((folder, lock)) = &self.seen {
            lock.bury(folder);
        }
        Ok(())
    }

    /// Renews it, or says who has it meanwhile: a process may have stood still for longer than it lasts.
    pub async fn assure(&self) -> Result<(), CommandError> {
        let BatchHold::Taken { worker, since, ends_in } = self.ask().await? else { return Ok(()) };
        let batch = &self.batch;
        let lapses = match &self.seen {
            Some(_) => format!(", or in {} s if it has died", ends_in.as_secs() + 1),
            None => String::new(),
        };
        Err(CommandError::Again(format!(
            "batch {batch} is run by {worker} since {since}: nothing was done; run it again when that has ended{lapses}"
        )))
    }

    async fn ask(&self) -> Result<BatchHold, CommandError> {
        Ok(self.store.acquire_run_lock(&self.batch, &self.worker, self.lasts).await?)
    }

    /// Renews it for as long as it is polled.
    pub async fn keep(&self) -> Infallible {
        loop {
            tokio::time::sleep(self.lasts / 3).await;
            self.renew().await;
        }
    }

    /// Renews it now.
    pub async fn renew(&self) {
        if let Err(error) = self.store.acquire_run_lock(&self.batch, &self.worker, self.lasts).await {
            tracing::warn!(batch = %self.batch, %error, "the right to run the batch was not renewed");
        }
    }

    /// Gives it up.
    pub async fn leave(mut self) {
        let left = self.store.leave_batch(&self.batch, &self.worker).await;
        self.deregister().await;
        if let Err(error) = left {
            tracing::warn!(batch = %self.batch, %error, "the right to run the batch lapses by itself");
            if let Some((_, lock)) = self.seen.take() {
                lock.stay_behind();
            }
        }
    }

    async fn deregister(&self) {
        if let Err(error) = self.store.deregister(&self.worker).await {
            tracing::debug!(%error, "the run could not sign off");
        }
    }
}
