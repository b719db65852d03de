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
    /// Jobs are outstanding, and none can move before a person acts: an account is blocked or paused, a budget is
    /// reached. (A day's budget, too: a runtime without a batch goes on the next day.)
    Held,
    /// It was told to stop.
    Stopped,
}

/// The shortest time between two looks: work that trickles empties the hands again and again.
const CALM: Duration = Duration::from_millis(25);

/// How long nothing may move, in any process, before jobs that nobody can move are taken for stuck.
const STILL: Duration = Duration::from_millis(250);
/// How many calm moments the lanes have to claim once more.
const CLAIMS: u32 = 40;

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
            match self.look_twice(batch).await {
                Ok(Look::Finished) => return Ok(Ending::Finished),
                Ok(Look::Stuck) => return Ok(Ending::Held),
                Ok(Look::Moving) => {}
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.registry.emptied() => tokio::time::sleep(CALM).await,
            }
        }
    }

    async fn look(&self, batch: &BatchName) -> Result<Look> {
        if self.registry.len() > 0 {
            return Ok(Look::Moving);
        }
        let quiet = self.is_quiet();
        if self.store.batch(batch).await?.is_none_or(|view| outstanding(&view) == 0) {
            return Ok(Look::Finished);
        }
        // Nothing may have begun between the two looks, and no lease may stand: of another worker, or of our own after a
        // panic, it ends by itself and brings its job back.
        let stuck = quiet && !self.leases_stand().await? && self.is_quiet() && self.registry.len() == 0;
        Ok(if stuck { Look::Stuck } else { Look::Moving })
    }

    /// A batch is stuck only where that is still so after each lane has claimed once more, with no news since: between two
    /// steps of another process a job is for a moment in nobody's hand, and is news here only a little later.
    async fn look_twice(&self, batch: &BatchName) -> Result<Look> {
        let first = self.look(batch).await?;
        if !matches!(first, Look::Stuck) {
            return Ok(first);
        }
        let mark = self.store.watch(0, Duration::ZERO).await?;
        self.bells.ring_all();
        for _ in 0..CLAIMS {
            tokio::time::sleep(CALM).await;
            if self.is_quiet() && self.registry.len() == 0 {
                break;
            }
        }
        let second = self.look(batch).await?;
        let still = matches!(second, Look::Stuck) && self.store.watch(mark, STILL).await? == mark;
        Ok(if matches!(second, Look::Stuck) && !still { Look::Moving } else { second })
    }

    fn is_quiet(&self) -> bool {
        let refused = |account: &AccountName| self.pulses.get(account).is_some_and(|pulse| pulse.polls_refused());
        self.bells.all_quiet(|account, stage| stage == ClaimStage::Poll && refused(account))
    }

    async fn leases_stand(&self) -> Result<bool> {
        Ok(self.store.workers().await?.iter().any(|worker| worker.leases > 0))
    }
}

/// What one look found.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// Nothing of the batch is outstanding.
    Finished,
    /// Jobs are outstanding, and it seems that none can move.
    Stuck,
    /// Work is in hand, or will be.
    Moving,
}

fn outstanding(view: &BatchView) -> u64 {
    view.counts.outstanding().saturating_add(view.others.outstanding())
}
