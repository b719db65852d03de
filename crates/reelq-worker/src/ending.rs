//! Decides when a run that works on one batch is over.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{AccountName, BatchName};
use reelq_store::{BatchView, ClaimStage, Result, SharedStore};

use crate::{Pulse, bells::Bells, registry::Registry};

/// Why a runtime ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing of the batch is outstanding: each job has ended, or waits for a person to resolve it.
    Finished,
    /// Jobs are outstanding, and none can move before a person acts: an account is blocked or paused, the budget is reached.
    Held,
    /// It was told to stop.
    Stopped,
}

/// The shortest time between two looks: work that trickles empties the hands again and again.
const CALM: Duration = Duration::from_millis(25);

/// Looks whether the batch is done. Without a batch a runtime ends only when it is stopped.
#[derive(Debug)]
pub(crate) struct EndWatch {
    pub(crate) batch: Option<BatchName>,
    pub(crate) store: SharedStore,
    pub(crate) registry: Arc<Registry>,
    pub(crate) bells: Arc<Bells>,
    pub(crate) pulses: BTreeMap<AccountName, Arc<Pulse>>,
    pub(crate) every: Duration,
}

impl EndWatch {
    /// Waits until the batch is done or stuck.
    pub(crate) async fn ended(&self) -> Result<Ending> {
        let Some(batch) = &self.batch else { return std::future::pending().await };
        loop {
            match self.look(batch).await {
                Ok(Some(ending)) => return Ok(ending),
                Ok(None) => {}
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.registry.emptied() => tokio::time::sleep(CALM).await,
            }
        }
    }

    async fn look(&self, batch: &BatchName) -> Result<Option<Ending>> {
        if self.registry.len() > 0 {
            return Ok(None);
        }
        let quiet = self.is_quiet();
        if self.store.batch(batch).await?.is_none_or(|view| outstanding(&view) == 0) {
            return Ok(Some(Ending::Finished));
        }
        // Nothing may have begun between the two looks, and no lease may stand: of another worker, or of our own after a
        // panic, it ends by itself and brings its job back.
        let stuck = quiet && !self.leases_stand().await? && self.is_quiet() && self.registry.len() == 0;
        Ok(stuck.then_some(Ending::Held))
    }

    fn is_quiet(&self) -> bool {
        let refused = |account: &AccountName| self.pulses.get(account).is_some_and(|pulse| pulse.polls_refused());
        self.bells.all_quiet(|account, stage| stage == ClaimStage::Poll && refused(account))
    }

    async fn leases_stand(&self) -> Result<bool> {
        Ok(self.store.workers().await?.iter().any(|worker| worker.leases > 0))
    }
}

fn outstanding(view: &BatchView) -> u64 {
    view.counts.outstanding().saturating_add(view.others.outstanding())
}
