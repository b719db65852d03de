//! Keeps the leases of everything in hand, and says that the worker lives.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{SharedClock, WorkerId};
use reelq_store::{Lease, Result, SharedStore};
use tokio_util::sync::CancellationToken;

use crate::{absence::Absence, fault::Fault, held::Held, registry::Registry, wakeup_timers::WakeupTimers};

/// The most leases in one round trip.
const GROUP: usize = 512;

#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) worker: WorkerId,
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) registry: Arc<Registry>,
    pub(crate) timers: Arc<WakeupTimers>,
    pub(crate) fault: Arc<Fault>,
    pub(crate) every: Duration,
    pub(crate) done: CancellationToken,
}

impl Keeper {
    /// Goes on until the runtime has nothing left in hand.
    pub(crate) async fn run(self) {
        let mut absence = Absence::default();
        loop {
            let (result, pause) = match self.round().await {
                Ok(()) => (Ok(()), self.every),
                // A lease is at stake: sooner than usual.
                Err(error) => (Err(error), self.every / 8),
            };
            match result {
                Err(error) if error.is_transient() => absence.failed(&error),
                Err(error) => return self.fault.raise(error),
                Ok(()) => absence.answered(),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.done.cancelled() => return,
            }
        }
    }

    async fn round(&self) -> Result<()> {
        let rescued = self.store.heartbeat(&self.worker).await?;
        if rescued > 0 {
            tracing::info!(rescued, "took back what a dead worker held");
        }
        // Whatever change was missed, no stage worker sleeps through more than one round.
        self.timers.wake_all();
        for (lasts, held) in self.by_length() {
            for group in held.chunks(GROUP) {
                self.extend(group, lasts).await?;
            }
        }
        Ok(())
    }

    fn by_length(&self) -> BTreeMap<Duration, Vec<(Arc<Held>, Lease)>> {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for held in self.registry.all() {
            let lease = held.lease();
            if held.time_left() < lease.lasts.saturating_sub(self.every / 2) {
                groups.entry(lease.lasts).or_default().push((held, lease));
            }
        }
        groups
    }

    async fn extend(&self, group: &[(Arc<Held>, Lease)], lasts: Duration) -> Result<()> {
        let leases: Vec<Lease> = group.iter().map(|(_, lease)| lease.clone()).collect();
        let asked = self.clock.monotonic();
        let kept = self.store.extend(&leases, lasts).await?;
        for ((held, lease), kept) in group.iter().zip(kept) {
            if kept {
                held.extended(lease.version, asked, lasts);
            } else {
                held.lose(lease.version);
            }
        }
        Ok(())
    }
}
